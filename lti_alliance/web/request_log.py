"""One id and one log line for each request, and its time among the metrics."""

import time
import uuid

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from lti_alliance.observability import request_seconds

_log = structlog.get_logger(__name__)
_MAX_PATH = 150
# Asked for every few seconds by machines, or by every page: of interest only when they fail.
_UNTOLD = frozenset({"instructor.worry"})
"""Pages of which nothing is kept, not even that somebody opened them."""
_QUIET = frozenset({"static", "health.healthz", "health.readyz", "health.metrics"})


def register(app: Flask) -> None:
    """Give every request a number, and log how long it took."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def request_id() -> str:
    """Return the id of the request at hand, which a person can read out."""
    found: str = g.setdefault("request_id", uuid.uuid4().hex[:12])
    return found


def about(**fields: str) -> None:
    """Add facts to every log line of the request at hand."""
    bind_contextvars(**fields)


def _begin() -> None:
    # A proxy's own request id is not taken over: anybody could send one that is in our log already.
    clear_contextvars()
    g.began = time.perf_counter()
    about(request_id=request_id())


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    endpoint = request.endpoint or "unmatched"
    if endpoint in _UNTOLD and response.status_code < 400:
        return response
    request_seconds.labels(endpoint, _method(), str(response.status_code)).observe(seconds)
    is_quiet = endpoint in _QUIET and response.status_code < 400
    (_log.debug if is_quiet else _log.info)(
        "request",
        method=_method(),
        # The path alone: a query may carry what a platform told about a person.
        path=request.path[:_MAX_PATH],
        endpoint=endpoint,
        status=response.status_code,
        code=g.get("problem_code", "ok"),
        duration_ms=round(seconds * 1000, 1),
    )
    return response


def _forget(_error: BaseException | None) -> None:
    clear_contextvars()


def _method() -> str:
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return request.method if request.method in known else "other"
