"""Marks: what each of two markers chose by themselves, and how far they agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import reflections as rules
from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.agreement import CriterionAgreement, agreement
from lti_alliance.domain.modules import ReflectionPrompt
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.rubrics import assess
from lti_alliance.errors import Conflict, InvalidInput, Stale
from lti_alliance.models import Activity, Marking, Membership, Reflection, User
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import assessing, audit, sections
from lti_alliance.services.sealed_texts import TextKind, open_sealed, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a marker chose and would say to the writer, opened."""

    marker: Membership
    selections: Mapping[str, int | None]
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedText:
    """Two markers' marks of one text; the shares are of its points."""

    reflection: Reflection
    markers: tuple[Membership, Membership]
    shares: tuple[Decimal, Decimal]

    @property
    def difference(self) -> Decimal:
        """How far apart they are."""
        return abs(self.shares[0] - self.shares[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptAgreement:
    """How far the two markers of each text agree about the answers to one prompt."""

    prompt: ReflectionPrompt
    criteria: tuple[CriterionAgreement, ...]
    texts: tuple[ComparedText, ...]
    """The furthest apart first."""


def own_marking(reflection: Reflection, marker: Membership) -> Marking | None:
    """Return what this person has to do with marking a reflection; nothing if it is not theirs."""
    return next((row for row in reflection.markings if row.marker_id == marker.id), None)


def is_blind(reflection: Reflection, reader: Membership) -> bool:
    """Say whether this person marks by themselves, and sees nothing of what others think.

    So it is for each of several markers until all have marked the text, or its grade was released.
    """
    return (
        reflection.state == ReflectionState.SUBMITTED
        and len(reflection.markings) > 1
        and own_marking(reflection, reader) is not None
        and not all(row.is_done for row in reflection.markings)
    )


def check_may_decide(session: Session, reflection: Reflection, reader: Membership) -> None:
    """Raise ``Conflict`` for somebody who marks by themselves and would release or draft."""
    session.refresh(reflection, ["state", "markings"])
    if is_blind(reflection, reader):
        raise Conflict("marking.own_first")


def save_mark(
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
) -> Marking:
    """Keep what one of several markers chose; it is no grade, and nobody else sees it yet.

    It may be changed until all have marked. ``base_version`` is that of the mark that the form
    showed, 0 for none; ``Stale`` says that another page of the same marker saved meanwhile.
    """
    session.refresh(reflection, ["state", "submitted_at", "markings"])
    if not is_blind(reflection, marker):
        raise Conflict("marking.not_open")
    assessing.judge(session, catalogue, reflection, selections)
    comment = rules.clean_text(comment).strip()
    own = (Marking.reflection_id == reflection.id, Marking.marker_id == marker.id)
    changed = rows_changed(
        session,
        update(Marking)
        .where(*own, Marking.version == base_version)
        .values(
            version=Marking.version + 1,
            selections=dict(selections),
            sealed_comment=seal(sealer, reflection, TextKind.MARK, comment) if comment else None,
            marked_at=at,
            submitted_at=reflection.submitted_at,
        ),
    )
    held = session.scalars(
        select(Marking).where(*own).execution_options(populate_existing=True)
    ).one()
    if changed == 0:
        raise Stale(held.version)
    audit.record(
        session,
        "reflection.mark_saved",
        at=at,
        actor=marker,
        object_kind="reflection",
        object_id=reflection.id,
        details={"version": held.version},
    )
    return held


def read_marks(sealer: Sealer, reflection: Reflection, *, reader: Membership) -> tuple[Mark, ...]:
    """Open the marks of the text that is there now; one's own alone while one marks blindly."""
    blind = is_blind(reflection, reader)
    return tuple(
        Mark(
            marker=row.marker,
            selections=row.selections,
            comment=open_sealed(sealer, reflection, TextKind.MARK, row.sealed_comment),
        )
        for row in reflection.markings
        if row.is_done and (row.marker_id == reader.id or not blind)
    )


def agreed_levels(marks: Sequence[Mark]) -> dict[str, int | None]:
    """Return the levels that all markers chose alike."""
    first, *others = (mark.selections for mark in marks)
    return {
        criterion: level
        for criterion, level in first.items()
        if all(other.get(criterion, -1) == level for other in others)
    }


def get_agreement(
    session: Session, catalogue: Catalogue, activity: Activity, *, viewer: Membership
) -> tuple[PromptAgreement, ...]:
    """Compare the marks of all texts that two people have marked, prompt by prompt.

    Left out are texts that the viewer still marks by themselves, or may not see, and marks that do
    not fit the rubric as it is now.
    """
    scope = sections.scope_of(session, viewer)
    settings = settings_from_json(activity.settings)
    found: dict[str, list[tuple[ComparedText, tuple[Marking, Marking]]]] = {}
    prompts: dict[str, ReflectionPrompt] = {}
    for row in _list_marked(session, activity):
        marked = [marking for marking in row.markings if marking.is_done]
        if not scope.covers(row.membership.sections) or is_blind(row, viewer) or len(marked) < 2:
            continue
        prompt = assessing.prompt_of(session, catalogue, row)
        if prompt.rubric is None:
            continue
        one, other = marked[:2]
        try:
            shares = (
                assess(prompt.rubric, one.selections, settings.level_table).score,
                assess(prompt.rubric, other.selections, settings.level_table).score,
            )
        except InvalidInput:
            continue
        prompts[row.prompt_id] = prompt
        compared = ComparedText(reflection=row, markers=(one.marker, other.marker), shares=shares)
        found.setdefault(row.prompt_id, []).append((compared, (one, other)))
    return tuple(
        _about(prompts[prompt_id], found[prompt_id])
        for prompt_id in settings.prompt_ids
        if prompt_id in found
    )


def _about(
    prompt: ReflectionPrompt, found: Sequence[tuple[ComparedText, tuple[Marking, Marking]]]
) -> PromptAgreement:
    assert prompt.rubric is not None
    return PromptAgreement(
        prompt=prompt,
        criteria=agreement(
            prompt.rubric, [(one.selections, other.selections) for _, (one, other) in found]
        ),
        texts=tuple(
            sorted((text for text, _ in found), key=lambda text: text.difference, reverse=True)
        ),
    )


def _list_marked(session: Session, activity: Activity) -> Sequence[Reflection]:
    return session.scalars(
        select(Reflection)
        .where(
            Reflection.activity_id == activity.id,
            Reflection.state.in_((ReflectionState.SUBMITTED, ReflectionState.GRADED)),
        )
        .order_by(Reflection.submitted_at, Reflection.id)
        .options(
            joinedload(Reflection.membership).joinedload(Membership.user).joinedload(User.profile),
            selectinload(Reflection.markings)
            .joinedload(Marking.marker)
            .joinedload(Membership.user)
            .joinedload(User.profile),
        )
    ).all()
