"""The gates in front of every Moodle service call, and Moodle's way of saying no."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import NoReturn

from flask import request

from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.services import answer, bearer_token, refuse
from lti_alliance.practice_lms.state import Course, LineItem

SERVICES = "/mod/lti/services.php"
UNSUPPORTED = "No context or unsupported content type"


def content_type() -> str:
    """Return the request's media type without parameters."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip()


def fail(status: int, reason: str | None = None) -> NoReturn:
    """Refuse with the reason in the status line and again in the body."""
    text = reason or HTTPStatus(status).phrase
    refuse(
        answer(
            {
                "status": status,
                "reason": text,
                "request": {
                    "method": request.method,
                    "url": request.full_path.rstrip("?"),
                    "accept": request.headers.get("Accept", ""),
                    "contentType": request.headers.get("Content-Type", ""),
                },
            },
            status=f"{status} {in_status_line(text.strip())}",
        )
    )


def in_status_line(text: str) -> str:
    """Return the text as its UTF-8 bytes look in an HTTP header."""
    return text.encode("utf-8").decode("latin-1")


def no_handler() -> NoReturn:
    """Refuse an address, method or media type that no service answers."""
    path = request.path.partition(SERVICES)[2]
    if request.method == "GET":
        fail(400, f"No handler found for {path} {request.headers.get('Accept', '')} ")
    fail(400, f"No handler found for {path}  {content_type()}")


def want(*types: str, anything: bool = False) -> None:
    """Insist on exactly one media type in `Accept`; some services take anything."""
    accept = request.headers.get("Accept", "*/*")
    if accept == "*/*":
        if not anything:
            request.environ["practice_lms.unsupported"] = True
        return
    if accept not in types:
        no_handler()


def need_body_type(*types: str) -> None:
    """Insist on the body's media type."""
    if content_type() not in types:
        no_handler()


def enter(platform: Platform, course_id: str, *scopes: str) -> Course:
    """Let a request with a good token, one of the scopes and our own `type_id` in."""
    check_token(platform, *scopes)
    type_id = request.args.get("type_id")
    if type_id is not None and type_id != platform.state.tool.deployment_id:
        fail(401)
    course = platform.state.courses.get(course_id)
    if course is None or request.environ.get("practice_lms.unsupported"):
        fail(400, UNSUPPORTED)
    return course


def check_token(platform: Platform, *scopes: str) -> None:
    """Refuse a token that is unknown, over, or without any of the scopes."""
    known = platform.state.access_tokens.get(hashed(bearer_token() or ""))
    if known is None or known["until"] <= platform.now() or not platform.state.switches.key_on:
        fail(401)
    if not set(scopes) & set(known["scopes"]):
        fail(401)


def hashed(token: str) -> str:
    """Return the name under which an access token is remembered."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_item(course: Course, item_id: str) -> LineItem:
    """Return the course's line item."""
    item = course.line_items.get(item_id)
    if item is None or gone(course, item):
        fail(404, f"Not Found: Grade item {item_id} doesn't exist")
    return item


def gone(course: Course, item: LineItem) -> bool:
    """Tell whether a link was deleted and its own column with it; the tool's columns stay."""
    activity = course.activities.get(item.activity_id or "")
    return item.coupled and activity is not None and activity.deleted


def item_url(
    platform: Platform, course: Course, item: LineItem | None = None, tail: str = ""
) -> str:
    """Return a line item's address, or the list's: its query string comes last."""
    middle = f"/{item.id}/lineitem" if item else ""
    type_id = platform.state.tool.deployment_id
    return f"{platform.root}{SERVICES}/{course.id}/lineitems{middle}{tail}?type_id={type_id}"


def plain(number: float | None) -> float | int | None:
    """Return whole numbers without a fraction, as PHP writes them."""
    if number is None or number != int(number):
        return number
    return int(number)
