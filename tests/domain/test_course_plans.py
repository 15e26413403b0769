"""Dates for a whole course: rhythm, weeks off, and clocks that change."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.course_plans import put_in_order, spread_dates

BERLIN = ZoneInfo("Europe/Berlin")


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type]


def test_the_clock_time_stays_when_clocks_change() -> None:
    """Nine in the morning is nine in the morning before and after the last Sunday of March."""
    dates = spread_dates(local(2027, 3, 22, 9), 2, every_days=7)

    assert [each.hour for each in dates] == [8, 7]
    assert [each.astimezone(BERLIN).hour for each in dates] == [9, 9]


def test_weeks_off_push_on() -> None:
    """Any day of the week stands for it; two in a row push by two."""
    off = [date(2027, 3, 17), date(2027, 3, 28)]
    dates = spread_dates(local(2027, 3, 8, 9), 3, every_days=7, weeks_off=off)

    assert [each.date().isoformat() for each in dates] == ["2027-03-08", "2027-03-29", "2027-04-05"]


def test_a_first_date_in_a_week_off_moves_too() -> None:
    """Nothing is due in a week off, not even the first."""
    dates = spread_dates(local(2027, 3, 8, 9), 1, every_days=3, weeks_off=[date(2027, 3, 10)])

    assert dates[0].date() == date(2027, 3, 17)


@given(
    st.dates(date(2026, 1, 1), date(2030, 1, 1)).map(lambda day: local(*day.timetuple()[:3], 9)),
    st.integers(0, 40),
    st.integers(1, 60),
    st.lists(st.dates(date(2026, 1, 1), date(2031, 1, 1)), max_size=8),
)
def test_dates_rise_and_keep_out_of_weeks_off(
    first: datetime, count: int, every: int, off: list[date]
) -> None:
    """As many as asked for, in order, none in a week off."""
    dates = spread_dates(first, count, every_days=every, weeks_off=off)
    weeks = {day.isocalendar()[:2] for day in off}

    assert len(dates) == count
    assert all(b - a >= timedelta(hours=23) for a, b in pairwise(dates))
    assert not weeks & {each.astimezone(BERLIN).date().isocalendar()[:2] for each in dates}


@given(st.lists(st.integers(0, 9)))
def test_numbers_put_a_list_in_order(numbers: list[int]) -> None:
    """Nothing is lost, numbers rise, and of equal ones the earlier stays first."""
    ordered = put_in_order(list(enumerate(numbers)), numbers)

    assert sorted(ordered) == list(enumerate(numbers))
    assert ordered == sorted(ordered, key=lambda each: (each[1], each[0]))
