"""When a platform is left alone, and how calls begin again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.circuits import (
    CALLS_AT_ONCE,
    LONGEST_ASKED,
    LONGEST_PAUSE,
    OPENS_AFTER,
    Circuit,
    after_failure,
    after_success,
    is_failure,
)
from lti_alliance.errors import PlatformError, PlatformRefused, PlatformUnavailable, PlatformUnclear

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DOWN = PlatformUnavailable("platform_down", status=503)
THROTTLED = PlatformUnavailable("rate_limited", status=429)


def failed(circuit: Circuit, error: PlatformError = DOWN, *, at: datetime = NOW) -> Circuit:
    return after_failure(circuit, error, at=at, jitter=1.0)


def opened() -> Circuit:
    circuit = Circuit()
    for _ in range(OPENS_AFTER):
        circuit = failed(circuit)
    return circuit


def test_a_few_failures_open_nothing() -> None:
    """Four failures in a row leave a circuit closed, and a success forgets them."""
    circuit = Circuit()
    for _ in range(OPENS_AFTER - 1):
        circuit = failed(circuit)

    assert circuit.allows(NOW) == CALLS_AT_ONCE
    assert after_success(circuit, at=NOW).is_pristine


def test_five_failures_open_it() -> None:
    """The fifth failure in a row stops all calls for half a minute; then a probe is let through."""
    circuit = opened()

    assert circuit.open_since == NOW
    assert circuit.open_until == NOW + timedelta(seconds=30)
    assert circuit.allows(NOW + timedelta(seconds=29)) == 0
    assert circuit.allows(NOW + timedelta(seconds=30)) == 1


def test_a_failed_probe_opens_it_for_longer() -> None:
    """Each probe that fails doubles the pause, up to ten minutes; since when it is away stays."""
    circuit, at, pauses = opened(), NOW, []
    for _ in range(8):
        assert circuit.open_until is not None
        at = circuit.open_until
        circuit = failed(circuit, at=at)
        assert circuit.open_until is not None
        pauses.append(circuit.open_until - at)

    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses[-1] == LONGEST_PAUSE
    assert circuit.open_since == NOW


def test_calls_begin_one_at_a_time() -> None:
    """After a probe that succeeds the number of calls at once doubles with each success."""
    circuit, at = opened(), NOW + timedelta(seconds=30)
    allowed = []
    for _ in range(4):
        circuit = after_success(circuit, at=at)
        allowed.append(circuit.allows(at))

    assert allowed == [1, 2, CALLS_AT_ONCE, CALLS_AT_ONCE]
    assert circuit.is_pristine
    assert circuit.openings == 0


def test_a_late_answer_does_not_close_it() -> None:
    """A success that was on its way when the circuit opened says nothing of now."""
    circuit = opened()

    assert after_success(circuit, at=NOW + timedelta(seconds=1)) == circuit


def test_a_late_failure_does_not_lengthen_it() -> None:
    """Calls that were under way when the circuit opened fail without opening it further."""
    circuit = opened()

    assert failed(circuit).open_until == circuit.open_until


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (THROTTLED, timedelta(seconds=5)),
        (PlatformUnavailable("rate_limited", retry_after_s=90), timedelta(seconds=90)),
        (PlatformUnavailable("rate_limited", retry_after_s=3e8), LONGEST_ASKED),
        (PlatformUnavailable("rate_limited", retry_after_s=-1), timedelta(seconds=5)),
        (PlatformRefused("token_refused", status=401), timedelta(seconds=30)),
    ],
)
def test_what_concerns_every_call_opens_it_at_once(error: PlatformError, pause: timedelta) -> None:
    """Throttling and an unknown client slow the whole registration down, as long as asked."""
    circuit = failed(Circuit(), error)

    assert circuit.open_until == NOW + pause


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (DOWN, True),
        (PlatformUnclear("timeout"), True),
        (PlatformUnavailable("connect_failed"), True),
        (PlatformRefused("token_refused", status=400), True),
        (PlatformRefused("refused", status=404), False),
        (PlatformRefused("score_refused", status=200), False),
        (PlatformUnavailable("internal_error"), False),
    ],
)
def test_a_refusal_is_no_failure(error: PlatformError, counts: bool) -> None:
    """A platform that says no to one score is well, and a fault of ours is not its own."""
    assert is_failure(error) is counts


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 900), st.floats(0.01, 1.0)), max_size=60),
    st.sampled_from([DOWN, THROTTLED]),
)
def test_it_never_stays_open(answers: list[tuple[bool, int, float]], error: PlatformError) -> None:
    """Whatever comes, calls are never more than usual, and ten minutes later one is let through."""
    circuit, at = Circuit(), NOW
    for is_good, wait_s, jitter in answers:
        at += timedelta(seconds=wait_s)
        if is_good:
            circuit = after_success(circuit, at=at)
        else:
            circuit = after_failure(circuit, error, at=at, jitter=jitter)

        assert 0 <= circuit.allows(at) <= CALLS_AT_ONCE
        assert circuit.allows(at + LONGEST_PAUSE) >= 1
