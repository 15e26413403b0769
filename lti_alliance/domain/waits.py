"""The wait between two attempts: a number and a unit, read from a form or a module file."""

from datetime import timedelta
from enum import StrEnum

MAX_DAYS = 60
_MAX_DIGITS = 6


class WaitUnit(StrEnum):
    """In what a wait is counted; the value is the word that people write."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"

    @property
    def length(self) -> timedelta:
        """How long one of it is."""
        return timedelta(**{self.value: 1})


def read_wait(number: str, unit: str) -> timedelta | None:
    """Return the wait that a number and a unit say, or None where they say none.

    No number is no wait; one of something may be written without the `s`.
    """
    number, unit = number.strip(), unit.strip()
    if not number:
        return timedelta(0)
    if not (number.isdecimal() and number.isascii() and len(number) <= _MAX_DIGITS):
        return None
    try:
        wait = int(number) * WaitUnit(unit if unit.endswith("s") else f"{unit}s").length
    except ValueError:
        return None
    return wait if wait <= timedelta(days=MAX_DAYS) else None


def in_units(minutes: int) -> tuple[int, WaitUnit]:
    """Write a wait in the largest unit that holds it whole."""
    wait = timedelta(minutes=minutes)
    for unit in (WaitUnit.DAYS, WaitUnit.HOURS):
        if wait and not wait % unit.length:
            return wait // unit.length, unit
    return minutes, WaitUnit.MINUTES
