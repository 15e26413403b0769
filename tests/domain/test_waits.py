"""The wait between two attempts, read and written."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.waits import MAX_DAYS, WaitUnit, in_units, read_wait


@pytest.mark.parametrize(
    ("number", "unit", "wait"),
    [
        ("", "days", timedelta(0)),
        ("0", "hours", timedelta(0)),
        ("30", "minutes", timedelta(minutes=30)),
        (" 24 ", "hours", timedelta(days=1)),
        ("1", "day", timedelta(days=1)),
        ("60", "days", timedelta(days=60)),
        ("61", "days", None),
        ("86401", "minutes", None),
        ("1.5", "hours", None),
        ("-1", "hours", None),
        ("\u0662", "hours", None),
        ("9" * 5000, "minutes", None),
        ("2", "weeks", None),
        ("2", "", None),
        ("soon", "hours", None),
    ],
)
def test_a_number_and_a_unit_make_a_wait(number: str, unit: str, wait: timedelta | None) -> None:
    """Whole numbers of minutes, hours or days up to a limit; nothing typed is no wait."""
    assert read_wait(number, unit) == wait


@given(number=st.text(), unit=st.text())
def test_any_text_is_read_or_refused(number: str, unit: str) -> None:
    """No text is too strange, and none makes a wait beyond the limit."""
    wait = read_wait(number, unit)

    assert wait is None or timedelta(0) <= wait <= timedelta(days=MAX_DAYS)


@given(minutes=st.integers(0, MAX_DAYS * 24 * 60))
def test_what_is_written_is_read_back(minutes: int) -> None:
    """A wait survives the form, whatever unit it is written in."""
    number, unit = in_units(minutes)

    assert read_wait(str(number), unit) == timedelta(minutes=minutes)


def test_the_largest_whole_unit_is_written() -> None:
    """A day is said as a day, and ninety minutes are not one hour and a half."""
    assert in_units(1440) == (1, WaitUnit.DAYS)
    assert in_units(120) == (2, WaitUnit.HOURS)
    assert in_units(90) == (90, WaitUnit.MINUTES)
