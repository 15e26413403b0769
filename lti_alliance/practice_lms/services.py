"""Plumbing of the service endpoints: refusals, faults on demand, and the record of it all."""

from __future__ import annotations

import contextlib
import functools
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

from flask import Response, g, jsonify, make_response, request

from lti_alliance.practice_lms.messages import parsed
from lti_alliance.practice_lms.platform import Platform, platform_named
from lti_alliance.practice_lms.state import Fault

RESET = "practice_lms.reset"
THROTTLED = "403 Forbidden (Rate Limit Exceeded)\n"
SORRY_PAGE = "<!doctype html><title>Sign in</title><h1>Please sign in to Northfield College</h1>"
ISO_8601 = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?"
)


class Refusal(Exception):
    """An answer that ends the request here and now."""

    def __init__(self, response: Response) -> None:
        """Carry the response."""
        super().__init__(response.status)
        self.response = response


def refuse(response: Response) -> NoReturn:
    """End the request with this response."""
    raise Refusal(response)


def answer(body: Any, *, status: int | str = 200, media_type: str = "application/json") -> Response:
    """Return a JSON answer of exactly this media type."""
    response = jsonify(body)
    if isinstance(status, str):
        response.status = status
    else:
        response.status_code = status
    response.headers["Content-Type"] = f"{media_type}; charset=utf-8"
    return response


def bearer_token() -> str | None:
    """Return the access token that came with the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def parse_moment(text: object) -> datetime | None:
    """Read an ISO 8601 date and time; without a zone it is taken as UTC."""
    match = ISO_8601.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z") else zone
    if ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    fraction = (fraction or "0")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{fraction}{zone}").astimezone(UTC)
    except ValueError:
        return None


def written(moment: float) -> str:
    """Return seconds since the epoch as an ISO 8601 text."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def next_fault(platform: Platform, endpoint: str) -> Fault | None:
    """Use up one turn of the first fault that waits for this endpoint."""
    with platform.store.lock:
        faults = platform.state.faults
        fault = next((each for each in faults if each.endpoint == endpoint), None)
        if fault is None:
            return None
        fault.times -= 1
        if fault.times <= 0:
            faults.remove(fault)
    platform.store.changed()
    return fault


def _misbehave(platform: Platform, fault: Fault, proceed: Callable[[], Response]) -> Response:
    if fault.kind == "delay":
        platform.settings.sleep(fault.seconds)
        return proceed()
    if fault.kind in {"reset", "unclear"}:
        if fault.kind == "unclear":
            proceed()
        # The WSGI layer sees this mark and drops the connection without a byte.
        request.environ[RESET] = True
        return make_response("", 500)
    if fault.kind == "html":
        return make_response(SORRY_PAGE)
    if fault.kind == "throttle":
        response = make_response(THROTTLED, platform.state.switches.throttle_status)
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
        response.headers["X-Rate-Limit-Remaining"] = "0.0"
        return response
    response = make_response(fault.body or "", fault.status)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    if fault.retry_after:
        response.headers["Retry-After"] = fault.retry_after
    return response


View = Callable[..., Response]


def endpoint(platform_name: str, kind: str, *, fault: str | None = None) -> Callable[[View], View]:
    """Make a view a protocol endpoint: faults happen to it, and its traffic is recorded."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def observed(*args: Any, **kwargs: Any) -> Response:
            platform = platform_named(platform_name)

            def proceed() -> Response:
                try:
                    return view(*args, **kwargs)
                except Refusal as refusal:
                    return refusal.response

            found = next_fault(platform, fault) if fault else None
            response = _misbehave(platform, found, proceed) if found else proceed()
            _record(platform, kind, response, found)
            return response

        return observed

    return decorate


def _record(platform: Platform, kind: str, response: Response, fault: Fault | None) -> None:
    sent: Any = parsed(request.get_data(as_text=True)) if request.data else None
    if request.form:
        sent = request.form.to_dict()
    answered: Any = g.get("answered")
    if answered is None:
        answered = parsed(response.get_data(as_text=True)) if response.data else ""
    dropped = bool(request.environ.get(RESET))
    platform.messages.add(
        platform.name,
        kind + (f" (broken on purpose: {fault.kind})" if fault else ""),
        method=request.method,
        url=request.url,
        sent=sent,
        status=None if dropped else response.status_code,
        answered="connection dropped" if dropped else answered,
    )


class DropConnections:
    """WSGI layer that closes the connection where an endpoint asked for it."""

    def __init__(self, app: Callable[..., Any]) -> None:
        """Wrap the application."""
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer, or break off as a lost network would."""
        body = self._app(environ, _Held(environ, start_response))
        if environ.get(RESET):
            connection = environ.get("werkzeug.socket")
            if isinstance(connection, socket.socket):
                # The server would keep the connection open for the next request.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("connection dropped on purpose")
        return body


class _Held:
    """A `start_response` that stays silent when the connection is to be dropped."""

    def __init__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> None:
        self._environ = environ
        self._start_response = start_response

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._environ.get(RESET):
            return lambda _data: None
        return self._start_response(*args, **kwargs)
