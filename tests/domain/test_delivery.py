"""What a platform's answer to a score means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.delivery import (
    REASONS,
    Action,
    DeliveryState,
    Reason,
    Sending,
    Verdict,
    backoff,
    is_about_person,
    next_timestamp,
    past_refused,
    tells_pending,
    what_next,
)
from lti_alliance.domain.gradebook import Result, Score
from lti_alliance.domain.looks import after_unclear, is_shown
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SEVEN = (Decimal(7), Decimal(10))
SIX = (Decimal(6), Decimal(10))


def sending(**changes: object) -> Sending:
    facts = {
        "family": "canvas",
        "at": NOW,
        "wanted_since": NOW,
        "tries": 0,
        "jitter": 0.5,
        "is_readable": True,
    }
    return Sending(**facts | changes)


def refused(status: int, detail: str = "") -> PlatformRefused:
    return PlatformRefused("refused", status=status, detail=detail)


def shows(score: str | None, maximum: str = "10") -> Result:
    return Result(score=None if score is None else Decimal(score), maximum=Decimal(maximum))


@pytest.mark.parametrize(
    ("error", "family", "state", "reason"),
    [
        (None, "canvas", DeliveryState.DELIVERED, None),
        (
            refused(400, "Provided timestamp of X before last updated timestamp of Y"),
            "canvas",
            DeliveryState.UNCLEAR,
            Reason.EARLIER_TIMESTAMP,
        ),
        (refused(400, "userId is missing"), "canvas", DeliveryState.DEAD, Reason.SCORE_MALFORMED),
        (refused(400), "moodle", DeliveryState.BLOCKED, Reason.SCORE_REFUSED),
        (refused(401), "canvas", DeliveryState.BLOCKED, Reason.ACCESS_REFUSED),
        (
            PlatformRefused("token_refused", status=400),
            "canvas",
            DeliveryState.DUE,
            Reason.TOKEN_REFUSED,
        ),
        (
            PlatformRefused("scope_refused", status=400),
            "canvas",
            DeliveryState.BLOCKED,
            Reason.SCOPE_REFUSED,
        ),
        (
            PlatformUnavailable("token_malformed", status=200),
            "canvas",
            DeliveryState.DUE,
            Reason.TOKEN_MALFORMED,
        ),
        (
            PlatformUnavailable("rate_limited", status=403),
            "canvas",
            DeliveryState.DUE,
            Reason.RATE_LIMITED,
        ),
        (refused(403), "canvas", DeliveryState.BLOCKED, Reason.ACCESS_REFUSED),
        (refused(404), "canvas", DeliveryState.BLOCKED, Reason.LINE_ITEM_GONE),
        (refused(409), "moodle", DeliveryState.UNCLEAR, Reason.EARLIER_TIMESTAMP),
        (refused(412), "canvas", DeliveryState.BLOCKED, Reason.LINE_ITEM_NOT_OURS),
        (refused(415), "moodle", DeliveryState.DEAD, Reason.SCORE_MALFORMED),
        (refused(406), "canvas", DeliveryState.DEAD, Reason.SCORE_MALFORMED),
        (
            refused(422, "User not found in course or is not a student"),
            "canvas",
            DeliveryState.BLOCKED,
            Reason.NOT_IN_COURSE,
        ),
        (
            refused(422, "This course has concluded. AGS requests will no longer be accepted"),
            "canvas",
            DeliveryState.BLOCKED,
            Reason.COURSE_CONCLUDED,
        ),
        (
            refused(422, "This assignment is still unpublished"),
            "canvas",
            DeliveryState.BLOCKED,
            Reason.UNPUBLISHED,
        ),
        (
            refused(422, "Cannot grade this submission at this time: closed"),
            "canvas",
            DeliveryState.BLOCKED,
            Reason.GRADING_CLOSED,
        ),
        (
            refused(422, "The maximum number of allowed attempts has been reached"),
            "canvas",
            DeliveryState.BLOCKED,
            Reason.ATTEMPTS_USED_UP,
        ),
        (
            refused(422, "ScoreMaximum must be greater than 0"),
            "canvas",
            DeliveryState.DEAD,
            Reason.SCORE_MALFORMED,
        ),
        (refused(422, "anything else"), "canvas", DeliveryState.BLOCKED, Reason.SCORE_REFUSED),
        (
            PlatformUnavailable("rate_limited", status=429),
            "moodle",
            DeliveryState.DUE,
            Reason.RATE_LIMITED,
        ),
        (
            PlatformUnavailable("platform_down", status=500),
            "canvas",
            DeliveryState.DUE,
            Reason.PLATFORM_DOWN,
        ),
        (
            PlatformUnclear("no_answer", status=504),
            "canvas",
            DeliveryState.UNCLEAR,
            Reason.NO_ANSWER,
        ),
        (
            PlatformRefused("redirected", status=302),
            "canvas",
            DeliveryState.BLOCKED,
            Reason.ADDRESS_MOVED,
        ),
        (refused(308), "canvas", DeliveryState.BLOCKED, Reason.ADDRESS_MOVED),
        (PlatformUnavailable("connect_failed"), "canvas", DeliveryState.DUE, Reason.UNREACHABLE),
        (
            PlatformUnavailable("tls_failed"),
            "canvas",
            DeliveryState.DUE,
            Reason.CERTIFICATE_REFUSED,
        ),
        (PlatformUnclear("timeout"), "canvas", DeliveryState.UNCLEAR, Reason.NO_ANSWER),
        (PlatformUnclear("connection_lost"), "moodle", DeliveryState.UNCLEAR, Reason.NO_ANSWER),
        (
            PlatformRefused("answer_too_large", status=200),
            "canvas",
            DeliveryState.UNCLEAR,
            Reason.UNEXPECTED_ANSWER,
        ),
        (
            PlatformUnavailable("unexpected_answer", status=200),
            "canvas",
            DeliveryState.DUE,
            Reason.UNEXPECTED_ANSWER,
        ),
        (
            PlatformRefused("address_forbidden"),
            "canvas",
            DeliveryState.BLOCKED,
            Reason.ADDRESS_REFUSED,
        ),
        (PlatformError("odd"), "canvas", DeliveryState.DUE, Reason.INTERNAL_ERROR),
    ],
)
def test_each_answer_has_one_meaning(
    error: PlatformError | None, family: str, state: DeliveryState, reason: Reason | None
) -> None:
    """Every known answer leads to one state and one reason."""
    verdict = what_next(error, sending(family=family))

    assert (verdict.state, verdict.reason) == (state, reason)


def test_blocked_is_tried_again_after_a_day() -> None:
    """What a person must mend is not hammered."""
    assert what_next(refused(412), sending()).next_at == NOW + timedelta(days=1)


def test_a_lost_line_item_is_looked_for_where_line_items_can_be_listed() -> None:
    """A 404 leads to a new search, and only where a search is possible."""
    verdict = what_next(refused(404), sending(is_findable=True))

    assert (verdict.state, verdict.action, verdict.next_at) == (
        DeliveryState.DUE,
        Action.FORGET_LINE_ITEM,
        NOW,
    )


def test_used_up_attempts_are_answered_by_a_score_without_a_submission() -> None:
    """A score that asked for a submission goes again without one, and then no more."""
    error = refused(422, "maximum number of allowed attempts")
    verdict = what_next(error, sending(new_submission=True))

    assert (verdict.state, verdict.action) == (DeliveryState.DUE, Action.WITHOUT_NEW_SUBMISSION)


def test_a_conflict_that_cannot_be_read_back_waits() -> None:
    """Without results to read, an earlier timestamp is tried again with backoff."""
    verdict = what_next(refused(409), sending(is_readable=False))

    assert (verdict.state, verdict.reason) == (DeliveryState.DUE, Reason.EARLIER_TIMESTAMP)
    assert verdict.next_at > NOW


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (30.0, 30.0),
        (1.0, 1.0),
        (0.0, 2.5),
        (10 * 365 * 86400.0, 86400.0),
        (-5.0, 2.5),
        (None, 2.5),
        (float("nan"), 2.5),
    ],
)
def test_retry_after_is_obeyed_within_reason(asked: float | None, waits: float) -> None:
    """The platform's wait counts up to a day; nonsense falls back to our own."""
    error = PlatformUnavailable("rate_limited", status=429, retry_after_s=asked)

    assert what_next(error, sending()).next_at == NOW + timedelta(seconds=waits)


def test_a_week_of_failures_is_enough() -> None:
    """After seven days a delivery is given up, with its reason."""
    verdict = what_next(
        PlatformUnavailable("connect_failed"), sending(wanted_since=NOW - timedelta(days=7))
    )

    assert (verdict.state, verdict.reason) == (DeliveryState.DEAD, Reason.UNREACHABLE)


@given(tries=st.integers(0, 10_000), jitter=st.floats(0, 1))
def test_backoff_stays_between_nothing_and_two_hours(tries: int, jitter: float) -> None:
    """Full jitter: any wait from nothing to the ceiling, and no overflow."""
    assert timedelta() <= backoff(tries, jitter) <= timedelta(hours=2)


def test_backoff_grows_by_four() -> None:
    """The ceilings are 5 s, 20 s, 80 s and so on up to two hours."""
    ceilings = [backoff(tries, 1.0).total_seconds() for tries in range(8)]

    assert ceilings == [5, 20, 80, 320, 1280, 5120, 7200, 7200]


@given(
    st.lists(
        st.integers(-86_400_000, 86_400_000).map(lambda ms: NOW + timedelta(milliseconds=ms)),
        min_size=2,
    )
)
def test_timestamps_rise_by_a_second_whatever_the_clock_does(clock: list[datetime]) -> None:
    """Each timestamp of a pair is at least a second later than the one before."""
    told: list[datetime] = []
    for moment in clock:
        told.append(next_timestamp(moment, told[-1] if told else None))

    assert all(b - a >= timedelta(seconds=1) for a, b in pairwise(told))


@pytest.mark.parametrize(
    ("result", "told", "state"),
    [
        (shows("7"), None, DeliveryState.DELIVERED),
        (shows("70.0004", "100"), None, DeliveryState.DELIVERED),
        (None, None, DeliveryState.DUE),
        (shows(None), SIX, DeliveryState.DUE),
        (shows("6"), SIX, DeliveryState.DUE),
        (shows("3"), SIX, DeliveryState.OVERRIDDEN),
        (shows("3"), None, DeliveryState.OVERRIDDEN),
        (Result(score=Decimal(7)), None, DeliveryState.DELIVERED),
    ],
)
def test_read_back_decides(
    result: Result | None, told: tuple[Decimal, Decimal] | None, state: DeliveryState
) -> None:
    """Ours is delivered, nothing or the old one is sent again, a person's value stands."""
    verdict = after_unclear(
        result, sending(), desired=SEVEN, before=[told] if told else [], why=Reason.NO_ANSWER
    )

    assert verdict.state is state


@pytest.mark.parametrize(
    ("family", "beside", "why", "state"),
    [
        ("moodle", "Read this.", Reason.NO_ANSWER, DeliveryState.DELIVERED),
        ("moodle", "", Reason.NO_ANSWER, DeliveryState.DUE),
        ("moodle", "Read that.", Reason.EARLIER_TIMESTAMP, DeliveryState.DUE),
        ("canvas", "", Reason.NO_ANSWER, DeliveryState.DELIVERED),
    ],
)
def test_a_score_without_its_comment_has_not_arrived(
    family: str, beside: str, why: Reason, state: DeliveryState
) -> None:
    """In Moodle a comment goes with every score, so it tells the new score from the old one."""
    verdict = after_unclear(
        replace(shows("7"), comment=beside),
        sending(family=family),
        desired=SEVEN,
        before=[SEVEN],
        why=why,
        comment="Read this.",
    )

    assert verdict.state is state


@pytest.mark.parametrize(
    ("family", "why", "state"),
    [
        ("moodle", Reason.EARLIER_TIMESTAMP, DeliveryState.DELIVERED),
        ("moodle", Reason.NO_ANSWER, DeliveryState.DUE),
        ("canvas", Reason.EARLIER_TIMESTAMP, DeliveryState.DUE),
    ],
)
def test_a_hidden_zero_counts_only_after_a_conflict(
    family: str, why: Reason, state: DeliveryState
) -> None:
    """Moodle leaves 0 out of results: nothing means our 0 only where it was refused as old."""
    zero = (Decimal(0), Decimal(10))
    verdict = after_unclear(shows(None), sending(family=family), desired=zero, before=[], why=why)

    assert verdict.state is state


@given(
    score=st.decimals(0, 1000, places=2),
    maximum=st.decimals("0.01", 1000, places=2),
    column=st.integers(1, 1000),
)
def test_a_rescaled_score_is_recognised(score: Decimal, maximum: Decimal, column: int) -> None:
    """A gradebook that rescales to five decimals still shows our score."""
    shown = (score * column / maximum).quantize(Decimal("0.00001"))

    assert is_shown((score, maximum), Result(score=shown, maximum=Decimal(column)))


@pytest.mark.parametrize("given_", ["NaN", "Infinity", "-1"])
def test_a_score_is_a_number_from_zero_up(given_: str) -> None:
    """No gradebook is told a score that is no number or below 0."""
    with pytest.raises(ValueError, match="from 0 up"):
        Score(user_id="u", timestamp=NOW, score_given=Decimal(given_), score_maximum=Decimal(1))


@pytest.mark.parametrize("maximum", [None, Decimal(0), Decimal("-1"), Decimal("NaN")])
def test_a_score_has_a_maximum_above_zero(maximum: Decimal | None) -> None:
    """A score without a real maximum means nothing."""
    with pytest.raises((ValueError, ArithmeticError)):
        Score(user_id="u", timestamp=NOW, score_given=Decimal(1), score_maximum=maximum)


def test_every_reason_has_a_sentence() -> None:
    """Whatever a delivery waits for can be put into words."""
    assert set(REASONS) == set(Reason)
    assert all(sentence.endswith(".") for sentence in REASONS.values())


# What is told, and when


@pytest.mark.parametrize(("family", "tells"), [("canvas", True), ("moodle", False), ("", False)])
def test_only_canvas_is_told_that_work_waits(family: str, tells: bool) -> None:
    """Moodle would empty the cell, and of others nothing is known."""
    assert tells_pending(family) is tells


def test_a_timestamp_is_now_unless_a_later_one_was_told() -> None:
    """Then it is a second past that one."""
    assert next_timestamp(NOW, None) == NOW
    assert next_timestamp(NOW, NOW - timedelta(seconds=9)) == NOW
    assert next_timestamp(NOW, NOW) == NOW + timedelta(seconds=1)
    assert next_timestamp(NOW, NOW + timedelta(hours=1)) == NOW + timedelta(hours=1, seconds=1)


@pytest.mark.parametrize(
    ("tries", "lead"),
    [
        (0, timedelta(minutes=1)),
        (1, timedelta(minutes=4)),
        (5, timedelta(minutes=1024)),
        (6, timedelta(days=1)),
        (10_000, timedelta(days=1)),
    ],
)
def test_a_refused_timestamp_is_passed_by_more_each_time(tries: int, lead: timedelta) -> None:
    """From a minute up to a day: a clock may have gone back by hours."""
    assert past_refused(NOW, tries) == NOW + lead


@pytest.mark.parametrize(
    ("error", "family", "is_about"),
    [
        (refused(400), "moodle", True),
        (refused(200), "moodle", True),
        (refused(400), "", True),
        (refused(400), "canvas", False),
        (refused(403), "moodle", False),
        (PlatformUnavailable("platform_down", status=400), "moodle", False),
    ],
)
def test_some_refusals_may_be_about_the_person(
    error: PlatformError, family: str, is_about: bool
) -> None:
    """Where they may, the roster is asked; Canvas says it in a sentence."""
    assert is_about_person(error, family) is is_about


@pytest.mark.parametrize(
    ("is_student", "state", "reason"),
    [
        (None, DeliveryState.BLOCKED, Reason.SCORE_REFUSED),
        (True, DeliveryState.DEAD, Reason.SCORE_MALFORMED),
        (False, DeliveryState.BLOCKED, Reason.NOT_IN_COURSE),
    ],
)
def test_the_roster_tells_what_moodle_refused(
    is_student: bool | None, state: DeliveryState, reason: Reason
) -> None:
    """A student was refused for what was sent, and nobody else for anything."""
    verdict = what_next(refused(400), sending(family="moodle", is_student=is_student))

    assert (verdict.state, verdict.reason) == (state, reason)
    told_apart = what_next(refused(404), sending(family="moodle", is_student=is_student))
    assert told_apart.reason is Reason.LINE_ITEM_GONE


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({}, DeliveryState.UNCLEAR, Reason.CONFIRMING),
        ({"family": "canvas"}, DeliveryState.DELIVERED, None),
        ({"is_readable": False}, DeliveryState.DELIVERED, None),
        ({"was_told": False}, DeliveryState.DELIVERED, None),
    ],
)
def test_a_changed_score_in_moodle_is_looked_at(
    changes: dict[str, object], state: DeliveryState, reason: Reason | None
) -> None:
    """Moodle takes a score over which a person's grade stands: read at once, where it can be."""
    facts: dict[str, object] = {"family": "moodle", "is_readable": True, "was_told": True}
    verdict = what_next(None, sending(**facts | changes))

    assert verdict == Verdict(state, reason, NOW, Action.NONE)


@pytest.mark.parametrize(
    ("error", "changes", "verdict"),
    [
        (
            refused(400, "The timestamp is IN THE FUTURE"),
            {},
            Verdict(DeliveryState.DUE, Reason.CLOCK_AHEAD, NOW + timedelta(seconds=2.5)),
        ),
        (
            refused(400, "before LAST UPDATED"),
            {},
            Verdict(DeliveryState.UNCLEAR, Reason.EARLIER_TIMESTAMP, NOW),
        ),
        (refused(415), {}, Verdict(DeliveryState.DEAD, Reason.SCORE_MALFORMED, NOW)),
        (
            refused(422, "The user is Not A Student"),
            {},
            Verdict(DeliveryState.BLOCKED, Reason.NOT_IN_COURSE, NOW + timedelta(days=1)),
        ),
        (
            refused(422, "user not found"),
            {},
            Verdict(DeliveryState.BLOCKED, Reason.NOT_IN_COURSE, NOW + timedelta(days=1)),
        ),
        (
            refused(422, "scoreGiven must be greater than or equal to 0"),
            {},
            Verdict(DeliveryState.DEAD, Reason.SCORE_MALFORMED, NOW),
        ),
        (
            refused(422, "maximum number of allowed attempts"),
            {"new_submission": True},
            Verdict(DeliveryState.DUE, Reason.ATTEMPTS_USED_UP, NOW, Action.WITHOUT_NEW_SUBMISSION),
        ),
        (
            refused(410),
            {"is_findable": True},
            Verdict(DeliveryState.DUE, Reason.LINE_ITEM_GONE, NOW, Action.FORGET_LINE_ITEM),
        ),
        (
            refused(410),
            {},
            Verdict(DeliveryState.BLOCKED, Reason.LINE_ITEM_GONE, NOW + timedelta(days=1)),
        ),
        (
            refused(300),
            {},
            Verdict(DeliveryState.BLOCKED, Reason.ADDRESS_MOVED, NOW + timedelta(days=1)),
        ),
        (
            refused(399),
            {},
            Verdict(DeliveryState.BLOCKED, Reason.ADDRESS_MOVED, NOW + timedelta(days=1)),
        ),
        (
            refused(299),
            {},
            Verdict(DeliveryState.BLOCKED, Reason.SCORE_REFUSED, NOW + timedelta(days=1)),
        ),
        (
            refused(499, "in the future, last updated"),
            {},
            Verdict(DeliveryState.BLOCKED, Reason.SCORE_REFUSED, NOW + timedelta(days=1)),
        ),
        (
            PlatformRefused("redirected"),
            {},
            Verdict(DeliveryState.BLOCKED, Reason.ADDRESS_MOVED, NOW + timedelta(days=1)),
        ),
        (
            refused(200),
            {"is_student": True},
            Verdict(DeliveryState.BLOCKED, Reason.SCORE_REFUSED, NOW + timedelta(days=1)),
        ),
        (
            PlatformUnavailable("bad_gateway", status=502),
            {},
            Verdict(DeliveryState.DUE, Reason.PLATFORM_DOWN, NOW + timedelta(seconds=2.5)),
        ),
        (
            PlatformUnavailable("connect_failed"),
            {"tries": 2, "jitter": 1.0},
            Verdict(DeliveryState.DUE, Reason.UNREACHABLE, NOW + timedelta(seconds=80)),
        ),
    ],
)
def test_the_whole_of_a_verdict(
    error: PlatformError, changes: dict[str, object], verdict: Verdict
) -> None:
    """State, reason, moment and action; the platform's words count in small letters or capitals."""
    assert what_next(error, sending(**changes)) == verdict


@pytest.mark.parametrize(
    "error",
    [
        PlatformUnclear("timeout", retry_after_s=30),
        PlatformUnavailable("rate_limited", status=429, retry_after_s=30),
        PlatformRefused("token_refused", status=401, retry_after_s=30),
        PlatformRefused("clock_ahead", status=400, retry_after_s=30),
        PlatformRefused("answer_too_large", status=200, retry_after_s=30),
        PlatformRefused("refused", status=409, retry_after_s=30),
        PlatformError("odd", retry_after_s=30),
    ],
)
def test_every_answer_may_say_when_to_come_back(error: PlatformError) -> None:
    """Whatever was wrong, the platform knows best when it will be better."""
    verdict = what_next(error, sending(is_readable=False))

    assert verdict.next_at == NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(days=7) - timedelta(seconds=1), DeliveryState.DUE),
        (timedelta(days=7), DeliveryState.DEAD),
    ],
)
def test_it_is_given_up_after_seven_days(age: timedelta, state: DeliveryState) -> None:
    """To the second; what is dead is dead now."""
    verdict = what_next(PlatformUnavailable("platform_down"), sending(wanted_since=NOW - age))

    assert verdict.state is state
    assert (verdict.next_at == NOW) is (state is DeliveryState.DEAD)


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(days=30) - timedelta(seconds=1), timedelta(days=1)),
        (timedelta(days=30), timedelta(days=7)),
    ],
)
def test_after_a_month_what_is_blocked_is_tried_once_a_week(
    age: timedelta, pause: timedelta
) -> None:
    """A course that has ended is seldom opened again."""
    assert what_next(refused(412), sending(wanted_since=NOW - age)).next_at == NOW + pause


def test_states_and_actions_keep_their_words() -> None:
    """The database and the metrics know them by these."""
    assert list(DeliveryState) == [
        "due",
        "sending",
        "unclear",
        "delivered",
        "overridden",
        "blocked",
        "dead",
    ]
    assert list(Action) == ["none", "forget_line_item", "without_new_submission"]


def test_nothing_is_known_of_a_platform_but_what_was_said() -> None:
    """Neither that its columns can be listed nor that its results can be read."""
    plain = Sending(family="", at=NOW, wanted_since=NOW, tries=0, jitter=1.0)

    assert plain == replace(
        plain,
        is_findable=False,
        is_readable=False,
        new_submission=False,
        was_told=False,
        is_student=None,
    )
