"""The practice LMS's own interface to courses: activities, enrolments, conclusions."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response

from lti_alliance.practice_lms.course_changes import change
from lti_alliance.practice_lms.crowd import enrol_students
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.practice_lookups import (
    body_of,
    number,
    refuse_plainly,
    the_activity,
    the_course,
    the_platform,
)
from lti_alliance.practice_lms.scenarios import add_activity
from lti_alliance.practice_lms.services import answer, parse_moment
from lti_alliance.practice_lms.state import Activity, Course

blueprint = Blueprint("practice_courses", __name__)

ACTIVITY_KINDS = ("assignment", "module_item", "course_navigation")
MOST_AT_ONCE = 10_000
WITH_CONSEQUENCES = ("deleted", "due_at", "points")
EDITABLE = (
    "title",
    "description",
    "url",
    "published",
    "unlock_at",
    "lock_at",
    "allowed_attempts",
    "grading_closed",
    "new_tab",
)


def activity_json(platform: Platform, course: Course, activity: Activity) -> dict[str, Any]:
    """Return an activity with the ids that the tool will meet."""
    item = course.primary_item(activity.id)
    return {
        **activity.to_json(),
        "line_item": item.id if item else None,
        "resource_id": item.resource_id if item else None,
        "tag": item.tag if item else None,
        "page": f"{platform.root}/courses/{course.id}/activities/{activity.id}",
    }


@blueprint.get("/courses/<platform_name>/<course_id>/activities")
def list_activities(platform_name: str, course_id: str) -> Response:
    """List a course's activities."""
    platform = the_platform(platform_name)
    course = the_course(platform, course_id)
    listed = [each for each in course.activities.values() if not each.deleted]
    return answer([activity_json(platform, course, each) for each in listed])


@blueprint.post("/courses/<platform_name>/<course_id>/activities")
def create_activity(platform_name: str, course_id: str) -> Response:
    """Put a tool activity into a course; `points` makes it graded."""
    platform = the_platform(platform_name)
    course, body = the_course(platform, course_id), body_of()
    kind = body.get("kind", "assignment" if body.get("points") is not None else "module_item")
    if not body.get("title") or kind not in ACTIVITY_KINDS:
        refuse_plainly("an activity needs a title, and a kind of " + ", ".join(ACTIVITY_KINDS))
    _check(body)
    with platform.store.lock:
        own_number = platform.state.take_number()
        name = str(body.get("id") or f"activity-{own_number}")
        if name in course.activities:
            refuse_plainly("that id is taken", 409)
        link = str(uuid.uuid4()) if platform.name == "canvas" else str(own_number)
        activity = Activity(name, own_number, str(body["title"]), kind, link)
        activity.due_at = body.get("due_at")
        _edit(activity, body)
        add_activity(
            platform.state,
            course,
            activity,
            points=body.get("points"),
            resource_id=body.get("resource_id"),
            tag=body.get("tag"),
        )
        made = activity_json(platform, course, activity)
    platform.store.changed()
    return answer(made, status=201)


@blueprint.patch("/courses/<platform_name>/<course_id>/activities/<activity_id>")
def edit_activity(platform_name: str, course_id: str, activity_id: str) -> Response:
    """Change an activity's members; title and points carry the line item along.

    `deleted` false brings a deleted activity back with its column and its grades.
    """
    platform = the_platform(platform_name)
    course, body = the_course(platform, course_id), body_of()
    activity = the_activity(course, activity_id, even_deleted="deleted" in body)
    _check(body)
    with platform.store.lock:
        _edit(activity, body)
        for name in WITH_CONSEQUENCES:
            if name in body:
                what = f"activity.{name}"
                change(platform, course, what, about=activity.id, value=body[name])
        item = course.primary_item(activity.id)
        if item is not None:
            item.label = activity.title
            item.resource_id = body.get("resource_id", item.resource_id)
            item.tag = body.get("tag", item.tag)
        changed = activity_json(platform, course, activity)
    platform.store.changed()
    return answer(changed)


@blueprint.delete("/courses/<platform_name>/<course_id>/activities/<activity_id>")
def delete_activity(platform_name: str, course_id: str, activity_id: str) -> Response:
    """Delete an activity with its column."""
    platform = the_platform(platform_name)
    course = the_course(platform, course_id)
    activity = the_activity(course, activity_id)
    change(platform, course, "activity.deleted", about=activity.id, value=True)
    return Response("", 204)


def _check(body: dict[str, Any]) -> None:
    for name in ("due_at", "unlock_at", "lock_at"):
        if body.get(name) is not None and parse_moment(body[name]) is None:
            refuse_plainly(f"{name} is a moment such as 2031-04-01T12:00:00Z, or null")
    if body.get("points") is not None:
        number(body, "points")
    if body.get("allowed_attempts") is not None:
        number(body, "allowed_attempts", least=1)


def _edit(activity: Activity, body: dict[str, Any]) -> None:
    for name in EDITABLE:
        if name in body:
            setattr(activity, name, body[name])
    if isinstance(body.get("custom"), dict):
        activity.custom = {str(name): str(value) for name, value in body["custom"].items()}


@blueprint.patch("/courses/<platform_name>/<course_id>")
def edit_course(platform_name: str, course_id: str) -> Response:
    """Publish, conclude, take the tool away; end, suspend or change enrolments; late policy."""
    platform = the_platform(platform_name)
    course, body = the_course(platform, course_id), body_of()
    enrolments = body.get("enrolments", {})
    if not (isinstance(enrolments, dict) and all(isinstance(e, dict) for e in enrolments.values())):
        refuse_plainly("enrolments are an object of people and what changes about them")
    if not set(enrolments) <= set(course.enrolments):
        refuse_plainly("no such enrolment", 404)
    if body.get("late_policy") is not None:
        _check_late_policy(platform, body["late_policy"])
    with platform.store.lock:
        for name in ("published", "concluded", "tool_installed"):
            if name in body:
                setattr(course, name, bool(body[name]))
        if "late_policy" in body:
            change(platform, course, "course.late_policy", value=body["late_policy"])
        for person_id, changes in enrolments.items():
            enrolment = course.enrolments[person_id]
            enrolment.ended = bool(changes.get("ended", enrolment.ended))
            enrolment.suspended = bool(changes.get("suspended", enrolment.suspended))
            enrolment.role = str(changes.get("role", enrolment.role))
    platform.store.changed()
    return answer(
        {
            "course": course.id,
            "published": course.published,
            "concluded": course.concluded,
            "tool_installed": course.tool_installed,
            "late_policy": course.late_policy.to_json() if course.late_policy else None,
        }
    )


def _check_late_policy(platform: Platform, policy: object) -> None:
    if platform.name != "canvas":
        refuse_plainly("only Canvas has a late policy")
    if not isinstance(policy, dict) or "percent_per_day" not in policy:
        refuse_plainly("a late policy says percent_per_day, and may say minimum_percent")
    for name in ("percent_per_day", "minimum_percent"):
        if name in policy:
            number(policy, name, most=100)


@blueprint.post("/courses/<platform_name>/<course_id>/people")
def enrol_people(platform_name: str, course_id: str) -> Response:
    """Enrol `count` students with made-up names at once, for a great class."""
    platform = the_platform(platform_name)
    course, body = the_course(platform, course_id), {"count": 1, **body_of()}
    count = int(number(body, "count", least=1, most=MOST_AT_ONCE))
    with platform.store.lock:
        enrolled = enrol_students(platform.state, course, count)
    platform.store.changed()
    listed = [
        {"person": each.id, "sub": each.sub, "number": each.number, "name": each.name}
        for each in enrolled
    ]
    return answer({"people": listed}, status=201)
