"""Dynamic registration: the platform says what it is, the tool says what it wants.

Dynamic Registration 1.0, https://www.imsglobal.org/spec/lti-dr/v1p0. The address of the platform's
description comes from whoever opened the page, so everything in it is judged before it is believed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lti_alliance.domain.addresses import address_fault, host_of, split
from lti_alliance.domain.gradebook import Family, GradeScope
from lti_alliance.domain.launch import MessageType
from lti_alliance.domain.notices import NOTICE_SCOPE
from lti_alliance.domain.roster import MEMBERSHIP_SCOPE
from lti_alliance.errors import LaunchRejected, PlatformError
from lti_alliance.lti.answers import detail
from lti_alliance.lti.claims import is_identifier, text
from lti_alliance.lti.http import Answer, PlatformHTTP

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CANVAS = "https://canvas.instructure.com/lti/"
ALGORITHM = "RS256"

SCOPES = (
    GradeScope.LINE_ITEM,
    GradeScope.RESULT,
    GradeScope.SCORE,
    MEMBERSHIP_SCOPE,
    NOTICE_SCOPE,
)
"""What the tool asks for, as far as the platform has it."""
VARIABLES: Mapping[str, str] = {
    "context_history": "Context.id.history",
    "due_at": "Canvas.assignment.dueAt.iso8601",
    "lock_at": "Canvas.assignment.lockAt.iso8601",
    "unlock_at": "Canvas.assignment.unlockAt.iso8601",
    "points": "Canvas.assignment.pointsPossible",
    "sections": "com.instructure.User.sectionNames",
    "time_zone": "Person.address.timezone",
}
"""Custom parameters and the platform variables that fill them at each launch."""
PLACEMENTS = {
    MessageType.DEEP_LINKING: (
        "assignment_selection",
        "link_selection",
        "course_assignments_menu",
        "module_index_menu_modal",
        "module_menu_modal",
    ),
    MessageType.RESOURCE_LINK: ("course_navigation",),
}
"""Where Canvas offers the tool."""

MAX_DOCUMENT_BYTES = 256 * 1024
DEADLINE_S = 5.0
_EXCHANGE_DEADLINE_S = 20.0
_LOWEST_FREE_PORT = 1024
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")
_INSTRUCTURE = {
    "https://canvas.instructure.com",
    "https://canvas.beta.instructure.com",
    "https://canvas.test.instructure.com",
}
_INSTRUCTURE_SITES = ("instructure.com", "canvaslms.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformConfiguration:
    """A platform as it describes itself (Dynamic Registration 1.0 section 3.4), judged."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    registration_endpoint: str
    audience: str
    """What it wants as `aud` in client assertions, where that is not the token address."""
    family: str
    product: str
    site_name: str
    scopes: frozenset[str]
    variables: frozenset[str]
    messages: Mapping[str, frozenset[str]]
    """Message types that it sends, each with the placements that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDescription:
    """What the tool says of itself."""

    name: str
    description: str
    base_url: str
    launch_url: str
    login_url: str
    jwks_url: str
    asks_for_names: bool = True
    in_course_menu: bool = False
    """Whether the course menu of Canvas shows the tool from the beginning."""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the platform answered (section 3.6)."""

    client_id: str
    deployment_id: str
    """Empty where the platform tells it with the first launch, as Canvas does."""
    scopes: frozenset[str]


def check_address(url: str, *, allow_local: bool) -> None:
    """Raise ``LaunchRejected`` unless this may be the address of a platform's description."""
    parts = split(url)
    if parts is None or "#" in url:
        raise LaunchRejected("register.config_url")
    has_odd_port = parts.port is not None and parts.port < _LOWEST_FREE_PORT
    if has_odd_port and parts.port not in (80, 443):
        raise LaunchRejected("register.config_url")
    match address_fault(url, allow_local=allow_local):
        case "":
            return
        case "address_forbidden":
            raise LaunchRejected("register.address_forbidden")
        case _:
            raise LaunchRejected("register.config_url")


def fetch_configuration(
    http: PlatformHTTP, url: str, *, token: str, allow_local: bool
) -> PlatformConfiguration:
    """Fetch and judge a platform's description; raise ``LaunchRejected`` for any other."""
    check_address(url, allow_local=allow_local)
    # Canvas reads the token from the address, and its manual wants it in the header.
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = http.request(
            "GET",
            url,
            allow_local=allow_local,
            headers={"Accept": "application/json"} | bearer,
            deadline_s=DEADLINE_S,
            max_bytes=MAX_DOCUMENT_BYTES,
        )
    except PlatformError as error:
        if error.code == "address_forbidden":
            raise LaunchRejected("register.address_forbidden") from error
        raise LaunchRejected("register.config_unreadable", status=502) from error
    document = _document(answer)
    if document is None:
        raise LaunchRejected("register.config_unreadable", status=502)
    return read_configuration(document, url=url, allow_local=allow_local)


def read_configuration(
    document: Mapping[str, Any], *, url: str, allow_local: bool
) -> PlatformConfiguration:
    """Judge a platform's description that came from ``url``.

    The issuer has to live where the description came from. Canvas at Instructure has one issuer for
    all schools: there the sign-in, the tokens and the keys have to be Instructure's own.
    """
    issuer = _text(document, "issuer")
    endpoints = {name: _text(document, name) for name in _ENDPOINTS}
    for address in (issuer, *endpoints.values()):
        if not address:
            raise LaunchRejected("register.config_unreadable", status=502)
        if address_fault(address, allow_local=allow_local):
            raise LaunchRejected("register.endpoint_foreign", facts={"host": host_of(address)})
    _check_hosts(issuer, endpoints, url)
    algorithms = document.get("id_token_signing_alg_values_supported")
    if not isinstance(algorithms, list) or ALGORITHM not in algorithms:
        raise LaunchRejected("register.alg")
    about = document.get(PLATFORM)
    about = about if isinstance(about, dict) else {}
    family = _text(about, "product_family_code").lower()
    server = _text(document, "authorization_server")
    return PlatformConfiguration(
        issuer=issuer,
        **endpoints,
        audience=server if server.startswith("https://") else "",
        family=family if family in set(Family) else "",
        product=text(about.get("product_family_code")),
        site_name=text(about.get(f"{CANVAS}account_name")),
        scopes=_texts(document.get("scopes_supported")),
        variables=_texts(about.get("variables")),
        messages=dict(_messages(about.get("messages_supported"))),
    )


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


def custom_parameters(variables: frozenset[str]) -> dict[str, str]:
    """Return the custom parameters that a platform with these variables can fill in."""
    return {name: f"${variable}" for name, variable in VARIABLES.items() if variable in variables}


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
    return read_answer(_document(answer) or {})


def read_answer(document: Mapping[str, Any]) -> Registered:
    """Read what the platform answered; raise ``LaunchRejected`` where it names no client id."""
    client_id = _identifier(document.get("client_id"))
    if not client_id:
        raise LaunchRejected("register.answer_invalid", status=502)
    own = document.get(TOOL)
    own = own if isinstance(own, dict) else {}
    deployment = _identifier(own.get("deployment_id")) or _identifier(document.get("deployment_id"))
    return Registered(
        client_id=client_id,
        deployment_id=deployment,
        scopes=frozenset(_text(document, "scope").split()),
    )


def _check_hosts(issuer: str, endpoints: Mapping[str, str], url: str) -> None:
    sites: tuple[str, ...]
    free: tuple[str, ...] = ()
    if host_of(issuer) == host_of(url):
        sites = (host_of(issuer),)
    elif issuer in _INSTRUCTURE:
        # The school's own host takes the registration; who signs is Instructure all the same.
        sites, free = _INSTRUCTURE_SITES, ("registration_endpoint",)
        if host_of(endpoints["registration_endpoint"]) != host_of(url):
            raise LaunchRejected("register.endpoint_foreign")
    else:
        raise LaunchRejected("register.issuer_mismatch", facts={"issuer": issuer[:255]})
    for name, address in endpoints.items():
        host = host_of(address)
        if name not in free and not any(host == s or host.endswith(f".{s}") for s in sites):
            raise LaunchRejected("register.endpoint_foreign", facts={"host": host})


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

    if platform.family != Family.CANVAS and MessageType.SUBMISSION_REVIEW in platform.messages:
        yield {
            "type": MessageType.SUBMISSION_REVIEW.value,
            "target_link_uri": tool.launch_url,
            "label": tool.name,
        }


def _messages(supported: object) -> Iterator[tuple[str, frozenset[str]]]:
    for each in supported if isinstance(supported, list) else []:
        if isinstance(each, dict) and isinstance(each.get("type"), str):
            placements = _texts(each.get("placements"))
            yield each["type"], frozenset(place.removeprefix(CANVAS) for place in placements)


def _document(answer: Answer) -> dict[str, Any] | None:
    if not 200 <= answer.status < 300:
        return None
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _texts(values: object) -> frozenset[str]:
    items = values if isinstance(values, list) else []
    return frozenset(each for each in items if isinstance(each, str))


def _identifier(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and is_identifier(value) else ""


def canvas_developer_key(tool: ToolDescription) -> dict[str, Any]:
    """Return the tool as a Canvas developer key, for schools that do not register it dynamically.

    Custom fields stand at the top: those of a placement go with launches from there alone, and a
    student who opens an assignment comes from none.
    """
    placements: list[dict[str, Any]] = [
        {
            "placement": name,
            "message_type": kind.value,
            "target_link_uri": tool.launch_url,
            "text": tool.name,
        }
        | ({"default": "disabled"} if kind is MessageType.RESOURCE_LINK else {})
        for kind, names in PLACEMENTS.items()
        for name in names
    ]
    return {
        "title": tool.name,
        "description": tool.description,
        "target_link_uri": tool.launch_url,
        "oidc_initiation_url": tool.login_url,
        "public_jwk_url": tool.jwks_url,
        "scopes": list(SCOPES),
        "custom_fields": custom_parameters(frozenset(VARIABLES.values())),
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": urlsplit(tool.base_url).netloc,
                "tool_id": "lti-alliance",
                "privacy_level": "name_only" if tool.asks_for_names else "anonymous",
                "settings": {"text": tool.name, "placements": placements},
            }
        ],
    }
