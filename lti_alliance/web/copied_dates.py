"""The page on which the dates of a copied course are moved, looked at, and set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.course_plans import shift_weeks
from lti_alliance.domain.local_times import local_text
from lti_alliance.errors import InvalidInput, NotFound, Stale
from lti_alliance.models import Context, db
from lti_alliance.parts import parts
from lti_alliance.services import copied_dates
from lti_alliance.services.copied_dates import CopiedDate, NewDate
from lti_alliance.web import access, opening, transaction
from lti_alliance.web.local_times import own_zone, read_moment, read_zone
from lti_alliance.web.rendering import page

WEEKS_INVALID = "Write a whole number of weeks from -520 to 520."
CLOSES_PAST = "Choose a moment that has not passed: the activity would close at once."
_MOST_WEEKS = 520

Form = MultiDict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One activity of the list as its form shows it."""

    date: CopiedDate
    closes_at: str
    version: int


@access.configures
def dates() -> Response:
    """Show the dates that the copied course had, moved by some weeks where that is asked for."""
    errors: dict[str, str] = {}
    weeks = _weeks(request.args, errors)
    zone = read_zone(request.args, errors, proposed=own_zone())
    rows = [
        Row(date=each, closes_at=_proposed(each, weeks, zone), version=each.activity.version)
        for each in copied_dates.list_copied(db.session(), _context())
    ]
    return _page(rows, request.args, zone, rhythm_errors=errors)


@access.configures
def set_dates() -> BaseResponse:
    """Set the dates of the list, all of them or none."""
    visit = access.current()
    context = _context()
    faults: dict[str, str] = {}
    zone = read_zone(request.form, faults)
    listed = copied_dates.list_copied(db.session(), context)
    chosen = _read(request.form, listed, zone, faults)
    if faults:
        return _refused(zone, InvalidInput(faults, code="activity.settings_invalid"))
    try:
        with transaction.act() as session:
            count = copied_dates.apply(
                session,
                parts().catalogue,
                context=context,
                dates=chosen,
                actor=opening.member_of(visit),
                at=parts().now(),
            )
    except Stale as stale:
        return _refused(zone, stale)
    return redirect(url_for(".dates", set=count), 303)


def _refused(zone: ZoneInfo, refused: InvalidInput | Stale) -> Response:
    rows = [_typed(each) for each in copied_dates.list_copied(db.session(), _context())]
    return _page(rows, request.form, zone, refused=refused)


def _page(
    rows: list[Row],
    form: Form,
    zone: ZoneInfo,
    *,
    rhythm_errors: Mapping[str, str] | None = None,
    refused: InvalidInput | Stale | None = None,
) -> Response:
    activity = opening.opening_of(access.current()).activity
    status = 200 if refused is None else 409 if isinstance(refused, Stale) else 422
    return page(
        "instructor/dates.html",
        activity=activity,
        status=status,
        rows=rows,
        weeks=form.get("weeks", ""),
        zone=str(form.get("zone") or zone.key),
        list_zone=zone.key,
        rhythm_errors=rhythm_errors or {},
        errors=refused.fields if isinstance(refused, InvalidInput) else {},
        is_stale=isinstance(refused, Stale),
        was_set=request.args.get("set", type=int),
        tab="settings",
    )


def _context() -> Context:
    context = access.current().context
    if context is None:
        raise NotFound
    return context


def _weeks(form: Form, errors: dict[str, str]) -> int | None:
    text = form.get("weeks", "").strip()
    if not text:
        return None
    digits = text.removeprefix("-")
    if digits.isdecimal() and len(digits) < 4 and int(digits) <= _MOST_WEEKS:
        return int(text)
    errors["weeks"] = WEEKS_INVALID
    return None


def _proposed(each: CopiedDate, weeks: int | None, zone: ZoneInfo) -> str:
    moment: datetime | None = each.now
    if weeks is not None:
        moment = shift_weeks(each.old.astimezone(zone), weeks)
    return local_text(moment, zone) if moment else ""


def _read(
    form: Form, listed: tuple[CopiedDate, ...], zone: ZoneInfo, faults: dict[str, str]
) -> dict[UUID, NewDate]:
    """Read the list as it was sent; one that appeared meanwhile is left for another time."""
    chosen = {}
    for each in listed:
        name = f"closes_at.{each.activity.id}"
        version = form.get(f"version.{each.activity.id}", "")
        if name not in form or not version.isdecimal() or len(version) > 9:
            continue
        moment = read_moment(form, name, zone=zone, errors=faults, shown=each.now)
        if moment is not None and moment <= parts().now() and moment != each.now:
            faults[name] = CLOSES_PAST
        chosen[each.activity.id] = NewDate(closes_at=moment, base_version=int(version))
    return chosen


def _typed(each: CopiedDate) -> Row:
    typed = request.form.get(f"closes_at.{each.activity.id}", "")
    # The version of now: sending the form again is a decision made in sight of what changed.
    return Row(date=each, closes_at=typed, version=each.activity.version)
