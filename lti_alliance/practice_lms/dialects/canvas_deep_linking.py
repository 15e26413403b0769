"""What Canvas does with the tool's deep linking response.

Deep Linking 2.0, section 5: https://www.imsglobal.org/spec/lti-dl/v2p0/
"""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Response, g, make_response, render_template, request

from lti_alliance.practice_lms import keys
from lti_alliance.practice_lms.content_making import keep_draft, make
from lti_alliance.practice_lms.dialects import canvas_content
from lti_alliance.practice_lms.dialects.canvas_placements import FILLING, PLACES
from lti_alliance.practice_lms.dialects.canvas_tokens import check_signature, time_faults
from lti_alliance.practice_lms.drafts import Draft
from lti_alliance.practice_lms.platform import PendingLaunch, Platform
from lti_alliance.practice_lms.scopes import CANVAS_OWN, CONTENT_ITEMS
from lti_alliance.practice_lms.services import Refusal, answer, refuse
from lti_alliance.practice_lms.sessions import signed_in
from lti_alliance.practice_lms.state import Course

DATA_LIFE_S = 3600
CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"
LINKS = {"ltiResourceLink"}
IN_MODULES = {"module_index_menu_modal", "module_menu_modal"}
NEW_MODULE = "New Content From App"


def receive(platform: Platform, course_id: str) -> Response:
    """Check the response as Canvas does; then fill in a form, or make what was chosen."""
    token = request.form.get("JWT", "")
    g.answered = {"deep linking response": token}
    claims = _checked(platform, token)
    key = "deep_linking:" + request.args.get("data", "")
    asked = platform.take_launch(key, lifetime_s=DATA_LIFE_S)
    if asked is None or asked.course_id != course_id:
        _fail("data_jwt", "the data has been used or is not ours", attribute="data_jwt")
    course = platform.state.courses[course_id]
    place = PLACES[asked.placement]
    accepted = [
        each
        for each in claims.get(CONTENT_ITEMS) or []
        if isinstance(each, dict) and each.get("type") in set(place.accept_types) & LINKS
    ]
    items = accepted if place.multiple else accepted[:1]
    person = signed_in(platform)
    if items and (person is None or not platform.may_teach(course, person)):
        page = render_template("canvas_error.html", message="You may not add content here.")
        return make_response(page, 401)
    outcome = _outcome(platform, course, items, asked=asked, claims=claims)
    outcome["messages"] = [
        str(claims[CLAIM + each]) for each in ("msg", "errormsg") if claims.get(CLAIM + each)
    ]
    page = render_template("added.html", platform=platform, course=course, **outcome)
    return make_response(page)


def _outcome(
    platform: Platform,
    course: Course,
    items: list[dict[str, Any]],
    *,
    asked: PendingLaunch,
    claims: dict[str, Any],
) -> dict[str, Any]:
    """Return what the dialog then shows: a form to go on to, or what was made and what was not."""
    if asked.placement in FILLING and items:
        chosen = canvas_content.chosen(items[0], existing_title=asked.title)
        # Dates are not filled in here, and nothing exists before the teacher saves.
        chosen.kind, chosen.points = "assignment", chosen.points or 0.0
        chosen.unlock_at = chosen.lock_at = chosen.due_at = None
        return {"draft": keep_draft(platform, course, Draft([chosen], asked.placement))}
    is_one_link = len(items) == 1 and not isinstance(items[0].get("lineItem"), dict)
    if asked.placement == "link_selection" and is_one_link:
        chosen = canvas_content.chosen(items[0])
        return {"draft": keep_draft(platform, course, Draft([chosen], asked.placement))}
    named = asked.module or str(claims.get(CANVAS_OWN + "module_name") or NEW_MODULE)
    made, errors = [], []
    for place, content in enumerate(items, 1):
        chosen = canvas_content.chosen(content)
        if chosen.kind == "assignment" and chosen.points is None:
            errors.append(f"Item {place}: lineItem.scoreMaximum must be a number of points.")
            continue
        chosen.published = False
        is_in_module = asked.placement in IN_MODULES or chosen.kind == "module_item"
        chosen.module = named if is_in_module else ""
        made.append(make(platform, course, chosen))
    return {"made": made, "errors": errors}


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
    if platform.issuer not in audiences:
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
