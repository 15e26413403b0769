"""The third-party initiated login: what the platform asks for, and where the browser goes next.

Security Framework 1.0 section 5.1.1 (https://www.imsglobal.org/spec/security/v1p0) and LTI Core 1.3
section 4.1.
"""

import re
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.request import Request

from lti_alliance.domain.addresses import parse_target
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.tool_config import RegistrationConfig
from lti_alliance.models import Registration

MAX_FIELD_LENGTH = 8192
_FIELDS = ("iss", "client_id", "login_hint", "lti_message_hint", "target_link_uri")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FRAME_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Values(Protocol):
    """Fields that may come several times, as Werkzeug gives them."""

    def getlist(self, key: str, /) -> list[str]:
        """Return all values of one field."""
        ...


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A login request that makes sense; whether its platform is known is not decided here.

    ``target_link_uri`` is this tool's own launch address. ``storage_target`` names the frame that
    keeps values for the tool, or is empty. A deployment id, a state, a nonce and a redirect address
    are no part of it: the first is known for certain only from the signed message, and the others
    are this tool's own.
    """

    issuer: str
    client_id: str
    login_hint: str
    lti_message_hint: str
    target_link_uri: str
    storage_target: str = ""


def parse_login(values: Values, *, launch_url: str) -> LoginRequest:
    """Read a login request from its query or form; raise ``LaunchRejected`` for a bad one."""
    fields = {name: single(values, name) for name in _FIELDS}
    for name, value in fields.items():
        if _CONTROL.search(value):
            raise LaunchRejected("login.bad_characters", facts={"parameter": name})
        if len(value) > MAX_FIELD_LENGTH:
            raise LaunchRejected("login.too_long", facts={"parameter": name})
    issuer = fields["iss"].strip(" ")
    if not issuer:
        raise LaunchRejected("login.iss_missing")
    if not fields["login_hint"]:
        raise LaunchRejected("login.login_hint_missing")
    if not fields["target_link_uri"]:
        raise LaunchRejected("login.target_missing")
    if parse_target(fields["target_link_uri"], launch_url=launch_url) is None:
        raise LaunchRejected("login.target_not_ours")
    storage_target = single(values, "lti_storage_target")
    return LoginRequest(
        issuer=issuer,
        client_id=fields["client_id"].strip(" "),
        login_hint=fields["login_hint"],
        lti_message_hint=fields["lti_message_hint"],
        target_link_uri=fields["target_link_uri"],
        storage_target=storage_target if _FRAME_NAME.fullmatch(storage_target) else "",
    )


def single(values: Values, name: str) -> str:
    """Return the one value of a field, empty when it did not come.

    Raises ``launch.param_duplicated`` when it came twice: the tool and whatever stands before it
    might each read another one.
    """
    given = values.getlist(name)
    if len(given) > 1:
        raise LaunchRejected("launch.param_duplicated", facts={"parameter": name})
    return given[0] if given else ""


def authorization_url(
    registration: Registration,
    login: LoginRequest,
    *,
    state_token: str,
    nonce: str,
    redirect_uri: str,
) -> str:
    """Return the address at the platform that the browser is sent to for its launch.

    Whatever query the platform's own address has is kept, and its hints go back byte for byte.
    """
    return _Login(registration, login, state_token=state_token, nonce=nonce).redirect(redirect_uri)


class _Fields(Request):
    """The login request as PyLTI1p3 asks for it."""

    def __init__(self, registration: Registration, login: LoginRequest) -> None:
        self._values = {
            "iss": login.issuer,
            # The platform may leave its client id out; by now the registration is known.
            "client_id": registration.client_id,
            "login_hint": login.login_hint,
            "lti_message_hint": login.lti_message_hint,
        }

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self._values.get(key, "")


class _Address(Redirect[str]):
    """A redirect that is carried out by the edge: here it is an address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def do_redirect(self) -> str:
        return self._address

    def do_js_redirect(self) -> str:
        return self._address

    def set_redirect_url(self, location: str) -> None:
        self._address = location

    def get_redirect_url(self) -> str:
        return self._address


class _Login(OIDCLogin[Any, Any, Any, Any, str]):
    """PyLTI1p3's login with our own state and nonce, and without its cookies and its session."""

    def __init__(
        self, registration: Registration, login: LoginRequest, *, state_token: str, nonce: str
    ) -> None:
        super().__init__(_Fields(registration, login), RegistrationConfig(registration), None, None)
        self._state_token = state_token
        self._nonce = nonce

    def get_redirect(self, url: str) -> Redirect[str]:
        return _Address(url)

    def _prepare_redirect_url(self, launch_url: str) -> str:
        registration = self._registration = self.validate_oidc_login()
        parameters = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": registration.get_client_id() or "",
            "redirect_uri": launch_url,
            "state": self._state_token,
            "nonce": self._nonce,
            "login_hint": self._get_request_param("login_hint"),
        }
        # Canvas refuses a login without its message hint, other platforms an empty one.
        if hint := self._get_request_param("lti_message_hint"):
            parameters["lti_message_hint"] = hint
        address = registration.get_auth_login_url() or ""
        joint = "&" if "?" in address else "?"
        return f"{address}{joint}{urlencode(parameters, quote_via=quote)}"
