"""A batch under way: the order of its calls, what ends it, what is asked about again."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from lti_alliance.domain.delivery import ASKED_AGAIN
from lti_alliance.errors import PlatformError, PlatformRefused, PlatformUnavailable
from lti_alliance.services.score_batches import BatchUnderWay, Pulse
from lti_alliance.services.score_steps import Heard

BUSY = PlatformUnavailable("platform_down", status=503)
AWAY = PlatformUnavailable("connect_failed")
REFUSED = PlatformRefused("refused", status=422)


@dataclass(frozen=True)
class Call:
    """As much of a step as matters here."""

    delivery_id: UUID = field(default_factory=uuid4)
    turn: int = field(default=1, compare=False)

    def again(self) -> "Call":
        return replace(self, turn=self.turn + 1)


def steps(count: int) -> list[Any]:
    """Make steps in the order in which they are to be called."""
    return [Call() for _ in range(count)]


def send(batch: BatchUnderWay, *errors: PlatformError | None) -> list[Any]:
    """Answer the next calls one after the other, and return the steps that were called."""
    called = []
    for error in errors:
        step = batch.take_next()
        assert step is not None
        called.append(step)
        batch.hear(step, Heard(error=error))
    return called


def test_calls_are_made_in_order() -> None:
    """Those that have waited longest go first, and everything that came back is recorded once."""
    wanted = steps(3)
    batch = BatchUnderWay(wanted)

    assert send(batch, None, None, REFUSED) == wanted
    assert batch.take_next() is None
    assert [step for step, _ in batch.take_heard()] == wanted
    assert batch.take_heard() == []


def test_a_busy_answer_among_successes_is_asked_about_again_at_the_end() -> None:
    """The others go on meanwhile, and only the last word is recorded."""
    first, second, third = steps(3)
    batch = BatchUnderWay([first, second, third])

    assert send(batch, None, BUSY, None, None) == [first, second, third, second]
    assert not batch.is_over
    assert [(step, heard.error) for step, heard in batch.take_heard()] == [
        (first, None),
        (third, None),
        (second, None),
    ]


def test_it_is_asked_about_again_a_few_times_only() -> None:
    """A score that keeps failing among successes ends the batch as any failure does."""
    first, poor, second, third, fourth = steps(5)
    batch = BatchUnderWay([first, poor, second, third, fourth])
    called = send(batch, None, BUSY, None, BUSY, None, BUSY, None, BUSY)

    turns = [step.turn for step in called if step == poor]
    assert turns == list(range(1, 2 + ASKED_AGAIN)), "each call is a message of its own"
    assert batch.is_over
    assert batch.take_next() is None
    assert [step for step, heard in batch.take_heard() if heard.error] == [poor]


def test_three_busy_answers_in_a_row_end_the_batch() -> None:
    """Without a success in between they are no single failures: the rest has not been called."""
    first, second, third, fourth, fifth = steps(5)
    batch = BatchUnderWay([first, second, third, fourth, fifth])
    send(batch, None, BUSY, BUSY)
    was_over = batch.is_over
    send(batch, BUSY)

    assert (was_over, batch.is_over) == (False, True)
    assert batch.end() == [fifth]
    assert batch.take_next() is None
    assert [(step, heard.error) for step, heard in batch.take_heard()] == [
        (first, None),
        (fourth, BUSY),
        (second, BUSY),
        (third, BUSY),
    ]


def test_what_another_batch_has_heard_counts() -> None:
    """At the end of a backlog batches are of one score, and have no success of their own."""
    pulse = Pulse()
    send(BatchUnderWay(steps(1), pulse), None)
    (only,) = steps(1)
    batch = BatchUnderWay([only], pulse)

    assert send(batch, BUSY, None) == [only, only]
    assert [heard.error for _, heard in batch.take_heard()] == [None]


def test_what_another_batch_could_not_reach_counts() -> None:
    """A platform that has gone away since the last success gets one call of a batch."""
    pulse = Pulse()
    send(BatchUnderWay(steps(2), pulse), None, AWAY)
    batch = BatchUnderWay(steps(2), pulse)
    send(batch, BUSY)

    assert batch.is_over


def test_the_first_call_has_no_success_before_it() -> None:
    """A platform that is down gets no second call from the same batch."""
    wanted = steps(2)
    batch = BatchUnderWay(wanted)
    send(batch, BUSY)

    assert batch.is_over
    assert batch.end() == wanted[1:]


def test_other_failures_end_the_batch_at_once() -> None:
    """What cannot be reached after a success is left alone all the same."""
    wanted = steps(3)
    batch = BatchUnderWay(wanted)
    send(batch, None, AWAY)

    assert batch.is_over
    assert batch.end() == wanted[2:]


def test_a_refusal_of_one_score_ends_nothing() -> None:
    """It says nothing about the platform."""
    batch = BatchUnderWay(steps(2))
    send(batch, REFUSED)

    assert not batch.is_over
