"""A whole course in one list: its order, and its dates from a first one, a rhythm and breaks."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

Item = TypeVar("Item")

MOST_DAYS = 60
_LONGEST_BREAK_WEEKS = 30


def spread_dates(
    first: datetime, count: int, *, every_days: int, weeks_off: Collection[date] = ()
) -> list[datetime]:
    """Return ``count`` moments from ``first`` on, each ``every_days`` later on the same clock.

    ``first`` is a local time with its zone, so that nine in the morning stays nine in the morning
    when the clocks change; what comes back is in UTC. ``weeks_off`` holds any day of each week
    (Monday to Sunday) in which nothing is due: what would fall there moves on by the rhythm.
    """
    assert isinstance(first.tzinfo, ZoneInfo)
    off = {_week(day) for day in weeks_off}
    moments: list[datetime] = []
    # Wall-clock arithmetic: adding days to a local time keeps its hour.
    moment, skipped = first, 0
    while len(moments) < count:
        if _week(moment.date()) in off and skipped < _LONGEST_BREAK_WEEKS:
            skipped += 1
        else:
            moments.append(moment.astimezone(UTC))
            skipped = 0
        moment += timedelta(days=every_days)
    return moments


def put_in_order(items: Sequence[Item], numbers: Sequence[int]) -> list[Item]:
    """Order ``items`` by the number that each was given; of equal ones the earlier stays first."""
    places = sorted(range(len(items)), key=lambda place: numbers[place])
    return [items[place] for place in places]


def _week(day: date) -> tuple[int, int]:
    year, week, _ = day.isocalendar()
    return year, week
