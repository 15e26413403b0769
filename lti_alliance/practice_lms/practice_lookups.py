"""Find what a request to the practice LMS's own interface names, or say what is missing."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from flask import Response, abort, request

from lti_alliance.practice_lms.platform import Platform, practice
from lti_alliance.practice_lms.state import Activity, Course, Person


def body_of() -> dict[str, Any]:
    """Return the JSON object that was sent, or an empty one."""
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def the_platform(name: object) -> Platform:
    """Return the platform, or refuse."""
    found = practice().platforms.get(str(name))
    if found is None:
        refuse_plainly("no such platform: say canvas or moodle", 404)
    return found


def refuse_plainly(sentence: str, status: int = 400) -> NoReturn:
    """Refuse with one sentence."""
    abort(Response(json.dumps({"error": sentence}), status, content_type="application/json"))


def number(body: dict[str, Any], name: str, *, least: float = 0, most: float = math.inf) -> float:
    """Return a number that was sent, or refuse what is none."""
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        limits = f"from {least:g}" + (f" to {most:g}" if math.isfinite(most) else " up")
        refuse_plainly(f"{name} is a number {limits}")
    return value


def the_course(platform: Platform, course_id: object) -> Course:
    """Return the course; the first one when none is named, or refuse."""
    if course_id is None:
        return next(iter(platform.state.courses.values()))
    found = platform.state.courses.get(str(course_id))
    if found is None:
        refuse_plainly("no such course", 404)
    return found


def the_person(platform: Platform, person_id: object) -> Person:
    """Return the person, or refuse."""
    found = platform.state.people.get(str(person_id))
    if found is None:
        refuse_plainly("no such person", 404)
    return found


def the_activity(course: Course, activity_id: object, *, even_deleted: bool = False) -> Activity:
    """Return the activity, or refuse."""
    found = course.activities.get(str(activity_id))
    if found is None or (found.deleted and not even_deleted):
        refuse_plainly("no such activity", 404)
    return found
