"""A platform as it describes itself, judged before it is believed.

Dynamic Registration 1.0 section 3.4, https://www.imsglobal.org/spec/lti-dr/v1p0. The address of the
description comes from whoever opened the page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lti_alliance.domain.addresses import address_fault, host_of, split
from lti_alliance.domain.gradebook import Family
from lti_alliance.errors import LaunchRejected, PlatformError
from lti_alliance.lti.answers import document_of
from lti_alliance.lti.claims import text
from lti_alliance.lti.http import PlatformHTTP

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
CANVAS = "https://canvas.instructure.com/lti/"
ALGORITHM = "RS256"

MAX_DOCUMENT_BYTES = 256 * 1024
DEADLINE_S = 5.0
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
    document = document_of(answer)
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


def _messages(supported: object) -> Iterator[tuple[str, frozenset[str]]]:
    for each in supported if isinstance(supported, list) else []:
        if isinstance(each, dict) and isinstance(each.get("type"), str):
            placements = _texts(each.get("placements"))
            yield each["type"], frozenset(place.removeprefix(CANVAS) for place in placements)


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _texts(values: object) -> frozenset[str]:
    items = values if isinstance(values, list) else []
    return frozenset(each for each in items if isinstance(each, str))
