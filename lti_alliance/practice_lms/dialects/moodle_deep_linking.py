"""What Moodle does with the tool's deep linking response.

Deep Linking 2.0, section 5: https://www.imsglobal.org/spec/lti-dl/v2p0/
"""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Response, g, make_response, render_template, request

from lti_alliance.practice_lms import keys
from lti_alliance.practice_lms.dialects.moodle_tokens import verification_fault
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scenarios import add_activity
from lti_alliance.practice_lms.services import refuse
from lti_alliance.practice_lms.sessions import signed_in
from lti_alliance.practice_lms.state import Activity, Course

CONTENT_ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
DEFAULT_MAXIMUM = 100


def receive(platform: Platform) -> Response:
    """Check the response as Moodle does; the teacher's form is taken as saved at once."""
    token = request.form.get("JWT", "")
    g.answered = {"deep linking response": token}
    course = platform.state.courses.get(request.args.get("course", ""))
    person = signed_in(platform)
    key = "deep_linking:" + request.args.get("sesskey", "")
    if course is None or platform.take_launch(key, lifetime_s=3600) is None:
        _error_page("Your session has most likely timed out. Please log in again.")
    if person is None or not platform.may_teach(course, person):
        _error_page("Sorry, but you do not currently have permissions to do that.")
    claims = keys.unverified_claims(token)
    if claims.get("iss") != platform.state.tool.client_id:
        _error_page("Consumer key is incorrect.")
    fault = verification_fault(platform, token)
    if fault:
        _error_page(fault)
    made = None
    for content in claims.get(CONTENT_ITEMS) or []:
        if isinstance(content, dict):
            made = _make(platform, course, content)
    page = render_template("added.html", platform=platform, course=course, activity=made)
    return make_response(page)


def _error_page(message: str) -> NoReturn:
    refuse(make_response(render_template("moodle_error.html", message=message), 404))


def _make(platform: Platform, course: Course, content: dict[str, Any]) -> Activity:
    line_item = content.get("lineItem")
    graded = isinstance(line_item, dict)
    custom = content.get("custom")
    with platform.store.lock:
        number = platform.state.take_number()
        activity = Activity(
            f"activity-{number}",
            number,
            str(content.get("title") or "Untitled"),
            "assignment" if graded else "module_item",
            str(number),
            url=str(content.get("url") or ""),
            description=str(content.get("text") or ""),
            custom={
                str(name): _as_text(value)
                for name, value in (custom if isinstance(custom, dict) else {}).items()
            },
        )
        details = line_item if isinstance(line_item, dict) else {}
        add_activity(
            platform.state,
            course,
            activity,
            points=float(details.get("scoreMaximum") or DEFAULT_MAXIMUM) if graded else None,
            resource_id=str(details.get("resourceId") or ""),
            tag=str(details.get("tag") or ""),
        )
    platform.store.changed()
    return activity


def _as_text(value: object) -> str:
    return ("1" if value else "") if isinstance(value, bool) else str(value)
