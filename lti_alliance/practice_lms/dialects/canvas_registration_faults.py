"""What Canvas finds wrong with a registration.

Dynamic Registration 1.0, section 3.5: https://www.imsglobal.org/spec/lti-dr/v1p0
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lti_alliance.practice_lms.dialects import canvas_placements
from lti_alliance.practice_lms.scopes import (
    CANVAS_OWN,
    CANVAS_SCOPES,
    NOTICES,
    TOOL_CONFIGURATION,
)
from lti_alliance.practice_lms.tools import PRIVACY

SUPPORTED = (*CANVAS_SCOPES, NOTICES)
SYNONYMS = {"ContentArea": "link_selection", "RichTextEditor": "editor_button"}


def faults_of(told: dict[str, Any]) -> list[str]:
    """Return what Canvas finds wrong with a registration, all of it."""
    return [*_faults(told), *_faults_of_tool(told.get(TOOL_CONFIGURATION))]


def _faults(told: dict[str, Any]) -> list[str]:
    faults = [f"{name} Required" for name in ("client_name",) if not told.get(name)]
    if told.get("application_type") != "web":
        faults.append("application_type must be 'web'")
    grants = told.get("grant_types")
    if not isinstance(grants, list) or not {"client_credentials", "implicit"} <= set(
        map(str, grants)
    ):
        faults.append("grant_types must include 'client_credentials', 'implicit'")
    types = told.get("response_types")
    if not isinstance(types, list) or "id_token" not in types:
        faults.append("response_types must include 'id_token'")
    redirects = told.get("redirect_uris")
    if not isinstance(redirects, list) or not redirects or not all(map(_is_address, redirects)):
        faults.append("redirect_uris must be a list of at least one URI")
    faults += [
        f"{name} must be a URI"
        for name in ("initiate_login_uri", "jwks_uri")
        if not _is_address(told.get(name))
    ]
    if told.get("token_endpoint_auth_method") != "private_key_jwt":
        faults.append("token_endpoint_auth_method must be 'private_key_jwt'")
    scopes = told.get("scope", "")
    if not isinstance(scopes, str):
        return [*faults, "scope must be a string"]
    unknown = [each for each in scopes.split() if each not in {*SUPPORTED, "openid"}]
    return faults + [f"Invalid scopes: {', '.join(unknown)}" for _ in unknown[:1]]


def _faults_of_tool(own: object) -> list[str]:
    if not isinstance(own, dict):
        return ["lti_tool_configuration Required"]
    faults = []
    domain = own.get("domain")
    if not isinstance(domain, str) or not domain or "/" in domain:
        faults.append("lti_tool_configuration: domain must be a host without a scheme")
    faults += [
        f"lti_tool_configuration: {name} must be a list"
        for name in ("messages", "claims")
        if not isinstance(own.get(name), list)
    ]
    if own.get("target_link_uri") and not _is_address(own["target_link_uri"]):
        faults.append("lti_tool_configuration: target_link_uri must be a valid URL")
    custom = own.get("custom_parameters", {})
    if not isinstance(custom, dict) or not all(isinstance(e, str) for e in custom.values()):
        faults.append("lti_tool_configuration: custom_parameters must be texts")
    level = own.get(CANVAS_OWN + "privacy_level")
    if level is not None and level not in PRIVACY:
        faults.append("lti_tool_configuration: privacy_level is unknown")
    messages = own.get("messages")
    for each in messages if isinstance(messages, list) else []:
        faults += _faults_of_message(each)
    return faults


def _faults_of_message(message: object) -> list[str]:
    kind = message.get("type") if isinstance(message, dict) else None
    allowed = canvas_placements.ALLOWED.get(str(kind))
    if allowed is None or not isinstance(message, dict):
        return [f"lti_tool_configuration: message type {kind} is not supported"]
    return [
        f"lti_tool_configuration: placement {name} is not supported for {kind}"
        for name in places_of(message)
        if name not in allowed
    ]


def _is_address(text: object) -> bool:
    parts = urlsplit(text) if isinstance(text, str) else None
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.netloc)


def places_of(message: dict[str, Any]) -> list[str]:
    """Return the names of the placements that a message is for, as Canvas calls them."""
    bare = [str(each).removeprefix(CANVAS_OWN) for each in message.get("placements") or []]
    return [SYNONYMS.get(each, each) for each in bare] or ["link_selection"]
