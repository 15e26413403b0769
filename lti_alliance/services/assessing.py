"""Reflections as their readers meet them: found, read on record, graded and released."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import reflections as rules
from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.modules import Grading, Module, ReflectionPrompt, Share
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.rubrics import assess
from lti_alliance.errors import Conflict, NotFound
from lti_alliance.models import DraftAssessment, Membership, Reflection, RubricAssessment
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, flags, grading, modules, passages, sections
from lti_alliance.services.marks import hold_marks
from lti_alliance.services.sealed_texts import TextKind, read_comment, read_submitted, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReflection:
    """One reflection as a reader sees it, in the content version that its writer saw."""

    reflection: Reflection
    module: Module
    prompt: ReflectionPrompt
    text: str
    comment: str
    """What was written about it when it was graded before."""


def get_handed_in(
    session: Session, catalogue: Catalogue, reflection_id: UUID, *, viewer: Membership
) -> Reflection:
    """Return a reflection handed in to a course that the viewer teaches.

    One that is private to its writer is not found, like one that is still being written. One that
    is frozen is for those who may decide about it.
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
    is_held = reflection.state == ReflectionState.FROZEN
    if is_held and not flags.may_decide(session, reflection, viewer):
        raise Conflict("reflection.frozen")
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
        text=read_submitted(sealer, reflection),
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
    """Grade a reflection by its rubric and release the grade to its writer and the gradebook.

    ``base_version`` is the assessment's version that the form showed, 0 for none: ``Stale`` says
    that another marker graded it meanwhile.
    """
    share = judge(session, catalogue, reflection, selections)
    comment = rules.clean_text(comment).strip()
    assessment = hold_marks(
        session,
        RubricAssessment,
        reflection=reflection,
        base_version=base_version,
        assessed_by_id=assessor.id,
        assessed_at=at,
    )
    _take_from_queue(session, reflection)
    assessment.selections = dict(selections)
    assessment.share = share
    assessment.sealed_comment = (
        seal(sealer, reflection, TextKind.COMMENT, comment) if comment else None
    )
    assessment.assessed_by_id = assessor.id
    assessment.assessed_at = at
    assessment.released_at = at
    assessment.submitted_at = reflection.submitted_at
    session.execute(delete(DraftAssessment).where(DraftAssessment.reflection_id == reflection.id))
    passages.show_comments(session, reflection, at=at)
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


def judge(
    session: Session,
    catalogue: Catalogue,
    reflection: Reflection,
    selections: Mapping[str, int | None],
) -> Decimal:
    """Return the share of the points that these levels come to."""
    settings = settings_from_json(reflection.activity.settings)
    rubric = _readable_prompt(session, catalogue, reflection).rubric
    if rubric is None or settings.reflection_grading is not Grading.RUBRIC:
        raise Conflict("reflection.graded_by_completion")
    return assess(rubric, selections, settings.level_table).score


def _take_from_queue(session: Session, reflection: Reflection) -> None:
    moved = rows_changed(
        session,
        update(Reflection)
        .where(
            Reflection.id == reflection.id,
            Reflection.state.in_((ReflectionState.SUBMITTED, ReflectionState.GRADED)),
        )
        .values(state=ReflectionState.GRADED),
    )
    if moved == 0:
        raise Conflict("reflection.not_here")


def _readable_prompt(
    session: Session, catalogue: Catalogue, reflection: Reflection
) -> ReflectionPrompt:
    prompt = prompt_of(session, catalogue, reflection)
    if prompt.share is Share.PRIVATE:
        raise NotFound
    return prompt
