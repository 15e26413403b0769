"""When a platform that fails is left alone, and how calls begin again: a circuit breaker.

Pure: the moment and the jitter come in as arguments. A circuit belongs to one service of one
registration; a platform that is down then costs one probe now and then, whatever the backlog.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from lti_alliance.errors import PlatformError, PlatformUnavailable

CALLS_AT_ONCE = 4
"""Calls to one registration at a time when it counts as well again after a failure; from then on it
gets as many as the settings say."""
OPENS_AFTER = 5
"""Failures in a row."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
FIRST_THROTTLE = timedelta(seconds=5)
"""A platform that only asks for fewer calls is well again sooner."""
LONGEST_ASKED = timedelta(hours=2)
"""The longest wait that a platform may ask for all of its scores."""
_BUSY = 503
_AT_ONCE = frozenset({"rate_limited", "token_refused"})
"""What says about every call what it says about one."""


class Endpoint(StrEnum):
    """The two services that fail apart from each other."""

    SERVICE = "service"
    TOKEN = "token"  # noqa: S105 -- a service, not a password


@dataclass(frozen=True, slots=True)
class Circuit:
    """How one service of one registration has been answering."""

    failures: int = 0
    openings: int = 0
    open_since: datetime | None = None
    open_until: datetime | None = None
    allowance: int = CALLS_AT_ONCE
    reason: str = ""

    @property
    def is_pristine(self) -> bool:
        """Whether a success would change nothing."""
        return self.failures == 0 and self.open_until is None and self.allowance >= CALLS_AT_ONCE

    def is_open(self, at: datetime) -> bool:
        """Whether no call is let through."""
        return self.open_until is not None and at < self.open_until

    def allows(self, at: datetime) -> int:
        """Return how many calls at once are let through: one for a probe, none while open."""
        return 0 if self.is_open(at) else self.allowance


def is_failure(error: PlatformError) -> bool:
    """Say whether an error tells something about the platform rather than about one score."""
    if error.code == "internal_error":
        return False
    return isinstance(error, PlatformUnavailable) or error.code in _AT_ONCE


def is_passing(error: PlatformError) -> bool:
    """Say whether a failure among successes is likely to be gone at once.

    A server that says it is busy, of a service that is well, has done nothing with the call; one
    that says for how long is believed.
    """
    is_busy = error.code == "platform_down" and error.status == _BUSY
    return is_busy and error.endpoint == Endpoint.SERVICE and not error.retry_after_s


def after_success(circuit: Circuit, *, at: datetime) -> Circuit:
    """Return the circuit after a good answer.

    A probe that succeeds closes it; calls then begin one at a time and double with each success, so
    that a platform that has just recovered meets no burst. An answer that comes late, to a call
    made before the circuit opened, does not close it.
    """
    if circuit.is_open(at):
        return circuit
    if circuit.open_until is not None:
        return replace(circuit, failures=0, open_since=None, open_until=None)
    allowance = min(CALLS_AT_ONCE, circuit.allowance * 2)
    openings = 0 if allowance == CALLS_AT_ONCE else circuit.openings
    return replace(circuit, failures=0, allowance=allowance, openings=openings)


def after_failure(
    circuit: Circuit, error: PlatformError, *, at: datetime, jitter: float
) -> Circuit:
    """Return the circuit after a failure; ``jitter`` is above 0 up to 1."""
    circuit = replace(circuit, failures=circuit.failures + 1, reason=error.code)
    if circuit.is_open(at):
        return circuit
    is_probe = circuit.open_until is not None
    if not is_probe and circuit.failures < OPENS_AFTER and error.code not in _AT_ONCE:
        return circuit
    return replace(
        circuit,
        openings=circuit.openings + 1,
        open_since=circuit.open_since or at,
        open_until=at + _pause(circuit.openings, error, jitter),
        allowance=1,
    )


def _pause(openings: int, error: PlatformError, jitter: float) -> timedelta:
    if error.retry_after_s is not None and error.retry_after_s > 0:
        return timedelta(seconds=min(error.retry_after_s, LONGEST_ASKED.total_seconds()))
    first = FIRST_THROTTLE if error.code == "rate_limited" else FIRST_PAUSE
    # The exponent is bounded so that a week of failures cannot overflow.
    return min(LONGEST_PAUSE, first * 2.0 ** min(openings, 10)) * (0.5 + jitter / 2)
