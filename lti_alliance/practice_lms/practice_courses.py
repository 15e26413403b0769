"""The practice LMS's own interface to courses: activities, enrolments, conclusions."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response

from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.practice_lookups import (
    body_of,
    refuse_plainly,
    the_activity,
    the_course,
    the_platform,
)
from lti_alliance.practice_lms.scenarios import add_activity
from lti_alliance.practice_lms.services import answer
from lti_alliance.practice_lms.state import Activity, Course

blueprint = Blueprint("practice_courses", __name__)

ACTIVITY_KINDS = ("assignment", "module_item", "course_navigation")
EDITABLE = (
    "title",
    "description",
    "url",
    "published",
    "due_at",
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
    with platform.store.lock:
        number = platform.state.take_number()
        name = str(body.get("id") or f"activity-{number}")
        if name in course.activities:
            refuse_plainly("that id is taken", 409)
        link = str(uuid.uuid4()) if platform.name == "canvas" else str(number)
        activity = Activity(name, number, str(body["title"]), kind, link)
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
    """Change an activity's members; title and points carry the line item along."""
    platform = the_platform(platform_name)
    course = the_course(platform, course_id)
    activity, body = the_activity(course, activity_id), body_of()
    with platform.store.lock:
        _edit(activity, body)
        item = course.primary_item(activity.id)
        if item is not None:
            item.label = activity.title
            if body.get("points") is not None:
                activity.points = item.score_maximum = float(body["points"])
            item.resource_id = body.get("resource_id", item.resource_id)
            item.tag = body.get("tag", item.tag)
        elif body.get("points") is not None:
            add_activity(platform.state, course, activity, points=float(body["points"]))
        changed = activity_json(platform, course, activity)
    platform.store.changed()
    return answer(changed)


@blueprint.delete("/courses/<platform_name>/<course_id>/activities/<activity_id>")
def delete_activity(platform_name: str, course_id: str, activity_id: str) -> Response:
    """Delete an activity with its column."""
    platform = the_platform(platform_name)
    activity = the_activity(the_course(platform, course_id), activity_id)
    activity.deleted = True
    platform.store.changed()
    return Response("", 204)


def _edit(activity: Activity, body: dict[str, Any]) -> None:
    for name in EDITABLE:
        if name in body:
            setattr(activity, name, body[name])
    if isinstance(body.get("custom"), dict):
        activity.custom = {str(name): str(value) for name, value in body["custom"].items()}


@blueprint.patch("/courses/<platform_name>/<course_id>")
def edit_course(platform_name: str, course_id: str) -> Response:
    """Publish, conclude, take the tool away; end, suspend or change enrolments."""
    platform = the_platform(platform_name)
    course, body = the_course(platform, course_id), body_of()
    with platform.store.lock:
        for name in ("published", "concluded", "tool_installed"):
            if name in body:
                setattr(course, name, bool(body[name]))
        for person_id, changes in body.get("enrolments", {}).items():
            enrolment = course.enrolments.get(person_id)
            if enrolment is None:
                refuse_plainly("no such enrolment", 404)
            enrolment.ended = bool(changes.get("ended", enrolment.ended))
            enrolment.suspended = bool(changes.get("suspended", enrolment.suspended))
            enrolment.role = str(changes.get("role", enrolment.role))
    platform.store.changed()
    return answer({"course": course.id, "published": course.published})
