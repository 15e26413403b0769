"""The rhythm of a course as its form says it: the first date, the days between, the weeks off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from lti_alliance.domain.course_plans import MOST_DAYS, spread_dates
from lti_alliance.web.forms import Form
from lti_alliance.web.local_times import NO_ZONE, read_moment, read_zone

FIRST_INVALID = "Write a date and a time like 2027-03-31 23:59, or leave it empty for no dates."
EVERY_INVALID = f"Write a whole number of days from 1 to {MOST_DAYS}."
OFF_INVALID = "Write days like 2027-03-31, with commas between them."
DEFAULT_RHYTHM = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When the activities of a course close, one after the other."""

    zone: ZoneInfo
    first: datetime | None
    every_days: int
    weeks_off: Sequence[date]

    def dates(self, count: int) -> Sequence[datetime]:
        """Return so many moments in UTC; none where no first one was given."""
        if self.first is None:
            return ()
        return spread_dates(self.first, count, every_days=self.every_days, weeks_off=self.weeks_off)


def read_rhythm(form: Form, errors: dict[str, str], *, proposed: ZoneInfo = NO_ZONE) -> Rhythm:
    """Read the rhythm, and note what cannot be used; without a zone it is in the proposed one."""
    zone = read_zone(form, errors, proposed=proposed)
    return Rhythm(
        zone=zone,
        first=_first(form, zone, errors),
        every_days=_every(form, errors),
        weeks_off=_weeks_off(form, errors),
    )


def _first(form: Form, zone: ZoneInfo, errors: dict[str, str]) -> datetime | None:
    moment = read_moment(form, "first", zone=zone, errors=errors, unreadable=FIRST_INVALID)
    return moment.astimezone(zone) if moment else None


def _every(form: Form, errors: dict[str, str]) -> int:
    text = form.get("every", "").strip() or str(DEFAULT_RHYTHM)
    if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MOST_DAYS:
        return int(text)
    errors["every"] = EVERY_INVALID
    return DEFAULT_RHYTHM


def _weeks_off(form: Form, errors: dict[str, str]) -> list[date]:
    days = (each.strip() for each in form.get("off", "").split(","))
    try:
        return [date.fromisoformat(day) for day in days if day]
    except ValueError:
        errors["off"] = OFF_INVALID
        return []
