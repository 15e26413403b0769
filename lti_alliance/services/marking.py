"""Grades that are not released: kept as drafts, released one by one or all together."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import reflections as rules
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.errors import Conflict, InvalidInput, Stale
from lti_alliance.models import Activity, DraftAssessment, Membership, Reflection
from lti_alliance.sealing import Sealer
from lti_alliance.services import assessing, audit, sections
from lti_alliance.services.marks import find_marks, hold_marks
from lti_alliance.services.sealed_texts import TextKind, open_sealed, seal

_MARKABLE = (ReflectionState.SUBMITTED, ReflectionState.GRADED)


def save_draft_assessment(
    session: Session,
    catalogue: Catalogue,
    sealer: Sealer,
    *,
    reflection: Reflection,
    selections: Mapping[str, int | None],
    comment: str,
    base_version: int,
    marker: Membership,
    at: datetime,
) -> DraftAssessment:
    """Keep a grade that no student, grade or gradebook knows of.

    ``base_version`` is the draft's version that the form showed, 0 for none.
    """
    session.refresh(reflection, ["state"])
    if ReflectionState(reflection.state) not in _MARKABLE:
        raise Conflict("reflection.not_here")
    share = assessing.judge(session, catalogue, reflection, selections)
    comment = rules.clean_text(comment).strip()
    draft = hold_marks(
        session,
        DraftAssessment,
        reflection=reflection,
        base_version=base_version,
        marked_by_id=marker.id,
        marked_at=at,
    )
    draft.selections = dict(selections)
    draft.share = share
    draft.sealed_comment = seal(sealer, reflection, TextKind.COMMENT, comment) if comment else None
    draft.marked_by_id = marker.id
    draft.marked_at = at
    session.flush()
    session.refresh(reflection)
    audit.record(
        session,
        "reflection.marked",
        at=at,
        actor=marker,
        object_kind="reflection",
        object_id=reflection.id,
        details={"version": draft.version},
    )
    return draft


def check_draft_unchanged(session: Session, reflection: Reflection, base_version: int) -> None:
    """Raise ``Stale`` if another marker saved a draft since the form was shown."""
    held = find_marks(session, DraftAssessment, reflection)
    if held is not None and held.version != base_version:
        raise Stale(held.version)


def read_draft_comment(sealer: Sealer, reflection: Reflection) -> str:
    """Open the comment of the grade that is not released."""
    draft = reflection.draft_assessment
    return open_sealed(
        sealer, reflection, TextKind.COMMENT, draft.sealed_comment if draft else None
    )


def release_drafts(
    session: Session,
    catalogue: Catalogue,
    sealer: Sealer,
    *,
    activity: Activity,
    actor: Membership,
    at: datetime,
) -> int:
    """Release every grade of the activity that is a draft, and count them.

    Those of people outside the actor's sections stay drafts, like one whose levels no longer fit
    the activity's table.
    """
    drafts = session.scalars(
        select(DraftAssessment)
        .join(Reflection)
        .where(Reflection.activity_id == activity.id, Reflection.state.in_(_MARKABLE))
        .order_by(Reflection.submitted_at, Reflection.id)
    ).all()
    released = 0
    scope = sections.scope_of(session, actor)
    for draft in drafts:
        reflection = draft.reflection
        if not scope.covers(reflection.membership.sections):
            continue
        comment = read_draft_comment(sealer, reflection)
        marker = session.get_one(Membership, draft.marked_by_id)
        held = reflection.assessment
        try:
            assessing.assess_reflection(
                session,
                catalogue,
                sealer,
                reflection=reflection,
                selections=draft.selections,
                comment=comment,
                base_version=held.version if held else 0,
                assessor=marker,
                at=at,
            )
        except InvalidInput:
            continue
        released += 1
    audit.record(
        session,
        "reflection.grades_released",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"count": released},
    )
    return released
