"""Attempts: the form that a student is given, and what may happen next and why not."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.items import Item, MatchingItem
from lti_alliance.domain.modules import FeedbackTiming, Module, Quiz
from lti_alliance.errors import AlreadySubmitted, AttemptClosed, Conflict

GRACE = timedelta(seconds=30)
"""How long after the end of its time an attempt still takes what was on its way."""


class AttemptState(StrEnum):
    """Where an attempt is in its life."""

    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    GRADED = "graded"
    EXPIRED = "expired"
    VOID = "void"

    @property
    def is_handed_in(self) -> bool:
        """Whether the attempt counts towards the grade."""
        return self in (AttemptState.SUBMITTED, AttemptState.GRADED)


class FeedbackStage(StrEnum):
    """How much of the judgement a student may see."""

    NONE = "none"
    """The score at most."""
    BETWEEN_ATTEMPTS = "between attempts"
    """Right or wrong and the feedback of what was chosen, never the key."""
    FINAL = "final"
    """Everything, with the key."""


@dataclass(frozen=True, slots=True)
class FormItem:
    """One item as this student was given it."""

    item_id: str
    content_hash: str
    option_ids: tuple[str, ...] = ()
    """The order in which the options or lines were shown; empty for items without any."""
    choice_ids: tuple[str, ...] = ()
    """The order of the answers to choose from beside each line; empty where they keep theirs."""


@dataclass(frozen=True, slots=True)
class Form:
    """The items of one attempt in the order in which they were shown."""

    items: tuple[FormItem, ...]


def draw_form(module: Module, *, shuffle: bool, rng: random.Random) -> Form:
    """Draw the form of a new attempt: pools drawn, items and options shuffled if asked.

    Items of one case stay together in the order of the source, since its stages build on one
    another.
    """
    return lay_out(module, _drawn_ids(module.quiz, rng), rng=rng if shuffle else None)


def lay_out(module: Module, item_ids: Collection[str], *, rng: random.Random | None) -> Form:
    """Put items of a module in the order in which they are shown: shuffled, or as in the source."""
    blocks = _blocks([item for item in module.quiz.items if item.id in item_ids])
    if rng is not None:
        rng.shuffle(blocks)
    return Form(tuple(_form_item(module, item, rng) for row in blocks for item in row))


def form_to_json(form: Form) -> dict[str, Any]:
    """Turn a form into plain values for storage."""
    return {
        "items": [
            {
                "id": item.item_id,
                "hash": item.content_hash,
                "options": list(item.option_ids),
                **({"choices": list(item.choice_ids)} if item.choice_ids else {}),
            }
            for item in form.items
        ]
    }


def form_from_json(stored: Mapping[str, Any]) -> Form:
    """Read a stored form back."""
    return Form(
        tuple(
            FormItem(
                item["id"], item["hash"], tuple(item["options"]), tuple(item.get("choices", ()))
            )
            for item in stored["items"]
        )
    )


def _blocks(items: Sequence[Item]) -> list[list[Item]]:
    blocks: list[list[Item]] = []
    of_case: dict[str, list[Item]] = {}
    for item in items:
        if item.case in of_case:
            of_case[item.case].append(item)
            continue
        blocks.append([item])
        if item.case:
            of_case[item.case] = blocks[-1]
    return blocks


def _form_item(module: Module, item: Item, rng: random.Random | None) -> FormItem:
    shown, choices = list(item.shown_ids), list(item.choice_ids)
    if rng is not None:
        free = shown[item.unlocked()]
        rng.shuffle(free)
        shown[item.unlocked()] = free
        if isinstance(item, MatchingItem):
            # Places and values of a scale keep their order; what statements belong to need not.
            rng.shuffle(choices)
    return FormItem(item.id, module.item_hash(item), tuple(shown), tuple(choices))


def check_may_start(
    settings: ActivitySettings,
    states: Sequence[AttemptState],
    *,
    last_handed_in: datetime | None = None,
    at: datetime,
) -> None:
    """Raise the reason why no further attempt may be started, if there is one.

    ``states`` are those of the person's attempts so far, void ones included; ``last_handed_in``
    is when the latest of those that count was handed in.
    """
    if not settings.has_quiz:
        raise AttemptClosed("attempt.no_quiz")
    if settings.is_closed(at):
        raise AttemptClosed("activity.closed")
    if settings.is_not_open_yet(at):
        raise AttemptClosed("activity.not_open_yet")
    if AttemptState.IN_PROGRESS in states:
        raise Conflict("attempt.already_open")
    if attempts_left(settings, states) == 0:
        raise AttemptClosed("attempt.none_left")
    opens_at = next_start(settings, last_handed_in)
    if opens_at is not None and at < opens_at:
        raise AttemptClosed("attempt.wait")


def next_start(settings: ActivitySettings, last_handed_in: datetime | None) -> datetime | None:
    """Return from when the next attempt may be started, where the activity asks for a wait.

    Only what was handed in and counts makes anybody wait: not an attempt that ran out empty, and
    not one that the instructor made void so that another can be made in its place.
    """
    if last_handed_in is None or settings.wait_minutes == 0:
        return None
    return last_handed_in + timedelta(minutes=settings.wait_minutes)


def attempts_left(settings: ActivitySettings, states: Sequence[AttemptState]) -> int | None:
    """Count the attempts that may still be started; None is without limit."""
    if settings.attempts is None:
        return None
    used = sum(state is not AttemptState.VOID for state in states)
    return max(0, settings.attempts - used)


def check_may_save(
    state: AttemptState,
    settings: ActivitySettings,
    *,
    deadline_at: datetime | None = None,
    at: datetime,
) -> None:
    """Raise the reason why answers can no longer be saved, if there is one."""
    if state.is_handed_in:
        raise AlreadySubmitted("attempt.already_submitted")
    if state is not AttemptState.IN_PROGRESS:
        raise AttemptClosed("attempt.closed")
    if settings.is_closed(at):
        raise AttemptClosed("activity.closed")
    if is_time_up(deadline_at, at=at):
        raise AttemptClosed("attempt.time_up")


def check_may_check(settings: ActivitySettings) -> None:
    """Raise the reason why an answer cannot be checked within its attempt, if there is one."""
    if settings.feedback is not FeedbackTiming.AFTER_EACH:
        raise Conflict("attempt.check_not_offered")


def is_time_up(deadline_at: datetime | None, *, at: datetime) -> bool:
    """Say whether the time of an attempt is over, and so is the grace after it."""
    return deadline_at is not None and at > deadline_at + GRACE


def check_may_void(state: AttemptState) -> None:
    """Raise the reason why an attempt cannot be made to count for nothing, if there is one."""
    if state is AttemptState.VOID:
        raise Conflict("attempt.void_already")


def check_may_reopen(
    state: AttemptState,
    settings: ActivitySettings,
    others: Sequence[AttemptState],
    *,
    at: datetime,
) -> None:
    """Raise the reason why an attempt cannot be given back to its student, if there is one.

    ``settings`` are those that hold for the student; ``others`` are the states of their other
    attempts at the activity.
    """
    if state is AttemptState.IN_PROGRESS:
        raise Conflict("attempt.open_already")
    if AttemptState.IN_PROGRESS in others:
        raise Conflict("attempt.another_open")
    if settings.is_closed(at):
        raise AttemptClosed("attempt.reopen_closed")


def feedback_stage(
    settings: ActivitySettings, states: Sequence[AttemptState], *, at: datetime
) -> FeedbackStage:
    """Say how much of the judgement of a handed-in attempt may be shown now.

    The key is shown after the last attempt or the close, whichever comes first; while an attempt
    is still possible it never is.
    """
    closed = settings.is_closed(at)
    if settings.feedback is FeedbackTiming.AFTER_CLOSE and settings.closes_at and not closed:
        return FeedbackStage.NONE
    if closed:
        return FeedbackStage.FINAL
    if AttemptState.IN_PROGRESS in states or attempts_left(settings, states) != 0:
        return FeedbackStage.BETWEEN_ATTEMPTS
    return FeedbackStage.FINAL


def item_stage(stage: FeedbackStage, *, is_checked: bool) -> FeedbackStage:
    """Say how much may be shown of one item of an attempt whose stage is ``stage``.

    Whoever checked an answer was shown its key at once and sees it ever after, unless feedback
    waits for the close by now.
    """
    return FeedbackStage.FINAL if is_checked and stage is not FeedbackStage.NONE else stage


def _drawn_ids(quiz: Quiz, rng: random.Random) -> set[str]:
    pooled = {item_id for pool in quiz.pools for item_id in pool.item_ids}
    drawn = {item.id for item in quiz.items} - pooled
    for pool in quiz.pools:
        drawn.update(rng.sample(pool.item_ids, pool.pick))
    return drawn
