"""When a platform is left alone, and how calls begin again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.circuits import (
    Circuit,
    Endpoint,
    after_failure,
    after_success,
    is_failure,
    is_passing,
)
from lti_alliance.errors import PlatformError, PlatformRefused, PlatformUnavailable, PlatformUnclear

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DOWN = PlatformUnavailable("platform_down", status=503)
THROTTLED = PlatformUnavailable("rate_limited", status=429)


def failed(circuit: Circuit, error: PlatformError = DOWN, *, at: datetime = NOW) -> Circuit:
    return after_failure(circuit, error, at=at, jitter=1.0)


def opened() -> Circuit:
    circuit = Circuit()
    for _ in range(5):
        circuit = failed(circuit)
    return circuit


def test_a_platform_of_which_nothing_is_known_is_well() -> None:
    """As many calls as usual, no failure, no reason."""
    assert Circuit() == Circuit(
        failures=0, openings=0, open_since=None, open_until=None, allowance=4, reason=""
    )
    assert Circuit().is_pristine


@pytest.mark.parametrize("circuit", [Circuit(failures=1), Circuit(allowance=2), opened()])
def test_whatever_a_success_would_change_is_not_pristine(circuit: Circuit) -> None:
    """Only a circuit that is not pristine has to be written after a success."""
    assert not circuit.is_pristine


def test_the_two_services_keep_their_names() -> None:
    """The database and the metrics know them by these."""
    assert list(Endpoint) == ["service", "token"]


def test_a_few_failures_open_nothing() -> None:
    """Four failures in a row leave a circuit closed, and a success forgets them."""
    circuit = Circuit()
    for _ in range(4):
        circuit = failed(circuit)

    assert circuit.allows(NOW) == 4
    assert after_success(circuit, at=NOW).is_pristine


def test_five_failures_open_it() -> None:
    """The fifth failure in a row stops all calls for half a minute; then a probe is let through."""
    circuit = opened()

    assert circuit.open_since == NOW
    assert circuit.reason == "platform_down"
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
    assert pauses[-1] == timedelta(minutes=10)
    assert circuit.open_since == NOW


def test_calls_begin_one_at_a_time() -> None:
    """After a probe that succeeds the number of calls at once doubles with each success."""
    circuit, at = opened(), NOW + timedelta(seconds=30)
    allowed = []
    for _ in range(4):
        circuit = after_success(circuit, at=at)
        allowed.append(circuit.allows(at))

    assert allowed == [1, 2, 4, 4]
    assert circuit.is_pristine
    assert circuit.openings == 0


def test_a_probe_that_succeeds_begins_a_new_count() -> None:
    """The failures that opened it are over, and so is the time for which it was away."""
    closed = after_success(opened(), at=NOW + timedelta(seconds=30))

    assert (closed.failures, closed.open_since, closed.open_until) == (0, None, None)


def test_a_relapse_counts_as_the_same_trouble() -> None:
    """Until as many calls as usual have gone well the next pause is a longer one."""
    at = NOW + timedelta(seconds=30)
    circuit = after_success(after_success(opened(), at=at), at=at)
    for _ in range(5):
        circuit = failed(circuit, at=at)

    assert circuit.open_until == at + timedelta(minutes=1)
    assert circuit.allows(circuit.open_until) == 1


def test_a_probe_that_fails_in_another_way_opens_it_again() -> None:
    """A platform that asked for fewer calls and then does not answer is still not well."""
    circuit = failed(Circuit(), THROTTLED)
    at = NOW + timedelta(seconds=5)

    assert failed(circuit, at=at).open_until == at + timedelta(minutes=1)


@pytest.mark.parametrize(("jitter", "pause_s"), [(1.0, 30), (0.5, 22.5), (0.01, 15.15)])
def test_pauses_differ_by_half(jitter: float, pause_s: float) -> None:
    """So that the workers of many tools do not come back at one moment."""
    circuit = after_failure(Circuit(failures=4), DOWN, at=NOW, jitter=jitter)

    assert circuit.open_until == NOW + timedelta(seconds=pause_s)


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
        (PlatformUnavailable("rate_limited", retry_after_s=3e8), timedelta(hours=2)),
        (PlatformUnavailable("rate_limited", retry_after_s=1), timedelta(seconds=1)),
        (PlatformUnavailable("rate_limited", retry_after_s=0), timedelta(seconds=5)),
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

        assert 0 <= circuit.allows(at) <= 4
        assert circuit.allows(at + timedelta(minutes=10)) >= 1


def test_a_busy_service_passes() -> None:
    """It has done nothing with the call and has not said for how long."""
    assert is_passing(DOWN)
    assert is_passing(PlatformUnavailable("platform_down", status=503, retry_after_s=0.0))


@pytest.mark.parametrize(
    "error",
    [
        PlatformUnavailable("platform_down", status=500),
        PlatformUnavailable("platform_down", status=503, retry_after_s=30.0),
        PlatformUnavailable("rate_limited", status=503),
        PlatformUnavailable("connect_failed"),
        PlatformUnclear("no_answer", status=504),
        PlatformRefused("refused", status=422),
    ],
)
def test_other_failures_do_not_pass(error: PlatformError) -> None:
    """What may have been carried out, asks for a wait or reaches nobody is no passing failure."""
    assert not is_passing(error)


def test_a_token_that_cannot_be_had_does_not_pass() -> None:
    """Every call of the platform needs it."""
    error = PlatformUnavailable("platform_down", status=503)
    error.endpoint = Endpoint.TOKEN

    assert not is_passing(error)
