"""The practice LMS's own interface to tools: registration begun, pending, switched on."""

from __future__ import annotations

from flask import Blueprint, Response

from lti_alliance.practice_lms import registrations
from lti_alliance.practice_lms.pages_admin import find_tool
from lti_alliance.practice_lms.practice_lookups import body_of, refuse_plainly, the_platform
from lti_alliance.practice_lms.services import answer

blueprint = Blueprint("practice_tools", __name__)


@blueprint.get("/tools/<platform_name>")
def list_tools(platform_name: str) -> Response:
    """Return the tool in use and those that wait for the administrator."""
    state = the_platform(platform_name).state
    pending = [each.to_json() for each in state.pending_tools.values()]
    return answer({"tool": state.tool.to_json(), "pending": pending})


@blueprint.post("/tools/<platform_name>/register")
def begin_registration(platform_name: str) -> Response:
    """Return the address with which a browser would open the tool's registration page (`url`)."""
    platform, body = the_platform(platform_name), body_of()
    url = str(body.get("url", ""))
    if not registrations.is_web_address(url):
        refuse_plainly("url is the tool's registration address")
    updated = find_tool(platform, str(body.get("update", "")))
    return answer({"address": registrations.address_with_token(platform, url, updated=updated)})


@blueprint.post("/tools/<platform_name>/<client_id>/activate")
def activate(platform_name: str, client_id: str) -> Response:
    """Switch a pending tool on, with as much as `scopes`, `placements` and `privacy` leave it."""
    platform, body = the_platform(platform_name), body_of()
    scopes, placements = body.get("scopes"), body.get("placements")
    tool = registrations.activate(
        platform,
        client_id,
        scopes=set(scopes) if isinstance(scopes, list) else None,
        placements=set(placements) if isinstance(placements, list) else None,
        privacy=body.get("privacy"),
    )
    if tool is None:
        refuse_plainly("no such tool is pending", 404)
    return answer(tool.to_json())


@blueprint.delete("/tools/<platform_name>/<client_id>")
def send_away(platform_name: str, client_id: str) -> Response:
    """Forget a pending tool."""
    if not registrations.send_away(the_platform(platform_name), client_id):
        refuse_plainly("no such tool is pending", 404)
    return Response("", 204)
