"""Logins and launches: from the platform's page to the tool's, through one browser.

Security Framework 1.0 section 5.1 (https://www.imsglobal.org/spec/security/v1p0) and LTI Core 1.3
section 4. Whether the browser keeps cookies here is found out before the platform's one-use hint is
spent, and a launch is tied to the browser that began it, to its login, and to one use.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.keys import public_key_set
from lti_alliance.lti.login import LoginRequest, authorization_url, parse_login, single
from lti_alliance.lti.state import LoginState, mint, new_browser_secret, read
from lti_alliance.models import Registration, db
from lti_alliance.observability import launches_total
from lti_alliance.parts import parts
from lti_alliance.services import launches, platforms
from lti_alliance.web import (
    access,
    cookies,
    launching,
    limits,
    no_cookies,
    platform_storage,
    security,
    transaction,
)
from lti_alliance.web.problems import PLATFORM_ERRORS
from lti_alliance.web.request_log import about
from lti_alliance.web.signing import pack, unpack

CONTINUE_WITHIN = timedelta(minutes=10)
JWKS_MAX_AGE_S = 3600
MAX_PLATFORM_SENTENCE = 200
_PACKED = "login to continue"
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "")

blueprint = Blueprint("lti", __name__)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A login that has begun: its state, the browser's secret, the platform's address for it."""

    state: LoginState
    secret: str
    address: str

    def bound_by_cookie(self, response: BaseResponse) -> BaseResponse:
        cookies.set_state(
            response, request, state_id=self.state.id, secret=self.secret, at=self.state.issued_at
        )
        return response


@blueprint.route("/lti/login", methods=["GET", "POST"])
@access.from_platforms
@limits.all_logins
@limits.one_login
def login() -> BaseResponse:
    """Take a platform's login and send the browser on, once it is clear how to know it again.

    That is by a cookie where it is known to keep them; otherwise by the platform's storage, where
    the login names one; otherwise by a cookie if one sticks; otherwise in a new tab.
    """
    given = request.form if request.method == "POST" else request.args
    asked = parse_login(given, launch_url=parts().settings.launch_url)
    registration = _registration_of(asked)
    if cookies.keeps_cookies(request):
        return _to_platform(asked, registration)
    is_new_tab = given.get("in_new_tab", "")[:1]
    packed = pack(_fields(asked) | {"in_new_tab": is_new_tab}, purpose=_PACKED, at=parts().now())
    if asked.storage_target and not is_new_tab:
        return _by_storage(asked, registration, otherwise=packed)
    response = redirect(url_for(".continue_login", login=packed), 303)
    cookies.set_probe(response)
    return response


@blueprint.route("/lti/login/continue", methods=["GET", "POST"])
@access.from_platforms
@limits.all_logins
@limits.one_login
def continue_login() -> BaseResponse:
    """Go on with a login in a browser that keeps cookies, and offer a new tab to one that does not.

    Nothing has been asked of the platform yet, so its one-use hint is still good in the new tab.
    """
    fields = unpack(
        request.values.get("login", ""),
        purpose=_PACKED,
        at=parts().now(),
        lifetime=CONTINUE_WITHIN,
    )
    if fields is None:
        raise LaunchRejected("login.continue_expired")
    asked = parse_login(MultiDict(fields), launch_url=parts().settings.launch_url)
    registration = _registration_of(asked)
    if cookies.keeps_cookies(request):
        return _to_platform(asked, registration)
    security.allow_forms_to_platforms()
    # In the tab the tool is on its own site: cookies serve there, and no frame keeps anything.
    again = _fields(asked) | {"lti_storage_target": ""}
    return no_cookies.page(again, is_new_tab=fields["in_new_tab"] == "1")


@blueprint.post("/lti/launch")
@access.from_platforms
@limits.one_launch
def launch() -> BaseResponse:
    """Take a platform's signed message and open its pages."""
    return _counted(_launch, "id_token", "state", "error")


@blueprint.post("/lti/launch/verify")
@access.open_
@limits.one_launch
def verify() -> BaseResponse:
    """Open the pages of a launch whose browser has its secret back from the platform's storage."""
    security.allow_framing_by_anyone()
    return _counted(_launch_by_storage, "id_token", "state", "ticket", "secret")


@blueprint.get("/.well-known/jwks.json")
@access.open_
def jwks() -> Response:
    """Publish the tool's public keys."""
    response = jsonify(public_key_set(db.session()))
    response.headers["Cache-Control"] = f"public, max-age={JWKS_MAX_AGE_S}"
    return response


def _counted(act: Callable[..., BaseResponse], *names: str) -> BaseResponse:
    if request.mimetype not in _FORM_TYPES:
        raise UnsupportedMediaType
    try:
        return act(*[single(request.form, name) for name in names])
    except LaunchRejected as refused:
        launches_total.labels(refused.code).inc()
        limits.count_failed(refused)
        raise


def _launch(token: str, state_token: str, error: str) -> BaseResponse:
    settings, at = parts().settings, parts().now()
    if error:
        read(settings.secret_key, state_token, at=at)
        raise LaunchRejected(
            "launch.platform_refused", status=401, facts=_platform_facts(request.form)
        )
    # An empty token is a malformed one; only its absence says that the form was cut off.
    if "id_token" not in request.form:
        raise LaunchRejected("launch.id_token_missing")
    if not state_token:
        raise LaunchRejected("launch.state_missing")
    state = read(settings.secret_key, state_token, at=at)
    begun = _begun_in(state)
    if platform_storage.is_asked(state) and begun.earlier is None:
        # The storage is not asked for the sake of a message that is none.
        launching.verified(state, registration=begun.registration, at=at)
        return platform_storage.bring_back(
            state, begun.registration, token=token, state_token=state_token, at=at
        )
    return launching.launch(token, state, begun, at=at)


def _launch_by_storage(token: str, state_token: str, ticket: str, secret: str) -> BaseResponse:
    settings, at = parts().settings, parts().now()
    platform_storage.check_ticket(ticket, token, state_token, at=at)
    state = read(settings.secret_key, state_token, at=at)
    return launching.launch_by_storage(token, state, _begun_in(state), secret=secret, at=at)


def _registration_of(asked: LoginRequest) -> Registration:
    # A login keeps nothing.
    transaction.begin_reading()
    registration = platforms.find_registration(
        db.session(), issuer=asked.issuer, client_id=asked.client_id
    )
    about(registration_id=str(registration.id))
    return registration


def _begun_in(state: LoginState) -> launches.Begun:
    about(registration_id=str(state.registration_id))
    begun = launches.find_begun(
        db.session(), registration_id=state.registration_id, state_id=state.id
    )
    if begun is None:
        raise LaunchRejected("launch.state_unknown", status=401)
    platforms.refuse_inactive(begun.registration)
    return begun


def _to_platform(asked: LoginRequest, registration: Registration) -> BaseResponse:
    begun = _begin(asked, registration)
    return begun.bound_by_cookie(redirect(begun.address, 302))


def _by_storage(asked: LoginRequest, registration: Registration, *, otherwise: str) -> BaseResponse:
    begun = _begin(asked, registration, storage_target=asked.storage_target)
    response = platform_storage.keep(
        begun.state,
        registration,
        secret=begun.secret,
        goes_on=begun.address,
        otherwise=otherwise,
    )
    # Where the browser does keep cookies, they spare the way back through the storage.
    cookies.set_probe(response)
    return begun.bound_by_cookie(response)


def _begin(asked: LoginRequest, registration: Registration, *, storage_target: str = "") -> _Begun:
    settings, at = parts().settings, parts().now()
    secret = new_browser_secret()
    state, token = mint(
        settings.secret_key,
        registration_id=registration.id,
        target_link_uri=asked.target_link_uri,
        browser_secret=secret,
        at=at,
        storage_target=storage_target,
    )
    address = authorization_url(
        registration,
        asked,
        state_token=token,
        nonce=state.nonce,
        redirect_uri=settings.launch_url,
    )
    return _Begun(state, secret, address)


def _fields(asked: LoginRequest) -> dict[str, str]:
    """Return the login in the words in which a platform sends it."""
    return {
        "iss": asked.issuer,
        "client_id": asked.client_id,
        "login_hint": asked.login_hint,
        "lti_message_hint": asked.lti_message_hint,
        "target_link_uri": asked.target_link_uri,
        "lti_storage_target": asked.storage_target,
    }


def _platform_facts(form: Mapping[str, str]) -> dict[str, str]:
    meaning = PLATFORM_ERRORS.get(form.get("error", ""))
    return {
        "platform_says": form.get("error_description", "")[:MAX_PLATFORM_SENTENCE],
        "platform_means": str(meaning or ""),
    }
