"""What Moodle does with the tool's deep linking response.

Deep Linking 2.0, section 5: https://www.imsglobal.org/spec/lti-dl/v2p0/
"""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Response, g, make_response, render_template, request

from lti_alliance.practice_lms import keys
from lti_alliance.practice_lms.content_making import keep_draft
from lti_alliance.practice_lms.dialects.moodle_tokens import verification_fault
from lti_alliance.practice_lms.drafts import Chosen, Draft
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import CONTENT_ITEMS
from lti_alliance.practice_lms.services import refuse
from lti_alliance.practice_lms.sessions import signed_in
from lti_alliance.practice_lms.tools import Tool

DEFAULT_MAXIMUM = 100.0


def receive(platform: Platform) -> Response:
    """Check the response as Moodle does, then fill in the form that the teacher saves."""
    token = request.form.get("JWT", "")
    g.answered = {"deep linking response": token}
    course = platform.state.courses.get(request.args.get("course", ""))
    person = signed_in(platform)
    # The session key serves as long as the session: a second response fills the form once more.
    asked = platform.pending.get("deep_linking:" + request.args.get("sesskey", ""))
    if course is None or asked is None or asked.course_id != course.id:
        _error_page("Your session has most likely timed out. Please log in again.")
    if person is None or not platform.may_teach(course, person):
        _error_page("Sorry, but you do not currently have permissions to do that.")
    claims = keys.unverified_claims(token)
    if claims.get("iss") != platform.state.tool.client_id:
        _error_page("Consumer key is incorrect.")
    fault = verification_fault(platform, token)
    if fault:
        _error_page(f"Exception - {fault}")
    items = [
        chosen(platform.state.tool, each)
        for each in claims.get(CONTENT_ITEMS) or []
        if isinstance(each, dict)
    ]
    # Messages of the tool (`msg`, `errormsg`) are shown nowhere.
    draft = keep_draft(platform, course, Draft(items)) if items else ""
    page = render_template("added.html", platform=platform, course=course, draft=draft)
    return make_response(page)


def chosen(tool: Tool, content: dict[str, Any]) -> Chosen:
    """Return what Moodle takes from an item, of whatever type it says that it is."""
    line_item = content.get("lineItem")
    details = line_item if isinstance(line_item, dict) else {}
    is_graded = isinstance(line_item, dict) or tool.accept_grades == "always"
    review = details.get("submissionReview")
    reviewing = review if isinstance(review, dict) else {}
    icon = content.get("icon")
    return Chosen(
        str(content.get("title") or ""),
        "assignment" if is_graded else "module_item",
        url=str(content.get("url") or ""),
        text=str(content.get("html") or content.get("text") or ""),
        custom=as_texts(content.get("custom")),
        points=_points(details.get("scoreMaximum")) if is_graded else None,
        resource_id=str(details.get("resourceId") or ""),
        tag=str(details.get("tag") or ""),
        icon=str((icon.get("url") if isinstance(icon, dict) else icon) or ""),
        review_url=str(reviewing.get("url") or ""),
        review_custom=as_texts(reviewing.get("custom")),
    )


def as_texts(custom: object) -> dict[str, str]:
    """Return custom parameters as PHP writes them: true is 1, false is nothing."""
    return {
        str(name): _as_text(value)
        for name, value in (custom if isinstance(custom, dict) else {}).items()
    }


def as_lines(custom: dict[str, str]) -> str:
    """Return custom parameters as they stand in the form."""
    return "\n".join(f"{name}={value}" for name, value in custom.items())


def from_lines(text: str) -> dict[str, str]:
    """Read custom parameters from the form; a line without an equals sign is none."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def _points(value: object) -> float:
    try:
        points = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return DEFAULT_MAXIMUM
    return points if points > 0 else DEFAULT_MAXIMUM


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, (dict, list)):
        return "Array"
    return "" if value is None else str(value)


def _error_page(message: str) -> NoReturn:
    refuse(make_response(render_template("moodle_error.html", message=message), 404))
