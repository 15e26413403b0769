"""The practice LMS's own interface to its misbehaviour: faults, switches, and mending."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from flask import Blueprint, Response

from lti_alliance.practice_lms.breakages import MEND, active, apply_breakage
from lti_alliance.practice_lms.faults import ENDPOINTS, KINDS
from lti_alliance.practice_lms.moods import Fault, Switches
from lti_alliance.practice_lms.platform import Platform, practice
from lti_alliance.practice_lms.practice_lookups import (
    body_of,
    number,
    refuse_plainly,
    the_platform,
)
from lti_alliance.practice_lms.services import answer

blueprint = Blueprint("practice_trouble", __name__)

LONGEST_WAIT_S = 24 * 60 * 60
LARGEST = 2 * 1024**3
LIMITS: dict[str, tuple[float, float]] = {
    "times": (1, 1_000_000),
    "skip": (0, 1_000_000),
    "status": (200, 599),
    "seconds": (0, LONGEST_WAIT_S),
    "size": (2, LARGEST),
}
FURTHEST_S = 10 * 365 * 24 * 60 * 60
STATUSES = {"outage_status", "throttle_status", "concluded_status"}
AT_ONCE = {"rotate_keys", "deployment_id"}


@blueprint.get("/faults")
def list_faults() -> Response:
    """Return what waits, what is switched, and all that is broken now, in plain words."""
    return answer(
        {
            name: {
                "faults": [each.to_json() for each in platform.state.faults],
                "switches": platform.state.switches.to_json(),
                "active": active(platform),
            }
            for name, platform in practice().platforms.items()
        }
    )


@blueprint.post("/faults")
def add_fault() -> Response:
    """Script a misbehaviour, e.g. three answers of 503 to the next scores."""
    body = body_of()
    platform = the_platform(body.pop("platform", None))
    fault = _fault(platform, body)
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
    known = {each.name: each.default for each in dataclasses.fields(Switches)}
    unknown = set(body) - set(known) - AT_ONCE
    if unknown:
        refuse_plainly("no such switch: " + ", ".join(sorted(unknown)))
    for name in set(known) & set(body):
        _check_switch(name, body, known[name])
    with platform.store.lock:
        for name in set(known) & set(body):
            setattr(platform.state.switches, name, body[name])
        if body.get("deployment_id"):
            platform.state.tool.deployment_id = str(body["deployment_id"])
    if body.get("rotate_keys"):
        platform.rotate_keys()
    platform.store.changed()
    return answer(platform.state.switches.to_json())


@blueprint.post("/break/<platform_name>")
def break_something(platform_name: str) -> Response:
    """Break by its key (`what`) what the page offers, or mend everything (`mend`)."""
    platform, what = the_platform(platform_name), body_of().get("what", MEND)
    if not apply_breakage(platform, str(what)):
        refuse_plainly(f"nothing to break is called {what}", 404)
    return answer({"active": active(platform)})


def _fault(platform: Platform, body: dict[str, Any]) -> Fault:
    if body.get("endpoint") not in ENDPOINTS or body.get("kind") not in KINDS:
        refuse_plainly(
            "endpoint or kind unknown: endpoints are "
            + ", ".join(ENDPOINTS)
            + "; kinds are "
            + ", ".join(KINDS)
        )
    unknown = set(body) - {each.name for each in dataclasses.fields(Fault)}
    if unknown:
        refuse_plainly("a fault has no member " + ", ".join(sorted(unknown)))
    for name in set(LIMITS) & set(body):
        least, most = LIMITS[name]
        asked = number(body, name, least=least, most=most)
        body[name] = asked if name == "seconds" else int(asked)
    if body.get("body") is not None and not isinstance(body["body"], str):
        body["body"] = json.dumps(body["body"])
    if not isinstance(body.get("carried_out", True), bool):
        refuse_plainly("carried_out is true or false")
    _check_headers(body)
    if body.get("only_sub") is not None:
        body["only_sub"] = str(body["only_sub"])
        if body["endpoint"] != "score" or platform.find_by_user_id(body["only_sub"]) is None:
            refuse_plainly("only_sub is the user id of somebody, and for scores")
    return Fault.from_json(body)


def _check_headers(body: dict[str, Any]) -> None:
    """Let only through what can stand in a header."""
    headers = body.get("headers", {})
    if not isinstance(headers, dict):
        refuse_plainly("headers are an object of names and texts")
    body["headers"] = {str(name): str(value) for name, value in headers.items()}
    for name in ("retry_after", "location"):
        if body.get(name) is not None:
            body[name] = str(body[name])
    texts = [*body["headers"], *body["headers"].values()]
    texts += [str(body.get(name) or "") for name in ("retry_after", "location")]
    if not all(each.isascii() and each.isprintable() for each in texts):
        refuse_plainly("a header is one line of plain characters")


def _check_switch(name: str, body: dict[str, Any], usual: object) -> None:
    value = body[name]
    if isinstance(usual, bool):
        if not isinstance(value, bool):
            refuse_plainly(f"{name} is true or false")
    elif name in STATUSES:
        if value != usual:
            body[name] = int(number(body, name, least=400, most=599))
    elif isinstance(usual, (int, float)):
        number(body, name, least=-FURTHEST_S if name == "clock_skew_s" else 0)
    elif value is None and usual is not None:
        refuse_plainly(f"{name} is a text")
    elif value is not None:
        body[name] = str(value)
