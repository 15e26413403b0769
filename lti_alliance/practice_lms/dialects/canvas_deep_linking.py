"""What Canvas does with the tool's deep linking response.

Deep Linking 2.0, section 5: https://www.imsglobal.org/spec/lti-dl/v2p0/
"""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

from flask import Response, g, make_response, render_template, request

from lti_alliance.practice_lms import keys
from lti_alliance.practice_lms.dialects.canvas_tokens import check_signature, time_faults
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scenarios import add_activity
from lti_alliance.practice_lms.services import Refusal, answer, refuse
from lti_alliance.practice_lms.sessions import signed_in
from lti_alliance.practice_lms.state import Activity, Course

CONTENT_ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
DATA_LIFE_S = 3600


def receive(platform: Platform, course_id: str) -> Response:
    """Check the response as Canvas does; the teacher's form is taken as saved at once."""
    token = request.form.get("JWT", "")
    g.answered = {"deep linking response": token}
    claims = _checked(platform, token)
    key = "deep_linking:" + request.args.get("data", "")
    if platform.take_launch(key, lifetime_s=DATA_LIFE_S) is None:
        _fail("data_jwt", "the data has been used or is not ours", attribute="data_jwt")
    course = platform.state.courses[course_id]
    person = signed_in(platform)
    if person is None or not platform.may_teach(course, person):
        page = render_template("canvas_error.html", message="You may not add content here.")
        return make_response(page, 401)
    made = None
    for content in (claims.get(CONTENT_ITEMS) or [])[:1]:
        if isinstance(content, dict) and content.get("type") == "ltiResourceLink":
            made = _make(platform, course, content)
    page = render_template("added.html", platform=platform, course=course, activity=made)
    return make_response(page)


def _checked(platform: Platform, token: str) -> dict[str, Any]:
    claimed = keys.unverified_claims(token)
    if claimed.get("iss") != platform.state.tool.client_id:
        _fail("client_not_found", "Client not found")
    try:
        claims = check_signature(platform, token)
    except Refusal:
        _fail("verification_failure", "JWT verification failure")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if platform.state.issuer not in audiences:
        _fail("aud", "the 'aud' is invalid")
    faults = time_faults(claims, now=platform.now())
    missing = [name for name in ("iat", "exp", "nonce") if not claims.get(name)]
    if missing:
        faults.append("the following assertions are missing: " + ",".join(missing))
    if faults:
        _fail("invalid", " | ".join(faults))
    if not platform.state.switches.key_on:
        _fail("key", "Developer key inactive")
    return claims


def _fail(kind: str, message: str, *, attribute: str = "jwt") -> NoReturn:
    fault = {"attribute": attribute, "type": kind, "message": message}
    refuse(answer({"errors": {attribute: [fault]}}, status=400))


def _make(platform: Platform, course: Course, content: dict[str, Any]) -> Activity:
    line_item = content.get("lineItem") if isinstance(content.get("lineItem"), dict) else {}
    assert isinstance(line_item, dict)
    custom = content.get("custom")
    flat = custom if isinstance(custom, dict) else {}
    with platform.store.lock:
        number = platform.state.take_number()
        activity = Activity(
            f"activity-{number}",
            number,
            str(line_item.get("label") or content.get("title") or "Untitled"),
            "assignment",
            str(uuid.uuid4()),
            url=str(content.get("url") or ""),
            description=str(content.get("text") or ""),
            custom={
                str(name): _as_text(value)
                for name, value in flat.items()
                if isinstance(value, (str, int, float, bool))
            },
            new_tab=(content.get("window") or {}).get("targetName") == "_blank",
        )
        add_activity(
            platform.state,
            course,
            activity,
            points=float(line_item.get("scoreMaximum") or 0),
            resource_id=line_item.get("resourceId"),
            tag=line_item.get("tag"),
        )
    platform.store.changed()
    return activity


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
