"""What a browser is told to allow, and the proof that a form came from a page of this launch."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from lti_alliance.errors import LaunchRejected, NotAllowed
from lti_alliance.parts import parts
from lti_alliance.web.signing import is_same, mac
from lti_alliance.web.transaction import READING_METHODS

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
_SELF = "'self'"
_NONE = "'none'"
_POWERS = (
    "accelerometer",
    "autoplay",
    "bluetooth",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "web-share",
    "xr-spatial-tracking",
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{power}=()" for power in _POWERS),
    "Cross-Origin-Resource-Policy": "same-origin",
}


def register(app: Flask) -> None:
    """Refuse what came unencrypted or too large, and put the headers on every answer."""
    app.before_request(_refuse_plain_http)
    app.after_request(_add_headers)
    app.after_request(_stay_on_host)


def allow_framing(origins: Iterable[str]) -> None:
    """Let these origins, and this tool, frame the answer at hand."""
    g.frame_ancestors = " ".join(["'self'", *origins])


def allow_framing_by_anyone() -> None:
    """Let any page frame the answer at hand: one that shows nothing worth a stolen click.

    Before a launch is verified nobody knows which hosts a school reaches its LMS by.
    """
    g.frame_ancestors = "*"


def is_framing_decided() -> bool:
    """Say whether it is known who may frame the answer at hand."""
    return "frame_ancestors" in g


def allow_forms_to_platforms() -> None:
    """Let the answer's form end at a platform: browsers judge every redirect of a form as well.

    Canvas sends the login on from one of its hosts to the school's, which nobody knows beforehand.
    """
    g.form_action = "'self' https:" if parts().settings.is_https else "'self' https: http:"


def allow_forms_to(origin: str) -> None:
    """Let the answer's form go to one more origin."""
    g.form_action = f"'self' {origin}"


def csrf_token(handle: str, cookie_digest: str) -> str:
    """Return the token that every form of one launch carries."""
    return mac("csrf", handle, cookie_digest)


def check_csrf(token: str) -> None:
    """Raise ``NotAllowed`` unless the request came from a page of this launch."""
    check_origin()
    offered = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not is_same(token, offered):
        raise NotAllowed("csrf")


def check_origin() -> None:
    """Raise ``NotAllowed`` if the browser says that another site made the request."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    # Under `Referrer-Policy: no-referrer` browsers send `Origin: null` with our own forms as well.
    origin = request.headers.get("Origin", "null")
    if site != "same-origin" or origin not in ("null", parts().settings.base_url):
        raise NotAllowed("csrf")


def check_form_size() -> None:
    """Refuse a form with more fields than any page has, before anything looks at them."""
    if request.method in READING_METHODS:
        return
    most = current_app.config["MAX_FORM_PARTS"]
    if most is not None and sum(len(values) for values in request.form.listvalues()) > most:
        raise RequestEntityTooLarge


def _refuse_plain_http() -> None:
    # Health checks come from inside, past the proxy that speaks TLS.
    is_inside = (request.endpoint or "").startswith("health.")
    if parts().settings.is_https and not request.is_secure and not is_inside:
        raise LaunchRejected("https_required")


def _stay_on_host(response: Response) -> Response:
    # Flask adds a missing slash by a redirect to whatever host the request named.
    if isinstance(request.routing_exception, RequestRedirect):
        target = urlsplit(request.routing_exception.new_url)
        response.headers["Location"] = target._replace(scheme="", netloc="").geturl()
    return response


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "font-src 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            f"form-action {g.get('form_action', _SELF)}",
            f"frame-ancestors {g.get('frame_ancestors', _NONE)}",
        )
    )
    if parts().settings.is_https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
