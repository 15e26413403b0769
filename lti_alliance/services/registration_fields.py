"""The fields of a registration as an administrator gives them: checked, and filled in by family."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lti_alliance.domain.addresses import address_fault, host_of, is_local_host, split

FAMILIES = ("", "canvas", "moodle")
CANVAS_ENVIRONMENTS = {"prod": "", "beta": "beta.", "test": "test."}

_TEXTS = {"name": 100, "issuer": 255, "client_id": 255}
_MAX_ADDRESS = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FAULTS = {
    "address_invalid": "An address such as https://lms.example/path is needed.",
    "https_required": "The address must begin with https:// (or allow local addresses).",
    "address_forbidden": "The address is not public (or allow local addresses).",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationFields:
    """One registration as it is wanted."""

    name: str
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    jwks_url: str
    auth_audience: str = ""
    family: str = ""
    deployment_ids: tuple[str, ...] = ()
    accept_deployments: bool = False
    service_hosts: tuple[str, ...] = ()
    trusted_audiences: tuple[str, ...] = ()
    allow_local: bool = False

    def faults(self) -> dict[str, str]:
        """Return what is wrong with each field that cannot be used."""
        return dict(self._faults())

    def hosts(self) -> list[str]:
        """Return the hosts that may be called: those of the addresses, and those named."""
        named = [normal_host(host, allow_local=self.allow_local) for host in self.service_hosts]
        addresses = (self.issuer, self.auth_login_url, self.auth_token_url, self.jwks_url)
        return [host for host in dict.fromkeys([*map(host_of, addresses), *named]) if host]

    def _faults(self) -> Iterator[tuple[str, str]]:
        for name, limit in _TEXTS.items():
            if not _is_text(getattr(self, name), limit):
                yield name, f"1 to {limit} characters are needed."
        for name in ("auth_login_url", "auth_token_url", "jwks_url"):
            if fault := self._address_fault(getattr(self, name)):
                yield name, fault
        if self.auth_audience and not _is_text(self.auth_audience, _MAX_ADDRESS):
            yield "auth_audience", f"At most {_MAX_ADDRESS} characters are possible."
        if self.family not in FAMILIES:
            yield "family", "Possible are canvas, moodle or nothing."
        for name in ("deployment_ids", "trusted_audiences"):
            if not all(_is_text(text, 255) for text in getattr(self, name)):
                yield name, "Each needs 1 to 255 characters."
        bad = [h for h in self.service_hosts if not normal_host(h, allow_local=self.allow_local)]
        if bad:
            yield "service_hosts", f"{', '.join(bad)}: no public host such as lms.example."

    def _address_fault(self, url: str) -> str:
        if fault := address_fault(url, allow_local=self.allow_local):
            return _FAULTS[fault]
        if "#" in url or len(url) > _MAX_ADDRESS:
            return f"At most {_MAX_ADDRESS} characters without a # are possible."
        return ""


def normal_host(text: str, *, allow_local: bool) -> str:
    """Return a host as registrations list it, or nothing for what is no host to be called."""
    url = f"https://{text.strip()}"
    parts = split(url)
    if parts is None or parts.hostname is None or parts.path or parts.query or "#" in url:
        return ""
    return host_of(url) if allow_local or not is_local_host(parts.hostname) else ""


def canvas_addresses(host: str, environment: str | None = None) -> dict[str, object]:
    """Return a Canvas platform's fields from its host name.

    Schools hosted by Instructure (those on ``instructure.com``, and any for which ``environment``
    is given) share one issuer and one sign-on host for each environment; a Canvas of one's own
    answers for itself.
    """
    fields: dict[str, object] = {"family": "canvas", "service_hosts": [host]}
    if environment is None and not host.endswith(".instructure.com"):
        own = f"https://{host}"
        return fields | {"issuer": "https://canvas.instructure.com"} | _canvas_endpoints(own)
    if environment is None:
        environment = next((e for e in ("beta", "test") if f".{e}." in host), "prod")
    part = CANVAS_ENVIRONMENTS[environment]
    issuer = f"https://canvas.{part}instructure.com"
    return fields | {"issuer": issuer} | _canvas_endpoints(f"https://sso.{part}canvaslms.com")


def moodle_addresses(url: str) -> dict[str, object]:
    """Return a Moodle platform's fields from the address of its front page."""
    # Moodle's issuer is its address without the last slash, to the letter.
    root = url.rstrip("/")
    return {
        "family": "moodle",
        "issuer": root,
        "auth_login_url": f"{root}/mod/lti/auth.php",
        "auth_token_url": f"{root}/mod/lti/token.php",
        "jwks_url": f"{root}/mod/lti/certs.php",
    }


def _canvas_endpoints(origin: str) -> dict[str, object]:
    return {
        "auth_login_url": f"{origin}/api/lti/authorize_redirect",
        "auth_token_url": f"{origin}/login/oauth2/token",
        "jwks_url": f"{origin}/api/lti/security/jwks",
    }


def _is_text(text: str, limit: int) -> bool:
    return bool(text.strip()) and len(text) <= limit and not _CONTROL.search(text)
