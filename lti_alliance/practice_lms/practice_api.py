"""The practice LMS's own programming interface, for the demo's scripts and for tests."""

from __future__ import annotations

import dataclasses
import ipaddress

from flask import Blueprint, Response, abort, jsonify, request

from lti_alliance.practice_lms import gradebook, launches
from lti_alliance.practice_lms.platform import practice
from lti_alliance.practice_lms.practice_courses import blueprint as courses
from lti_alliance.practice_lms.practice_lookups import (
    body_of,
    refuse_plainly,
    the_activity,
    the_course,
    the_person,
    the_platform,
)
from lti_alliance.practice_lms.services import answer
from lti_alliance.practice_lms.state import Fault, Switches

blueprint = Blueprint("practice_api", __name__, url_prefix="/_practice")
blueprint.register_blueprint(courses)

ENDPOINTS = (
    "token",
    "score",
    "lineitems",
    "results",
    "memberships",
    "jwks",
    "auth",
    "deep_linking",
)
KINDS = ("status", "delay", "reset", "unclear", "html", "throttle")


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
    )
    return answer({"login_url": platform.state.tool.login_url, "fields": fields})


@blueprint.get("/gradebook/<platform_name>/<course_id>")
def show_gradebook(platform_name: str, course_id: str) -> Response:
    """Show every (student, activity) pair."""
    platform = the_platform(platform_name)
    return answer(gradebook.gradebook_json(platform, the_course(platform, course_id)))


@blueprint.post("/gradebook/<platform_name>/<course_id>")
def enter_grade(platform_name: str, course_id: str) -> Response:
    """Enter a grade as a person would; `score` null takes it away."""
    platform = the_platform(platform_name)
    course, body = the_course(platform, course_id), body_of()
    item = course.primary_item(the_activity(course, body.get("activity")).id)
    if item is None:
        refuse_plainly("the activity is not graded")
    score = body.get("score")
    gradebook.set_by_person(
        platform,
        course,
        item,
        student=the_person(platform, body.get("person")),
        score=None if score is None else float(score),
    )
    return answer({"stored": True})


@blueprint.get("/messages")
def messages() -> Response:
    """Return the messages that passed, newest first."""
    return answer(practice().messages.to_json())


@blueprint.get("/faults")
def list_faults() -> Response:
    """Return the faults that wait and the switches."""
    return answer(
        {
            name: {
                "faults": [each.to_json() for each in platform.state.faults],
                "switches": platform.state.switches.to_json(),
            }
            for name, platform in practice().platforms.items()
        }
    )


@blueprint.post("/faults")
def add_fault() -> Response:
    """Script a misbehaviour, e.g. three answers of 503 to the next scores."""
    body = body_of()
    platform = the_platform(body.get("platform"))
    if body.get("endpoint") not in ENDPOINTS or body.get("kind") not in KINDS:
        refuse_plainly("endpoint or kind unknown")
    names = {each.name for each in dataclasses.fields(Fault)}
    fault = Fault(**{name: value for name, value in body.items() if name in names})
    with platform.store.lock:
        platform.state.faults.append(fault)
    platform.store.changed()
    return answer(fault.to_json(), status=201)


@blueprint.delete("/faults/<platform_name>")
def clear_faults(platform_name: str) -> Response:
    """Forget the faults that wait."""
    platform = the_platform(platform_name)
    with platform.store.lock:
        platform.state.faults.clear()
    platform.store.changed()
    return Response("", 204)


@blueprint.post("/switches/<platform_name>")
def change_switches(platform_name: str) -> Response:
    """Turn moods on and off; `rotate_keys` and `deployment_id` act at once."""
    platform, body = the_platform(platform_name), body_of()
    names = {each.name for each in dataclasses.fields(Switches)}
    unknown = set(body) - names - {"rotate_keys", "deployment_id"}
    if unknown:
        refuse_plainly("no such switch: " + ", ".join(sorted(unknown)))
    with platform.store.lock:
        for name in names & set(body):
            setattr(platform.state.switches, name, body[name])
        if body.get("deployment_id"):
            platform.state.tool.deployment_id = str(body["deployment_id"])
    if body.get("rotate_keys"):
        platform.rotate_keys()
    platform.store.changed()
    return answer(platform.state.switches.to_json())


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
        for each in dataclasses.fields(tool):
            if each.name in body:
                setattr(tool, each.name, body[each.name])
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
    return jsonify({"reset": True})
