"""The tool's three kinds of cookie, each readable by nobody but the tool in its own frame.

All of them are ``__Host-`` cookies, ``Secure``, ``HttpOnly``, ``SameSite=None`` and
``Partitioned``: the LMS's page is another site, and an unpartitioned cookie would be dropped there.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Request
from werkzeug.wrappers import Response

from lti_alliance.web.signing import mac

PREFIX = "__Host-alliance-"
PROBE = f"{PREFIX}probe"
STATE_PREFIX = f"{PREFIX}state-"

PROBE_LIFETIME = timedelta(days=180)
STATE_LIFETIME = timedelta(minutes=10)
MAX_STATES = 5
MAX_SESSIONS = 8
_SHORT_ID = 16


def keeps_cookies(request: Request) -> bool:
    """Say whether the browser has brought the probe back."""
    return PROBE in request.cookies


def set_probe(response: Response) -> None:
    """Ask the browser to keep a cookie, to see whether it does."""
    _set(response, PROBE, "1", lifetime=PROBE_LIFETIME)


def set_state(
    response: Response, request: Request, *, state_id: str, secret: str, at: datetime
) -> None:
    """Bind a login to this browser; the oldest logins make room so that few are ever alive."""
    alive = sorted((began, name) for name, began, _ in _states(request))
    for _, name in alive[: max(0, len(alive) - MAX_STATES + 1)]:
        _forget(response, name)
    value = f"{int(at.timestamp())}.{secret}"
    _set(response, _state_name(state_id), value, lifetime=STATE_LIFETIME)


def state_secret(request: Request, state_id: str) -> str | None:
    """Return the secret with which this browser began the login, if it did."""
    wanted = _state_name(state_id)
    return next((secret for name, _, secret in _states(request) if name == wanted), None)


def holds_any_state(request: Request) -> bool:
    """Say whether the browser brings the cookie of any login at all."""
    return any(True for _ in _states(request))


def session_secret(handle: str, browser_secret: str) -> str:
    """Return the value of a launch's cookie.

    It follows from the handle and the secret of the login, so that a browser whose first answer
    was cut off gets the same cookie again from a second click.
    """
    return mac("session cookie", handle, browser_secret)


def set_session(response: Response, *, handle: str, secret: str, lifetime: timedelta) -> None:
    """Give the browser the key to one launch's pages."""
    _set(response, PREFIX + handle, secret, lifetime=lifetime)


def forget_session(response: Response, handle: str) -> None:
    """Take the key to one launch's pages back."""
    _forget(response, PREFIX + handle)


def find_session(request: Request, handle: str) -> str | None:
    """Return the cookie that the browser brings for one launch's pages."""
    return request.cookies.get(PREFIX + handle)


def session_handles(request: Request) -> list[str]:
    """Return the handles of all launches whose cookies the browser brings."""
    return [
        name.removeprefix(PREFIX)
        for name in request.cookies
        if name.startswith(PREFIX) and name != PROBE and not name.startswith(STATE_PREFIX)
    ]


def _states(request: Request) -> Iterator[tuple[str, int, str]]:
    for name, value in request.cookies.items():
        began, _, secret = value.partition(".")
        if name.startswith(STATE_PREFIX) and began.isdecimal() and secret:
            yield name, int(began), secret


def _state_name(state_id: str) -> str:
    return STATE_PREFIX + state_id[:_SHORT_ID]


def _set(response: Response, name: str, value: str, *, lifetime: timedelta) -> None:
    response.set_cookie(
        name,
        value,
        max_age=lifetime,
        path="/",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )


def _forget(response: Response, name: str) -> None:
    _set(response, name, "", lifetime=timedelta())
