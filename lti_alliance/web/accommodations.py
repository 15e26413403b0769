"""An instructor's pages of accommodations: who is granted what, and the form of one student."""

from collections.abc import Mapping
from datetime import datetime

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.accommodations import (
    Accommodation,
    clean_note,
    parse_accommodation,
)
from lti_alliance.domain.launch import Role
from lti_alliance.errors import InvalidInput, NotFound, Stale
from lti_alliance.models import Accommodation as AccommodationRow
from lti_alliance.models import Activity, Context, db
from lti_alliance.parts import parts
from lti_alliance.services import accommodation_views, accommodations, sections, terms
from lti_alliance.services.accommodation_views import Person
from lti_alliance.web import access, forms, opening, transaction
from lti_alliance.web.local_times import own_zone
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import page

SCOPES = ("course", "activity")


@access.teaches
def list_all() -> Response:
    """Show who is granted what, and the other students of the course to choose from."""
    activity = opening.opening_of(access.current()).activity
    context = _context()
    grants = accommodation_views.list_grants(db.session(), context.id, activity)
    people = [
        person
        for person in accommodation_views.list_people(db.session(), context.id)
        if _is_in_sight(person)
    ]
    return page(
        "instructor/accommodations.html",
        activity=activity,
        granted=[(person, grants[person.user.id]) for person in people if person.user.id in grants],
        others=[person for person in people if person.user.id not in grants],
        grant_value=terms.granted_by,
        tab="accommodations",
    )


@access.teaches
def accommodation(membership_id: str) -> Response:
    """Show what one student is granted, with the form to change it for those who may."""
    return _form_page(_person(membership_id))


@access.role(Role.INSTRUCTOR)
def grant(membership_id: str) -> BaseResponse:
    """Grant one student something, or take it back."""
    visit = access.current()
    person = _person(membership_id)
    activity = opening.opening_of(visit).activity
    scope = request.form.get("scope", "")
    if scope not in SCOPES or (scope == "activity" and activity is None):
        raise InvalidInput({"scope": forms.FIELD_UNKNOWN})
    is_taken_back = request.form.get("act") == "take_back"
    try:
        granted, note = Accommodation(), ""
        if not is_taken_back:
            granted, note = _read(_shown_close(person, scope, activity))
        with transaction.act() as session:
            accommodations.grant_accommodation(
                session,
                parts().sealer,
                person=person,
                activity=activity if scope == "activity" else None,
                granted=granted,
                note=note,
                base_version=forms.saved_version(request.form),
                actor=member_of(visit),
                at=parts().now(),
            )
    except InvalidInput as invalid:
        if invalid.code != "accommodation.invalid":
            raise
        return _form_page(person, scope=scope, errors=invalid.fields, status=422)
    except Stale as stale:
        return _form_page(person, scope=scope, status=409, problem=stale.reason)
    return redirect(url_for(".accommodation", membership_id=membership_id, saved=1), 303)


def _shown_close(person: Person, scope: str, activity: Activity | None) -> datetime | None:
    grants = accommodation_views.grants_of(db.session(), person, activity)
    row = grants.activity if scope == "activity" else grants.course
    return terms.granted_by(row).closes_at if row else None


def _read(shown: datetime | None) -> tuple[Accommodation, str]:
    faults: dict[str, str] = {}
    granted, note = Accommodation(), ""
    try:
        granted = parse_accommodation(forms.accommodation_fields(request.form, shown=shown))
    except InvalidInput as invalid:
        faults |= invalid.fields
    try:
        note = clean_note(request.form.get("note", ""))
    except InvalidInput as invalid:
        faults |= invalid.fields
    if faults:
        raise InvalidInput(faults, code="accommodation.invalid")
    return granted, note


def _context() -> Context:
    context = access.current().context
    if context is None:
        raise NotFound
    return context


def _person(text: str) -> Person:
    found = accommodation_views.get_person(db.session(), _context().id, opening.key(text))
    if not _is_in_sight(found):
        raise NotFound
    return found


def _is_in_sight(person: Person) -> bool:
    """Say whether the reader may see somebody; who has not come has no section yet."""
    scope = sections.scope_of(db.session(), opening.member_of(access.current()))
    return scope.covers(person.membership.sections if person.membership else ())


def _form_page(
    person: Person,
    *,
    scope: str = "",
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    problem: str = "",
) -> Response:
    visit = access.current()
    activity = opening.opening_of(visit).activity
    grants = accommodation_views.grants_of(db.session(), person, activity)
    may_change = visit.role is Role.INSTRUCTOR
    shown = [("course", grants.course)]
    if activity is not None:
        shown.append(("activity", grants.activity))
    return page(
        "instructor/accommodation.html",
        activity=activity,
        status=status,
        person=person,
        forms=[
            {
                "scope": name,
                "version": row.version if row else 0,
                "is_granted": row is not None and not terms.granted_by(row).is_empty,
                "values": dict(request.form)
                if name == scope
                else _values(row, may_read_note=may_change),
                "errors": (errors or {}) if name == scope else {},
            }
            for name, row in shown
        ],
        held=_terms(activity, person),
        cut_short=accommodation_views.list_cut_short(db.session(), person, at=parts().now()),
        errors=errors or {},
        error_scope=scope,
        may_change=may_change,
        problem=problem or ("accommodation.invalid" if errors else ""),
        was_saved="saved" in request.args,
        tab="accommodations",
    )


def _terms(activity: Activity | None, person: Person) -> terms.Terms | None:
    if activity is None or person.membership is None:
        return None
    return terms.terms_of(db.session(), activity, person.membership)


def _values(row: AccommodationRow | None, *, may_read_note: bool) -> dict[str, str]:
    if row is None:
        return forms.accommodation_values(Accommodation(), own_zone())
    values = forms.accommodation_values(terms.granted_by(row), own_zone())
    note = accommodations.read_note(db.session(), parts().sealer, row) if may_read_note else ""
    return values | {"note": note}
