"""Canvas's notices: the tool subscribes to them, and each is sent once and never again.

Platform Notification Service: https://www.imsglobal.org/spec/lti/v1p3/pns
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import requests
from flask import Response, request

from lti_alliance.practice_lms.dialects.canvas_gates import check_token, fail, not_found
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import LTI, NOTICES
from lti_alliance.practice_lms.services import answer, written
from lti_alliance.practice_lms.state import Course

HELLO, COPY = "LtiHelloWorldNotice", "LtiContextCopyNotice"
TYPES = (HELLO, COPY)
LIFE_S = 3600
TIMEOUT_S = 10


def subscribe(platform: Platform, number: str) -> Response:
    """Keep where one type of notice goes; an empty address ends it."""
    _enter(platform, number)
    try:
        told = json.loads(request.get_data())
    except ValueError:
        told = None
    if not isinstance(told, dict):
        fail(400, "The request body is not an object")
    kind, handler, batch = told.get("notice_type"), told.get("handler"), told.get("max_batch_size")
    if kind not in TYPES:
        fail(400, f"notice_type is not supported: {kind}")
    if not isinstance(handler, str):
        fail(400, "handler must be an address")
    if handler and not platform.state.tool.recognises(handler):
        fail(400, "handler must be on the tool's domain")
    if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or batch < 1):
        fail(400, "max_batch_size must be a positive number")
    with platform.store.lock:
        handlers = platform.state.tool.notice_handlers
        if handler:
            handlers[kind] = handler
        else:
            handlers.pop(kind, None)
    platform.store.changed()
    if kind == HELLO:
        _send(platform, HELLO, {})
    return answer(
        {"notice_type": kind, "handler": handler}
        | ({} if batch is None else {"max_batch_size": batch})
    )


def listing(platform: Platform, number: str) -> Response:
    """List what the tool has subscribed to."""
    _enter(platform, number)
    tool = platform.state.tool
    return answer(
        {
            "client_id": tool.client_id,
            "deployment_id": tool.deployment_id,
            "notice_handlers": [
                {"notice_type": kind, "handler": tool.notice_handlers.get(kind, "")}
                for kind in TYPES
            ],
        }
    )


def tell_of_copy(platform: Platform, course: Course, source: Course) -> None:
    """Say that a course has been copied, and from which."""
    context = {"id": course.context_id, "label": course.code, "title": course.title}
    _send(
        platform,
        COPY,
        {LTI + "context": context, LTI + "origin_contexts": [source.context_id]},
    )


def _enter(platform: Platform, number: str) -> None:
    """Let the tool at its own deployment; at another's it is forbidden, at none not found."""
    check_token(platform, NOTICES)
    if number == platform.state.tool.number:
        return
    if number in {each.number for each in platform.state.pending_tools.values()}:
        fail(403, "The tool is not this client's")
    not_found()


def _send(platform: Platform, kind: str, more: dict[str, Any]) -> None:
    """Post one notice in the background, as often as the platform's mood says: once, usually."""
    tool = platform.state.tool
    handler = tool.notice_handlers.get(kind)
    if not handler:
        return
    now = platform.now()
    claims = {
        "iss": platform.issuer,
        "aud": tool.client_id,
        "azp": tool.client_id,
        "iat": int(now),
        "exp": int(now) + LIFE_S,
        "nonce": str(uuid.uuid4()),
        LTI + "deployment_id": tool.deployment_id,
        LTI + "version": "1.3.0",
        LTI + "notice": {"id": str(uuid.uuid4()), "timestamp": written(now), "type": kind},
        **more,
    }
    body = {"notices": [{"jwt": platform.sign(claims)}]}
    for _ in range(int(platform.state.switches.notice_times)):
        platform.settings.later(lambda: _post(platform, handler, kind, body))


def _post(platform: Platform, handler: str, kind: str, body: dict[str, Any]) -> None:
    status, answered = None, None
    try:
        found = platform.settings.http.post(handler, json=body, timeout=TIMEOUT_S)
        status = found.status_code
    except requests.RequestException as error:
        answered = type(error).__name__
    platform.messages.add(
        platform.name,
        f"Notice: {kind}",
        way="LMS to tool",
        url=handler,
        sent=body,
        status=status,
        answered=answered,
    )
