"""Judging addresses: what is public, what is this tool's own, what a platform may be called at.

Pure: nothing here asks the network. Names are resolved, and judged again, where a connection is
made (``lti/guarded_connections.py``).
"""

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from lti_alliance.domain.launch import Target

MAX_ADDRESS_LENGTH = 1000
MAX_FORM_TARGET_LENGTH = 8000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REMEMBERED = 1000
_NAT64 = ip_network("64:ff9b::/96")
# Whitespace, control characters and backslashes mean different things to different parsers.
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_MARKUP = re.compile(r"[\"'<>`]")
_TARGETS = {each.name for each in fields(Target)}
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LOCAL_NAMES = ("localhost", "local", "internal", "lan", "home.arpa")


def is_public_address(text: str) -> bool:
    """Say whether a numeric address is reachable from the internet, also through its translations.

    An IPv6 address that carries an IPv4 address is judged by what it carries.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    carried = _carried(address)
    if carried is not None:
        return is_public_address(str(carried))
    return address.is_global and not address.is_multicast


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


def is_local_host(host: str) -> bool:
    """Say whether a host names this machine or network without asking a name server."""
    name = host.rstrip(".").lower()
    if any(name == local or name.endswith(f".{local}") for local in _LOCAL_NAMES):
        return True
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        # A name without a dot is a neighbour; digits and hex are old spellings of numbers.
        return "." not in name or bool(re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", name.split(".")[-1]))
    return not is_public_address(name)


# Each launch asks the same of the few addresses of its platform, many times over.
@lru_cache(maxsize=_REMEMBERED)
def split(url: str, *, longest: int = MAX_ADDRESS_LENGTH) -> SplitResult | None:
    """Split an http or https address; return nothing for one that no two parsers agree on."""
    if len(url) > longest or _UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts


@lru_cache(maxsize=_REMEMBERED)
def host_of(url: str) -> str:
    """Return the host, with its port unless that is the scheme's own; empty for no address."""
    parts = split(url)
    if parts is None or parts.hostname is None:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.port in (None, _DEFAULT_PORTS[parts.scheme]):
        return name
    return f"{name}:{parts.port}"


@lru_cache(maxsize=_REMEMBERED)
def origin_of(url: str) -> str:
    """Return scheme, host and port as browsers compare them; empty for no address."""
    parts = split(url)
    return f"{parts.scheme}://{host_of(url)}" if parts else ""


def address_fault(url: str, *, allow_local: bool) -> str:
    """Return why a platform may not be called at this address, or nothing when it may."""
    parts = split(url)
    if parts is None or parts.hostname is None:
        return "address_invalid"
    if allow_local:
        return ""
    if parts.scheme != "https":
        return "https_required"
    return "address_forbidden" if is_local_host(parts.hostname) else ""


def is_form_target(url: object, *, allow_local: bool) -> bool:
    """Say whether a browser may be sent there with a form; Canvas packs its state into the query.

    Signs that belong into no address are refused, whatever a page would make of them.
    """
    if not isinstance(url, str) or _MARKUP.search(url):
        return False
    parts = split(url, longest=MAX_FORM_TARGET_LENGTH)
    if parts is None or parts.hostname is None or "#" in url:
        return False
    if allow_local:
        return True
    return parts.scheme == "https" and not is_local_host(parts.hostname)


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """An address that a verified message named; ``held_host`` waits for somebody's approval."""

    url: str
    held_host: str = ""


def judge_service_address(
    url: object, *, known_hosts: frozenset[str], allow_local: bool, is_secure: bool
) -> ServiceAddress | None:
    """Judge an address out of a verified message; return nothing for one never to be called.

    ``is_secure`` says that the platform itself lives on https: an http address is then raised to
    https, because self-hosted Canvas names its line item container so behind a proxy.
    """
    if not isinstance(url, str) or split(url) is None:
        return None
    if is_secure and url.lower().startswith("http:"):
        url = f"https:{url[len('http:') :]}"
    if address_fault(url, allow_local=allow_local):
        return None
    host = host_of(url)
    return ServiceAddress(url, "" if host in known_hosts else host)


def parse_target(uri: object, *, launch_url: str) -> Target | None:
    """Read a target link URI; return nothing unless it is exactly this tool's launch address.

    Compared by its parts; the only queries are one ``activity``, one ``attempt`` and one
    ``reflection``.
    """
    if not isinstance(uri, str) or "#" in uri:
        return None
    parts, own = split(uri), split(launch_url)
    if parts is None or own is None:
        return None
    if origin_of(uri) != origin_of(launch_url) or parts.path != own.path:
        return None
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        return None
    queries = dict(pairs)
    if len(queries) != len(pairs) or not queries.keys() <= _TARGETS:
        return None
    if not all(_OPAQUE.fullmatch(value) for value in queries.values()):
        return None
    return Target(**queries)


def address_below(url: str, ending: str, **query: str) -> str:
    """Return an address below a service's, its ending before the query (AGS 2.0 section 3.4.1).

    Moodle's line items carry a query of their own.
    """
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{ending}" if ending else parts.path
    queries = [part for part in (parts.query, urlencode(query)) if part]
    return urlunsplit(parts._replace(path=path, query="&".join(queries)))
