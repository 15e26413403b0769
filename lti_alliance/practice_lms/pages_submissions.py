"""A student's own page of what was submitted, and Moodle's way from its grade report."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from lti_alliance.practice_lms import gradebook
from lti_alliance.practice_lms.pages import COURSE, Visit, find_activity, launch_form, render, visit
from lti_alliance.practice_lms.platform import platform_named
from lti_alliance.practice_lms.state import Activity, Cell, LineItem
from lti_alliance.practice_lms.submissions import begin_review, review_target

blueprint = Blueprint("pages_submissions", __name__)

SUBMISSION = COURSE + "/activities/<activity_id>/submission"


def _own(
    platform_name: str, course_id: str, activity_id: str
) -> tuple[Visit, Activity, LineItem, Cell, str]:
    """Return a student's own submission; Moodle has no such page."""
    here = visit(platform_name, course_id)
    activity = find_activity(here, activity_id)
    item = here.course.primary_item(activity.id)
    if not here.is_student:
        abort(403)
    cell = here.course.find_cell(item.id, here.person.id) if item else None
    if platform_name != "canvas" or item is None or cell is None:
        abort(404)
    target = review_target(here.platform, here.course, activity, cell)
    if target is None:
        abort(404)
    return here, activity, item, cell, target


@blueprint.get(SUBMISSION)
def show_submission(platform_name: str, course_id: str, activity_id: str) -> str:
    """Show students what they submitted, opened in the tool."""
    here, activity, item, cell, _ = _own(platform_name, course_id, activity_id)
    return render(
        "submission.html",
        here,
        activity=activity,
        shown=gradebook.shown(cell, item),
        when=gradebook.when(cell),
        cell=cell,
    )


@blueprint.get(SUBMISSION + "/launch")
def launch_submission(platform_name: str, course_id: str, activity_id: str) -> str:
    """Send the tool the login initiation of a look at one's own submission."""
    here, activity, _, _, target = _own(platform_name, course_id, activity_id)
    fields = begin_review(
        here.platform,
        here.course,
        here.person,
        activity=activity,
        student=here.person,
        target=target,
    )
    return launch_form(here, fields)


@blueprint.get("/moodle/mod/lti/view.php")
def view_in_moodle() -> AnyResponse:
    """Lead from Moodle's own addresses to the pages here, the grade report's (`user`) included."""
    platform = platform_named("moodle")
    course, activity = next(
        (
            (course, activity)
            for course in platform.state.courses.values()
            for activity in course.activities.values()
            if str(activity.number) == request.args.get("id") and not activity.deleted
        ),
        (None, None),
    )
    if course is None or activity is None:
        abort(404)
    root = f"/moodle/courses/{course.id}"
    if request.args.get("action") != "gradeReport":
        return redirect(f"{root}/activities/{activity.id}", code=303)
    item = course.primary_item(activity.id)
    student = platform.find_by_sub(request.args.get("user", ""))
    if item is None or student is None:
        abort(404)
    return redirect(f"{root}/gradebook/{item.id}/{student.id}", code=303)
