"""Dynamic registration: the tool asks a platform to register it.

Dynamic Registration 1.0 sections 3.5 and 3.6, https://www.imsglobal.org/spec/lti-dr/v1p0.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lti_alliance.domain.gradebook import Family, GradeScope
from lti_alliance.domain.launch import MessageType
from lti_alliance.errors import LaunchRejected, PlatformError
from lti_alliance.lti.answers import detail, document_of
from lti_alliance.lti.claims import is_identifier, text
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.platform_configuration import (
    CANVAS,
    MAX_DOCUMENT_BYTES,
    PlatformConfiguration,
)
from lti_alliance.lti.tool_description import (
    PLACEMENTS,
    SCOPES,
    ToolDescription,
    custom_parameters,
)

TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_EXCHANGE_DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the platform answered (section 3.6)."""

    client_id: str
    deployment_id: str
    """Empty where the platform tells it with the first launch, as Canvas does."""
    scopes: frozenset[str]


def registration_request(platform: PlatformConfiguration, tool: ToolDescription) -> dict[str, Any]:
    """Return what the tool asks to be registered as (section 3.5)."""
    scopes = [scope for scope in SCOPES if scope in platform.scopes]
    if GradeScope.LINE_ITEM not in scopes and GradeScope.LINE_ITEM_READ in platform.scopes:
        scopes.append(GradeScope.LINE_ITEM_READ)
    names = ["name", "given_name", "family_name"] if tool.asks_for_names else []
    configuration: dict[str, Any] = {
        "domain": urlsplit(tool.base_url).netloc,
        "target_link_uri": tool.launch_url,
        "description": tool.description,
        "custom_parameters": custom_parameters(platform.variables),
        "claims": ["iss", "sub", *names],
        "messages": list(_wanted_messages(platform, tool)),
    }
    if platform.family == Family.CANVAS:
        configuration |= {
            f"{CANVAS}privacy_level": "name_only" if tool.asks_for_names else "anonymous",
            f"{CANVAS}tool_id": "lti-alliance",
            f"{CANVAS}vendor": tool.name,
        }
    request: dict[str, Any] = {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["client_credentials", "implicit"],
        "initiate_login_uri": tool.login_url,
        "redirect_uris": [tool.launch_url],
        "client_name": tool.name,
        "jwks_uri": tool.jwks_url,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(scopes),
        TOOL: configuration,
    }
    if tool.contact:
        request["contacts"] = [tool.contact]
    return request


def register(
    http: PlatformHTTP,
    platform: PlatformConfiguration,
    tool: ToolDescription,
    *,
    token: str,
    allow_local: bool,
) -> Registered:
    """Ask the platform to register the tool; raise ``LaunchRejected`` when it does not."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = http.request(
            "POST",
            platform.registration_endpoint,
            allow_local=allow_local,
            headers={"Accept": "application/json", "Content-Type": "application/json"} | bearer,
            data=json.dumps(registration_request(platform, tool)),
            deadline_s=_EXCHANGE_DEADLINE_S,
            max_bytes=MAX_DOCUMENT_BYTES,
        )
    except PlatformError as error:
        raise LaunchRejected("register.no_answer", status=502) from error
    if answer.status == 401:
        raise LaunchRejected("register.token_refused", status=502)
    if not 200 <= answer.status < 300:
        says = {"platform_says": text(detail(answer))}
        raise LaunchRejected("register.refused", status=502, facts=says)
    return read_answer(document_of(answer) or {})


def read_answer(document: Mapping[str, Any]) -> Registered:
    """Read what the platform answered; raise ``LaunchRejected`` where it names no client id."""
    client_id = _identifier(document.get("client_id"))
    if not client_id:
        raise LaunchRejected("register.answer_invalid", status=502)
    own = document.get(TOOL)
    own = own if isinstance(own, dict) else {}
    deployment = _identifier(own.get("deployment_id")) or _identifier(document.get("deployment_id"))
    scope = document.get("scope")
    return Registered(
        client_id=client_id,
        deployment_id=deployment,
        scopes=frozenset(scope.split() if isinstance(scope, str) else ()),
    )


def _wanted_messages(
    platform: PlatformConfiguration, tool: ToolDescription
) -> Iterator[dict[str, Any]]:
    for kind, offered in PLACEMENTS.items():
        message: dict[str, Any] = {
            "type": kind.value,
            "target_link_uri": tool.launch_url,
            "label": tool.name,
        }
        if platform.family == Family.CANVAS:
            named = platform.messages.get(kind, frozenset())
            placements = [place for place in offered if place in named]
            if not placements:
                continue
            message["placements"] = placements
            if kind is MessageType.RESOURCE_LINK:
                message[f"{CANVAS}course_navigation/default_enabled"] = tool.in_course_menu
        yield message


def _identifier(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and is_identifier(value) else ""
