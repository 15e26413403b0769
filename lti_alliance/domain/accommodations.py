"""Accommodations: what one person is granted, and the limits that then hold for them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any

from lti_alliance.domain.activities import MAX_ATTEMPTS, MAX_MINUTES, ActivitySettings
from lti_alliance.errors import InvalidInput

MAX_MULTIPLIER = Decimal(10)
MAX_NOTE_LENGTH = 2000

# Messages for the instructor, without values, so that the edge can translate them.
MULTIPLIER_INVALID = "Write a number from 1 to 10, with at most two decimals."
MINUTES_INVALID = "Write a whole number from 0 to 1440."
EXTRA_ATTEMPTS_INVALID = "Write a whole number from 0 to 20."
NOTE_INVALID = "Shorten the note to 2000 characters."


@dataclass(frozen=True, slots=True, kw_only=True)
class Accommodation:
    """What one person is granted beyond what holds for everybody; it never takes anything away."""

    time_multiplier: Decimal = Decimal(1)
    extra_minutes: int = 0
    extra_attempts: int = 0
    closes_at: datetime | None = None
    """A closing time of the person's own; one before that of the activity changes nothing."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is granted."""
        return self == Accommodation()

    def joined(self, other: "Accommodation") -> "Accommodation":
        """Return what both grant together: of each kind the more generous."""
        return Accommodation(
            time_multiplier=max(self.time_multiplier, other.time_multiplier),
            extra_minutes=max(self.extra_minutes, other.extra_minutes),
            extra_attempts=max(self.extra_attempts, other.extra_attempts),
            closes_at=later(self.closes_at, other.closes_at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDates:
    """The dates of a link that the platform told for one person."""

    opens_at: datetime | None = None
    due_at: datetime | None = None
    closes_at: datetime | None = None


def read_dates(custom: Mapping[str, str]) -> ToldDates:
    """Read the dates among a message's custom parameters.

    A platform that has no such date leaves it empty or sends the variable's own name back; both,
    like a moment without a zone, tell nothing.
    """
    return ToldDates(
        opens_at=_read_moment(custom.get("unlock_at", "")),
        due_at=_read_moment(custom.get("due_at", "")),
        closes_at=_read_moment(custom.get("lock_at", "")),
    )


def effective_settings(
    settings: ActivitySettings,
    *,
    granted: Accommodation | None = None,
    told: ToldDates | None = None,
) -> ActivitySettings:
    """Return the settings that hold for one person.

    A closing time that was set in the tool comes before the one that the platform told; an
    accommodation can only move it later.
    """
    granted, told = granted or Accommodation(), told or ToldDates()
    closes_at = settings.closes_at or told.closes_at
    if closes_at is not None:
        closes_at = later(closes_at, granted.closes_at)
    return replace(
        settings,
        attempts=None if settings.attempts is None else settings.attempts + granted.extra_attempts,
        time_limit_minutes=_time_limit(settings.time_limit_minutes, granted),
        opens_at=told.opens_at,
        due_at=told.due_at,
        closes_at=closes_at,
    )


def passes_close(settings: ActivitySettings, *, at: datetime, deadline: datetime | None) -> bool:
    """Say whether the close comes before somebody's time is up.

    ``deadline`` is that of an attempt under way; without one, an attempt begun now is looked at.
    """
    if settings.closes_at is None or settings.is_closed(at):
        return False
    start = later(at, settings.opens_at) or at
    deadline = deadline or settings.deadline_from(start)
    return deadline is not None and deadline > settings.closes_at


def parse_accommodation(form: Mapping[str, Any]) -> Accommodation:
    """Read the form of an accommodation; raise ``InvalidInput`` with every faulty field.

    ``form`` maps names to text, and `closes_at` to an aware ``datetime`` or None.
    """
    faults: dict[str, str] = {}
    granted = Accommodation(
        time_multiplier=_multiplier(str(form.get("time_multiplier", "")), faults),
        extra_minutes=_count(form, "extra_minutes", MAX_MINUTES, MINUTES_INVALID, faults),
        extra_attempts=_count(form, "extra_attempts", MAX_ATTEMPTS, EXTRA_ATTEMPTS_INVALID, faults),
        closes_at=form.get("closes_at"),
    )
    if faults:
        raise InvalidInput(faults, code="accommodation.invalid")
    return granted


def clean_note(text: str) -> str:
    """Return a note as it is kept; raise ``InvalidInput`` for one that is too long."""
    note = text.replace("\r\n", "\n").strip()
    if len(note) > MAX_NOTE_LENGTH:
        raise InvalidInput({"note": NOTE_INVALID}, code="accommodation.invalid")
    return note


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two moments, or the one that there is."""
    return max(filter(None, (one, other)), default=None)


def _time_limit(minutes: int | None, granted: Accommodation) -> int | None:
    if minutes is None:
        return None
    longer = (minutes * granted.time_multiplier).to_integral_value(rounding=ROUND_CEILING)
    return int(longer) + granted.extra_minutes


def _read_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        # A moment at the very end of the calendar cannot be written in every zone.
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _multiplier(text: str, faults: dict[str, str]) -> Decimal:
    text = text.strip().replace(",", ".")
    if not text:
        return Decimal(1)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or not 1 <= number <= MAX_MULTIPLIER or _places(number) > 2:
        faults["time_multiplier"] = MULTIPLIER_INVALID
        return Decimal(1)
    return number


def _places(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)


def _count(
    form: Mapping[str, Any], name: str, most: int, message: str, faults: dict[str, str]
) -> int:
    text = str(form.get(name, "")).strip()
    if not text:
        return 0
    if not (text.isdecimal() and text.isascii() and len(text) < 6 and int(text) <= most):
        faults[name] = message
        return 0
    return int(text)
