"""A Canvas launch: initiation, authentication request, id_token.

LTI 1.3 Core and Security Framework 1.0, section 5.1.1: https://www.imsglobal.org/spec/lti/v1p3/
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from flask import Response, g, make_response, render_template, request

from lti_alliance.practice_lms.dialects.canvas_claims import id_token_claims
from lti_alliance.practice_lms.platform import PendingLaunch, Platform
from lti_alliance.practice_lms.services import refuse
from lti_alliance.practice_lms.sessions import signed_in
from lti_alliance.practice_lms.state import Person

HINT_LIFE_S = 5 * 60
REQUIRED = (
    "client_id",
    "login_hint",
    "lti_message_hint",
    "nonce",
    "prompt",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
)


def initiate(platform: Platform, launch: PendingLaunch, person: Person) -> dict[str, str]:
    """Return the fields of the login initiation; the launch then waits for its one use."""
    platform.begin_launch(launch, lifetime_s=HINT_LIFE_S)
    tool, switches = platform.state.tool, platform.state.switches
    now = int(platform.now())
    hint = {
        "verifier": launch.key,
        "canvas_domain": platform.settings.host,
        "context_type": "Course",
        "context_id": launch.course_id,
        "canvas_locale": "en",
        "iat": now,
        "exp": now + HINT_LIFE_S,
    }
    fields = {
        "iss": platform.issuer,
        "login_hint": person.legacy_id,
        "client_id": tool.client_id,
        "target_link_uri": launch.target,
        "lti_message_hint": jwt.encode(hint, platform.state.secret, algorithm="HS256"),
        "canvas_environment": "prod",
        "canvas_region": "not_configured",
    }
    if switches.login_fields in {"lti_deployment_id", "deployment_id"}:
        fields[switches.login_fields] = tool.deployment_id
    if switches.storage_target:
        fields["lti_storage_target"] = switches.storage_frame
    return fields


def authorize(platform: Platform) -> Response:
    """Check the request in Canvas's order and post the outcome to the tool."""
    asked = request.values.to_dict()
    hint = _hint(platform, asked.get("lti_message_hint", ""))
    person = signed_in(platform)
    if person is None:
        return _without_session(platform, asked)
    error = _fault_of_request(platform, asked, person)
    launch = platform.take_launch(str(hint["verifier"]), lifetime_s=HINT_LIFE_S)
    if launch is None:
        error = ("launch_no_longer_valid", "The launch has either expired or already been used")
    uri = asked.get("redirect_uri", "")
    if not _registered(uri, platform.state.tool.redirect_uris):
        _page("Invalid redirect_uri")
    fields: dict[str, str] = {"utf8": "✓", "authenticity_token": platform.new_launch_key()}
    if error is not None or launch is None:
        fields = {"error": (error or ("", ""))[0], "error_description": (error or ("", ""))[1]}
    else:
        claims = id_token_claims(platform, launch, nonce=asked.get("nonce", ""))
        fields["id_token"] = platform.sign(claims)
        if platform.state.switches.storage_target:
            fields["lti_storage_target"] = platform.state.switches.storage_frame
    if asked.get("state"):
        fields["state"] = asked["state"]
    return form_post(uri, fields)


def form_post(address: str, fields: dict[str, str]) -> Response:
    """Answer with a page that posts the fields on, by itself or by its button."""
    g.answered = {"form posted to": address, "fields": fields}
    page = render_template("form_post.html", address=address, fields=fields, button="Go on")
    return make_response(page)


def resubmit(address: str, fields: dict[str, str]) -> Response:
    """Answer with a page that sends the request again from this site itself."""
    g.answered = {"sent again to": address}
    page = render_template("form_post.html", address=address, fields=fields, button="Go on")
    return make_response(page)


def _page(message: str, status: int = 400) -> None:
    refuse(make_response(render_template("canvas_error.html", message=message), status))


def _hint(platform: Platform, text: str) -> dict[str, Any]:
    try:
        hint = jwt.decode(
            text,
            platform.state.secret,
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        hint = {}
    if not hint or hint["exp"] <= platform.now():
        _page("Invalid lti_message_hint")
    return dict(hint)


def _without_session(platform: Platform, asked: dict[str, str]) -> Response:
    if "retried" not in asked:
        # The cookie may be held back from a request that another site began.
        address = platform.root + "/api/lti/authorize"
        return resubmit(address, {**asked, "retried": "true"})
    message = "You are not signed in to Canvas here."
    return make_response(render_template("canvas_error.html", message=message), 401)


def _fault_of_request(
    platform: Platform, asked: dict[str, str], person: Person
) -> tuple[str, str] | None:
    """Return the last fault: in Canvas a later one overwrites an earlier one."""
    error = None
    missing = [name for name in REQUIRED if not asked.get(name)]
    if missing:
        text = "The following parameters are missing: " + ",".join(missing)
        error = ("invalid_request_object", text)
    if asked.get("scope") != "openid":
        error = ("invalid_request_object", "The 'scope' must be 'openid'")
    if asked.get("login_hint") != person.legacy_id:
        error = ("login_required", "Must have an active user session")
    client_known = asked.get("client_id") == platform.state.tool.client_id
    if not client_known or not platform.state.switches.key_on:
        error = ("unauthorized_client", "Client not authorized in requested context")
    return error


def _registered(uri: str, registered: list[str]) -> bool:
    """Compare as Canvas does, its oddity included: a query on the registered side decides alone."""
    asked = urlsplit(uri)
    for each in registered:
        known = urlsplit(each)
        if known.query:
            present = parse_qs(asked.query)
            if all(present.get(name) == value for name, value in parse_qs(known.query).items()):
                return True
        elif uri.partition("?")[0] == each:
            return True
    return False
