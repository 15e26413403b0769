"""Who is signed in at a platform: no password, one signed cookie sent in two forms."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, request

from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.state import Person

LOCAL = {"localhost", "127.0.0.1", "::1"}


def _names(platform: Platform) -> tuple[str, str]:
    return f"{platform.name}_session", f"{platform.name}_session_framed"


def signed_in(platform: Platform) -> Person | None:
    """Return the person whose cookie came with the request."""
    cookies = [request.cookies.get(name) for name in _names(platform)]
    return platform.read_session([each for each in cookies if each])


def sign_in(platform: Platform, person: Person, response: Response) -> Response:
    """Set both cookies.

    The launch comes back through the tool's site, inside a frame, which only
    `SameSite=None; Secure` survives; plain HTTP clients keep only the other one.
    """
    plain, framed = _names(platform)
    value = platform.session_cookie(person.id)
    response.set_cookie(plain, value, httponly=True, samesite="Lax")
    where = urlsplit(platform.settings.base_url)
    if where.scheme == "https" or where.hostname in LOCAL:
        response.set_cookie(framed, value, httponly=True, samesite="None", secure=True)
    return response


def sign_out(platform: Platform, response: Response) -> Response:
    """Take both cookies away."""
    plain, framed = _names(platform)
    response.delete_cookie(plain, samesite="Lax")
    response.delete_cookie(framed, samesite="None", secure=True)
    return response
