"""A Moodle launch: initiation, authentication request, id_token.

LTI 1.3 Core and Security Framework 1.0, section 5.1.1: https://www.imsglobal.org/spec/lti/v1p3/
"""

from __future__ import annotations

import json
import secrets
from typing import NoReturn

from flask import Response, g, make_response, redirect, render_template, request

from lti_alliance.practice_lms.dialects.moodle_claims import id_token_claims
from lti_alliance.practice_lms.platform import PendingLaunch, Platform
from lti_alliance.practice_lms.services import refuse
from lti_alliance.practice_lms.sessions import signed_in
from lti_alliance.practice_lms.state import Person

SESSION_LIFE_S = 8 * 3600
NEEDED = ("scope", "response_type", "client_id", "redirect_uri", "login_hint", "nonce")


def initiate(platform: Platform, launch: PendingLaunch, person: Person) -> dict[str, str]:
    """Return the fields of the login initiation; the launch then waits for its one use."""
    platform.begin_launch(launch, lifetime_s=SESSION_LIFE_S)
    activity = platform.state.courses[launch.course_id].activities.get(launch.activity_id or "")
    hint: dict[str, object] = {"launchid": launch.key}
    if activity is not None:
        hint = {"cmid": activity.number, **hint}
    tool = platform.state.tool
    return {
        "iss": platform.issuer,
        "target_link_uri": launch.target,
        "login_hint": person.sub,
        "lti_message_hint": json.dumps(hint, separators=(",", ":")),
        "client_id": tool.client_id,
        "lti_deployment_id": tool.deployment_id,
    }


def launch_key(kind: str, number: int | None) -> str:
    """Return a name for a launch in Moodle's shape, though not guessable."""
    middle = "_ContentItemSelectionRequest" if kind == "deep_linking" else f"{number}_"
    return f"ltilaunch{middle}{secrets.randbelow(10**18)}"


def authorize(platform: Platform) -> Response:
    """Check the request in Moodle's order and post the outcome to the tool."""
    asked = request.values.to_dict()
    person = signed_in(platform)
    if person is None:
        return _without_session(platform, asked)
    launch = _launch(platform, asked)
    tool = platform.state.tool
    if asked["redirect_uri"] not in tool.redirect_uris:
        _error_page("Invalid request")
    fields = _fault_of_request(platform, asked, person)
    if fields is None:
        claims = id_token_claims(platform, launch, nonce=asked["nonce"])
        fields = {"id_token": platform.sign(claims)}
    if asked.get("state"):
        fields["state"] = asked["state"]
    return form_post(asked["redirect_uri"], fields)


def form_post(address: str, fields: dict[str, str]) -> Response:
    """Answer with a page that posts the fields on, by itself or by its button."""
    g.answered = {"form posted to": address, "fields": fields}
    page = render_template("form_post.html", address=address, fields=fields, button="Continue")
    return make_response(page)


def _launch(platform: Platform, asked: dict[str, str]) -> PendingLaunch:
    """Return the one-use launch; without it Moodle does not know whom to answer."""
    if not all(asked.get(name) for name in NEEDED):
        _error_page("Invalid request")
    try:
        hint = json.loads(asked.get("lti_message_hint", ""))
    except ValueError:
        hint = {}
    key = hint.get("launchid") if isinstance(hint, dict) else None
    if not key or asked["scope"] != "openid" or asked["response_type"] != "id_token":
        _error_page("Invalid request")
    launch = platform.take_launch(str(key), lifetime_s=SESSION_LIFE_S)
    if launch is None:
        _error_page("Invalid request")
    return launch


def _fault_of_request(
    platform: Platform, asked: dict[str, str], person: Person
) -> dict[str, str] | None:
    if asked["client_id"] != platform.state.tool.client_id:
        return {"error": "unauthorized_client"}
    if asked["login_hint"] != person.sub:
        return {"error": "access_denied"}
    if asked.get("response_mode") != "form_post":
        return {"error": "invalid_request", "error_description": "Invalid response_mode"}
    if asked.get("prompt") not in (None, "", "none"):
        return {"error": "invalid_request", "error_description": "Invalid prompt"}
    return None


def _error_page(message: str) -> NoReturn:
    refuse(make_response(render_template("moodle_error.html", message=message), 404))


def _without_session(platform: Platform, asked: dict[str, str]) -> Response:
    if "repost" not in asked:
        # The cookie may be held back from a request that another site began.
        address = f"{platform.root}/mod/lti/auth.php"
        g.answered = {"sent again to": address}
        page = render_template(
            "form_post.html", address=address, fields={**asked, "repost": "true"}, button="Continue"
        )
        return make_response(page)
    found = redirect(f"{platform.root}/login", code=303)
    return Response(found.response, 303, found.headers)
