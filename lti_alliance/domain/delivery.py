"""What a platform's answer to a score means, and what to do next.

Assignment and Grade Services 2.0, https://www.imsglobal.org/spec/lti-ags/v2p0. Pure: the moment
and the jitter come in as arguments, the verdict goes out as a value.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lti_alliance.domain.delivery_reasons import REASONS, Reason
from lti_alliance.domain.gradebook import Family
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)

__all__ = [
    "ASKED_AGAIN",
    "BLOCKED_RETRY",
    "REASONS",
    "Action",
    "DeliveryState",
    "Reason",
    "Sending",
    "Verdict",
    "backoff",
    "is_about_person",
    "last_timestamp",
    "later",
    "next_timestamp",
    "past_refused",
    "tells_pending",
    "what_next",
]

BACKOFF_BASE_S = 5.0
BACKOFF_FACTOR = 4.0
BACKOFF_CAP_S = 2 * 3600.0
RETRY_AFTER_CAP_S = 24 * 3600.0
BLOCKED_RETRY = timedelta(days=1)
BLOCKED_RETRY_LATER = timedelta(days=7)
"""After a month of daily tries: a course that has ended is seldom opened again."""
_A_MONTH = timedelta(days=30)
GIVE_UP_AFTER = timedelta(days=7)
ASKED_AGAIN = 2
"""How often one sending makes its call again that failed in passing."""
TIMESTAMP_STEP = timedelta(seconds=1)
TIMESTAMP_LEAD = timedelta(minutes=1)
LONGEST_LEAD = timedelta(days=1)


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    DUE = "due"
    SENDING = "sending"
    """A worker has it; nothing has been sent yet."""
    UNCLEAR = "unclear"
    """Something was sent and no answer has been seen: read back before sending again."""
    DELIVERED = "delivered"
    OVERRIDDEN = "overridden"
    """The gradebook shows a value that is not ours; a person's word stands."""
    BLOCKED = "blocked"
    """A person has to act; tried again once a day all the same."""
    DEAD = "dead"
    """Given up; a person can have it sent again."""


class Action(StrEnum):
    """What else the verdict asks for beside the new state."""

    NONE = "none"
    FORGET_LINE_ITEM = "forget_line_item"
    """The address leads nowhere any more: look for the link's line item anew."""
    WITHOUT_NEW_SUBMISSION = "without_new_submission"
    """Send the score again without asking the platform to record a submission."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The next state of a delivery; ``next_at`` is when it may be tried again."""

    state: DeliveryState
    reason: Reason | None
    next_at: datetime
    action: Action = Action.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The facts about a sending that decide what its answer means."""

    family: str
    at: datetime
    wanted_since: datetime
    tries: int
    jitter: float
    """Above 0 up to 1, drawn by the caller."""
    is_findable: bool = False
    """Whether the course's line items can be listed."""
    is_readable: bool = False
    """Whether results can be read back."""
    new_submission: bool = False
    """Whether the platform was asked to record a submission."""
    was_told: bool = False
    """Whether the platform had confirmed a score before this one."""
    is_student: bool | None = None
    """Whether the course's roster has the person as a learner; nothing where nobody asked."""


def tells_pending(family: str) -> bool:
    """Say whether a platform may be told that work waits to be graded.

    Canvas then lists it in SpeedGrader and leaves the score alone when asked to. Moodle empties the
    cell for anything but a finished score, and nothing is known of others.
    """
    return family == Family.CANVAS


def next_timestamp(now: datetime, last: datetime | None) -> datetime:
    """Return the AGS timestamp for a sending: now, but a second past the last one at least.

    Moodle compares whole seconds and refuses equal ones, Canvas refuses earlier ones.
    """
    return now if last is None else max(now, last + TIMESTAMP_STEP)


def last_timestamp(first: datetime) -> datetime:
    """Return the latest timestamp that a sending may use whose first call has ``first``.

    Each call that is made again has one of its own, a second later; all of them are spoken for
    before the first call, so that no other sending ever uses one of them.
    """
    return first + ASKED_AGAIN * TIMESTAMP_STEP


def past_refused(refused: datetime, tries: int) -> datetime:
    """Return what the next timestamp has to pass after one was refused for being too early.

    Where the platform does not say which time it holds, the lead grows with each refusal: the
    tool's database may come from a backup, or its clock may have gone back by hours.
    """
    lead = TIMESTAMP_LEAD * 4.0 ** min(tries, 10)
    return refused + min(lead, LONGEST_LEAD)


def backoff(tries: int, jitter: float) -> timedelta:
    """Return how long to wait after ``tries`` failures: exponential, capped, with full jitter."""
    # The exponent is bounded so that a week of failures cannot overflow a float.
    ceiling = min(BACKOFF_CAP_S, BACKOFF_BASE_S * BACKOFF_FACTOR ** min(tries, 20))
    return timedelta(seconds=ceiling * jitter)


def what_next(error: PlatformError | None, sending: Sending) -> Verdict:
    """Say what the answer to a score means; no error means that the platform took it."""
    match error:
        case None if _needs_confirming(sending):
            return Verdict(DeliveryState.UNCLEAR, Reason.CONFIRMING, sending.at)
        case None:
            return Verdict(DeliveryState.DELIVERED, None, sending.at)
        case PlatformUnclear():
            reason = _named(error, Reason.NO_ANSWER)
            return later(DeliveryState.UNCLEAR, reason, sending, error=error)
        case PlatformUnavailable():
            reason = _named(error, _unavailable(error))
            return later(DeliveryState.DUE, reason, sending, error=error)
        case PlatformRefused():
            return _refused(error, sending)
        case _:
            return later(DeliveryState.DUE, Reason.INTERNAL_ERROR, sending, error=error)


def _needs_confirming(sending: Sending) -> bool:
    # Moodle answers 200 to a score over which a person's own grade stands, and shows the latter.
    return sending.family == Family.MOODLE and sending.is_readable and sending.was_told


def later(
    state: DeliveryState, reason: Reason, sending: Sending, *, error: PlatformError | None = None
) -> Verdict:
    """Return the verdict to try again by and by, as soon as the platform asked; for a week."""
    if sending.at - sending.wanted_since >= GIVE_UP_AFTER:
        return Verdict(DeliveryState.DEAD, reason, sending.at)
    wait = backoff(sending.tries, sending.jitter)
    asked = error.retry_after_s if error else None
    # No wait at all would be a race and a wait of years would lose the score: neither is obeyed.
    if asked is not None and asked > 0:
        wait = timedelta(seconds=min(asked, RETRY_AFTER_CAP_S))
    return Verdict(state, reason, sending.at + wait)


_CODES = {
    "tls_failed": Reason.CERTIFICATE_REFUSED,
    "redirected": Reason.ADDRESS_MOVED,
    "answer_too_large": Reason.UNEXPECTED_ANSWER,
}


def _named(error: PlatformError, otherwise: Reason) -> Reason:
    if error.code in _CODES:
        return _CODES[error.code]
    return Reason(error.code) if error.code in set(Reason) else otherwise


def _unavailable(error: PlatformError) -> Reason:
    return Reason.UNREACHABLE if error.status is None else Reason.PLATFORM_DOWN


def _blocked(reason: Reason, sending: Sending) -> Verdict:
    is_old = sending.at - sending.wanted_since >= _A_MONTH
    pause = BLOCKED_RETRY_LATER if is_old else BLOCKED_RETRY
    return Verdict(DeliveryState.BLOCKED, reason, sending.at + pause)


def _refused(error: PlatformError, sending: Sending) -> Verdict:
    reason = _named(error, _refusal(error, sending))
    match reason:
        case Reason.TOKEN_REFUSED | Reason.CLOCK_AHEAD:
            # An administrator mends the first for everybody at once, and time the second; the
            # backlog must then go by itself, so it is not left to the daily retry.
            return later(DeliveryState.DUE, reason, sending, error=error)
        case Reason.UNEXPECTED_ANSWER:
            # An answer without end says nothing of what was done with the score.
            return later(DeliveryState.UNCLEAR, reason, sending, error=error)
        case Reason.EARLIER_TIMESTAMP if not sending.is_readable:
            return later(DeliveryState.DUE, reason, sending, error=error)
        case Reason.EARLIER_TIMESTAMP:
            return Verdict(DeliveryState.UNCLEAR, reason, sending.at)
        case Reason.LINE_ITEM_GONE if sending.is_findable:
            return Verdict(DeliveryState.DUE, reason, sending.at, Action.FORGET_LINE_ITEM)
        case Reason.ATTEMPTS_USED_UP if sending.new_submission:
            return Verdict(DeliveryState.DUE, reason, sending.at, Action.WITHOUT_NEW_SUBMISSION)
        case Reason.SCORE_MALFORMED:
            return Verdict(DeliveryState.DEAD, reason, sending.at)
        case _:
            return _blocked(reason, sending)


_CANVAS_SENTENCES = (
    ("not a student", Reason.NOT_IN_COURSE),
    ("user not found", Reason.NOT_IN_COURSE),
    ("concluded", Reason.COURSE_CONCLUDED),
    ("unpublished", Reason.UNPUBLISHED),
    ("number of allowed attempts", Reason.ATTEMPTS_USED_UP),
    ("cannot grade this submission", Reason.GRADING_CLOSED),
    ("scoremaximum", Reason.SCORE_MALFORMED),
    ("scoregiven", Reason.SCORE_MALFORMED),
)
_STATUSES = {
    401: Reason.ACCESS_REFUSED,
    403: Reason.ACCESS_REFUSED,
    404: Reason.LINE_ITEM_GONE,
    406: Reason.SCORE_MALFORMED,
    409: Reason.EARLIER_TIMESTAMP,
    410: Reason.LINE_ITEM_GONE,
    412: Reason.LINE_ITEM_NOT_OURS,
    415: Reason.SCORE_MALFORMED,
}


def is_about_person(error: PlatformError, family: str) -> bool:
    """Say whether a refusal may mean that the person is no student of the course.

    Canvas says so in a sentence. Moodle gives the same answer for a body that it cannot read, so
    the roster has to be asked.
    """
    is_told_apart = family == Family.CANVAS or error.status not in (200, 400)
    return isinstance(error, PlatformRefused) and not is_told_apart


def _refusal(error: PlatformError, sending: Sending) -> Reason:
    if error.status is None:
        return Reason.ADDRESS_REFUSED
    status, sentence = error.status, error.detail.lower()
    if 300 <= status < 400:
        return Reason.ADDRESS_MOVED
    if status == 422:
        found = (reason for words, reason in _CANVAS_SENTENCES if words in sentence)
        return next(found, Reason.SCORE_REFUSED)
    if status == 400 and "last updated" in sentence:
        return Reason.EARLIER_TIMESTAMP
    if status == 400 and "in the future" in sentence:
        return Reason.CLOCK_AHEAD
    if status == 400 and sending.family == Family.CANVAS:
        # Canvas uses 400 for what is missing or unreadable: our mistake, no use repeating it.
        return Reason.SCORE_MALFORMED
    if is_about_person(error, sending.family) and sending.is_student is not None:
        # Whoever is a student there was refused for what was sent.
        return Reason.SCORE_MALFORMED if sending.is_student else Reason.NOT_IN_COURSE
    return _STATUSES.get(status, Reason.SCORE_REFUSED)
