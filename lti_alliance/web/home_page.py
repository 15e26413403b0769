"""What the student's first page of an activity shows: the parts, how far each is, the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.attempts import AttemptState, attempts_left, check_may_start
from lti_alliance.domain.modules import Module, Quiz, ReflectionPrompt
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.scoring import PartState
from lti_alliance.errors import Conflict
from lti_alliance.models import (
    Activity,
    Attempt,
    Grade,
    Membership,
    Reflection,
    ScoreDelivery,
)
from lti_alliance.services import attempts, modules
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.score_delivery import DeliveryView, delivery_view


class PartProgress(StrEnum):
    """How far a student is with one part."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    DONE = "done"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuizCard:
    """The quiz as a part of the activity."""

    progress: PartProgress
    item_count: int
    open_attempt: Attempt | None
    finished: tuple[Attempt, ...]
    counted_id: UUID | None
    left: int | None
    may_start: bool
    why_not: str
    """The reason code for which no attempt may be started now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionCard:
    """One reflection prompt as a part of the activity."""

    prompt: ReflectionPrompt
    progress: PartProgress
    reflection: Reflection | None
    points: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """What one part came to."""

    part: Part
    state: PartState
    score: Decimal | None
    maximum: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The grade of one person and what the gradebook was told of it."""

    grade: Grade | None
    delivery: DeliveryView | None
    parts: tuple[PartResult, ...]

    @property
    def has_work(self) -> bool:
        """Whether anything has been handed in."""
        return any(part.state is not PartState.MISSING for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentHome:
    """The whole page."""

    module: Module
    settings: ActivitySettings
    is_closed: bool
    quiz: QuizCard | None
    reflections: tuple[ReflectionCard, ...]
    standing: Standing


def student_home(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    membership: Membership,
    at: datetime,
) -> StudentHome:
    """Put the page together for one person."""
    settings = activity_settings(activity)
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    standing = find_standing(session, activity, membership)
    made = attempts.list_attempts(session, activity, membership)
    quiz = _quiz_card(settings, module.quiz, made, standing.grade, at=at)
    return StudentHome(
        module=module,
        settings=settings,
        is_closed=settings.is_closed(at),
        quiz=quiz if settings.has_quiz else None,
        reflections=_reflection_cards(session, activity, membership, settings, module, at=at),
        standing=standing,
    )


def find_standing(session: Session, activity: Activity, membership: Membership) -> Standing:
    """Look up the grade of one person and its delivery."""
    grade = session.scalar(
        select(Grade).where(Grade.activity_id == activity.id, Grade.membership_id == membership.id)
    )
    delivery = session.scalar(
        select(ScoreDelivery).where(
            ScoreDelivery.activity_id == activity.id,
            ScoreDelivery.membership_id == membership.id,
        )
    )
    return Standing(grade=grade, delivery=delivery_view(delivery, grade), parts=part_results(grade))


def part_results(grade: Grade | None) -> tuple[PartResult, ...]:
    """Read the parts of a grade, the quiz first."""
    if grade is None:
        return ()
    return tuple(
        PartResult(
            part=part,
            state=PartState(stored["state"]),
            score=None if stored["score"] is None else Decimal(stored["score"]),
            maximum=Decimal(stored["maximum"]),
        )
        for part in Part
        if (stored := grade.parts.get(part)) is not None
    )


def drawn_count(quiz: Quiz) -> int:
    """Count the items of one attempt."""
    pooled = sum(len(pool.item_ids) for pool in quiz.pools)
    return len(quiz.items) - pooled + sum(pool.pick for pool in quiz.pools)


def _quiz_card(
    settings: ActivitySettings,
    quiz: Quiz,
    made: Sequence[Attempt],
    grade: Grade | None,
    *,
    at: datetime,
) -> QuizCard:
    states = [AttemptState(attempt.state) for attempt in made]
    still_open = next((a for a in made if a.state == AttemptState.IN_PROGRESS), None)
    finished = tuple(a for a in made if AttemptState(a.state).is_handed_in)
    closed = settings.is_closed(at)
    if still_open is not None and not closed:
        progress = PartProgress.OPEN
    elif finished:
        progress = PartProgress.DONE
    else:
        progress = PartProgress.MISSED if closed else PartProgress.NEW
    why_not = _why_not(settings, states, at=at)
    return QuizCard(
        progress=progress,
        item_count=drawn_count(quiz),
        open_attempt=None if closed else still_open,
        finished=finished,
        counted_id=grade.attempt_id if grade else None,
        left=attempts_left(settings, states),
        may_start=not why_not,
        why_not=why_not,
    )


def _why_not(settings: ActivitySettings, states: Sequence[AttemptState], *, at: datetime) -> str:
    try:
        check_may_start(settings, states, at=at)
    except Conflict as conflict:
        return conflict.reason
    return ""


def _reflection_cards(
    session: Session,
    activity: Activity,
    membership: Membership,
    settings: ActivitySettings,
    module: Module,
    *,
    at: datetime,
) -> tuple[ReflectionCard, ...]:
    if not settings.has_reflection:
        return ()
    rows = session.scalars(
        select(Reflection).where(
            Reflection.activity_id == activity.id, Reflection.membership_id == membership.id
        )
    )
    written: Mapping[str, Reflection] = {row.prompt_id: row for row in rows}
    return tuple(
        ReflectionCard(
            prompt=module.get_reflection(prompt_id),
            progress=_progress(written.get(prompt_id), is_closed=settings.is_closed(at)),
            reflection=written.get(prompt_id),
            points=settings.prompt_points(),
        )
        for prompt_id in settings.prompt_ids
    )


def _progress(reflection: Reflection | None, *, is_closed: bool) -> PartProgress:
    state = ReflectionState(reflection.state) if reflection else None
    match state:
        case ReflectionState.GRADED:
            return PartProgress.DONE
        case ReflectionState.SUBMITTED:
            return PartProgress.WAITING
        case _ if is_closed:
            return PartProgress.MISSED
        case ReflectionState.DRAFT:
            return PartProgress.OPEN
        case _:
            return PartProgress.NEW
