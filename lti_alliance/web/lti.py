"""Logins and launches: from the platform's page to the tool's, through one browser.

Security Framework 1.0 section 5.1 (https://www.imsglobal.org/spec/security/v1p0) and LTI Core 1.3
section 4. Whether the browser keeps cookies here is found out before the platform's one-use hint is
spent, and a launch is tied to the browser that began it, to its login, and to one use.
"""

from collections.abc import Mapping
from datetime import timedelta

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
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
from lti_alliance.services import platforms
from lti_alliance.web import access, cookies, launching, limits, security
from lti_alliance.web.problems import PLATFORM_ERRORS
from lti_alliance.web.request_log import about
from lti_alliance.web.signing import pack, unpack

CONTINUE_WITHIN = timedelta(minutes=10)
JWKS_MAX_AGE_S = 3600
MAX_PLATFORM_SENTENCE = 200
_PACKED = "login to continue"
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "")

blueprint = Blueprint("lti", __name__)


@blueprint.route("/lti/login", methods=["GET", "POST"])
@access.from_platforms
@limits.all_logins
@limits.one_login
def login() -> BaseResponse:
    """Take a platform's login and send the browser on, after seeing whether it keeps cookies."""
    given = request.form if request.method == "POST" else request.args
    asked = parse_login(given, launch_url=parts().settings.launch_url)
    registration = _registration_of(asked)
    if cookies.keeps_cookies(request):
        return _to_platform(asked, registration)
    fields = _fields(asked) | {"in_new_tab": given.get("in_new_tab", "")[:1]}
    packed = pack(fields, purpose=_PACKED, at=parts().now())
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
    return make_response(
        render_template(
            "lti/no_cookies.html",
            fields=_fields(asked),
            is_new_tab=fields["in_new_tab"] == "1",
            is_safari_without_https=_is_safari() and not parts().settings.is_https,
        )
    )


@blueprint.post("/lti/launch")
@access.from_platforms
@limits.all_launches
@limits.one_launch
def launch() -> BaseResponse:
    """Take a platform's signed message and open its pages."""
    if request.mimetype not in _FORM_TYPES:
        raise UnsupportedMediaType
    try:
        form = request.form
        token_and_state = [single(form, name) for name in ("id_token", "state", "error")]
        response = _launch(*token_and_state)
    except LaunchRejected as refused:
        launches_total.labels(refused.code).inc()
        limits.count_failed(refused)
        raise
    launches_total.labels("ok").inc()
    return response


@blueprint.get("/.well-known/jwks.json")
@access.open_
def jwks() -> Response:
    """Publish the tool's public keys."""
    response = jsonify(public_key_set(db.session()))
    response.headers["Cache-Control"] = f"public, max-age={JWKS_MAX_AGE_S}"
    return response


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
    about(registration_id=str(state.registration_id))
    return launching.launch(token, state, registration=_registration_in(state), at=at)


def _registration_of(asked: LoginRequest) -> Registration:
    registration = platforms.find_registration(
        db.session(), issuer=asked.issuer, client_id=asked.client_id
    )
    about(registration_id=str(registration.id))
    return registration


def _registration_in(state: LoginState) -> Registration:
    registration = db.session.get(Registration, state.registration_id)
    if registration is None:
        raise LaunchRejected("launch.state_unknown", status=401)
    platforms.refuse_inactive(registration)
    return registration


def _to_platform(asked: LoginRequest, registration: Registration) -> BaseResponse:
    settings, at = parts().settings, parts().now()
    secret = new_browser_secret()
    state, token = mint(
        settings.secret_key,
        registration_id=registration.id,
        target_link_uri=asked.target_link_uri,
        browser_secret=secret,
        at=at,
    )
    address = authorization_url(
        registration,
        asked,
        state_token=token,
        nonce=state.nonce,
        redirect_uri=settings.launch_url,
    )
    response = redirect(address, 302)
    cookies.set_state(response, request, state_id=state.id, secret=secret, at=at)
    return response


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


def _is_safari() -> bool:
    agent = request.user_agent.string
    others = ("Chrome", "Chromium", "CriOS", "FxiOS", "EdgiOS", "Android")
    return "Safari/" in agent and not any(name in agent for name in others)
