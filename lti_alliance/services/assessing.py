"""Reflections as their readers meet them: listed, found, read on record, graded and released."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import reflections as rules
from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.modules import Grading, Module, ReflectionPrompt, Share
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.rubrics import assess
from lti_alliance.errors import Conflict, NotFound
from lti_alliance.models import (
    Activity,
    DraftAssessment,
    Membership,
    Reflection,
    RubricAssessment,
    User,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, flags, grading, modules, passages, sections
from lti_alliance.services.marks import hold_marks
from lti_alliance.services.sealed_texts import TextKind, read_comment, read_submitted, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The reflections of an activity that were handed in, in the order of handing in."""

    waiting: tuple[Reflection, ...]
    """Handed in and not released, whether marked or not."""
    done: tuple[Reflection, ...]
    returned: tuple[Reflection, ...] = ()
    frozen: tuple[Reflection, ...] = ()
    private: int
    """How many more were handed in that nobody but their writers may read."""

    @property
    def unmarked(self) -> tuple[Reflection, ...]:
        """Those that nobody has marked yet."""
        return tuple(row for row in self.waiting if row.draft_assessment is None)

    @property
    def drafts(self) -> tuple[Reflection, ...]:
        """Those with a grade that is not released."""
        return tuple(row for row in self.waiting + self.done if row.draft_assessment is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a reflection stands among those that wait."""

    number: int
    """From 1; 0 for one that does not wait."""
    total: int
    previous: Reflection | None
    next: Reflection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReflection:
    """One reflection as a reader sees it, in the content version that its writer saw."""

    reflection: Reflection
    module: Module
    prompt: ReflectionPrompt
    text: str
    comment: str
    """What was written about it when it was graded before."""


def get_shelf(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    viewer: Membership | None = None,
) -> Shelf:
    """List what was handed in and may be read, with the names of the writers, in one query.

    With a viewer, it is that of those alone whom the viewer may see by their sections.
    """
    scope = sections.scope_of(session, viewer) if viewer else sections.Scope()
    found = session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity.id, Reflection.state != ReflectionState.DRAFT)
        .order_by(Reflection.submitted_at, Reflection.id)
        .options(
            joinedload(Reflection.membership).joinedload(Membership.user).joinedload(User.profile),
            joinedload(Reflection.assessment),
            joinedload(Reflection.draft_assessment),
        )
    ).all()
    handed_in = [row for row in found if scope.covers(row.membership.sections)]
    readable = [
        row for row in handed_in if prompt_of(session, catalogue, row).share is not Share.PRIVATE
    ]
    by_state: dict[ReflectionState, list[Reflection]] = {state: [] for state in ReflectionState}
    for row in readable:
        by_state[ReflectionState(row.state)].append(row)
    return Shelf(
        waiting=tuple(by_state[ReflectionState.SUBMITTED]),
        done=tuple(by_state[ReflectionState.GRADED]),
        returned=tuple(by_state[ReflectionState.RETURNED]),
        frozen=tuple(by_state[ReflectionState.FROZEN]),
        private=len(handed_in) - len(readable),
    )


def place_of(shelf: Shelf, reflection: Reflection) -> Place:
    """Say where a reflection stands in the queue; one that does not wait has the first next."""
    ids = [row.id for row in shelf.waiting]
    if reflection.id not in ids:
        first = shelf.waiting[0] if shelf.waiting else None
        return Place(number=0, total=len(ids), previous=None, next=first)
    here = ids.index(reflection.id)
    return Place(
        number=here + 1,
        total=len(ids),
        previous=shelf.waiting[here - 1] if here else None,
        next=shelf.waiting[here + 1] if here + 1 < len(ids) else None,
    )


def next_unmarked(shelf: Shelf, after: Reflection) -> Reflection | None:
    """Return the next reflection that nobody has marked; after the last comes the first."""
    ids = [row.id for row in shelf.waiting]
    here = ids.index(after.id) if after.id in ids else 0
    in_turn = shelf.waiting[here + 1 :] + shelf.waiting[:here]
    return next((row for row in in_turn if row.draft_assessment is None), None)


def list_to_grade(session: Session, catalogue: Catalogue, activity: Activity) -> list[Reflection]:
    """List the reflections that wait for the instructor, the longest waiting first."""
    return list(get_shelf(session, catalogue, activity).waiting)


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
