"""Moments as people type them: what the clock of a named time zone shows."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_OF_THE_COMPUTER = frozenset({"localtime", "Factory"})
"""What a computer's list of zones holds beside the names that mean the same everywhere."""
_YEARS = range(1900, 9000)
"""Far enough from both ends of the calendar to be written, and moved by weeks, in every zone."""
_FIRST = datetime(_YEARS.start, 1, 1, tzinfo=UTC)
_LAST = datetime(_YEARS.stop, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SkippedHour:
    """A time that the clock never shows: it goes forward over it."""

    until: datetime
    """What the clock shows next."""


@dataclass(frozen=True, slots=True)
class DoubledHour:
    """A time that the clock shows twice: it goes back over it."""

    first: datetime
    second: datetime


def find_zone(name: str) -> ZoneInfo | None:
    """Return the time zone of an IANA name; capitals and blanks in it do not matter."""
    known = _zones().get(name.strip().replace(" ", "_").casefold())
    return ZoneInfo(known) if known else None


def local_text(at: datetime, zone: ZoneInfo) -> str:
    """Write a moment as the clock of a zone shows it, to the minute, as browsers write it.

    One near the ends of the calendar, which cannot be written in every zone, is moved inwards.
    """
    local = min(max(at, _FIRST), _LAST).astimezone(zone)
    return local.replace(tzinfo=None).isoformat(timespec="minutes")


def read_local(
    text: str, zone: ZoneInfo, *, shown: datetime | None = None
) -> datetime | SkippedHour | DoubledHour | None:
    """Read a moment, in UTC, that was typed on the clock of a zone; nothing for anything else.

    A time that the clock skips or shows twice names no moment: nobody is made to guess which one
    was taken. An offset that was typed with the time is honoured and decides, whatever the zone.
    The moment that was ``shown``, left as it stood, stays exactly what it was.
    """
    text = text.strip()
    if shown is not None and text == local_text(shown, zone):
        return shown
    try:
        typed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if typed.year not in _YEARS:
        return None
    return typed.astimezone(UTC) if typed.tzinfo else _moment(typed, zone)


def _moment(typed: datetime, zone: ZoneInfo) -> datetime | SkippedHour | DoubledHour:
    first = typed.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = typed.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first == second:
        return first
    if first < second:
        return DoubledHour(first, second)
    # In a gap the two lie around the moment of the change, in the other order.
    return SkippedHour(_change(second, first, zone))


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment, to the second, at which the clock runs as it does ``after``."""
    offset = after.astimezone(zone).utcoffset()
    start = before.replace(microsecond=0)
    seconds = range(int((after - start).total_seconds()) + 1)
    passed = bisect_left(
        seconds,
        1,
        key=lambda each: (start + timedelta(seconds=each)).astimezone(zone).utcoffset() == offset,
    )
    return (start + timedelta(seconds=passed)).astimezone(zone)


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() - _OF_THE_COMPUTER}
