"""Misbehave on purpose: scripted faults, one by one, and moods that meet every service call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from flask import Response, make_response, request

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.moods import Fault
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.wire import drop_connection, full_body

SERVICES = ("token", "score", "lineitems", "results", "memberships")
"""What the tool calls in the background; outages and rate limits are about these."""
ENDPOINTS = (
    *SERVICES,
    "jwks",
    "auth",
    "deep_linking",
    "openid_configuration",
    "registration",
    "notices",
)
KINDS = {
    "status": "is answered with a status of its own",
    "delay": "takes its time",
    "reset": "is dropped unread",
    "reset_during": "gets half an answer",
    "unclear": "is carried out, and no answer comes",
    "drip": "is answered drop by drop",
    "garbage": "is answered with noise",
    "html": "is answered with a sign-in page",
    "huge": "is answered at great length",
    "empty": "is answered with nothing",
    "throttle": "is one too many",
}
THROTTLED = {
    403: "403 Forbidden (Rate Limit Exceeded)\n",
    429: "429 Too Many Requests (Rate Limit Exceeded)\n",
}
SORRY_PAGE = "<!doctype html><title>Sign in</title><h1>Please sign in to Northfield College</h1>"
NOISE = ("\x00\x1b" + "".join(map(chr, range(0x80, 0x180)))) * 4
"""Text of a kind, so that a test client can read it; no JSON and no page."""
CHUNK = 64 * 1024
NO_BODY = {204, 304}
PAGES = {"auth", "deep_linking"}
TYPES = {
    "score": scopes.SCORE_TYPE,
    "results": scopes.RESULTS_TYPE,
    "memberships": scopes.MEMBERS_TYPE,
}

Proceed = Callable[[], Response]


def next_fault(platform: Platform, endpoint: str, *, user_id: str | None = None) -> Fault | None:
    """Use up one turn of the first fault that waits for this call.

    A fault that lets calls through first (`skip`) counts this one and leaves it to later faults.
    """
    faults = platform.state.faults
    if not faults:
        return None
    with platform.store.lock:
        fault = _first_waiting(faults, endpoint, user_id)
        if fault is not None:
            fault.times -= 1
            if fault.times <= 0:
                faults.remove(fault)
    platform.store.changed()
    return fault


def _first_waiting(faults: list[Fault], endpoint: str, user_id: str | None) -> Fault | None:
    for fault in faults:
        if fault.endpoint != endpoint or fault.only_sub not in (None, user_id):
            continue
        if fault.skip <= 0:
            return fault
        fault.skip -= 1
    return None


def mood(platform: Platform, endpoint: str) -> Response | None:
    """Return the answer to every service call while the LMS is out of order or overrun."""
    if endpoint not in SERVICES:
        return None
    switches = platform.state.switches
    if switches.outage_status:
        outage = Fault(endpoint, "status", status=switches.outage_status)
        outage.retry_after = switches.outage_retry_after
        return _status(outage)
    if not platform.rate_limit.let_through(switches.rate_limit_per_s, now=platform.now()):
        return _throttled(platform)
    return None


def misbehave(platform: Platform, fault: Fault, proceed: Proceed) -> Response:
    """Answer as the fault says; `proceed` carries the request out."""
    response = MANNERS[fault.kind](platform, fault, proceed)
    response.headers.update(fault.headers)
    return response


def _delayed(platform: Platform, fault: Fault, proceed: Proceed) -> Response:
    platform.settings.sleep(fault.seconds)
    return proceed()


def _unread(_platform: Platform, _fault: Fault, _proceed: Proceed) -> Response:
    drop_connection()
    return make_response("", 500)


def _unclear(platform: Platform, fault: Fault, proceed: Proceed) -> Response:
    proceed()
    return _unread(platform, fault, proceed)


def _broken_off(_platform: Platform, fault: Fault, proceed: Proceed) -> Response:
    response = proceed() if fault.carried_out else _typed(fault, json.dumps({"cut": "off"}))
    drop_connection(after=response)
    return response


def _dripping(platform: Platform, fault: Fault, proceed: Proceed) -> Response:
    response = proceed()
    body, sleep, pause_s = full_body(response), platform.settings.sleep, fault.seconds or 1.0

    def drops() -> Iterator[bytes]:
        for place in range(len(body)):
            sleep(pause_s)
            yield body[place : place + 1]

    response.response = drops()
    response.headers["Content-Length"] = str(len(body))
    return response


def _page(_platform: Platform, _fault: Fault, _proceed: Proceed) -> Response:
    return make_response(SORRY_PAGE)


def _noise(_platform: Platform, fault: Fault, _proceed: Proceed) -> Response:
    return _typed(fault, NOISE)


def _nothing(_platform: Platform, fault: Fault, _proceed: Proceed) -> Response:
    return _typed(fault, b"")


def _huge(_platform: Platform, fault: Fault, _proceed: Proceed) -> Response:
    return _typed(fault, _padding(fault.size))


def _one_too_many(platform: Platform, _fault: Fault, _proceed: Proceed) -> Response:
    return _throttled(platform)


def _other_status(_platform: Platform, fault: Fault, _proceed: Proceed) -> Response:
    return _status(fault)


MANNERS: dict[str, Callable[[Platform, Fault, Proceed], Response]] = {
    "status": _other_status,
    "delay": _delayed,
    "reset": _unread,
    "reset_during": _broken_off,
    "unclear": _unclear,
    "drip": _dripping,
    "garbage": _noise,
    "html": _page,
    "huge": _huge,
    "empty": _nothing,
    "throttle": _one_too_many,
}


def _padding(size: int) -> Iterator[bytes]:
    """Yield one long JSON string."""
    yield b'"'
    left = size - 2
    while left > 0:
        yield b"." * min(left, CHUNK)
        left -= CHUNK
    yield b'"'


def _typed(fault: Fault, body: str | bytes | Iterable[bytes]) -> Response:
    """Return status 200 with the media type of a good answer, whatever the body is."""
    kind = TYPES.get(fault.endpoint, "application/json")
    if fault.endpoint in PAGES:
        kind = "text/html"
    if fault.endpoint == "lineitems":
        listing = request.method == "GET" and "item_id" not in (request.view_args or {})
        kind = scopes.LINEITEMS_TYPE if listing else scopes.LINEITEM_TYPE
    return Response(body, 200, content_type=f"{kind}; charset=utf-8")


def _throttled(platform: Platform) -> Response:
    status = platform.state.switches.throttle_status
    response = make_response(THROTTLED.get(status, THROTTLED[403]), status)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["X-Rate-Limit-Remaining"] = "0.0"
    return response


def _status(fault: Fault) -> Response:
    body = "" if fault.status in NO_BODY else fault.body or ""
    response = make_response(body, fault.status)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    if fault.retry_after:
        response.headers["Retry-After"] = fault.retry_after
    if fault.location:
        response.headers["Location"] = fault.location
    return response
