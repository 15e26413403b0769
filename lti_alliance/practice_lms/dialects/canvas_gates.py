"""The gates in front of every Canvas service call, in Canvas's order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlencode

import jwt
from flask import Response, request

from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.services import answer, bearer_token, refuse
from lti_alliance.practice_lms.state import Course, LineItem

STATUS_NAMES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    412: "precondition_failed",
    422: "unprocessable_entity",
}
TOKEN_CLAIMS = ("iss", "sub", "aud", "iat", "exp", "jti", "scopes")
TOKEN_LIFE_S = 3600
Found = TypeVar("Found")


def fail(status: int, message: str) -> NoReturn:
    """Refuse in the shape that Canvas gives to a tool's faults."""
    refuse(answer({"errors": {"type": STATUS_NAMES[status], "message": message}}, status=status))


def not_found() -> NoReturn:
    """Refuse in the shape of Canvas's framework."""
    message = "The specified resource does not exist."
    refuse(answer({"errors": [{"message": message}]}, status=404))


def check_token(platform: Platform, *scopes: str) -> None:
    """Refuse a request without a good token that has one of the scopes."""
    claims = _token_claims(platform)
    if claims["sub"] != platform.state.tool.client_id or not platform.state.switches.key_on:
        fail(401, "Unknown or inactive Developer Key")
    if not set(scopes) & set(claims["scopes"].split()):
        fail(401, "Insufficient permissions")
    if not platform.state.switches.services_key_on:
        fail(401, "Invalid Developer Key")


def enter(platform: Platform, course_id: str, *scopes: str) -> Course:
    """Let a request with a good token and one of the scopes into the course."""
    check_token(platform, *scopes)
    course = platform.state.courses.get(course_id)
    if course is None:
        not_found()
    if not course.tool_installed:
        fail(401, "Access Token not linked to a Tool associated with this Context")
    if course.concluded:
        if platform.state.switches.concluded_status == HTTPStatus.NOT_FOUND:
            not_found()
        fail(422, "This course has concluded. AGS requests will no longer be accepted.")
    return course


def _token_claims(platform: Platform) -> dict[str, Any]:
    token = bearer_token()
    if token is None:
        fail(401, "Missing access token")
    try:
        claims = jwt.decode(
            token,
            platform.state.secret,
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
    except jwt.InvalidSignatureError:
        fail(401, "Access token invalid - signature likely incorrect")
    except jwt.PyJWTError:
        fail(401, "Access token invalid - malformed")
    missing = [name for name in TOKEN_CLAIMS if name not in claims]
    if missing:
        fail(401, "Invalid access token field/s: " + ", ".join(missing))
    now = platform.now()
    if claims["exp"] <= now or claims["iat"] <= now - TOKEN_LIFE_S:
        fail(401, "Access token expired")
    if platform.settings.host not in claims["aud"]:
        fail(401, "Invalid access token field/s: the 'aud' is invalid")
    return dict(claims)


def find_item(platform: Platform, course: Course, item_id: str) -> LineItem:
    """Return the course's line item; one of another client is there but not ours to touch."""
    item = course.line_items.get(item_id)
    if item is None:
        not_found()
    activity = course.activities.get(item.activity_id or "")
    if activity is not None and activity.deleted:
        not_found()
    if item.client_id != platform.state.tool.client_id:
        fail(412, "Tool does not have permission to view line_item")
    return item


def paged(
    found: Sequence[Found],
    *,
    shape: Callable[[Found], dict[str, Any]],
    address: str,
    media_type: str,
    default: int,
    most: int,
    wrap: Callable[[list[dict[str, Any]]], Any] = list,
) -> Response:
    """Answer one page with Canvas's `Link` header; only what is on the page is shaped."""
    size = max(1, min(_number("limit", default), most))
    page = max(1, _number("page", 1))
    last = max(1, -(-len(found) // size))
    shown = [shape(each) for each in found[(page - 1) * size : page * size]]
    response = answer(wrap(shown), media_type=media_type)
    kept = {key: each for key, each in request.args.items() if key not in {"page", "limit"}}

    def link(number: int, name: str) -> str:
        query = urlencode({**kept, "page": number, "limit": size})
        return f'<{address}?{query}>; rel="{name}"'

    links = [link(page, "current")]
    links += [link(page + 1, "next")] if page < last else []
    links += [link(page - 1, "prev")] if page > 1 else []
    response.headers["Link"] = ",".join([*links, link(1, "first"), link(last, "last")])
    return response


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdigit() else default
