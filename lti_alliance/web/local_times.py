"""Times that people type: each form has one time zone, proposed to them and named to them."""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from flask import Flask, request
from flask_babel import gettext

from lti_alliance.domain.activities import CLOSES_INVALID
from lti_alliance.domain.local_times import (
    DoubledHour,
    SkippedHour,
    find_zone,
    local_text,
    read_local,
)
from lti_alliance.web import access

ZONE_FIELD = "zone"
ZONE_UNKNOWN = "Write a time zone such as Europe/Berlin, or UTC."
NO_ZONE = ZoneInfo("UTC")
"""Where nobody has said a zone, and where what was said is none."""


def register(app: Flask) -> None:
    """Make what forms ask about zones known to the application's templates."""
    app.add_template_global(is_zone_open, "is_zone_open")
    app.add_template_global(own_zone, "own_zone")


def own_zone() -> ZoneInfo:
    """Return the zone in which a form is proposed to whoever is asking: what the launch told."""
    return find_zone(access.current().launch.time_zone) or NO_ZONE


def is_zone_open() -> bool:
    """Whether nobody has said the zone yet, so that a script may propose the browser's."""
    return not access.current().launch.time_zone and ZONE_FIELD not in request.values


def read_zone(
    form: Mapping[str, str],
    errors: dict[str, str],
    *,
    name: str = ZONE_FIELD,
    proposed: ZoneInfo = NO_ZONE,
) -> ZoneInfo:
    """Read the zone of a form; UTC stands in for one that is unknown, which is noted as a fault.

    A form that names none is in the ``proposed`` one.
    """
    text = form.get(name, "").strip()
    zone = find_zone(text) if text else proposed
    if zone is None:
        errors[name] = ZONE_UNKNOWN
        return NO_ZONE
    return zone


def read_moment(
    form: Mapping[str, str],
    name: str,
    *,
    zone: ZoneInfo,
    errors: dict[str, str],
    shown: datetime | None = None,
    unreadable: str = CLOSES_INVALID,
) -> datetime | None:
    """Read a moment, in UTC, from a field; an empty one is none, a fault is noted under its name.

    ``shown`` is the moment that the form was filled in with: left as it stood, it stays the same.
    """
    text = form.get(name, "").strip()
    if not text:
        return None
    match found := read_local(text, zone, shown=shown):
        case datetime():
            return found
        case SkippedHour():
            errors[name] = skipped_words(found, zone)
        case DoubledHour():
            errors[name] = doubled_words(found, zone)
        case None:
            errors[name] = unreadable
        case _:
            assert_never(found)
    return None


def skipped_words(skipped: SkippedHour, zone: ZoneInfo) -> str:
    """Say that a time does not exist, and which the next one is."""
    return str(
        gettext(
            "In %(zone)s the clocks go forward over this time. Write %(time)s or later.",
            zone=zone.key,
            time=_readable(skipped.until, zone),
        )
    )


def doubled_words(doubled: DoubledHour, zone: ZoneInfo) -> str:
    """Say that a time comes twice, and how each of the two can be written."""
    return str(
        gettext(
            "In %(zone)s the clocks go back and show this time twice. Write another time,"
            " or UTC as the time zone and one of these: %(first)s, %(second)s.",
            zone=zone.key,
            first=_readable(doubled.first, NO_ZONE),
            second=_readable(doubled.second, NO_ZONE),
        )
    )


def _readable(at: datetime, zone: ZoneInfo) -> str:
    return local_text(at, zone).replace("T", " ")
