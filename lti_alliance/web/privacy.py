"""What is kept about a person: their own page, and an instructor's page to give out and erase."""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Membership, db
from lti_alliance.parts import parts
from lti_alliance.services import (
    erasing,
    person_archive,
    person_export,
    persons,
    retention,
    student_sheets,
)
from lti_alliance.services.persons import Subject
from lti_alliance.web import access, limits, opening, privacy_words, transaction, wording
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page
from lti_alliance.web.request_log import request_id

blueprint = Blueprint("privacy", __name__, url_prefix="/launches/<handle>")
leave_handle_to_addresses(blueprint)
privacy_words.register(blueprint)

WRONG_NAME = "Type the name exactly as it stands above."


@blueprint.get("/data")
@access.visitor
def own() -> Response:
    """Show what is kept about whoever asks: what, why, how long, who sees it."""
    member = member_of(access.current())
    subject = persons.everywhere(db.session(), member)
    return page(
        "privacy/own.html",
        course=persons.subject_of(db.session(), member).context,
        found=erasing.preview_erasure(db.session(), subject),
        **_periods(member),
    )


@blueprint.post("/data/export")
@access.visitor
@limits.exports
def export_own() -> BaseResponse:
    """Give whoever asks everything that is kept about them."""
    member = member_of(access.current())
    is_course = request.form.get("scope") == "course"
    session = db.session()
    subject = (persons.subject_of if is_course else persons.everywhere)(session, member)
    return _export(subject, with_notes=False)


@blueprint.get("/students/<membership_id>/data")
@access.role(Role.INSTRUCTOR)
def student(membership_id: str) -> Response:
    """Show an instructor what is kept of a student in the course, to give out or erase."""
    return _student_page(_student(membership_id))


@blueprint.post("/students/<membership_id>/data/export")
@access.role(Role.INSTRUCTOR)
@limits.exports
def export_student(membership_id: str) -> BaseResponse:
    """Give out everything that is kept of a student in the course."""
    member = _student(membership_id)
    return _export(persons.subject_of(db.session(), member), with_notes=True)


@blueprint.post("/students/<membership_id>/data/erasure")
@access.role(Role.INSTRUCTOR)
def erase_student(membership_id: str) -> BaseResponse:
    """Erase a student from the course, once the name has been typed."""
    member = _student(membership_id)
    typed = " ".join(request.form.get("name", "").split())
    if typed.casefold() != " ".join(wording.member_name(member).split()).casefold():
        return _student_page(member, refused=InvalidInput({"name": WRONG_NAME}))
    with transaction.act() as session:
        erasing.erase_person(
            session,
            persons.subject_of(session, member),
            at=parts().now(),
            actor=member_of(access.current()),
            request_id=request_id(),
        )
    return redirect(url_for("desk.course", erased=1), 303)


def _student(membership_id: str) -> Membership:
    found = student_sheets.get_student(
        db.session(), opening.key(membership_id), viewer=member_of(access.current())
    )
    if found.course_role is not Role.LEARNER or found.erased_at is not None:
        raise NotFound
    return found


def _student_page(member: Membership, *, refused: InvalidInput | None = None) -> Response:
    subject = persons.subject_of(db.session(), member)
    return page(
        "privacy/student.html",
        status=422 if refused else 200,
        membership=member,
        student=wording.member_name(member),
        found=erasing.preview_erasure(db.session(), subject),
        errors=refused.fields if refused else {},
        typed=request.form.get("name", "") if refused else "",
        **_periods(member),
    )


def _periods(member: Membership) -> dict[str, Any]:
    context = persons.subject_of(db.session(), member).context
    assert context is not None
    return {
        "periods": retention.periods_of(context, parts().periods),
        "profile_days": parts().settings.profile_days,
    }


def _export(subject: Subject, *, with_notes: bool) -> Response:
    at = parts().now()
    with transaction.act() as session:
        found = person_export.export_person(
            session,
            parts().catalogue,
            parts().sealer,
            subject,
            with_notes=with_notes,
            at=at,
            actor=member_of(access.current()),
            request_id=request_id(),
        )
    html = render_template("privacy/export.html", found=found)
    response = make_response(person_archive.as_zip(found, html, at=at))
    response.mimetype = "application/zip"
    name = gettext("kept-data")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    response.headers["Cache-Control"] = "no-store"
    return response
