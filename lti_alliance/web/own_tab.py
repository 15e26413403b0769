"""A launch in a tab of its own, after platform storage has proved a browser that keeps no cookies.

In the frame no page could know who is asking. So the key to the launch's pages goes, in a form that
works once and for a minute, to a new tab, where a cookie of the tool's own site can hold another.
"""

from datetime import datetime, timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.state import new_browser_secret
from lti_alliance.parts import parts
from lti_alliance.services import launches
from lti_alliance.web import access, browser_sessions, cookies, limits, no_cookies, transaction
from lti_alliance.web.signing import digest, mac, pack, unpack

CODE_FOR = timedelta(minutes=1)
_CODE = "launch in its own tab"

blueprint = Blueprint("own_tab", __name__)


def waiting_digest(key: str) -> str:
    """Return what is kept of the key to a launch that has no cookie yet.

    It is no digest of any cookie, so that the key opens nothing but the tab.
    """
    return mac(_CODE, key)


def offer(handle: str, *, key: str, at: datetime) -> Response:
    """Show the button that opens a launch in a new tab."""
    code = pack({"launch": handle, "key": key}, purpose=_CODE, at=at)
    return make_response(render_template("lti/own_tab.html", code=code))


@blueprint.post("/lti/launch/tab")
@access.open_
@limits.codes
def take() -> BaseResponse:
    """Open a launch in a tab of its own, by the code of the page in the frame; it works once."""
    at = parts().now()
    code = unpack(request.form.get("code", ""), purpose=_CODE, at=at, lifetime=CODE_FOR)
    if code is None:
        raise LaunchRejected("launch.tab_code", status=401)
    secret = new_browser_secret()
    with transaction.act() as session:
        opened = launches.exchange_key(
            session,
            handle=code["launch"],
            old_digest=waiting_digest(code["key"]),
            new_digest=digest(secret),
            at=at,
        )
        if opened is None:
            raise LaunchRejected("launch.tab_code", status=401)
        gone = browser_sessions.make_room(session, opened, at=at)
    response = redirect(url_for(".arrived", launch=code["launch"]), 303)
    for name in gone:
        cookies.forget_session(response, name)
    lifetime = timedelta(hours=parts().settings.session_hours)
    cookies.set_session(response, handle=code["launch"], secret=secret, lifetime=lifetime)
    return response


@blueprint.get("/lti/launch/tab")
@access.open_
def arrived() -> BaseResponse:
    """Go on to the launch's pages, or say what to do where not even this tab keeps a cookie."""
    handle = request.args.get("launch", "")
    if cookies.find_session(request, handle) is None:
        return no_cookies.page({}, is_new_tab=True)
    return redirect(url_for("student.home", handle=handle), 303)
