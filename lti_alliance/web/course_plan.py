"""The list of activities for a whole course: how it is proposed and how its form is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from werkzeug.datastructures import MultiDict

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import CLOSES_INVALID, ActivitySettings, propose
from lti_alliance.domain.course_plans import MOST_DAYS, spread_dates
from lti_alliance.domain.modules import Module
from lti_alliance.errors import InvalidInput
from lti_alliance.services.deep_linking import Choice, check_title

NOTHING_CHOSEN = "Choose at least one module."
ZONE_UNKNOWN = "Write a time zone such as Europe/Berlin, or UTC."
FIRST_INVALID = "Write a date and a time like 2027-03-31 23:59, or leave it empty for no dates."
EVERY_INVALID = f"Write a whole number of days from 1 to {MOST_DAYS}."
OFF_INVALID = "Write days like 2027-03-31, with commas between them."
DEFAULT_RHYTHM = 7
_LOCAL = "%Y-%m-%dT%H:%M"

Form = MultiDict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One activity of the list."""

    module: Module
    settings: ActivitySettings
    title: str
    closes_at: str
    """Local time as its field holds it; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The list as its page shows it, with what its dates were made from."""

    rows: tuple[Row, ...]
    zone: str
    first: str
    every: str
    off: str
    errors: dict[str, str]
    """What is wrong with the rhythm; the list is shown without new dates then."""


def propose_plan(form: Form, catalogue: Catalogue) -> Plan:
    """Propose a list for the modules that are named, in the catalogue's order; all if none is."""
    modules = _modules(form, catalogue) or list(catalogue.list())
    errors: dict[str, str] = {}
    zone = read_zone(form, errors)
    every = _every(form, errors)
    off = _weeks_off(form, errors)
    first = _first(form, zone, errors)
    dates: Sequence[datetime] = ()
    if first is not None and not errors:
        dates = spread_dates(first, len(modules), every_days=every, weeks_off=off)
    rows = tuple(
        Row(
            module=module,
            settings=propose(module),
            title=form.get(f"title.{module.id}", module.title),
            closes_at=form.get(f"closes_at.{module.id}", "")
            or (dates[number].astimezone(zone).strftime(_LOCAL) if dates else ""),
        )
        for number, module in enumerate(modules)
    )
    return Plan(
        rows=rows,
        zone=str(form.get("zone") or zone.key),
        first=form.get("first", ""),
        every=form.get("every", str(DEFAULT_RHYTHM)),
        off=form.get("off", ""),
        errors=errors,
    )


def read_plan(form: Form, catalogue: Catalogue) -> list[Choice]:
    """Read the checked list; raise ``InvalidInput`` naming every field that cannot be used."""
    faults: dict[str, str] = {}
    zone = read_zone(form, faults)
    choices = []
    for module in _modules(form, catalogue):
        try:
            title = check_title(form.get(f"title.{module.id}", ""))
        except InvalidInput as invalid:
            faults[f"title.{module.id}"] = invalid.fields["title"]
            continue
        closes_at = None
        if text := form.get(f"closes_at.{module.id}", "").strip():
            closes_at = read_local(text, zone)
            if closes_at is None:
                faults[f"closes_at.{module.id}"] = CLOSES_INVALID
        settings = replace(propose(module), closes_at=closes_at)
        choices.append(Choice(module_id=module.id, title=title, settings=settings))
    if not choices and not faults:
        faults["module"] = NOTHING_CHOSEN
    if faults:
        raise InvalidInput(faults, code="deeplink.item_invalid")
    return choices


def _modules(form: Form, catalogue: Catalogue) -> list[Module]:
    named = set(form.getlist("module"))
    return [module for module in catalogue.list() if module.id in named]


def read_zone(form: Form, errors: dict[str, str]) -> ZoneInfo:
    """Read a form's time zone, UTC where it names none."""
    name = form.get("zone", "").strip() or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors["zone"] = ZONE_UNKNOWN
        return ZoneInfo("UTC")


def _first(form: Form, zone: ZoneInfo, errors: dict[str, str]) -> datetime | None:
    text = form.get("first", "").strip()
    if not text:
        return None
    moment = read_local(text, zone)
    if moment is None:
        errors["first"] = FIRST_INVALID
        return None
    return moment.astimezone(zone)


def read_local(text: str, zone: ZoneInfo) -> datetime | None:
    """Read a local moment; nothing for a text that is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=zone).astimezone(UTC) if moment.tzinfo is None else None


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
