"""Typed times: any zone, clocks that change, and nothing that is guessed."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.local_times import (
    DoubledHour,
    SkippedHour,
    find_zone,
    local_text,
    read_local,
)

NEW_YORK = ZoneInfo("America/New_York")
ZONES = sorted(name for name in available_timezones() if find_zone(name))
MINUTES_OF_A_CENTURY = 36_525 * 24 * 60
MOMENTS = st.integers(0, MINUTES_OF_A_CENTURY).map(
    lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


@given(MOMENTS, st.sampled_from(ZONES))
def test_what_is_shown_and_read_back_is_the_same_moment(at: datetime, name: str) -> None:
    """In every zone; only a time that its clock shows twice is refused, naming both moments."""
    zone = ZoneInfo(name)
    found = read_local(local_text(at, zone), zone)

    assert at in (found.first, found.second) if isinstance(found, DoubledHour) else found == at


@given(MOMENTS, st.sampled_from(ZONES), st.timedeltas(timedelta(0), timedelta(seconds=59)))
def test_what_was_shown_and_left_stays_as_it_was(at: datetime, name: str, odd: timedelta) -> None:
    """To the microsecond, also in an hour that comes twice."""
    zone = ZoneInfo(name)

    assert read_local(local_text(at + odd, zone), zone, shown=at + odd) == at + odd


@given(st.datetimes(), st.sampled_from(ZONES))
def test_reading_never_fails(typed: datetime, name: str) -> None:
    """Whatever the date, there is an answer, and the next time of a gap can be read."""
    zone = ZoneInfo(name)
    found = read_local(typed.isoformat(), zone)
    if isinstance(found, SkippedHour):
        after = found.until.replace(tzinfo=None)

        assert after > typed
        assert read_local(after.isoformat(), zone) == found.until


@pytest.mark.parametrize("kept", [utc(1, 1, 1), utc(9999, 12, 31, 23, 59)])
def test_showing_never_fails(kept: datetime) -> None:
    """What was kept at the end of the calendar is shown, and stays what it was."""
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        zone = ZoneInfo(name)

        assert read_local(local_text(kept, zone), zone, shown=kept) == kept


def test_a_skipped_hour_names_the_next_time() -> None:
    """When the clocks go forward at two, half past two does not exist, and three does."""
    found = read_local("2027-03-14T02:30", NEW_YORK)

    assert isinstance(found, SkippedHour)
    assert local_text(found.until, NEW_YORK) == "2027-03-14T03:00"
    assert read_local("2027-03-14T03:00", NEW_YORK) == utc(2027, 3, 14, 7)


def test_a_whole_day_may_be_skipped() -> None:
    """Samoa went to bed on the 29th and got up on the 31st."""
    found = read_local("2011-12-30T12:00", ZoneInfo("Pacific/Apia"))

    assert isinstance(found, SkippedHour)
    assert local_text(found.until, ZoneInfo("Pacific/Apia")) == "2011-12-31T00:00"


def test_a_doubled_hour_is_not_guessed() -> None:
    """When the clocks go back, half past one comes twice, an hour apart."""
    found = read_local("2027-11-07T01:30", NEW_YORK)

    assert found == DoubledHour(utc(2027, 11, 7, 5, 30), utc(2027, 11, 7, 6, 30))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2027-11-07T01:30-05:00", utc(2027, 11, 7, 6, 30)),
        ("2027-07-01T12:00Z", utc(2027, 7, 1, 12)),
        (" 2027-07-01 12:00 ", utc(2027, 7, 1, 16)),
    ],
)
def test_an_offset_that_was_typed_decides(text: str, at: datetime) -> None:
    """It is never dropped; without one the clock of the zone counts."""
    assert read_local(text, NEW_YORK) == at


@pytest.mark.parametrize(
    "text", ["", "soon", "2027-02-30T10:00", "0207-03-01T10:00", "9999-12-31T23:59+14:00"]
)
def test_what_is_no_moment(text: str) -> None:
    """Anything else is none, also where the calendar ends."""
    assert read_local(text, NEW_YORK) is None


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" america/new york ", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_is_found_by_its_name(typed: str, name: str) -> None:
    """As people write it."""
    found = find_zone(typed)

    assert found
    assert found.key == name


@pytest.mark.parametrize(
    "typed",
    ["", "99", "Mars/Olympus", "../etc/passwd", "localtime", "Factory", "\0", "$Person.address"],
)
def test_what_is_no_zone(typed: str) -> None:
    """Only names that mean the same on every computer are zones."""
    assert find_zone(typed) is None


def test_offsets_are_no_zones() -> None:
    """A moment with any offset is shown on the clock of the zone."""
    at = datetime(2027, 7, 1, 12, tzinfo=timezone(timedelta(hours=9)))

    assert local_text(at, NEW_YORK) == "2027-06-30T23:00"
