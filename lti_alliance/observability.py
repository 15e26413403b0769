"""Logs, request ids and metrics: what an operator sees of the tool, without personal data.

A log line names endpoints, ids, codes and durations. It never holds a token, a claim, an answer,
a name, or a query string; what slips into a line under a telling name, or looks like a token, is
taken out on the way.
"""

import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import MutableMapping
from datetime import datetime
from typing import IO, Any

import structlog
from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_alliance.models import LaunchSession, ScoreDelivery, WorkerBeat
from lti_alliance.settings import Settings

REGISTRY = CollectorRegistry()

REQUESTS = Histogram(
    "alliance_http_request_seconds",
    "Time to answer a request, by endpoint, method and class of status.",
    ["endpoint", "method", "status"],
    registry=REGISTRY,
)
LAUNCHES = Counter(
    "alliance_launches",
    "Launch messages, by outcome: `accepted` or the code of the refusal.",
    ["outcome"],
    registry=REGISTRY,
)

REDACTED = "[redacted]"
_SECRET_NAMES = re.compile(
    r"token|secret|password|assertion|authorization|cookie|nonce|claim|jwt|private|"
    r"^state$|hint|^answer|^response|^text$|^body$|^comment$|email|^name$|_name$|^sub$",
    re.IGNORECASE,
)
_PLAIN_NAMES = frozenset({"logger_name", "platform_name", "module_name"})
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?")
_QUERY = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]*")
_MAX_TEXT = 500

_NOISY = {"werkzeug": logging.WARNING, "urllib3": logging.INFO}


class _StderrHandler(logging.StreamHandler[IO[str]]):
    """Write to whatever standard error is now, and stand once however often it is configured."""

    name = "alliance"

    @property
    def stream(self) -> IO[str]:
        """Today's standard error."""
        return sys.stderr

    @stream.setter
    def stream(self, value: IO[str]) -> None:
        """Ignore the stream chosen at start."""


def configure(settings: Settings) -> None:
    """Send structlog's and the standard library's lines through one redacting formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_exceptions(with_messages=not settings.is_production),
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_nothing_more)
    )
    handler = _StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if h.name != handler.name]
    root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    for name, level in _NOISY.items():
        logging.getLogger(name).setLevel(max(level, root.level))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out what has no business in a log, by its name or by its look."""
    for name, value in event.items():
        if name not in _PLAIN_NAMES and _SECRET_NAMES.search(name):
            event[name] = REDACTED
        elif isinstance(value, str):
            event[name] = redact_text(value)
        elif not isinstance(value, int | float | bool | None) and not name.startswith("_"):
            event[name] = redact_text(str(value))
    return event


def redact_text(text: str) -> str:
    """Return ``text`` without tokens and query strings, and not endlessly long."""
    if len(text) > _MAX_TEXT and "\n" not in text:
        text = text[:_MAX_TEXT] + "…"
    return _QUERY.sub(r"\1?…", _TOKEN.sub(REDACTED, text))


def _tell_exceptions(*, with_messages: bool) -> Any:
    """Make a processor that writes a traceback; messages may quote data and stay in development."""

    def tell(
        _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        info = event.pop("exc_info", None)
        if not info:
            return event
        error = info if isinstance(info, BaseException) else sys.exc_info()[1]
        if isinstance(info, tuple):
            error = info[1]
        if error is None:
            return event
        if with_messages:
            event["exception"] = "".join(traceback.format_exception(error))
        else:
            frames = traceback.extract_tb(error.__traceback__)
            event["exception"] = type(error).__qualname__
            event["at"] = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in frames[-8:]]
        return event

    return tell


def _nothing_more(_stream: Any, _info: Any) -> None:
    """Leave the traceback to the processor that has already written it."""


def watch_requests(app: Flask) -> None:
    """Give each request an id, one log line and one measurement."""
    log = structlog.get_logger("lti_alliance.request")

    @app.before_request
    def start() -> None:
        g.request_id = secrets.token_hex(8)
        g.request_began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        if "request_began" not in g:
            return response
        seconds = time.perf_counter() - g.request_began
        endpoint = request.endpoint or "none"
        response.headers["X-Request-ID"] = g.request_id
        REQUESTS.labels(endpoint, request.method, f"{response.status_code // 100}xx").observe(
            seconds
        )
        # The path holds handles and the query may hold hints: the endpoint says enough.
        log.info(
            "request",
            endpoint=endpoint,
            method=request.method,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
        )
        return response


def request_id() -> str:
    """Return the id of the request being answered, or nothing outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def exposition(session: Session, *, at: datetime) -> tuple[bytes, str]:
    """Return the metrics in Prometheus' text format, with their content type.

    What many processes share is read from the database at the moment of asking.
    """
    shared = CollectorRegistry()
    deliveries = Gauge(
        "alliance_score_deliveries", "Score deliveries, by state.", ["state"], registry=shared
    )
    counts = select(ScoreDelivery.state, func.count()).group_by(ScoreDelivery.state)
    for state, count in session.execute(counts):
        deliveries.labels(state).set(count)
    oldest = session.scalar(
        select(func.min(ScoreDelivery.desired_since)).where(
            ScoreDelivery.state.in_(("due", "sending", "unclear"))
        )
    )
    Gauge(
        "alliance_score_delivery_oldest_seconds",
        "Age of the oldest score that is not in its gradebook yet; 0 when all are.",
        registry=shared,
    ).set(_age(oldest, at))
    Gauge(
        "alliance_worker_seen_seconds",
        "Seconds since a worker last gave a sign of life; -1 when none ever did.",
        registry=shared,
    ).set(_age(session.scalar(select(func.max(WorkerBeat.seen_at))), at, never=-1))
    Gauge("alliance_launches_open", "Launch sessions that have not ended.", registry=shared).set(
        session.scalar(
            select(func.count())
            .select_from(LaunchSession)
            .where(LaunchSession.ended_at.is_(None), LaunchSession.expires_at > at)
        )
        or 0
    )
    return generate_latest(REGISTRY) + generate_latest(shared), CONTENT_TYPE_LATEST


def _age(moment: datetime | None, at: datetime, *, never: float = 0) -> float:
    return never if moment is None else max(0.0, (at - moment).total_seconds())
