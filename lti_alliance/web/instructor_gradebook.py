"""An instructor's acts upon the gradebook: send again, send all, compare, ask for a column."""

from uuid import UUID

from flask import redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.services import (
    check_turns,
    delivery_views,
    line_items,
    rosters,
    score_resending,
    student_sheets,
)
from lti_alliance.web import access, opening, transaction
from lti_alliance.web.opening import activity_of, member_of

FROM_GRADE_FIELD = "grade_of"
"""The form field by which the page of one grade gets its reader back."""


@access.teaches
def resend(delivery_id: str) -> BaseResponse:
    """Send one score to the gradebook again, whatever it shows."""
    visit = access.current()
    activity = activity_of(visit)
    with transaction.act() as session:
        count = score_resending.resend_one(
            session, activity, opening.key(delivery_id), actor=member_of(visit), at=parts().now()
        )
    if (member_id := _came_from()) is not None:
        return redirect(url_for("instructor.grade", membership_id=member_id, resent=count), 303)
    return redirect(url_for("student.home", resent=count), 303)


@access.teaches
def resend_all() -> BaseResponse:
    """Send every score again; those that were changed in the LMS only if it is ticked."""
    visit = access.current()
    activity = activity_of(visit)
    with transaction.act() as session:
        count = score_resending.resend_all(
            session,
            activity,
            actor=member_of(visit),
            replaces_changed="replaces_changed" in request.form,
            at=parts().now(),
        )
    return redirect(url_for("student.home", resent_all=count), 303)


@access.teaches
def read_roster() -> BaseResponse:
    """Have the course's members read from the LMS now."""
    visit = access.current()
    with transaction.act() as session:
        assert visit.context is not None
        is_asked = rosters.ask(session, visit.context, at=parts().now())
    page = "desk.course" if request.args.get("then") == "course" else "student.home"
    return redirect(url_for(page, roster=int(is_asked)), 303)


@access.teaches
def compare() -> BaseResponse:
    """Have the activity's column compared with the gradebook, where that can be done."""
    activity = activity_of(access.current())
    if delivery_views.why_unreadable(activity.resource_link):
        return redirect(url_for("student.home", compared=0), 303)
    with transaction.act() as session:
        check_turns.ask(session, activity, at=parts().now())
    return redirect(url_for("student.home", compared=1), 303)


@access.configures
def ask_for_column() -> BaseResponse:
    """Ask for a gradebook column where the LMS gave the link none; asking again makes no second."""
    visit = access.current()
    activity = activity_of(visit)
    with transaction.act() as session:
        count = line_items.ask_for_column(
            session, activity, actor=member_of(visit), at=parts().now()
        )
    return redirect(url_for("student.home", asked=count), 303)


def _came_from() -> UUID | None:
    """Return whose grade's page sent the form, if one did."""
    if FROM_GRADE_FIELD not in request.form:
        return None
    named = opening.key(request.form[FROM_GRADE_FIELD])
    viewer = member_of(access.current())
    return student_sheets.get_student(db.session(), named, viewer=viewer).id
