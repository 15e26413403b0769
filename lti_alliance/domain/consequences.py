"""What a change of an activity's settings means for the people who are under way in it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from lti_alliance.domain.activities import ActivitySettings, MissingParts, Part
from lti_alliance.domain.modules import FeedbackTiming, Grading
from lti_alliance.domain.underway import Person, Underway

# What changes nothing about an attempt that somebody has open.
_NO_MATTER_TO_ATTEMPTS = frozenset(
    {
        "shuffle",
        "prompt_ids",
        "reflection_points",
        "reflection_grading",
        "level_table",
        "missing_parts",
        # An attempt keeps the time that it began with; this has a sentence of its own.
        "time_limit_minutes",
        # Nor does what comes after it.
        "wait_minutes",
        "anonymous",
        "exemplars",
        "resubmissions",
        "ai_help",
        "form",
        "warm_up",
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
    TIME_LIMIT = "time_limit"
    WAIT = "wait"
    """Some have handed in an attempt and may make another, later or earlier than it was."""
    QUIZ_LEFT_OUT = "quiz_left_out"
    QUIZ_ADDED = "quiz_added"
    REFLECTIONS_LEFT_OUT = "reflections_left_out"
    REFLECTIONS_ADDED = "reflections_added"
    GRADING_BY_RUBRIC = "grading_by_rubric"
    GRADING_BY_COMPLETION = "grading_by_completion"
    LEVELS = "levels"
    FEEDBACK_NOW = "feedback_now"
    FEEDBACK_LATER = "feedback_later"
    CHECKS_BEGIN = "checks_begin"
    """Some may check their answers within an open attempt, and see the key at once."""
    CHECKS_END = "checks_end"
    CLOSES_AT_ONCE = "closes_at_once"
    CLOSES_EARLIER = "closes_earlier"
    CLOSES_LATER = "closes_later"
    OPENS_AGAIN = "opens_again"
    OWN_CLOSE = "own_close"
    """Some have another close than the activity, which is still to come."""
    OWN_CLOSED = "own_closed"
    """For some it stays closed, though the activity opens again or closes another time."""
    OWN_CLOSES_AT_ONCE = "own_closes_at_once"
    """Some have another close than the activity, which has passed."""
    MISSING_ZERO = "missing_zero"
    MISSING_HELD = "missing_held"


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
    """Say what the change does to people under way; nothing where nobody is or nothing matters.

    What holds for each of them before and after is what counts: dates of their own, and what was
    granted to them.
    """
    if work.begun == 0 or old == new:
        return ()
    return (
        *_scores(work),
        *_column(old, new, work),
        *_parts(old, new, work),
        *_attempts(old, new, work, at=at),
        *_open_attempts(old, new, work, at=at),
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
    tried = len(work.tried)
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
    over = [each for each in work.tried if _is_over(each, new)]
    if over and len(over) != sum(_is_over(each, old) for each in work.tried):
        yield Consequence(effect=Effect.ATTEMPTS_OVER, count=len(over))
    again = [
        each.on_terms(old)
        for each in work.tried
        if not each.has_open_attempt and _is_used_up(each, old) and not _is_used_up(each, new)
    ]
    if again:
        hides = all(
            mine.feedback is FeedbackTiming.AFTER_CLOSE and not mine.is_closed(at) for mine in again
        )
        effect = Effect.ATTEMPTS_AGAIN if hides else Effect.ATTEMPTS_AGAIN_KEY_SEEN
        yield Consequence(effect=effect, count=len(again))
    if old.wait_minutes != new.wait_minutes:
        waiting = [each for each in work.tried if each.has_handed_in and not _is_used_up(each, new)]
        yield Consequence(effect=Effect.WAIT, count=len(waiting))


def _open_attempts(
    old: ActivitySettings, new: ActivitySettings, work: Underway, *, at: datetime
) -> Iterator[Consequence]:
    if not (old.has_quiz and new.has_quiz):
        return
    go_on = [each for each in work.people if each.has_open_attempt_under(new, at=at)]
    felt = [
        each
        for each in go_on
        if _changed(each.on_terms(old), each.on_terms(new)) - _NO_MATTER_TO_ATTEMPTS
    ]
    if felt:
        yield Consequence(effect=Effect.ATTEMPTS_GO_ON, count=len(felt))
    if old.time_limit_minutes != new.time_limit_minutes:
        yield Consequence(effect=Effect.TIME_LIMIT, count=len(go_on))


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
    if old.feedback is new.feedback or not (old.has_quiz and new.has_quiz):
        return
    go_on = sum(each.has_open_attempt_under(new, at=at) for each in work.people)
    if FeedbackTiming.AFTER_EACH in (old.feedback, new.feedback) and go_on:
        begin = new.feedback is FeedbackTiming.AFTER_EACH
        effect = Effect.CHECKS_BEGIN if begin else Effect.CHECKS_END
        yield Consequence(effect=effect, count=go_on)
    if FeedbackTiming.AFTER_CLOSE not in (old.feedback, new.feedback):
        return
    if new.feedback is not FeedbackTiming.AFTER_CLOSE:
        shown = [each for each in work.tried if not each.on_terms(old).is_closed(at)]
        if shown:
            yield Consequence(effect=Effect.FEEDBACK_NOW, count=len(shown))
        return
    hidden = [each.on_terms(new) for each in work.tried]
    closes = [mine.closes_at for mine in hidden if not mine.is_closed(at)]
    if closes:
        until = max((each for each in closes if each), default=None)
        yield Consequence(effect=Effect.FEEDBACK_LATER, count=len(closes), at=until)


def _close(
    old: ActivitySettings, new: ActivitySettings, work: Underway, *, at: datetime
) -> Iterator[Consequence]:
    if new.closes_at != old.closes_at:
        kind = _move(old, new, at=at)
        if kind is not None:
            concerned = [each for each in work.people if _move_of(each, old, new, at=at) is kind]
            before = sum(each.open_work(old, at=at) for each in concerned)
            after = sum(each.open_work(new, at=at) for each in concerned)
            yield Consequence(
                effect=kind,
                count=before - after if kind is _AT_ONCE else after,
                at=None if kind is _AT_ONCE else new.closes_at,
            )
        yield from _own_closes(old, new, work, kind, at=at)
    matters = any(_may_miss_parts(each.on_terms(new), at=at) for each in work.people)
    if matters and old.missing_parts is not new.missing_parts:
        is_zero = new.missing_parts is MissingParts.ZERO
        yield Consequence(effect=Effect.MISSING_ZERO if is_zero else Effect.MISSING_HELD)


_AT_ONCE = Effect.CLOSES_AT_ONCE


def _move(old: ActivitySettings, new: ActivitySettings, *, at: datetime) -> Effect | None:
    """Return what becomes of a close, whether the activity's or one person's."""
    if new.closes_at == old.closes_at or (old.is_closed(at) and new.is_closed(at)):
        return None
    if old.is_closed(at):
        return Effect.OPENS_AGAIN
    if new.is_closed(at):
        return _AT_ONCE
    is_earlier = new.closes_at is not None and (
        old.closes_at is None or new.closes_at < old.closes_at
    )
    return Effect.CLOSES_EARLIER if is_earlier else Effect.CLOSES_LATER


def _move_of(
    person: Person, old: ActivitySettings, new: ActivitySettings, *, at: datetime
) -> Effect | None:
    return _move(person.on_terms(old), person.on_terms(new), at=at)


def _own_closes(
    old: ActivitySettings,
    new: ActivitySettings,
    work: Underway,
    kind: Effect | None,
    *,
    at: datetime,
) -> Iterator[Consequence]:
    """Say for whom the close is another than the activity's, whose own move is ``kind``."""
    ahead, shut, closed = [], 0, 0
    for person in work.people:
        move, own = _move_of(person, old, new, at=at), person.on_terms(new).closes_at
        if kind is move is None:
            continue
        if own is not None and own != new.closes_at and own > at:
            ahead.append(own)
        elif kind is not _AT_ONCE and move is _AT_ONCE:
            shut += 1
        elif kind not in (None, _AT_ONCE) and own is not None and own <= at:
            closed += 1
    if shut:
        yield Consequence(effect=Effect.OWN_CLOSES_AT_ONCE, count=shut)
    if closed:
        yield Consequence(effect=Effect.OWN_CLOSED, count=closed)
    if ahead:
        yield Consequence(effect=Effect.OWN_CLOSE, count=len(ahead), at=max(ahead))


def _may_miss_parts(settings: ActivitySettings, *, at: datetime) -> bool:
    """Say whether a close is still to come at which a part can be missing."""
    return len(settings.parts) > 1 and settings.closes_at is not None and not settings.is_closed(at)


def _is_over(person: Person, settings: ActivitySettings) -> bool:
    most = person.on_terms(settings).attempts
    return most is not None and person.attempts_used > most


def _is_used_up(person: Person, settings: ActivitySettings) -> bool:
    most = person.on_terms(settings).attempts
    return most is not None and person.attempts_used >= most


def _prompts(settings: ActivitySettings) -> frozenset[str]:
    return frozenset(settings.prompt_ids if Part.REFLECTION in settings.parts else ())


def _changed(old: ActivitySettings, new: ActivitySettings) -> set[str]:
    return {each.name for each in fields(old) if getattr(old, each.name) != getattr(new, each.name)}
