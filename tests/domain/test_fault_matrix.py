"""What an answer to a score means, row by row of the fault matrix, for Canvas and for Moodle.

F8 (a token that ends in the middle of a batch) is renewed below this table: an answer of 401 to a
kept token reaches it only after a new token was refused as well.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from lti_alliance.domain.delivery import (
    BLOCKED_RETRY,
    RETRY_AFTER_CAP_S,
    Action,
    DeliveryState,
    Reason,
    Sending,
    what_next,
)
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AT_ONCE = timedelta()
BACKOFF = timedelta(seconds=80)
"""The longest wait after two failures, and so the wait with a jitter of 1."""
DUE, UNCLEAR, DELIVERED = DeliveryState.DUE, DeliveryState.UNCLEAR, DeliveryState.DELIVERED
BLOCKED, DEAD = DeliveryState.BLOCKED, DeliveryState.DEAD
BOTH = ("canvas", "moodle")
TEN_YEARS_S = 10 * 365 * 86_400.0


class Row(NamedTuple):
    """One answer, and what it means."""

    fault: str
    families: tuple[str, ...]
    error: PlatformError | None
    state: DeliveryState
    reason: Reason | None
    wait: timedelta
    action: Action = Action.NONE
    facts: dict[str, Any] = {}  # noqa: RUF012 -- a tuple's default, never written


def refused(status: int, detail: str = "") -> PlatformRefused:
    return PlatformRefused("refused", status=status, detail=detail)


def token_refused(status: int) -> PlatformRefused:
    return PlatformRefused("token_refused", status=status)


def unavailable(code: str, status: int | None = None, after: float | None = None) -> PlatformError:
    return PlatformUnavailable(code, status=status, retry_after_s=after)


MISSING = "userId is missing"
EARLIER = "Provided timestamp of 2026-03-02 before last updated timestamp of 2026-03-03"
NOT_A_STUDENT = "User not found in course or is not a student"
CONCLUDED = "This course has concluded. AGS requests will no longer be accepted."
ATTEMPTS = "The maximum number of allowed attempts has been reached for this submission"
CLOSED = "Cannot grade this submission at this time: the grading period is closed"
FUTURE = "Provided submitted_at timestamp is in the future"
TELLING = {"new_submission": True}
REGRADE = {"new_submission": False}

ROWS = [
    Row("F1", ("canvas",), None, DELIVERED, None, AT_ONCE),
    Row("F1", ("canvas",), None, DELIVERED, None, AT_ONCE, facts={"was_told": True}),
    Row("F1", ("moodle",), None, DELIVERED, None, AT_ONCE),
    # Moodle says 200 although a person's grade stands over the score: it is asked what it shows.
    Row("F1", ("moodle",), None, UNCLEAR, Reason.CONFIRMING, AT_ONCE, facts={"was_told": True}),
    Row("F2", ("canvas",), refused(400, EARLIER), UNCLEAR, Reason.EARLIER_TIMESTAMP, AT_ONCE),
    Row("F2", ("moodle",), refused(409), UNCLEAR, Reason.EARLIER_TIMESTAMP, AT_ONCE),
    Row(
        "F2",
        ("canvas",),
        refused(400, EARLIER),
        DUE,
        Reason.EARLIER_TIMESTAMP,
        BACKOFF,
        facts={"is_readable": False},
    ),
    Row("F3", ("canvas",), refused(400, MISSING), DEAD, Reason.SCORE_MALFORMED, AT_ONCE),
    Row("F3", ("moodle",), refused(400), BLOCKED, Reason.SCORE_REFUSED, BLOCKED_RETRY),
    Row(
        "F3",
        ("moodle",),
        refused(400),
        BLOCKED,
        Reason.NOT_IN_COURSE,
        BLOCKED_RETRY,
        facts={"is_student": False},
    ),
    Row(
        "F3",
        ("moodle",),
        refused(400),
        DEAD,
        Reason.SCORE_MALFORMED,
        AT_ONCE,
        facts={"is_student": True},
    ),
    Row(
        "F3",
        ("moodle",),
        PlatformRefused("score_refused", status=200),
        BLOCKED,
        Reason.SCORE_REFUSED,
        BLOCKED_RETRY,
    ),
    Row("F4", BOTH, refused(401), BLOCKED, Reason.ACCESS_REFUSED, BLOCKED_RETRY),
    Row("F5", BOTH, token_refused(400), DUE, Reason.TOKEN_REFUSED, BACKOFF),
    Row("F5", BOTH, token_refused(401), DUE, Reason.TOKEN_REFUSED, BACKOFF),
    Row(
        "F6",
        BOTH,
        PlatformRefused("scope_refused", status=400),
        BLOCKED,
        Reason.SCOPE_REFUSED,
        BLOCKED_RETRY,
    ),
    Row("F7", BOTH, unavailable("token_malformed", 200), DUE, Reason.TOKEN_MALFORMED, BACKOFF),
    Row("F8", BOTH, refused(401), BLOCKED, Reason.ACCESS_REFUSED, BLOCKED_RETRY),
    Row("F9", BOTH, unavailable("rate_limited", 403), DUE, Reason.RATE_LIMITED, BACKOFF),
    Row("F10", BOTH, refused(403), BLOCKED, Reason.ACCESS_REFUSED, BLOCKED_RETRY),
    Row(
        "F11",
        BOTH,
        refused(404),
        DUE,
        Reason.LINE_ITEM_GONE,
        AT_ONCE,
        Action.FORGET_LINE_ITEM,
        {"is_findable": True},
    ),
    Row("F11", BOTH, refused(404), BLOCKED, Reason.LINE_ITEM_GONE, BLOCKED_RETRY),
    Row("F11", BOTH, refused(410), BLOCKED, Reason.LINE_ITEM_GONE, BLOCKED_RETRY),
    Row("F12", BOTH, refused(409), UNCLEAR, Reason.EARLIER_TIMESTAMP, AT_ONCE),
    Row("F13", BOTH, refused(412), BLOCKED, Reason.LINE_ITEM_NOT_OURS, BLOCKED_RETRY),
    Row("F14", BOTH, refused(415), DEAD, Reason.SCORE_MALFORMED, AT_ONCE),
    Row("F14", BOTH, refused(406), DEAD, Reason.SCORE_MALFORMED, AT_ONCE),
    Row("F15", BOTH, refused(422, NOT_A_STUDENT), BLOCKED, Reason.NOT_IN_COURSE, BLOCKED_RETRY),
    Row("F16", BOTH, refused(422, CONCLUDED), BLOCKED, Reason.COURSE_CONCLUDED, BLOCKED_RETRY),
    Row(
        "F17",
        BOTH,
        refused(422, ATTEMPTS),
        DUE,
        Reason.ATTEMPTS_USED_UP,
        AT_ONCE,
        Action.WITHOUT_NEW_SUBMISSION,
        TELLING,
    ),
    Row(
        "F17",
        BOTH,
        refused(422, ATTEMPTS),
        BLOCKED,
        Reason.ATTEMPTS_USED_UP,
        BLOCKED_RETRY,
        facts=REGRADE,
    ),
    Row(
        "F18",
        BOTH,
        refused(422, "ScoreMaximum must be greater than 0"),
        DEAD,
        Reason.SCORE_MALFORMED,
        AT_ONCE,
    ),
    Row("F18", BOTH, refused(422, CLOSED), BLOCKED, Reason.GRADING_CLOSED, BLOCKED_RETRY),
    Row("F18", BOTH, refused(422, "Something new"), BLOCKED, Reason.SCORE_REFUSED, BLOCKED_RETRY),
    Row("F19", BOTH, unavailable("rate_limited", 429), DUE, Reason.RATE_LIMITED, BACKOFF),
    Row(
        "F19",
        BOTH,
        unavailable("rate_limited", 429, 600.0),
        DUE,
        Reason.RATE_LIMITED,
        timedelta(seconds=600),
    ),
    Row(
        "F19",
        BOTH,
        unavailable("rate_limited", 429, TEN_YEARS_S),
        DUE,
        Reason.RATE_LIMITED,
        timedelta(seconds=RETRY_AFTER_CAP_S),
    ),
    Row("F19", BOTH, unavailable("rate_limited", 429, -5.0), DUE, Reason.RATE_LIMITED, BACKOFF),
    Row("F20", BOTH, unavailable("platform_down", 500), DUE, Reason.PLATFORM_DOWN, BACKOFF),
    Row("F20", BOTH, unavailable("platform_down", 503), DUE, Reason.PLATFORM_DOWN, BACKOFF),
    Row(
        "F20",
        BOTH,
        unavailable("platform_down", 503, 30.0),
        DUE,
        Reason.PLATFORM_DOWN,
        timedelta(seconds=30),
    ),
    Row("F20", BOTH, PlatformUnclear("no_answer", status=502), UNCLEAR, Reason.NO_ANSWER, BACKOFF),
    Row("F20", BOTH, PlatformUnclear("no_answer", status=504), UNCLEAR, Reason.NO_ANSWER, BACKOFF),
    Row(
        "F21",
        BOTH,
        PlatformRefused("redirected", status=302),
        BLOCKED,
        Reason.ADDRESS_MOVED,
        BLOCKED_RETRY,
    ),
    Row("F22", BOTH, unavailable("connect_failed"), DUE, Reason.UNREACHABLE, BACKOFF),
    Row("F22", BOTH, unavailable("tls_failed"), DUE, Reason.CERTIFICATE_REFUSED, BACKOFF),
    Row("F23", BOTH, unavailable("timeout_connect"), DUE, Reason.UNREACHABLE, BACKOFF),
    Row("F23", BOTH, PlatformUnclear("timeout"), UNCLEAR, Reason.NO_ANSWER, BACKOFF),
    Row(
        "F23",
        BOTH,
        PlatformRefused("answer_too_large", status=200),
        UNCLEAR,
        Reason.UNEXPECTED_ANSWER,
        BACKOFF,
    ),
    Row("F24", BOTH, unavailable("connect_failed"), DUE, Reason.UNREACHABLE, BACKOFF),
    Row("F24", BOTH, PlatformUnclear("connection_lost"), UNCLEAR, Reason.NO_ANSWER, BACKOFF),
    Row("F25", BOTH, unavailable("unexpected_answer", 200), DUE, Reason.UNEXPECTED_ANSWER, BACKOFF),
    Row("F41", BOTH, refused(400, FUTURE), DUE, Reason.CLOCK_AHEAD, BACKOFF),
]
CASES = [
    pytest.param(family, row, id=f"{row.fault}-{family}-{number}")
    for number, row in enumerate(ROWS)
    for family in row.families
]


@pytest.mark.parametrize(("family", "row"), CASES)
def test_an_answer_means(family: str, row: Row) -> None:
    """Each answer leads to one state, with its reason and the time of the next try."""
    sending = Sending(
        **{
            "family": family,
            "at": NOW,
            "wanted_since": NOW - timedelta(minutes=5),
            "tries": 2,
            "jitter": 1.0,
            "is_readable": True,
        }
        | row.facts
    )
    verdict = what_next(row.error, sending)

    assert (verdict.state, verdict.reason) == (row.state, row.reason)
    assert (verdict.next_at - NOW, verdict.action) == (row.wait, row.action)


@pytest.mark.parametrize("family", BOTH)
def test_the_matrix_is_complete(family: str) -> None:
    """Every row from F1 to F25 says something about each platform."""
    told = {row.fault for row in ROWS if family in row.families}

    assert {f"F{number}" for number in range(1, 26)} <= told


def test_blocked_scores_are_tried_less_often_after_a_month() -> None:
    """A course that ended long ago is asked once a week."""
    sending = Sending(
        family="canvas", at=NOW, wanted_since=NOW - timedelta(days=30), tries=30, jitter=1.0
    )
    verdict = what_next(refused(422, CONCLUDED), sending)

    assert verdict.next_at - NOW == timedelta(days=7)
