"""Attempts: the form, the limits and the stages of feedback."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.attempts import (
    AttemptState,
    FeedbackStage,
    attempts_left,
    check_may_check,
    check_may_save,
    check_may_start,
    draw_form,
    feedback_stage,
    form_from_json,
    form_to_json,
    item_stage,
    next_start,
)
from lti_alliance.domain.items import Option, ShortItem, ShortKey, SingleItem
from lti_alliance.domain.modules import FeedbackTiming, Module, Pool, Quiz
from lti_alliance.errors import AlreadySubmitted, AttemptClosed, Conflict

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
OPEN, DONE, VOID = AttemptState.IN_PROGRESS, AttemptState.GRADED, AttemptState.VOID


def settings(**changes: object) -> ActivitySettings:
    return ActivitySettings(**{"parts": frozenset({Part.QUIZ}), "attempts": 2, **changes})


def module(*, pick: int | None = None) -> Module:
    items = (
        *tuple(
            SingleItem(
                id=f"q{n}",
                stem=f"Question {n}",
                options=tuple(Option(i, i, correct=i == "b") for i in "abcd"),
            )
            for n in range(6)
        ),
        ShortItem(id="s", stem="Word", accepted=(ShortKey("bond"),)),
    )
    pools = (Pool("warm", pick, ("q0", "q1", "q2")),) if pick else ()
    return Module(
        id="m",
        title="M",
        version="1.0.0",
        language="en",
        license="CC BY 4.0",
        minutes=5,
        quiz=Quiz(items=items, pools=pools),
    )


def test_a_form_holds_each_item_once_with_all_its_options() -> None:
    """Shuffling moves items and options and loses none."""
    form = draw_form(module(), shuffle=True, rng=random.Random(4))

    assert sorted(item.item_id for item in form.items) == ["q0", "q1", "q2", "q3", "q4", "q5", "s"]
    assert all(sorted(i.option_ids) == list("abcd") for i in form.items if i.item_id != "s")
    assert next(i for i in form.items if i.item_id == "s").option_ids == ()


def test_an_unshuffled_form_keeps_the_order_of_the_source() -> None:
    """Without shuffling every student sees what the author wrote."""
    form = draw_form(module(), shuffle=False, rng=random.Random(4))

    assert [item.item_id for item in form.items] == ["q0", "q1", "q2", "q3", "q4", "q5", "s"]
    assert form.items[0].option_ids == ("a", "b", "c", "d")


@given(seed=st.integers())
def test_a_pool_gives_as_many_items_as_it_picks(seed: int) -> None:
    """Of a pool each form holds exactly the number that the pool says."""
    form = draw_form(module(pick=2), shuffle=True, rng=random.Random(seed))
    drawn = {item.item_id for item in form.items}

    assert len(drawn & {"q0", "q1", "q2"}) == 2
    assert {"q3", "q4", "q5", "s"} <= drawn


@given(seed=st.integers(), shuffle=st.booleans())
def test_a_stored_form_is_the_form(seed: int, shuffle: bool) -> None:
    """What is stored of a form brings the same form back."""
    form = draw_form(module(), shuffle=shuffle, rng=random.Random(seed))

    assert form_from_json(form_to_json(form)) == form


@pytest.mark.parametrize(
    ("states", "left"), [([], 2), ([DONE], 1), ([DONE, VOID], 1), ([DONE, DONE], 0)]
)
def test_a_void_attempt_is_not_used_up(states: list[AttemptState], left: int) -> None:
    """Attempts are limited by how many were used; a void one was not."""
    assert attempts_left(settings(), states) == left


@pytest.mark.parametrize(
    ("changes", "states", "at", "error", "reason"),
    [
        ({}, [DONE, DONE], NOON, AttemptClosed, "attempt.none_left"),
        ({}, [OPEN], NOON, Conflict, "attempt.already_open"),
        ({"closes_at": NOON}, [], NOON, AttemptClosed, "activity.closed"),
        ({"parts": frozenset({Part.REFLECTION})}, [], NOON, AttemptClosed, "attempt.no_quiz"),
    ],
)
def test_why_no_attempt_may_be_started(
    changes: dict[str, object],
    states: list[AttemptState],
    at: datetime,
    error: type[Conflict],
    reason: str,
) -> None:
    """A refusal to start names its reason."""
    with pytest.raises(error) as refusal:
        check_may_start(settings(**changes), states, at=at)

    assert refusal.value.reason == reason


def test_an_attempt_may_be_started_to_the_last_moment() -> None:
    """Until the close an attempt may be started."""
    check_may_start(settings(closes_at=NOON), [DONE], at=NOON - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("state", "closes_at", "error"),
    [
        (DONE, None, AlreadySubmitted),
        (VOID, None, AttemptClosed),
        (AttemptState.EXPIRED, None, AttemptClosed),
        (OPEN, NOON, AttemptClosed),
    ],
)
def test_why_nothing_may_be_saved(
    state: AttemptState, closes_at: datetime | None, error: type[Conflict]
) -> None:
    """Handed in, void, expired and closed each refuse a save."""
    with pytest.raises(error):
        check_may_save(state, settings(closes_at=closes_at), at=NOON)


@pytest.mark.parametrize(
    ("changes", "states", "stage"),
    [
        ({}, [DONE], FeedbackStage.BETWEEN_ATTEMPTS),
        ({}, [DONE, DONE], FeedbackStage.FINAL),
        ({}, [DONE, OPEN], FeedbackStage.BETWEEN_ATTEMPTS),
        ({"attempts": None}, [DONE] * 9, FeedbackStage.BETWEEN_ATTEMPTS),
        ({"attempts": None, "closes_at": NOON}, [DONE], FeedbackStage.FINAL),
        (
            {"feedback": FeedbackTiming.AFTER_CLOSE, "closes_at": NOON + timedelta(1)},
            [DONE, DONE],
            FeedbackStage.NONE,
        ),
        (
            {"feedback": FeedbackTiming.AFTER_CLOSE, "closes_at": NOON},
            [DONE],
            FeedbackStage.FINAL,
        ),
    ],
)
def test_the_key_waits_for_the_last_attempt_or_the_close(
    changes: dict[str, object], states: list[AttemptState], stage: FeedbackStage
) -> None:
    """While an attempt is still possible the key is never shown."""
    assert feedback_stage(settings(**changes), states, at=NOON) is stage


def test_the_points_of_a_pool_count_only_what_is_drawn() -> None:
    """The maximum of a quiz is that of one attempt."""
    assert module(pick=2).quiz.maximum == Decimal(6)


@pytest.mark.parametrize(
    ("wait", "handed_in", "reason"),
    [
        (60, NOON - timedelta(minutes=59, seconds=59), "attempt.wait"),
        (60, NOON - timedelta(minutes=60), None),
        (60, None, None),
        (0, NOON, None),
    ],
)
def test_the_next_attempt_waits_from_the_last_handing_in(
    wait: int, handed_in: datetime | None, reason: str | None
) -> None:
    """It opens to the second, and nobody waits who has handed in nothing that counts."""
    terms = settings(wait_minutes=wait)
    if reason is None:
        check_may_start(terms, [DONE], last_handed_in=handed_in, at=NOON)
        return
    with pytest.raises(AttemptClosed) as refusal:
        check_may_start(terms, [DONE], last_handed_in=handed_in, at=NOON)

    assert refusal.value.reason == reason
    assert next_start(terms, handed_in) == NOON + timedelta(seconds=1)


def test_a_wait_is_no_reason_where_no_attempt_is_left() -> None:
    """Nobody is told to come back later for an attempt that there is not."""
    with pytest.raises(AttemptClosed) as refusal:
        check_may_start(settings(wait_minutes=9), [DONE, DONE], last_handed_in=NOON, at=NOON)

    assert refusal.value.reason == "attempt.none_left"


@pytest.mark.parametrize("timing", FeedbackTiming)
def test_answers_are_checked_only_where_the_activity_says_so(timing: FeedbackTiming) -> None:
    """Only one of the timings lets an answer be judged within its attempt."""
    terms = settings(feedback=timing)
    if timing is FeedbackTiming.AFTER_EACH:
        check_may_check(terms)
        return
    with pytest.raises(Conflict, match=r"attempt\.check_not_offered"):
        check_may_check(terms)


@pytest.mark.parametrize("stage", FeedbackStage)
def test_checking_shows_the_key_of_that_item_alone(stage: FeedbackStage) -> None:
    """What was checked shows its key; what was not keeps the stage of its attempt."""
    hidden = stage is FeedbackStage.NONE

    assert item_stage(stage, is_checked=False) is stage
    assert item_stage(stage, is_checked=True) is (stage if hidden else FeedbackStage.FINAL)


def test_after_each_hides_the_key_of_unchecked_items_as_after_submit_does() -> None:
    """While an attempt is possible, only what was checked shows its key."""
    terms = settings(feedback=FeedbackTiming.AFTER_EACH)

    assert feedback_stage(terms, [DONE], at=NOON) is FeedbackStage.BETWEEN_ATTEMPTS
    assert feedback_stage(terms, [OPEN], at=NOON) is FeedbackStage.BETWEEN_ATTEMPTS
    assert feedback_stage(terms, [DONE, DONE], at=NOON) is FeedbackStage.FINAL
