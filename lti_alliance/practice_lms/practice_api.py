"""The practice LMS's own programming interface, for the demo's scripts and for tests."""

from __future__ import annotations

import dataclasses
import ipaddress

from flask import Blueprint, Response, abort, jsonify, request

from lti_alliance.practice_lms import launches
from lti_alliance.practice_lms.platform import practice
from lti_alliance.practice_lms.practice_copies import blueprint as copies
from lti_alliance.practice_lms.practice_courses import blueprint as courses
from lti_alliance.practice_lms.practice_grades import blueprint as grades
from lti_alliance.practice_lms.practice_lookups import (
    body_of,
    refuse_plainly,
    the_activity,
    the_course,
    the_person,
    the_platform,
)
from lti_alliance.practice_lms.practice_tools import blueprint as tools
from lti_alliance.practice_lms.practice_trouble import blueprint as trouble
from lti_alliance.practice_lms.services import answer
from lti_alliance.practice_lms.tools import Tool

blueprint = Blueprint("practice_api", __name__, url_prefix="/_practice")
blueprint.register_blueprint(courses)
blueprint.register_blueprint(copies)
blueprint.register_blueprint(grades)
blueprint.register_blueprint(tools)
blueprint.register_blueprint(trouble)


@blueprint.before_request
def only_loopback() -> None:
    """Answer nobody but this machine."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "127.0.0.1")
    except ValueError:
        abort(403)
    mapped = getattr(address, "ipv4_mapped", None)
    if not (mapped or address).is_loopback:
        abort(403)


@blueprint.get("/people/<platform_name>")
def people(platform_name: str) -> Response:
    """List the accounts and their parts in the courses."""
    platform = the_platform(platform_name)
    listed = [
        {
            **person.to_json(),
            "courses": {
                course.id: course.enrolments[person.id].role
                for course in platform.state.courses.values()
                if person.id in course.enrolments
            },
        }
        for person in platform.state.people.values()
    ]
    return answer(listed)


@blueprint.post("/launch")
def launch() -> Response:
    """Begin a launch and return the login initiation, for a script to walk on with."""
    body = body_of()
    platform = the_platform(body.get("platform"))
    course = the_course(platform, body.get("course"))
    person = the_person(platform, body.get("person"))
    kind = str(body.get("kind", "activity"))
    if kind == "deep_linking" and not launches.is_offered(platform, str(body.get("placement", ""))):
        refuse_plainly("the tool is not offered there", 404)
    activity = None if kind == "deep_linking" else the_activity(course, body.get("activity"))
    for_person = the_person(platform, body["for_person"]) if body.get("for_person") else None
    fields = launches.begin(
        platform,
        course,
        person,
        activity=activity,
        kind=kind,
        target=body.get("target"),
        for_person=for_person,
        placement=str(body.get("placement", "")),
        module=str(body.get("module", "")),
        title=str(body.get("title", "")),
    )
    return answer({"login_url": platform.state.tool.login_url, "fields": fields})


@blueprint.get("/messages")
def messages() -> Response:
    """Return the messages that passed, newest first."""
    return answer(practice().messages.to_json())


@blueprint.get("/stats/<platform_name>")
def show_stats(platform_name: str) -> Response:
    """Show how often the tool called, whom, and how many scores were on their way at once."""
    return answer(the_platform(platform_name).stats.report())


@blueprint.delete("/stats/<platform_name>")
def forget_stats(platform_name: str) -> Response:
    """Count from nought again."""
    the_platform(platform_name).stats.clear()
    return Response("", 204)


@blueprint.get("/tool/<platform_name>")
def show_tool(platform_name: str) -> Response:
    """Show what the platform was told about the tool."""
    return answer(the_platform(platform_name).state.tool.to_json())


@blueprint.post("/tool/<platform_name>")
def register_tool(platform_name: str) -> Response:
    """Tell the platform about the tool: addresses, scopes, custom fields."""
    platform, body = the_platform(platform_name), body_of()
    tool = platform.state.tool
    with platform.store.lock:
        told = Tool.from_json({**tool.to_json(), **body})
        for each in dataclasses.fields(tool):
            setattr(tool, each.name, getattr(told, each.name))
        platform.state.cached_tool_keys = {}
    platform.store.changed()
    return answer(tool.to_json())


@blueprint.post("/reset")
def reset() -> Response:
    """Start over: grades, activities, moods and messages; keys and the registration stay."""
    practice().store.reset()
    practice().messages.clear()
    for platform in practice().platforms.values():
        platform.pending.clear()
        platform.stats.clear()
    return jsonify({"reset": True})


@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def no_such_address(rest: str) -> Response:
    """Say that there is nothing here."""
    refuse_plainly(f"no such address: /_practice/{rest}", 404)
