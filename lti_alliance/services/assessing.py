"""Reflections as their readers meet them: found, read on record, graded with a rubric."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import reflections as rules
from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.modules import Grading, Module, ReflectionPrompt, Share
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.rubrics import assess
from lti_alliance.errors import Conflict, NotFound, Stale
from lti_alliance.models import Activity, Membership, Reflection, RubricAssessment, User
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, grading, modules, sections
from lti_alliance.services.sealed_texts import TextKind, read_comment, read_text, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The reflections of an activity that were handed in, in the order of handing in."""

    waiting: tuple[Reflection, ...]
    done: tuple[Reflection, ...]
    private: int
    """How many more were handed in that nobody but their writers may read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReflection:
    """One reflection as a reader sees it, in the content version that its writer saw."""

    reflection: Reflection
    module: Module
    prompt: ReflectionPrompt
    text: str
    comment: str
    """What was written about it when it was graded before."""


def get_shelf(session: Session, catalogue: Catalogue, activity: Activity) -> Shelf:
    """List what was handed in and may be read, with the names of the writers, in one query."""
    handed_in = session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity.id, Reflection.state != ReflectionState.DRAFT)
        .order_by(Reflection.submitted_at, Reflection.id)
        .options(
            joinedload(Reflection.membership).joinedload(Membership.user).joinedload(User.profile),
            joinedload(Reflection.assessment),
        )
    ).all()
    readable = [
        row for row in handed_in if prompt_of(session, catalogue, row).share is not Share.PRIVATE
    ]
    return Shelf(
        waiting=tuple(row for row in readable if row.state == ReflectionState.SUBMITTED),
        done=tuple(row for row in readable if row.state == ReflectionState.GRADED),
        private=len(handed_in) - len(readable),
    )


def list_to_grade(session: Session, catalogue: Catalogue, activity: Activity) -> list[Reflection]:
    """List the reflections that wait for the instructor, the longest waiting first."""
    return list(get_shelf(session, catalogue, activity).waiting)


def get_handed_in(
    session: Session, catalogue: Catalogue, reflection_id: UUID, *, viewer: Membership
) -> Reflection:
    """Return a reflection handed in to a course that the viewer teaches.

    One that is private to its writer is not found, like one that is still being written.
    """
    reflection = session.get(Reflection, reflection_id)
    if (
        reflection is None
        or not viewer.course_role.teaches
        or reflection.activity.resource_link.context_id != viewer.context_id
        or not ReflectionState(reflection.state).is_handed_in
    ):
        raise NotFound
    sections.check_may_see(session, viewer, reflection.membership)
    _readable_prompt(session, catalogue, reflection)
    return reflection


def prompt_of(session: Session, catalogue: Catalogue, reflection: Reflection) -> ReflectionPrompt:
    """Return the prompt as the writer saw it."""
    module = modules.get_module(session, catalogue, content_hash=reflection.content_hash)
    return module.get_reflection(reflection.prompt_id)


def read_for_grading(
    session: Session,
    catalogue: Catalogue,
    sealer: Sealer,
    *,
    reflection: Reflection,
    reader: Membership,
    at: datetime,
) -> OpenedReflection:
    """Open a reflection for somebody who teaches, and put on record that they read it."""
    prompt = _readable_prompt(session, catalogue, reflection)
    audit.record(
        session,
        "reflection.read",
        at=at,
        actor=reader,
        object_kind="reflection",
        object_id=reflection.id,
    )
    return OpenedReflection(
        reflection=reflection,
        module=modules.get_module(session, catalogue, content_hash=reflection.content_hash),
        prompt=prompt,
        text=read_text(session, sealer, reflection),
        comment=read_comment(sealer, reflection),
    )


def assess_reflection(
    session: Session,
    catalogue: Catalogue,
    sealer: Sealer,
    *,
    reflection: Reflection,
    selections: Mapping[str, int | None],
    comment: str,
    base_version: int,
    assessor: Membership,
    at: datetime,
) -> RubricAssessment:
    """Grade a reflection by its rubric; the grade follows.

    ``base_version`` is the assessment's version that the form showed, 0 for none: ``Stale`` says
    that another marker graded it meanwhile.
    """
    settings = settings_from_json(reflection.activity.settings)
    rubric = _readable_prompt(session, catalogue, reflection).rubric
    if rubric is None or settings.reflection_grading is not Grading.RUBRIC:
        raise Conflict("reflection.graded_by_completion")
    outcome = assess(rubric, selections, settings.level_table)
    comment = rules.clean_text(comment).strip()
    assessment = _hold_assessment(session, reflection, assessor, base_version, at=at)
    assessment.selections = dict(selections)
    assessment.share = outcome.score
    assessment.sealed_comment = (
        seal(sealer, reflection, TextKind.COMMENT, comment) if comment else None
    )
    assessment.assessed_by_id = assessor.id
    assessment.assessed_at = at
    reflection.state = ReflectionState.GRADED
    session.flush()
    session.refresh(reflection)
    audit.record(
        session,
        "reflection.assessed",
        at=at,
        actor=assessor,
        object_kind="reflection",
        object_id=reflection.id,
        details={"version": assessment.version},
    )
    grading.refresh_grade(session, reflection.activity, reflection.membership, at=at)
    return assessment


def _readable_prompt(
    session: Session, catalogue: Catalogue, reflection: Reflection
) -> ReflectionPrompt:
    prompt = prompt_of(session, catalogue, reflection)
    if prompt.share is Share.PRIVATE:
        raise NotFound
    return prompt


def _hold_assessment(
    session: Session,
    reflection: Reflection,
    assessor: Membership,
    base_version: int,
    *,
    at: datetime,
) -> RubricAssessment:
    if base_version == 0:
        assessment = RubricAssessment(
            reflection_id=reflection.id,
            selections={},
            share=Decimal(0),
            assessed_by_id=assessor.id,
            assessed_at=at,
        )
        try:
            with session.begin_nested():
                session.add(assessment)
        except IntegrityError:
            raise Stale(1) from None
        return assessment
    moved = rows_changed(
        session,
        update(RubricAssessment)
        .where(
            RubricAssessment.reflection_id == reflection.id,
            RubricAssessment.version == base_version,
        )
        .values(version=RubricAssessment.version + 1),
    )
    held = session.scalars(
        select(RubricAssessment)
        .where(RubricAssessment.reflection_id == reflection.id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if moved == 0 or held is None:
        raise Stale(held.version if held else 0)
    return held
