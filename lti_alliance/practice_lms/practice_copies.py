"""The practice LMS's own interface to copies of courses."""

from __future__ import annotations

from flask import Blueprint, Response

from lti_alliance.practice_lms.course_copies import copy_course
from lti_alliance.practice_lms.practice_courses import activity_json
from lti_alliance.practice_lms.practice_lookups import (
    body_of,
    refuse_plainly,
    the_course,
    the_person,
    the_platform,
)
from lti_alliance.practice_lms.services import answer

blueprint = Blueprint("practice_copies", __name__)


@blueprint.get("/courses/<platform_name>")
def list_courses(platform_name: str) -> Response:
    """List the platform's courses."""
    platform = the_platform(platform_name)
    return answer(
        [
            {
                "course": each.id,
                "context_id": each.context_id,
                "code": each.code,
                "title": each.title,
                "history": each.history,
            }
            for each in platform.state.courses.values()
        ]
    )


@blueprint.post("/courses/<platform_name>/<course_id>/copy")
def copy(platform_name: str, course_id: str) -> Response:
    """Copy a course; `people` come along besides the teachers, `history` false keeps its past."""
    platform, body = the_platform(platform_name), body_of()
    course, people = the_course(platform, course_id), body.get("people", [])
    if not isinstance(people, list):
        refuse_plainly("people are a list of those who come along")
    made = copy_course(
        platform,
        course,
        title=str(body.get("title", "")),
        code=str(body.get("code", "")),
        people=[the_person(platform, each).id for each in people],
        tells_history=body.get("history") is not False,
    )
    told = {
        "course": made.id,
        "context_id": made.context_id,
        "history": made.history,
        "activities": [activity_json(platform, made, each) for each in made.activities.values()],
    }
    return answer(told, status=201)
