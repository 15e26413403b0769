"""From outcomes to the score of an activity: attempts, parts, policy and the one rounding."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from lti_alliance.domain.activities import ActivitySettings, MissingParts, Part
from lti_alliance.domain.gradebook import GradingProgress
from lti_alliance.domain.modules import Keep
from lti_alliance.domain.reflections import ReflectionState

_CENT = Decimal("0.01")


class PartState(StrEnum):
    """How far one part is."""

    MISSING = "missing"
    WAITING = "waiting"
    """Handed in; somebody has to grade it."""
    GRADED = "graded"
    ZERO = "zero"
    """Not handed in by the close; it counts zero by the activity's setting."""

    @property
    def is_settled(self) -> bool:
        """Whether the part has a score that counts."""
        return self in (PartState.GRADED, PartState.ZERO)


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """A handed-in attempt, judged."""

    attempt_id: UUID
    number: int
    score: Decimal
    maximum: Decimal
    started_at: datetime
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class ReflectionResult:
    """One reflection of the person; ``share`` is 0 to 1 once it is graded."""

    prompt_id: str
    state: ReflectionState
    share: Decimal | None
    started_at: datetime
    submitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class PartScore:
    """What one part came to; ``score`` is empty until the part is settled."""

    state: PartState
    score: Decimal | None
    maximum: Decimal


@dataclass(frozen=True, slots=True)
class ActivityScore:
    """The score of one person in one activity.

    ``score`` is empty while a part is missing or waits. ``attempt_id`` names the attempt that
    counts, the last one for an average. ``submitted_at`` is when the work that counts was handed
    in, ``started_at`` when the person began it.
    """

    score: Decimal | None
    maximum: Decimal
    parts: dict[Part, PartScore]
    attempt_id: UUID | None = None
    started_at: datetime | None = None
    submitted_at: datetime | None = None


def grading_progress(states: Collection[PartState]) -> GradingProgress:
    """Return how final the score of these parts is (AGS 2.0 section 3.4.8)."""
    if states and all(state.is_settled for state in states):
        return GradingProgress.FULLY_GRADED
    if states and PartState.MISSING not in states:
        return GradingProgress.PENDING_MANUAL
    return GradingProgress.NOT_READY


def round_score(points: Decimal | Fraction) -> Decimal:
    """Round points to hundredths, half up: the one place where a score is rounded."""
    if isinstance(points, Fraction):
        # Exact: a hundredth of the numerator is compared, no binary or decimal division happens.
        hundredths, rest = divmod(points.numerator * 100, points.denominator)
        if 2 * rest >= points.denominator:
            hundredths += 1
        return Decimal(hundredths).scaleb(-2)
    return points.quantize(_CENT, rounding=ROUND_HALF_UP)


def activity_score(
    attempts: Sequence[AttemptResult],
    reflections: Sequence[ReflectionResult],
    settings: ActivitySettings,
    *,
    at: datetime,
) -> ActivityScore:
    """Return what the work of one person in an activity comes to, by the activity's policy."""
    counted = _counted(attempts, settings.keep)
    in_use = [r for r in reflections if r.prompt_id in settings.prompt_ids]
    exact: dict[Part, tuple[PartState, Fraction]] = {}
    if settings.has_quiz:
        exact[Part.QUIZ] = _quiz_share(counted, attempts, settings.keep)
    if settings.has_reflection:
        exact[Part.REFLECTION] = _reflection_share(in_use, settings)
    handed_in = any(state is not PartState.MISSING for state, _ in exact.values())
    if handed_in and settings.is_closed(at) and settings.missing_parts is MissingParts.ZERO:
        exact = {
            part: (PartState.ZERO if state is PartState.MISSING else state, share)
            for part, (state, share) in exact.items()
        }
    worth = {Part.QUIZ: settings.quiz_points, Part.REFLECTION: settings.reflection_points}
    parts = {
        part: PartScore(
            state,
            round_score(share * Fraction(worth[part])) if state.is_settled else None,
            worth[part],
        )
        for part, (state, share) in exact.items()
    }
    settled = bool(exact) and all(state.is_settled for state, _ in exact.values())
    total = sum((share * Fraction(worth[part]) for part, (_, share) in exact.items()), Fraction(0))
    work = _work(counted, in_use)
    return ActivityScore(
        score=round_score(total) if settled else None,
        maximum=settings.maximum,
        parts=parts,
        attempt_id=counted.attempt_id if counted else None,
        started_at=min((began for began, _ in work), default=None),
        submitted_at=max((ended for _, ended in work if ended), default=None),
    )


def _counted(attempts: Sequence[AttemptResult], keep: Keep) -> AttemptResult | None:
    if not attempts:
        return None
    in_order = sorted(attempts, key=lambda attempt: attempt.number)
    if keep is Keep.FIRST:
        return in_order[0]
    if keep is Keep.HIGHEST:
        # Of equal attempts the earliest counts, so that a repeat changes no submission time.
        return max(in_order, key=lambda attempt: (_share(attempt), -attempt.number))
    return in_order[-1]


def _share(attempt: AttemptResult) -> Fraction:
    if not attempt.maximum:
        return Fraction(0)
    return Fraction(attempt.score) / Fraction(attempt.maximum)


def _quiz_share(
    counted: AttemptResult | None, attempts: Sequence[AttemptResult], keep: Keep
) -> tuple[PartState, Fraction]:
    if counted is None:
        return PartState.MISSING, Fraction(0)
    if keep is Keep.AVERAGE:
        total = sum((_share(attempt) for attempt in attempts), Fraction(0))
        return PartState.GRADED, total / len(attempts)
    return PartState.GRADED, _share(counted)


def _reflection_share(
    reflections: Iterable[ReflectionResult], settings: ActivitySettings
) -> tuple[PartState, Fraction]:
    by_prompt = {reflection.prompt_id: reflection for reflection in reflections}
    states = []
    total = Fraction(0)
    for prompt_id in settings.prompt_ids:
        reflection = by_prompt.get(prompt_id)
        if reflection is None or not reflection.state.is_handed_in:
            states.append(PartState.MISSING)
        elif reflection.share is None:
            states.append(PartState.WAITING)
        else:
            states.append(PartState.GRADED)
            total += Fraction(reflection.share)
    share = total / max(1, len(states))
    for state in (PartState.MISSING, PartState.WAITING):
        if state in states:
            return state, share
    return PartState.GRADED, share


def _work(
    counted: AttemptResult | None, reflections: Iterable[ReflectionResult]
) -> list[tuple[datetime, datetime | None]]:
    handed_in = [r for r in reflections if r.state.is_handed_in]
    work: list[tuple[datetime, datetime | None]] = [
        (reflection.started_at, reflection.submitted_at) for reflection in handed_in
    ]
    if counted:
        work.append((counted.started_at, counted.submitted_at))
    return work
