"""The pages about courses as such: which there are, and a copy of one."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lti_alliance.practice_lms import gradebook
from lti_alliance.practice_lms.course_copies import copy_course
from lti_alliance.practice_lms.pages import COURSE, PLATFORM, visit, whom_to_be
from lti_alliance.practice_lms.platform import platform_named
from lti_alliance.practice_lms.sessions import signed_in

blueprint = Blueprint("pages_courses", __name__)


@blueprint.get(PLATFORM + "/courses")
def show_courses(platform_name: str) -> str:
    """List the courses in which the visitor has a part, or all for an administrator."""
    platform = platform_named(platform_name)
    person = signed_in(platform)
    if person is None:
        following = f"/{platform_name}/login?next=/{platform_name}/courses"
        abort(make_response(redirect(following, code=303)))
    listed = [
        each
        for each in platform.state.courses.values()
        if platform.role_in(each, person) or platform.administers(person)
    ]
    return render_template(
        "courses.html",
        platform=platform,
        person=person,
        people=whom_to_be(platform, person),
        name_of=gradebook.display_name,
        courses=listed,
    )


@blueprint.post(COURSE + "/copy")
def copy(platform_name: str, course_id: str) -> AnyResponse:
    """Copy the course for a new term, and go there."""
    here = visit(platform_name, course_id)
    if not here.may_teach:
        abort(403)
    made = copy_course(
        here.platform,
        here.course,
        title=request.form.get("title", "").strip(),
        code=request.form.get("code", "").strip(),
    )
    return redirect(f"/{platform_name}/courses/{made.id}", code=303)
