"""A tool registers itself at Moodle: what Moodle checks, keeps and echoes.

Dynamic Registration 1.0: https://www.imsglobal.org/spec/lti-dr/v1p0
"""

from __future__ import annotations

import json
import re
import secrets
import string
from typing import Any, NoReturn
from urllib.parse import urlencode

import jwt
from flask import Response, g, make_response, request

from lti_alliance.practice_lms import keys
from lti_alliance.practice_lms.dialects.moodle_configuration import (
    DEEP_LINKING,
    PLACE,
    TOOL_SETTINGS,
)
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import (
    LINEITEM,
    LINEITEM_READONLY,
    MEMBERSHIP,
    RESULT,
    SCORE,
    TOOL_CONFIGURATION,
)
from lti_alliance.practice_lms.services import bearer_token, refuse
from lti_alliance.practice_lms.tools import Placement, Tool

LIFE_S = 3600
NEW, UPDATE = "reg", "reg-update"
NAMES = {"name", "given_name", "family_name"}
DOMAIN = re.compile(r"(?:https?://)?(?:www\.)?([^/]+)(?:/|$)", re.IGNORECASE)


def query(platform: Platform, updated: Tool | None) -> str:
    """Return what Moodle adds to the tool's registration address."""
    now = int(platform.now())
    letters = string.ascii_letters + string.digits
    claims = {
        "sub": "".join(secrets.choice(letters) for _ in range(15)),
        "scope": NEW,
        "iat": now,
        "exp": now + LIFE_S,
    }
    if updated is not None:
        claims |= {"sub": updated.deployment_id, "scope": UPDATE}
    return urlencode(
        {
            "openid_configuration": f"{platform.root}/mod/lti/openid-configuration.php",
            "registration_token": platform.sign(claims),
        }
    )


def register(platform: Platform) -> Response:
    """Keep what the tool says of itself; a new tool stays pending until it is activated."""
    token = bearer_token()
    if token is None:
        _fail("missing_registration_token", 401)
    claims = _token_claims(platform, token)
    sub, updated = str(claims.get("sub", "")), None
    if claims.get("scope") == UPDATE:
        known = [platform.state.tool, *platform.state.pending_tools.values()]
        updated = next((each for each in known if each.deployment_id == sub), None)
        if updated is None:
            _fail("Unknown client", 400)
    elif claims.get("scope") != NEW:
        _fail("Incorrect scope", 403)
    elif sub in platform.state.used_tokens:
        _fail("token_already_used", 401)
    told = _payload()
    with platform.store.lock:
        if updated is None:
            tool = _tool(told, client_id=sub, deployment_id=platform.next_tool_number())
            platform.state.pending_tools[sub] = tool
            platform.state.used_tokens.append(sub)
        else:
            tool = _tool(told, client_id=updated.client_id, deployment_id=updated.deployment_id)
            if updated is platform.state.tool:
                platform.state.tool = tool
                platform.state.cached_tool_keys = {}
            else:
                platform.state.pending_tools[tool.client_id] = tool
    platform.store.changed()
    g.answered = echo = _echo(tool)
    text = json.dumps(echo, separators=(",", ":")).replace("/", "\\/")
    return Response(text, 200, content_type="application/json; charset=utf-8")


def _fail(message: str, status: int) -> NoReturn:
    response = make_response(message, status)
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    refuse(response)


def _token_claims(platform: Platform, token: str) -> dict[str, Any]:
    # How Moodle words a token that it cannot verify has not been seen on the wire.
    jwk = keys.find_jwk(platform.key_set(), keys.unverified_header(token).get("kid"))
    try:
        claims = jwt.decode(
            token,
            jwt.PyJWK(jwk or {}),
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
    except jwt.PyJWTError:
        _fail("invalid_registration_token", 401)
    if claims.get("exp", 0) <= platform.now():
        _fail("invalid_registration_token", 401)
    return dict(claims)


def _payload() -> dict[str, Any]:
    try:
        told = json.loads(request.get_data())
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {}


def _needed(told: dict[str, Any], name: str) -> Any:
    if not told.get(name):
        _fail(f"missing required attribute {name}", 400)
    return told[name]


def _domain(address: str) -> str:
    found = DOMAIN.match(address)
    return found.group(1).lower() if found else ""


def _tool(told: dict[str, Any], *, client_id: str, deployment_id: str) -> Tool:
    response_types = _needed(told, "response_types")
    login_url = str(_needed(told, "initiate_login_uri"))
    redirects = _needed(told, "redirect_uris")
    name = str(_needed(told, "client_name"))
    jwks_url = str(_needed(told, "jwks_uri"))
    method = _needed(told, "token_endpoint_auth_method")
    own = _needed(told, TOOL_CONFIGURATION)
    own = own if isinstance(own, dict) else {}
    if not own.get("domain"):
        _fail("missing_domain", 400)
    target = str(own.get("target_link_uri") or f"https://{own['domain']}")
    domain = _domain(str(own["domain"]))
    if domain != _domain(target):
        _fail("domain_targetlinkuri_mismatch", 400)
    if "id_token" not in response_types:
        _fail("invalid_response_types", 400)
    if not isinstance(redirects, list):
        _fail("invalid_redirect_uris", 400)
    if method != "private_key_jwt":
        _fail("invalid_token_endpoint_auth_method", 400)
    if told.get("application_type") not in (None, "", "web"):
        _fail("invalid_application_type", 400)
    claims = {str(each) for each in own.get("claims") or []}
    parameters = own.get("custom_parameters")
    return Tool(
        client_id=client_id,
        deployment_id=deployment_id,
        login_url=login_url,
        redirect_uris=[str(each) for each in redirects],
        jwks_url=jwks_url,
        target_link_uri=target,
        scopes=_granted(str(told.get("scope") or "").split()),
        custom={str(key): str(value) for key, value in (parameters or {}).items()},
        name=name,
        description=str(own.get("description") or ""),
        domain=domain,
        privacy=_privacy(claims),
        placements=_placements(own.get("messages"), target),
        icon=str(told.get("logo_uri") or ""),
        registration=json.dumps(told),
        first_deployment_id=deployment_id,
    )


def _granted(asked: list[str]) -> list[str]:
    """Return what the asked scopes switch on, in the order in which Moodle says it."""
    granted = []
    if {SCORE, RESULT, LINEITEM_READONLY, LINEITEM} & set(asked):
        granted = [SCORE, RESULT, LINEITEM_READONLY]
    granted += [LINEITEM] if LINEITEM in asked else []
    granted += [MEMBERSHIP] if MEMBERSHIP in asked else []
    return granted + ([TOOL_SETTINGS] if TOOL_SETTINGS in asked else [])


def _privacy(claims: set[str]) -> str:
    named, mailed = bool(NAMES & claims), "email" in claims
    if named and mailed:
        return "public"
    return "name_only" if named else "email_only" if mailed else "anonymous"


def _placements(messages: object, target: str) -> dict[str, Placement]:
    """Keep the deep linking message alone; everything else about messages is dropped."""
    for each in messages if isinstance(messages, list) else []:
        if isinstance(each, dict) and each.get("type") == DEEP_LINKING:
            address = str(each.get("target_link_uri") or target)
            return {PLACE: Placement(PLACE, DEEP_LINKING, address)}
    return {}


def _echo(tool: Tool) -> dict[str, Any]:
    own: dict[str, Any] = {
        "version": "1.3.0",
        "deployment_id": tool.deployment_id,
        "target_link_uri": tool.target_link_uri,
        "domain": tool.domain,
        "description": tool.description,
    }
    place = tool.placement(PLACE)
    if place is not None:
        own["messages"] = [{"type": DEEP_LINKING, "target_link_uri": place.target_link_uri}]
    if tool.custom:
        # Kept as lines with an equals sign, so that what follows a second one is lost here.
        own["custom_parameters"] = {
            key: value.partition("=")[0] for key, value in tool.custom.items()
        }
    named = ["name", "family_name", "given_name"] if tool.privacy in {"public", "name_only"} else []
    mailed = ["email"] if tool.privacy in {"public", "email_only"} else []
    own["claims"] = ["sub", "iss", *named, *mailed]
    echo: dict[str, Any] = {
        "client_id": tool.client_id,
        "response_types": ["id_token"],
        "jwks_uri": tool.jwks_url,
        "initiate_login_uri": tool.login_url,
        "grant_types": ["client_credentials", "implicit"],
        "redirect_uris": tool.redirect_uris,
        "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt",
        "client_name": tool.name,
        "logo_uri": tool.icon,
        "scope": " ".join(tool.scopes),
    }
    return {**echo, TOOL_CONFIGURATION: own}
