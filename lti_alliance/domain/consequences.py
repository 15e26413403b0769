"""What a change of an activity's settings means for the people who are under way in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from lti_alliance.domain.activities import ActivitySettings, MissingParts, Part
from lti_alliance.domain.modules import FeedbackTiming, Grading

# What changes nothing about an attempt that somebody has open.
_NO_MATTER_TO_ATTEMPTS = frozenset(
    {
        "shuffle",
        "prompt_ids",
        "reflection_points",
        "reflection_grading",
        "level_table",
        "missing_parts",
    }
)


class Effect(StrEnum):
    """One thing that a change does, each with a sentence of its own."""

    SCORES_CHANGE = "scores_change"
    SCORES_WITHDRAWN = "scores_withdrawn"
    SCORES_APPEAR = "scores_appear"
    COLUMN_POINTS = "column_points"
    ATTEMPTS_OVER = "attempts_over"
    """Some have used more attempts than there will be."""
    ATTEMPTS_AGAIN = "attempts_again"
    """Some who had used up all of theirs get more."""
    ATTEMPTS_AGAIN_KEY_SEEN = "attempts_again_key_seen"
    ATTEMPTS_GO_ON = "attempts_go_on"
    QUIZ_LEFT_OUT = "quiz_left_out"
    QUIZ_ADDED = "quiz_added"
    REFLECTIONS_LEFT_OUT = "reflections_left_out"
    REFLECTIONS_ADDED = "reflections_added"
    GRADING_BY_RUBRIC = "grading_by_rubric"
    GRADING_BY_COMPLETION = "grading_by_completion"
    LEVELS = "levels"
    FEEDBACK_NOW = "feedback_now"
    FEEDBACK_LATER = "feedback_later"
    CLOSES_AT_ONCE = "closes_at_once"
    CLOSES_EARLIER = "closes_earlier"
    CLOSES_LATER = "closes_later"
    OPENS_AGAIN = "opens_again"
    MISSING_ZERO = "missing_zero"
    MISSING_HELD = "missing_held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """How far people are in an activity, as the database counts them."""

    begun: int
    """People with an attempt or a reflection."""
    handed_in: int
    """People who have handed something in."""
    open_attempts: int = 0
    open_reflections: int = 0
    attempts_used: Sequence[int] = ()
    """For each person with an attempt how many count against the limit."""
    attempts_done: Sequence[int] = ()
    """The same for people who have none open."""
    reflections: Mapping[str, int] = field(default_factory=dict)
    """How many reflections were handed in, by prompt."""
    waiting_reflections: int = 0
    graded_reflections: int = 0
    has_column: bool = False
    scores: Sequence[tuple[Decimal | None, Decimal | None]] = ()
    """Every kept score as it is, and as it would be."""

    @property
    def scored(self) -> int:
        """How many have a score today."""
        return sum(before is not None for before, _ in self.scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """One effect with the numbers of its sentence; which of them are set depends on the effect."""

    effect: Effect
    count: int = 0
    before: tuple[Decimal, Decimal] | None = None
    """The lowest and the highest of what changes."""
    after: tuple[Decimal, Decimal] | None = None
    at: datetime | None = None


def foresee(
    old: ActivitySettings, new: ActivitySettings, work: Underway, *, at: datetime
) -> tuple[Consequence, ...]:
    """Say what the change does to people under way; nothing where nobody is or nothing matters."""
    if work.begun == 0 or old == new:
        return ()
    return (
        *_scores(work),
        *_column(old, new, work),
        *_parts(old, new, work),
        *_attempts(old, new, work, at=at),
        *_reflections(old, new, work),
        *_feedback(old, new, work, at=at),
        *_close(old, new, work, at=at),
    )


def _scores(work: Underway) -> Iterator[Consequence]:
    changed = [
        (before, after)
        for before, after in work.scores
        if before is not None and after is not None and before != after
    ]
    if changed:
        befores, afters = zip(*changed, strict=True)
        yield Consequence(
            effect=Effect.SCORES_CHANGE,
            count=len(changed),
            before=(min(befores), max(befores)),
            after=(min(afters), max(afters)),
        )
    gone = sum(before is not None and after is None for before, after in work.scores)
    if gone:
        yield Consequence(effect=Effect.SCORES_WITHDRAWN, count=gone)
    new = [after for before, after in work.scores if before is None and after is not None]
    if new:
        yield Consequence(effect=Effect.SCORES_APPEAR, count=len(new), after=(min(new), max(new)))


def _column(old: ActivitySettings, new: ActivitySettings, work: Underway) -> Iterator[Consequence]:
    if work.has_column and old.maximum != new.maximum:
        yield Consequence(
            effect=Effect.COLUMN_POINTS,
            before=(old.maximum, old.maximum),
            after=(new.maximum, new.maximum),
        )


def _parts(old: ActivitySettings, new: ActivitySettings, work: Underway) -> Iterator[Consequence]:
    tried = len(work.attempts_used)
    if old.has_quiz and not new.has_quiz and tried:
        yield Consequence(effect=Effect.QUIZ_LEFT_OUT, count=tried)
    if new.has_quiz and not old.has_quiz and work.handed_in:
        yield Consequence(effect=Effect.QUIZ_ADDED, count=work.handed_in)
    before, after = _prompts(old), _prompts(new)
    left_out = sum(work.reflections.get(prompt_id, 0) for prompt_id in before - after)
    if left_out:
        yield Consequence(effect=Effect.REFLECTIONS_LEFT_OUT, count=left_out)
    if after - before and work.handed_in:
        yield Consequence(effect=Effect.REFLECTIONS_ADDED, count=work.handed_in)


def _attempts(
    old: ActivitySettings, new: ActivitySettings, work: Underway, *, at: datetime
) -> Iterator[Consequence]:
    if not (old.has_quiz and new.has_quiz):
        return
    over = sum(new.attempts is not None and used > new.attempts for used in work.attempts_used)
    was_over = sum(old.attempts is not None and used > old.attempts for used in work.attempts_used)
    if over and over != was_over:
        yield Consequence(effect=Effect.ATTEMPTS_OVER, count=over)
    again = sum(
        old.attempts is not None
        and used >= old.attempts
        and (new.attempts is None or used < new.attempts)
        for used in work.attempts_done
    )
    if again:
        hides = old.feedback is FeedbackTiming.AFTER_CLOSE and not old.is_closed(at)
        effect = Effect.ATTEMPTS_AGAIN if hides else Effect.ATTEMPTS_AGAIN_KEY_SEEN
        yield Consequence(effect=effect, count=again)
    if work.open_attempts and _changed(old, new) - _NO_MATTER_TO_ATTEMPTS and not new.is_closed(at):
        yield Consequence(effect=Effect.ATTEMPTS_GO_ON, count=work.open_attempts)


def _reflections(
    old: ActivitySettings, new: ActivitySettings, work: Underway
) -> Iterator[Consequence]:
    if not (old.has_reflection and new.has_reflection):
        return
    if old.reflection_grading is not new.reflection_grading:
        if new.reflection_grading is Grading.RUBRIC and work.graded_reflections:
            yield Consequence(effect=Effect.GRADING_BY_RUBRIC, count=work.graded_reflections)
        if new.reflection_grading is Grading.COMPLETION and work.waiting_reflections:
            yield Consequence(effect=Effect.GRADING_BY_COMPLETION, count=work.waiting_reflections)
    elif (
        new.reflection_grading is Grading.RUBRIC
        and old.level_table != new.level_table
        and work.graded_reflections
    ):
        yield Consequence(effect=Effect.LEVELS, count=work.graded_reflections)


def _feedback(
    old: ActivitySettings, new: ActivitySettings, work: Underway, *, at: datetime
) -> Iterator[Consequence]:
    tried = len(work.attempts_used)
    if old.feedback is new.feedback or not tried or not (old.has_quiz and new.has_quiz):
        return
    if new.feedback is FeedbackTiming.AFTER_SUBMIT:
        if not old.is_closed(at):
            yield Consequence(effect=Effect.FEEDBACK_NOW, count=tried)
    elif not new.is_closed(at):
        yield Consequence(effect=Effect.FEEDBACK_LATER, count=tried, at=new.closes_at)


def _close(
    old: ActivitySettings, new: ActivitySettings, work: Underway, *, at: datetime
) -> Iterator[Consequence]:
    still_open = work.open_attempts + work.open_reflections
    if old.is_closed(at) and not new.is_closed(at):
        yield Consequence(effect=Effect.OPENS_AGAIN, count=work.begun, at=new.closes_at)
    elif new.is_closed(at) and not old.is_closed(at):
        yield Consequence(effect=Effect.CLOSES_AT_ONCE, count=still_open)
    elif new.closes_at != old.closes_at and not new.is_closed(at):
        is_earlier = new.closes_at is not None and (
            old.closes_at is None or new.closes_at < old.closes_at
        )
        effect = Effect.CLOSES_EARLIER if is_earlier else Effect.CLOSES_LATER
        yield Consequence(effect=effect, count=still_open, at=new.closes_at)
    matters = len(new.parts) > 1 and new.closes_at is not None and not new.is_closed(at)
    if matters and old.missing_parts is not new.missing_parts:
        is_zero = new.missing_parts is MissingParts.ZERO
        yield Consequence(effect=Effect.MISSING_ZERO if is_zero else Effect.MISSING_HELD)


def _prompts(settings: ActivitySettings) -> frozenset[str]:
    return frozenset(settings.prompt_ids if Part.REFLECTION in settings.parts else ())


def _changed(old: ActivitySettings, new: ActivitySettings) -> set[str]:
    return {each.name for each in fields(old) if getattr(old, each.name) != getattr(new, each.name)}
