"""What the doctor sees of the tool from outside: whether its address leads here, and by what."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from lti_alliance.cli.findings import Finding
from lti_alliance.errors import PlatformError
from lti_alliance.parts import Parts

CERTIFICATE_LEFT = timedelta(days=14)
"""Whoever renews by themselves does so a month before the end."""
_TIMEOUT_S = 10


def examine(tool: Parts, kid: str | None) -> Iterator[Finding]:
    """Go the way that browsers and platforms go, and look for the signing key with this id."""
    yield _keys(tool, kid)
    if tool.settings.is_https:
        yield _certificate(tool.settings.base_url, at=tool.now())
    if tool.settings.is_production:
        yield _inside(tool)


def _keys(tool: Parts, kid: str | None) -> Finding:
    url = f"{tool.settings.base_url}/.well-known/jwks.json"
    try:
        answer = tool.http.request("GET", url, allow_local=True)
        known = {key["kid"] for key in answer.json()["keys"]} if answer.status == 200 else set()
    except PlatformError as error:
        return Finding(
            "address",
            f"{url} cannot be reached: {error.code}",
            "Start the web server and the proxy, and look at base_url and its name; platforms "
            "must reach this address, also where this machine itself does not.",
        )
    except (ValueError, KeyError, TypeError):
        known = set()
    if kid not in known:
        return Finding(
            "address",
            f"{url} answers {answer.status}, without this tool's signing key",
            "Another server answers there, or one with another database: correct base_url, the "
            "name or the proxy.",
        )
    return Finding("address", f"{tool.settings.base_url} leads here")


def _certificate(base_url: str, *, at: datetime) -> Finding:
    parts = urlsplit(base_url)
    assert parts.hostname
    try:
        ends = _ends_at(parts.hostname, parts.port or 443)
    except OSError as error:
        reason = getattr(error, "verify_message", "") or type(error).__name__
        return Finding(
            "certificate",
            f"no TLS that browsers would accept: {reason}",
            "Renew the certificate, with its whole chain, for the name in base_url.",
        )
    left = ends - at
    mend = "Renew it, and see why nobody does so by itself." if left < CERTIFICATE_LEFT else ""
    return Finding("certificate", f"good for {left.days} more days", mend)


def _ends_at(host: str, port: int) -> datetime:
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection,
        context.wrap_socket(connection, server_hostname=host) as wrapped,
    ):
        found = wrapped.getpeercert()
    assert found is not None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), tz=UTC)


def _inside(tool: Parts) -> Finding:
    try:
        answer = tool.http.request("GET", f"{tool.settings.base_url}/metrics", allow_local=True)
        is_open = answer.status == 200
    except PlatformError:
        is_open = False
    mend = "Let the proxy answer 404 to /metrics, /healthz and /readyz." if is_open else ""
    says = "/metrics can be read from outside" if is_open else "/metrics stays inside"
    return Finding("numbers", says, mend)
