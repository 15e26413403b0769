"""Reading forms: what every form carries, and the few that need more than their fields."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from lti_alliance.domain.accommodations import Accommodation
from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.local_times import local_text
from lti_alliance.domain.rubrics import Rubric
from lti_alliance.domain.waits import WaitUnit, in_units
from lti_alliance.errors import InvalidInput
from lti_alliance.web.local_times import NO_ZONE, ZONE_FIELD, own_zone, read_moment, read_zone
from lti_alliance.web.security import CSRF_FIELD

VERSION_FIELD = "saved_version"
MAX_VERSION_DIGITS = 9

VERSION_INVALID = "Load the page again and send the form from there."
FIELD_UNKNOWN = "This field does not belong to the form."
LEVEL_INVALID = "This is not one of the levels of this criterion."

Fields = Mapping[str, Sequence[str]]
Form = MultiDict[str, str]

_CARRIED = frozenset({CSRF_FIELD, VERSION_FIELD})
_NOT_SETTINGS = frozenset({"step", "preset", "preset_name"})


class Step(StrEnum):
    """What a button of a settings form asks for besides sending it."""

    SAVE = "save"
    CONFIRM = "confirm"
    """Save after the consequences were shown."""
    EDIT = "edit"
    """Go back to the form with everything that was typed."""
    FILL = "fill"
    """Fill the form in from a preset."""
    KEEP = "keep"
    """Keep what the form says as a preset."""


def saved_version(form: Form, field: str = VERSION_FIELD) -> int:
    """Read the version that the page started from; without it nothing may be overwritten."""
    text = form.get(field, "")
    if not text.isdecimal() or len(text) > MAX_VERSION_DIGITS:
        raise InvalidInput({field: VERSION_INVALID})
    return int(text)


def other_fields(form: Form) -> Fields:
    """Return every field but those that each form carries, so that none goes unnoticed."""
    return {name: form.getlist(name) for name in form if name not in _CARRIED}


def only_field(form: Form, name: str) -> str:
    """Return the one field of a form that has one; any other is refused."""
    check_fields(form, {name})
    return form.get(name, "")


def step(form: Form) -> Step:
    """Read which button sent a settings form; a form without one is to be saved."""
    try:
        return Step(form.get("step", Step.SAVE))
    except ValueError:
        return Step.SAVE


def carried_on(form: Form) -> list[tuple[str, str]]:
    """List the settings as they were typed, for hidden fields of a page that asks again."""
    return [
        (name, value)
        for name, values in other_fields(form).items()
        if name not in _NOT_SETTINGS
        for value in values
    ]


def check_fields(form: Form, known: Collection[str]) -> None:
    """Refuse a form with a field that it does not have."""
    if unknown := sorted(set(other_fields(form)) - set(known)):
        raise InvalidInput(dict.fromkeys(unknown, FIELD_UNKNOWN), code="submit.field_not_allowed")


def self_levels(form: Form, rubric: Rubric | None) -> dict[str, int]:
    """Read the levels that writers chose for their own work; what is no level is left out."""
    if rubric is None:
        return {}
    return {
        criterion.id: level.number
        for criterion in rubric.criteria
        for level in criterion.levels
        if form.get(f"self.{criterion.id}") == str(level.number)
    }


def activity_fields(form: Form, *, shown: datetime | None = None) -> dict[str, Any]:
    """Read the settings form of an activity for ``domain.activities.parse_settings``.

    ``shown`` is the closing time that the form was filled in with.
    """
    fields: dict[str, Any] = {name: form.get(name, "") for name in form}
    fields["parts"] = form.getlist("parts")
    fields["prompt_ids"] = form.getlist("prompt_ids")
    fields["closes_at"] = moment(form, "closes_at", code="activity.settings_invalid", shown=shown)
    return fields


def accommodation_fields(form: Form, *, shown: datetime | None = None) -> dict[str, Any]:
    """Read the form of an accommodation for ``domain.accommodations.parse_accommodation``.

    ``shown`` is the closing time that the form was filled in with.
    """
    fields: dict[str, Any] = {name: form.get(name, "") for name in form}
    fields["closes_at"] = moment(form, "closes_at", code="accommodation.invalid", shown=shown)
    return fields


def accommodation_values(granted: Accommodation, zone: ZoneInfo = NO_ZONE) -> dict[str, str]:
    """Write an accommodation as the fields of its form, with times on the clock of a zone."""
    return {
        "time_multiplier": _plain(granted.time_multiplier) if granted.time_multiplier > 1 else "",
        "extra_minutes": str(granted.extra_minutes or ""),
        "extra_attempts": str(granted.extra_attempts or ""),
        "closes_at": local_text(granted.closes_at, zone) if granted.closes_at else "",
        "zone": zone.key,
    }


def settings_values(settings: ActivitySettings, zone: ZoneInfo = NO_ZONE) -> dict[str, Any]:
    """Write settings as the fields of their form, with times on the clock of a zone."""
    table = settings.level_table.shares
    wait, unit = in_units(settings.wait_minutes)
    return {
        "parts": sorted(settings.parts),
        "quiz_points": _plain(settings.quiz_points),
        "reflection_points": _plain(settings.reflection_points),
        "attempts": "" if settings.attempts is None else str(settings.attempts),
        "time_limit_minutes": str(settings.time_limit_minutes or ""),
        "wait_number": str(wait or ""),
        "wait_unit": unit if wait else WaitUnit.HOURS,
        "keep": settings.keep,
        "feedback": settings.feedback,
        "shuffle": "on" if settings.shuffle else "",
        "prompt_ids": list(settings.prompt_ids),
        "reflection_grading": settings.reflection_grading,
        "closes_at": local_text(settings.closes_at, zone) if settings.closes_at else "",
        "zone": zone.key,
        "missing_parts": settings.missing_parts,
        "anonymous": "on" if settings.anonymous else "",
        "exemplars": "on" if settings.exemplars else "",
        "resubmissions": str(settings.resubmissions),
        "ai_help": settings.ai_help,
        "form": settings.form,
        "warm_up": "on" if settings.warm_up else "",
        **{f"level.{number}": _plain(share * 100) for number, share in enumerate(table, 1)},
    }


def typed_settings(form: Form) -> dict[str, Any]:
    """Return the fields of a settings form as they were typed."""
    lists = {"parts": form.getlist("parts"), "prompt_ids": form.getlist("prompt_ids")}
    return {**{name: form.get(name, "") for name in form}, **lists}


def selections(form: Form, rubric: Rubric) -> dict[str, int | None]:
    """Read the chosen level of each criterion; one that was not sent is left out."""
    chosen: dict[str, int | None] = {}
    faults: dict[str, str] = {}
    for criterion in rubric.criteria:
        name = f"criterion.{criterion.id}"
        text = form.get(name)
        if text is None:
            continue
        if text.isdecimal() and len(text) == 1:
            chosen[criterion.id] = int(text)
        else:
            faults[name] = LEVEL_INVALID
    if faults:
        raise InvalidInput(faults, code="rubric.selection_invalid")
    return chosen


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def moment(form: Form, name: str, *, code: str, shown: datetime | None = None) -> datetime | None:
    """Read a moment on the clock of the zone that the form names; nothing typed is no moment."""
    faults: dict[str, str] = {}
    # A page from before its form named a zone was in UTC.
    proposed = own_zone() if ZONE_FIELD in form else NO_ZONE
    zone = read_zone(form, faults, proposed=proposed)
    found = read_moment(form, name, zone=zone, errors=faults, shown=shown)
    if faults:
        raise InvalidInput(faults, code=code)
    return found
