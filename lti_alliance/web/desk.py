"""The desk: the pages of a whole course and of one student, for those who teach it."""

from collections.abc import Mapping
from typing import TypeVar

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.adjustments import parse_adjustment, parse_reason
from lti_alliance.domain.launch import Role
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Activity, Context, Membership, db
from lti_alliance.parts import parts
from lti_alliance.services import (
    adjusting,
    attempt_corrections,
    attempts,
    desk,
    exports,
    profiles,
    sections,
    student_sheets,
)
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.desk import DeskQuery, Show, Sort
from lti_alliance.web import access, desk_words, opening, transaction, wording
from lti_alliance.web.downloads import download
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("desk", __name__, url_prefix="/launches/<handle>")
leave_handle_to_addresses(blueprint)
desk_words.register(blueprint)

_MAX_TEXT = 100
_MAX_PAGE = 10_000

_Choice = TypeVar("_Choice", Show, Sort)


@blueprint.get("/course")
@access.teaches
def course() -> Response:
    """Show activities by students: who has done what, how it went, what waits."""
    visit = access.current()
    context = _course(visit)
    found = desk.course_desk(db.session(), context=context, viewer=member_of(visit), query=_query())
    return page(
        "desk/course.html",
        desk=found,
        course=context,
        shows=list(Show),
        sorts=list(Sort),
        knows_sections=bool(found.sections) or context.is_limited_to_sections,
        roster_asked=request.args.get("roster", type=int),
        was_erased="erased" in request.args,
    )


@blueprint.post("/course/sections")
@access.role(Role.INSTRUCTOR)
def limit_to_sections() -> BaseResponse:
    """Let everybody who teaches see only the students of their own sections, or all."""
    visit = access.current()
    with transaction.act() as session:
        sections.limit_to_sections(
            session,
            _course(visit),
            limited=request.form.get("limited") == "1",
            actor=member_of(visit),
            at=parts().now(),
        )
    return redirect(url_for(".course"), 303)


@blueprint.get("/course/scores.<extension>")
@access.teaches
def scores(extension: str) -> Response:
    """Give the scores of the course away as a table."""
    visit = access.current()
    columns, rows = desk.stream_course(
        db.session(), context=_course(visit), viewer=member_of(visit)
    )
    table = exports.score_table(
        columns,
        rows,
        name_of=lambda row: wording.person_name(row.person.name, row.person.number),
        heading_of=desk_words.heading_words,
        state_of=desk_words.cell_words,
    )
    return download(table, "scores", extension)


@blueprint.get("/students/<membership_id>")
@access.teaches
def student(membership_id: str) -> Response:
    """Show one student in every activity of the course."""
    return _student_page(_student(membership_id))


@blueprint.post("/students/<membership_id>/activities/<activity_id>/adjustment")
@access.teaches
def adjust(membership_id: str, activity_id: str) -> BaseResponse:
    """Set a score by hand, or excuse the student, with a reason."""
    membership, activity = _student(membership_id), _activity(activity_id)
    try:
        adjustment = parse_adjustment(
            request.form.get("kind", ""),
            request.form.get("score", ""),
            maximum=activity_settings(activity).maximum,
        )
        reason = parse_reason(request.form.get("reason", ""))
    except InvalidInput as invalid:
        return _student_page(membership, refused=invalid, about=activity)
    with transaction.act() as session:
        adjusting.adjust_grade(
            session,
            parts().sealer,
            activity=activity,
            membership=membership,
            adjustment=adjustment,
            reason=reason,
            actor=member_of(access.current()),
            at=parts().now(),
        )
    return _back_to(membership, activity)


@blueprint.post("/students/<membership_id>/activities/<activity_id>/adjustment/removal")
@access.teaches
def take_back(membership_id: str, activity_id: str) -> BaseResponse:
    """Let the grade follow from the work again."""
    membership, activity = _student(membership_id), _activity(activity_id)
    with transaction.act() as session:
        adjusting.take_back(
            session,
            activity=activity,
            membership=membership,
            actor=member_of(access.current()),
            at=parts().now(),
        )
    return _back_to(membership, activity)


@blueprint.post("/attempts/<attempt_id>/void")
@access.teaches
def void(attempt_id: str) -> BaseResponse:
    """Make an attempt count for nothing."""
    visit = access.current()
    with transaction.act() as session:
        attempt = attempts.get_attempt(session, opening.key(attempt_id), viewer=member_of(visit))
        attempt_corrections.void_attempt(
            session, attempt=attempt, actor=member_of(visit), at=parts().now()
        )
    return _back_to(attempt.membership, attempt.activity)


@blueprint.post("/attempts/<attempt_id>/reopen")
@access.teaches
def reopen(attempt_id: str) -> BaseResponse:
    """Give an attempt back to its student."""
    visit = access.current()
    with transaction.act() as session:
        attempt = attempts.get_attempt(session, opening.key(attempt_id), viewer=member_of(visit))
        attempt_corrections.reopen_attempt(
            session, attempt=attempt, actor=member_of(visit), at=parts().now()
        )
    return _back_to(attempt.membership, attempt.activity)


def _course(visit: access.Visit) -> Context:
    if visit.context is None:
        raise NotFound
    return visit.context


def _student(membership_id: str) -> Membership:
    return student_sheets.get_student(
        db.session(), opening.key(membership_id), viewer=member_of(access.current())
    )


def _activity(activity_id: str) -> Activity:
    return student_sheets.get_activity_in(
        db.session(), _course(access.current()).id, opening.key(activity_id)
    )


def _back_to(membership: Membership, activity: Activity) -> BaseResponse:
    address = url_for(".student", membership_id=membership.id, saved=1)
    return redirect(f"{address}#activity-{activity.id}", 303)


def _student_page(
    membership: Membership,
    *,
    refused: InvalidInput | None = None,
    about: Activity | None = None,
) -> Response:
    typed: Mapping[str, str] = request.form if refused else {}
    return page(
        "desk/student.html",
        status=422 if refused else 200,
        sheet=student_sheets.student_sheet(
            db.session(), parts().sealer, membership=membership, at=parts().now()
        ),
        profile=profiles.student_profile(
            db.session(), parts().catalogue, membership, viewer=member_of(access.current())
        ),
        student=wording.member_name(membership),
        errors=refused.fields if refused else {},
        wrong_activity=about.id if about else None,
        typed=typed,
        was_saved="saved" in request.args,
    )


def _query() -> DeskQuery:
    return DeskQuery(
        show=_choice(Show, "show", Show.EVERYBODY),
        sort=_choice(Sort, "sort", Sort.NAME),
        text=request.args.get("q", "").strip()[:_MAX_TEXT],
        section=request.args.get("section", "")[:_MAX_TEXT],
        page=min(max(1, request.args.get("page", 1, type=int)), _MAX_PAGE),
    )


def _choice(kind: type[_Choice], name: str, default: _Choice) -> _Choice:
    try:
        return kind(request.args.get(name, default))
    except ValueError:
        return default
