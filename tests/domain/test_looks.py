"""What a look into the gradebook means."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.delivery import DeliveryState, Reason, Sending, Verdict
from lti_alliance.domain.gradebook import Result
from lti_alliance.domain.looks import (
    Difference,
    Facts,
    Points,
    Purpose,
    after_check,
    after_confirming,
    after_first_look,
    after_unclear,
    compare,
    is_shown,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SEVEN = (Decimal(7), Decimal(10))
SIX = (Decimal(6), Decimal(10))
NOUGHT = (Decimal(0), Decimal(10))


def shows(score: str | None, maximum: str | None = "10") -> Result:
    return Result(
        score=None if score is None else Decimal(score),
        maximum=None if maximum is None else Decimal(maximum),
    )


def sending(family: str = "canvas") -> Sending:
    return Sending(family=family, at=NOW, wanted_since=NOW, tries=0, jitter=1.0, is_readable=True)


def facts(
    family: str = "canvas",
    told: Points = SEVEN,
    earlier: Collection[Points] = (),
    was_seen: bool = False,
) -> Facts:
    return Facts(family=family, told=told, earlier=earlier, was_seen=was_seen)


@pytest.mark.parametrize(
    ("result", "given_facts", "difference"),
    [
        (shows("7"), facts(), Difference.NONE),
        (shows("70", "100"), facts("moodle"), Difference.NONE),
        (shows("7.0001"), facts(), Difference.NONE),
        (None, facts(), Difference.ABSENT),
        (shows(None), facts(), Difference.ABSENT),
        (None, facts("moodle", NOUGHT), Difference.NONE),
        (None, facts("canvas", NOUGHT), Difference.ABSENT),
        (shows("6"), facts(earlier=[SIX]), Difference.EARLIER),
        (shows("6"), facts(earlier=[SIX], was_seen=True), Difference.OTHER),
        (shows("6.3"), facts(), Difference.LOWERED),
        (shows("6.3"), facts(was_seen=True), Difference.OTHER),
        (shows("6.3"), facts("moodle"), Difference.OTHER),
        (shows("8.5"), facts(), Difference.OTHER),
        (shows("7", "20"), facts("moodle"), Difference.MAXIMUM),
        (shows("7", "5"), facts("canvas"), Difference.MAXIMUM),
    ],
)
def test_a_difference_has_a_kind(
    result: Result | None, given_facts: Facts, difference: Difference
) -> None:
    """Rescaling is none; a lower value may be a late penalty unless ours was seen there before."""
    assert compare(result, given_facts) is difference


@pytest.mark.parametrize(
    ("result", "is_forced", "state", "reason"),
    [
        (shows("70", "100"), False, DeliveryState.DELIVERED, None),
        (shows("85", "100"), False, DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS),
        (shows("85", "100"), True, DeliveryState.OVERRIDDEN, Reason.KEPT_BY_LMS),
        (shows(None), False, DeliveryState.DELIVERED, None),
    ],
)
def test_moodle_is_asked_what_it_shows(
    result: Result, is_forced: bool, state: DeliveryState, reason: Reason | None
) -> None:
    """A score that Moodle took may stand behind a person's grade, even one that was sent again."""
    verdict = after_confirming(result, sending("moodle"), desired=SEVEN, is_forced=is_forced)

    assert (verdict.state, verdict.reason) == (state, reason)


@pytest.mark.parametrize(
    ("result", "goes"),
    [
        (shows("7"), True),
        (shows(None), True),
        (shows("6.3"), True),
        (shows("7", "20"), True),
        (shows("8.5"), False),
    ],
)
def test_a_changed_score_gives_way_to_a_person_alone(result: Result, goes: bool) -> None:
    """A newer score replaces ours, an empty cell and a late penalty, and no person's value."""
    verdict = after_first_look(result, sending(), facts())

    assert (verdict.state is DeliveryState.DUE) is goes
    assert goes or verdict.reason is Reason.CHANGED_IN_LMS


@pytest.mark.parametrize(
    ("result", "was_mended", "reason"),
    [
        (shows("7"), False, None),
        (shows(None), False, Reason.LOST_IN_LMS),
        (shows(None), True, Reason.GONE_FROM_LMS),
        (shows("6"), False, Reason.LOST_IN_LMS),
        (shows("6"), True, Reason.LOWERED_IN_LMS),
        (shows("9"), True, Reason.CHANGED_IN_LMS),
        (shows("6.3"), False, Reason.LOWERED_IN_LMS),
        (shows("7", "20"), False, Reason.MAXIMUM_CHANGED),
        (shows("8.5"), False, Reason.CHANGED_IN_LMS),
    ],
)
def test_a_comparison_mends_what_is_ours_once(
    result: Result, was_mended: bool, reason: Reason | None
) -> None:
    """What the gradebook lost is sent again once; anything else that it shows stands."""
    assert after_check(result, facts(earlier=[SIX]), was_mended=was_mended) is reason


@given(
    st.decimals(0, 1000, places=2),
    st.decimals("0.01", 1000, places=2),
    st.sampled_from([Decimal(1), Decimal(5), Decimal(100), Decimal(333)]),
    st.sampled_from(["canvas", "moodle", ""]),
)
def test_rescaling_is_no_difference(
    score: Decimal, maximum: Decimal, column: Decimal, family: str
) -> None:
    """Whatever maximum the column has, our own score rounded to five digits is recognized."""
    shown = Result(score=round(score / maximum * column, 5), maximum=column)

    assert compare(shown, facts(family, told=(score, maximum))) is Difference.NONE


# A score of which nobody knows whether it arrived


@pytest.mark.parametrize(
    ("result", "why", "is_forced", "state", "reason", "waits"),
    [
        (shows("7"), Reason.NO_ANSWER, False, DeliveryState.DELIVERED, None, False),
        (shows("7"), Reason.EARLIER_TIMESTAMP, False, DeliveryState.DELIVERED, None, False),
        (None, Reason.NO_ANSWER, False, DeliveryState.DUE, Reason.NOT_TOLD_YET, False),
        (None, Reason.EARLIER_TIMESTAMP, False, DeliveryState.DUE, Reason.NOT_TOLD_YET, True),
        (shows("6"), Reason.NO_ANSWER, False, DeliveryState.DUE, Reason.NOT_TOLD_YET, False),
        (shows("6"), Reason.EARLIER_TIMESTAMP, False, DeliveryState.DUE, Reason.NOT_TOLD_YET, True),
        (
            shows("6.3"),
            Reason.NO_ANSWER,
            False,
            DeliveryState.OVERRIDDEN,
            Reason.LOWERED_IN_LMS,
            False,
        ),
        (
            shows("7", "20"),
            Reason.NO_ANSWER,
            False,
            DeliveryState.OVERRIDDEN,
            Reason.MAXIMUM_CHANGED,
            False,
        ),
        (
            shows("8.5"),
            Reason.NO_ANSWER,
            False,
            DeliveryState.OVERRIDDEN,
            Reason.CHANGED_IN_LMS,
            False,
        ),
        (shows("8.5"), Reason.NO_ANSWER, True, DeliveryState.DUE, Reason.NOT_TOLD_YET, False),
    ],
)
def test_what_a_look_means_for_a_score_without_an_answer(
    result: Result | None,
    why: Reason,
    is_forced: bool,
    state: DeliveryState,
    reason: Reason | None,
    waits: bool,
) -> None:
    """What stands there stays, unless it is to be replaced; a refused timestamp waits its turn."""
    verdict = after_unclear(
        result, sending(), desired=SEVEN, before=[SIX], why=why, is_forced=is_forced
    )

    wait = timedelta(seconds=5 if waits else 0)
    assert verdict == Verdict(state, reason, NOW + wait)


@pytest.mark.parametrize(
    ("family", "comment", "state"),
    [
        ("moodle", "", DeliveryState.DELIVERED),
        ("moodle", "Read this.", DeliveryState.DUE),
        ("canvas", "Read this.", DeliveryState.DELIVERED),
    ],
)
def test_a_comment_that_is_not_there_tells_an_earlier_score(
    family: str, comment: str, state: DeliveryState
) -> None:
    """Only in Moodle, where it goes with every score, and only if there is one."""
    verdict = after_unclear(
        shows("7"),
        sending(family),
        desired=SEVEN,
        before=[],
        why=Reason.NO_ANSWER,
        comment=comment,
    )

    assert verdict.state is state


@pytest.mark.parametrize(
    ("why", "comment", "state"),
    [
        (Reason.EARLIER_TIMESTAMP, "", DeliveryState.DELIVERED),
        (Reason.NO_ANSWER, "", DeliveryState.DUE),
        (Reason.EARLIER_TIMESTAMP, "Read this.", DeliveryState.DUE),
    ],
)
def test_a_hidden_zero_of_moodle(why: Reason, comment: str, state: DeliveryState) -> None:
    """It counts as there where ours was refused as not newer, if no comment is missed."""
    verdict = after_unclear(
        None, sending("moodle"), desired=NOUGHT, before=[], why=why, comment=comment
    )

    assert verdict.state is state


@pytest.mark.parametrize(
    ("shown", "is_ours"),
    [("7.001", True), ("6.999", True), ("7.0011", False), ("6.9989", False), (None, False)],
)
def test_a_ten_thousandth_is_no_difference(shown: str | None, is_ours: bool) -> None:
    """Of the maximum, above or below."""
    assert is_shown(SEVEN, shows(shown)) is is_ours


def test_a_result_without_a_maximum_has_ours() -> None:
    """Canvas may leave it out."""
    assert is_shown(SEVEN, shows("7", None))
    assert compare(shows("6.3", None), facts()) is Difference.LOWERED
    assert not is_shown(SEVEN, None)


def test_looks_end_at_once() -> None:
    """What a look found is a verdict of this moment."""
    assert after_confirming(shows("7"), sending("moodle"), desired=SEVEN) == Verdict(
        DeliveryState.DELIVERED, None, NOW
    )
    assert after_confirming(shows("8.5"), sending("moodle"), desired=SEVEN) == Verdict(
        DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS, NOW
    )
    assert after_first_look(shows("7"), sending(), facts()) == Verdict(DeliveryState.DUE, None, NOW)
    assert after_first_look(shows("8.5"), sending(), facts()) == Verdict(
        DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS, NOW
    )


def test_what_was_sent_in_vain_may_be_there() -> None:
    """A score that nobody confirmed is no person's value."""
    nine = (Decimal(9), Decimal(10))

    assert after_first_look(shows("9"), sending(), facts(), late=[SIX, nine]) == Verdict(
        DeliveryState.DUE, None, NOW
    )
    assert (
        after_first_look(shows("8.5"), sending(), facts(), late=[nine]).state
        is DeliveryState.OVERRIDDEN
    )


def test_a_value_sent_twice_is_judged_anew() -> None:
    """That it equals an earlier score is then chance: what stands there may be a person's."""
    higher = facts(told=SIX, earlier=[SEVEN])

    assert after_check(shows("7"), higher, was_mended=False) is Reason.LOST_IN_LMS
    assert after_check(shows("7"), higher, was_mended=True) is Reason.CHANGED_IN_LMS


def test_purposes_and_differences_keep_their_words() -> None:
    """The database knows what a look is for by these."""
    assert list(Purpose) == ["unclear", "confirm", "first"]
    assert facts() == Facts(family="canvas", told=SEVEN)
