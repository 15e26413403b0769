"""A tool registers itself at Canvas: what Canvas says of itself, demands, keeps and echoes.

Dynamic Registration 1.0: https://www.imsglobal.org/spec/lti-dr/v1p0
"""

from __future__ import annotations

import json
import uuid
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import jwt
from flask import Response, request

from lti_alliance.practice_lms.dialects import canvas_placements
from lti_alliance.practice_lms.dialects.canvas_gates import fail, not_found
from lti_alliance.practice_lms.dialects.canvas_registration_faults import (
    SUPPORTED,
    faults_of,
    places_of,
)
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import (
    CANVAS_OWN,
    PLATFORM_CONFIGURATION,
    TOOL_CONFIGURATION,
)
from lti_alliance.practice_lms.services import answer, bearer_token, refuse
from lti_alliance.practice_lms.tools import Placement, Tool

LIFE_S = 3600
ACCOUNT = "1"
NOTICE_TYPES = ["LtiHelloWorldNotice", "LtiContextCopyNotice"]
DEEP_LINKING, RESOURCE_LINK = "LtiDeepLinkingRequest", "LtiResourceLinkRequest"
KEPT = ("logo_uri", "client_uri", "tos_uri", "policy_uri", "contacts")
KEPT_OF_TOOL = ("description", "secondary_domains")


def query(platform: Platform) -> str:
    """Return what Canvas adds to the tool's registration address."""
    now = int(platform.now())
    claims = {
        "uuid": str(uuid.uuid4()),
        "root_account_global_id": ACCOUNT,
        "account": ACCOUNT,
        "purpose": "registration",
        "iat": now,
        "exp": now + LIFE_S,
    }
    token = jwt.encode(claims, platform.state.secret, algorithm="HS256")
    address = f"{platform.root}/api/lti/security/openid-configuration"
    return urlencode(
        {
            "openid_configuration": f"{address}?registration_token={quote(token)}",
            "registration_token": token,
        }
    )


def issuer(platform: Platform) -> str:
    """Return the issuer of the configuration: it lies on the host that the configuration is on.

    The practice school is hosted, and so its usual issuer is Instructure's. To a tool that
    registers itself it is a Canvas of its own, as one on the school's own server would be.
    """
    usual = platform.state.issuer
    return usual if urlsplit(usual).netloc == platform.settings.host else platform.root


def configuration(platform: Platform) -> Response:
    """Say what this platform is to whoever brings a registration token."""
    claims = _check_token(platform, request.args.get("registration_token") or bearer_token())
    if claims.get("account") != ACCOUNT:
        not_found()
    root = platform.root
    own = {
        "product_family_code": "canvas",
        "version": "OpenSource",
        "messages_supported": [
            {
                "type": RESOURCE_LINK,
                "placements": [CANVAS_OWN + each for each in canvas_placements.RESOURCE_LINKS],
            },
            {
                "type": DEEP_LINKING,
                "placements": [CANVAS_OWN + each for each in canvas_placements.DEEP_LINKS],
            },
        ],
        "notice_types_supported": NOTICE_TYPES,
        "variables": canvas_placements.VARIABLES,
        CANVAS_OWN + "account_name": "Northfield College",
        CANVAS_OWN + "account_lti_guid": "x1Y2z3A4b5C6d7E8f9G0h1J2k3L4m5N6p7Q8r9S0:canvas-lms",
    }
    return answer(
        {
            "issuer": issuer(platform),
            "authorization_endpoint": f"{root}/api/lti/authorize_redirect",
            "registration_endpoint": f"{root}/api/lti/registrations",
            "jwks_uri": f"{root}/api/lti/security/jwks",
            "token_endpoint": f"{root}/login/oauth2/token",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "scopes_supported": list(SUPPORTED),
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "picture", "email", "name", "given_name", "family_name"],
            "subject_types_supported": ["public"],
            "authorization_server": platform.settings.host,
            PLATFORM_CONFIGURATION: own,
        }
    )


def register(platform: Platform) -> Response:
    """Keep what the tool says of itself; its key stays off until an administrator agrees."""
    _check_token(platform, bearer_token())
    try:
        told = json.loads(request.get_data())
    except ValueError:
        told = None
    if not isinstance(told, dict):
        _unprocessable(["the body is not a JSON object"])
    faults = faults_of(told)
    if faults:
        _unprocessable(faults)
    with platform.store.lock:
        number = platform.next_tool_number()
        tool = _tool(platform, told, number)
        platform.state.pending_tools[tool.client_id] = tool
    platform.store.changed()
    return answer(_echo(platform, tool, told, number))


def _check_token(platform: Platform, token: str | None) -> dict[str, Any]:
    if not token:
        fail(401, "Missing registration token")
    try:
        claims = jwt.decode(
            token,
            platform.state.secret,
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        fail(401, "Invalid registration token")
    if claims.get("purpose") != "registration" or claims.get("exp", 0) <= platform.now():
        fail(401, "Invalid registration token")
    return dict(claims)


def _unprocessable(faults: list[str]) -> NoReturn:
    refuse(answer({"errors": faults}, status=422))


def _tool(platform: Platform, told: dict[str, Any], number: str) -> Tool:
    own = told[TOOL_CONFIGURATION]
    target = str(own.get("target_link_uri") or told["redirect_uris"][0])
    placements = {
        name: Placement(
            name,
            message["type"],
            str(message.get("target_link_uri") or target),
            str(message.get("label") or ""),
            {
                str(key): str(value)
                for key, value in (message.get("custom_parameters") or {}).items()
            },
        )
        for message in own["messages"]
        for name in places_of(message)
    }
    return Tool(
        client_id=platform.next_client_id(),
        deployment_id=number,
        login_url=told["initiate_login_uri"],
        redirect_uris=list(told["redirect_uris"]),
        jwks_url=told["jwks_uri"],
        target_link_uri=target,
        scopes=[each for each in str(told.get("scope", "")).split() if each != "openid"],
        custom=dict(own.get("custom_parameters") or {}),
        name=str(told["client_name"]),
        description=str(own.get("description") or ""),
        domain=own["domain"],
        issuer=issuer(platform),
        privacy=own.get(CANVAS_OWN + "privacy_level") or _privacy(own["claims"]),
        placements=placements,
        icon=str(told.get("logo_uri") or ""),
        registration=json.dumps(told),
    )


def _privacy(claims: list[Any]) -> str:
    named, mailed = "name" in claims, "email" in claims
    if "picture" in claims or (named and mailed):
        return "public"
    return "name_only" if named else "email_only" if mailed else "anonymous"


def _echo(platform: Platform, tool: Tool, told: dict[str, Any], number: str) -> dict[str, Any]:
    own = told[TOOL_CONFIGURATION]
    address = f"{platform.root}/api/lti/registrations/{number}"
    kept_own = {name: own[name] for name in KEPT_OF_TOOL if name in own}
    kept_own |= {name: value for name, value in own.items() if name.startswith(CANVAS_OWN)}
    return {
        "client_id": tool.client_id,
        "application_type": "web",
        "grant_types": ["client_credentials", "implicit"],
        "initiate_login_uri": tool.login_url,
        "redirect_uris": tool.redirect_uris,
        "response_types": ["id_token"],
        "client_name": tool.name,
        "jwks_uri": tool.jwks_url,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(tool.scopes),
        **{name: told[name] for name in KEPT if name in told},
        "registration_client_uri": address,
        TOOL_CONFIGURATION: {
            "domain": tool.domain,
            "target_link_uri": tool.target_link_uri,
            "messages": own["messages"],
            "claims": own["claims"],
            "custom_parameters": tool.custom,
            **kept_own,
            CANVAS_OWN + "registration_config_url": f"{address}/view",
        },
    }
