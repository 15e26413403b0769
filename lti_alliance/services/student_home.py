"""What a student's pages show: the parts, how far each is, the result of an attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import (
    AttemptState,
    FeedbackStage,
    attempts_left,
    check_may_start,
    feedback_stage,
    next_start,
)
from lti_alliance.domain.modules import Module, Quiz, ReflectionPrompt
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.regrades import RegradeChoice, as_judged
from lti_alliance.domain.response_processing import Outcome
from lti_alliance.errors import Conflict
from lti_alliance.models import Activity, Attempt, Grade, Membership, Reflection
from lti_alliance.services import attempt_sheets, attempts, judging, modules, terms
from lti_alliance.services.attempt_sheets import Sheet
from lti_alliance.services.standings import Standing, standing_of
from lti_alliance.services.terms import Terms


class PartProgress(StrEnum):
    """How far a student is with one part."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RETURNED = "returned"
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
    next_opens_at: datetime | None
    """When the next attempt opens, where it is waited for."""
    opens_in_time: bool
    """Whether that is before the close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionCard:
    """One reflection prompt as a part of the activity."""

    prompt: ReflectionPrompt
    progress: PartProgress
    reflection: Reflection | None
    points: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentHome:
    """The activity as one student finds it."""

    module: Module
    terms: Terms
    settings: ActivitySettings
    """What holds for this person."""
    is_closed: bool
    is_not_open_yet: bool
    quiz: QuizCard | None
    reflections: tuple[ReflectionCard, ...]
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReport:
    """One attempt with what came of it and how the whole activity stands."""

    sheet: Sheet
    """With the corrected keys by which it is judged."""
    regraded: Mapping[str, RegradeChoice]
    """What was decided about items whose key was corrected since, by item."""
    settings: ActivitySettings
    stage: FeedbackStage
    outcomes: Mapping[str, Outcome] | None
    """By item; none before it was handed in."""
    quiz: QuizCard
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """An attempt under way, with the judgement of what its student has checked and no other."""

    sheet: Sheet
    settings: ActivitySettings
    stage: FeedbackStage
    outcomes: Mapping[str, Outcome]
    """By item; only of those that were checked."""


def student_home(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    membership: Membership,
    at: datetime,
) -> StudentHome:
    """Report on the activity for one person."""
    held = terms.terms_of(session, activity, membership)
    settings = held.settings
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    standing = standing_of(session, activity, membership, at=at)
    made = attempts.list_attempts(session, activity, membership)
    quiz = _quiz_card(session, settings, module.quiz, made, standing.grade, at=at)
    return StudentHome(
        module=module,
        terms=held,
        settings=settings,
        is_closed=settings.is_closed(at),
        is_not_open_yet=settings.is_not_open_yet(at),
        quiz=quiz if settings.has_quiz else None,
        reflections=_reflection_cards(session, activity, membership, settings, module, at=at),
        standing=standing,
    )


def attempt_report(
    session: Session, catalogue: Catalogue, *, attempt: Attempt, is_own: bool, at: datetime
) -> AttemptReport:
    """Report one attempt: to its student as far as the feedback goes by now, to others in full."""
    activity = attempt.activity
    own = terms.settings_for(session, activity, attempt.membership)
    settings = terms.as_promised(own, attempt)
    sheet = attempt_sheets.get_sheet(session, catalogue, attempt)
    judged = judging.judging_of(session, activity.id)
    regraded = judging.regrades_of(judged, attempt)
    made = attempts.list_attempts(session, activity, attempt.membership)
    standing = standing_of(session, activity, attempt.membership, at=at)
    states = [AttemptState(each.state) for each in made]
    is_judged = AttemptState(attempt.state).is_handed_in
    return AttemptReport(
        sheet=replace(
            sheet, items=tuple(as_judged(each, regraded.get(each.id)) for each in sheet.items)
        ),
        regraded={item_id: each.choice for item_id, each in regraded.items()},
        settings=settings,
        stage=feedback_stage(settings, states, at=at) if is_own else FeedbackStage.FINAL,
        outcomes=judging.outcomes_of(session, attempt, sheet.module, judged) if is_judged else None,
        quiz=_quiz_card(session, own, sheet.module.quiz, made, standing.grade, at=at),
        standing=standing,
    )


def open_work(
    session: Session, catalogue: Catalogue, *, attempt: Attempt, at: datetime
) -> OpenWork:
    """Return an attempt under way as its student goes on with it."""
    settings = terms.settings_for_attempt(session, attempt)
    sheet = attempt_sheets.get_sheet(session, catalogue, attempt)
    return OpenWork(
        sheet=sheet,
        settings=settings,
        stage=feedback_stage(settings, [AttemptState(attempt.state)], at=at),
        outcomes=judging.outcomes_of(session, attempt, sheet.module, only=sheet.checked)
        if sheet.checked
        else {},
    )


def _drawn_count(quiz: Quiz) -> int:
    """Count the items of one attempt."""
    pooled = sum(len(pool.item_ids) for pool in quiz.pools)
    return len(quiz.items) - pooled + sum(pool.pick for pool in quiz.pools)


def _quiz_card(
    session: Session,
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
    goes_on = still_open is not None and attempts.is_open(
        session, still_open, at=at, settings=settings
    )
    if goes_on:
        progress = PartProgress.OPEN
    elif finished:
        progress = PartProgress.DONE
    else:
        progress = PartProgress.MISSED if closed else PartProgress.NEW
    handed_in = attempts.last_handed_in(made)
    why_not = _why_not(settings, states, handed_in, at=at)
    opens_at = next_start(settings, handed_in) if why_not == "attempt.wait" else None
    return QuizCard(
        progress=progress,
        item_count=_drawn_count(quiz),
        open_attempt=still_open if goes_on else None,
        finished=finished,
        counted_id=grade.attempt_id if grade else None,
        left=attempts_left(settings, states),
        may_start=not why_not,
        why_not=why_not,
        next_opens_at=opens_at,
        opens_in_time=opens_at is not None and not settings.is_closed(opens_at),
    )


def _why_not(
    settings: ActivitySettings,
    states: Sequence[AttemptState],
    handed_in: datetime | None,
    *,
    at: datetime,
) -> str:
    try:
        check_may_start(settings, states, last_handed_in=handed_in, at=at)
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
        case ReflectionState.RETURNED:
            return PartProgress.RETURNED
        case ReflectionState.SUBMITTED | ReflectionState.FROZEN:
            return PartProgress.WAITING
        case _ if is_closed:
            return PartProgress.MISSED
        case ReflectionState.DRAFT:
            return PartProgress.OPEN
        case _:
            return PartProgress.NEW
