"""The practice LMS's own interface to its gradebook: look at it, and grade as a person."""

from __future__ import annotations

import math

from flask import Blueprint, Response, request

from lti_alliance.practice_lms import gradebook
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.practice_lookups import (
    body_of,
    refuse_plainly,
    the_activity,
    the_course,
    the_person,
    the_platform,
)
from lti_alliance.practice_lms.services import answer
from lti_alliance.practice_lms.state import Course, LineItem

blueprint = Blueprint("practice_grades", __name__)


@blueprint.get("/gradebook/<platform_name>/<course_id>")
def show_gradebook(platform_name: str, course_id: str) -> Response:
    """Show (student, activity) pairs: all, or of one `person` or `activity`; with `history`."""
    platform = the_platform(platform_name)
    course, asked = the_course(platform, course_id), request.args
    return answer(
        gradebook.gradebook_json(
            platform,
            course,
            only=the_person(platform, asked["person"]) if "person" in asked else None,
            activity_id=the_activity(course, asked["activity"]).id if "activity" in asked else None,
            with_history="history" in asked,
        )
    )


@blueprint.post("/gradebook/<platform_name>/<course_id>")
def enter_grade(platform_name: str, course_id: str) -> Response:
    """Enter a grade as a person would; `score` null takes it away."""
    platform = the_platform(platform_name)
    course, body = the_course(platform, course_id), body_of()
    item = _column(course, body.get("activity"))
    student = the_person(platform, body.get("person"))
    score = _score(body.get("score"))
    gradebook.set_by_person(platform, course, item, student=student, score=score)
    return answer({"stored": True})


@blueprint.delete("/gradebook/<platform_name>/<course_id>/<activity_id>/<person_id>")
def take_away_override(
    platform_name: str, course_id: str, activity_id: str, person_id: str
) -> Response:
    """Take a person's hand off a grade: what the tool last said shows again."""
    platform = the_platform(platform_name)
    course = the_course(platform, course_id)
    item, student = _column(course, activity_id), the_person(platform, person_id)
    gradebook.take_away_override(platform, course, item, student=student)
    return _cell(platform, course, item, person_id)


def _cell(platform: Platform, course: Course, item: LineItem, person_id: str) -> Response:
    activity = course.activities.get(item.activity_id or "")
    cell = course.find_cell(item.id, person_id) or gradebook.NOTHING
    return answer(gradebook.cell_json(item, activity, platform.state.people[person_id], cell))


def _column(course: Course, activity_id: object) -> LineItem:
    item = course.primary_item(the_activity(course, activity_id).id)
    if item is None:
        refuse_plainly("the activity is not graded")
    return item


def _score(value: object) -> float | None:
    if value is None:
        return None
    try:
        score = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        refuse_plainly("score is a number, or null")
    return score
