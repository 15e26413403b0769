"""The pages of the site's administrator: which tool there is, and how another registers itself."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lti_alliance.practice_lms import gradebook, registrations
from lti_alliance.practice_lms.pages import PLATFORM, whom_to_be
from lti_alliance.practice_lms.platform import Platform, platform_named
from lti_alliance.practice_lms.sessions import signed_in
from lti_alliance.practice_lms.state import Person
from lti_alliance.practice_lms.tools import PRIVACY, Tool

blueprint = Blueprint("pages_admin", __name__)

TOOLS = PLATFORM + "/admin/tools"


def _administrator(platform_name: str) -> tuple[Platform, Person]:
    platform = platform_named(platform_name)
    person = signed_in(platform)
    if person is None:
        following = f"/{platform_name}/login?next={request.path}"
        abort(make_response(redirect(following, code=303)))
    if not platform.administers(person):
        abort(403)
    return platform, person


def _render(template: str, platform: Platform, person: Person, **values: object) -> str:
    return render_template(
        template,
        platform=platform,
        person=person,
        people=whom_to_be(platform, person),
        name_of=gradebook.display_name,
        root=f"/{platform.name}/admin/tools",
        **values,
    )


@blueprint.get(TOOLS)
def show_tools(platform_name: str) -> str:
    """Show the tool in use, those that wait, and the way to another."""
    platform, person = _administrator(platform_name)
    return _render("tools.html", platform, person, levels=list(PRIVACY), fault="")


@blueprint.get(TOOLS + "/register")
def register_tool(platform_name: str) -> AnyResponse:
    """Open the tool's registration page in a frame."""
    platform, person = _administrator(platform_name)
    url = request.args.get("url", "").strip()
    if not registrations.is_web_address(url):
        fault = "A registration address begins with http:// or https://."
        page = _render("tools.html", platform, person, levels=list(PRIVACY), fault=fault)
        return make_response(page, 422)
    _let_frame(url)
    return make_response(
        _render("register.html", platform, person, url=url, update=request.args.get("update", ""))
    )


@blueprint.get(TOOLS + "/register/start")
def start_registration(platform_name: str) -> AnyResponse:
    """Send the frame to the tool's registration page, with a fresh token."""
    platform, _ = _administrator(platform_name)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        # Another site's page must not have a token sent to itself in the administrator's name.
        abort(403)
    url = request.args.get("url", "").strip()
    if not registrations.is_web_address(url):
        abort(404)
    updated = find_tool(platform, request.args.get("update", ""))
    address = registrations.address_with_token(platform, url, updated=updated)
    platform.messages.add(
        platform.name, "Registration begun", way="LMS to tool", method="GET", url=url
    )
    return redirect(address, code=302)


@blueprint.post(TOOLS + "/<client_id>")
def decide(platform_name: str, client_id: str) -> AnyResponse:
    """Switch a pending tool on, with as much of what it asks for as is ticked, or send it away."""
    platform, _ = _administrator(platform_name)
    form = request.form
    if form.get("action") == "reject":
        done = registrations.send_away(platform, client_id)
    elif form.get("reviewed"):
        done = (
            registrations.activate(
                platform,
                client_id,
                scopes=set(form.getlist("scope")),
                placements=set(form.getlist("placement")),
                privacy=form.get("privacy"),
            )
            is not None
        )
    else:
        done = registrations.activate(platform, client_id) is not None
    if not done:
        abort(404)
    return redirect(f"/{platform.name}/admin/tools", code=303)


def find_tool(platform: Platform, deployment_id: str) -> Tool | None:
    """Return the tool of this deployment, in use or pending."""
    if not deployment_id:
        return None
    known = [platform.state.tool, *platform.state.pending_tools.values()]
    return next((each for each in known if each.deployment_id == deployment_id), None)


def _let_frame(url: str) -> None:
    """Let the page frame one more site than the platform's own tool."""
    parts = urlsplit(url)
    g.framed_origin = f"{parts.scheme}://{parts.netloc}"
