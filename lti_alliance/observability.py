"""Logs and metrics: what an operator may know, and nothing of what a person wrote or is called.

A log line is the name of an event and fields from one list. A field that is not on the list is
left out and only its name is kept, so that a claim set or an answer cannot slip in. Text from other
libraries is scrubbed of what looks like a token or an e-mail address.
"""

import contextlib
import logging
import re
import sys
import traceback
from collections.abc import Iterable
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from structlog.typing import EventDict, Processor, WrappedLogger

from lti_alliance.settings import Settings

FIELDS = frozenset(
    {
        *("event", "level", "timestamp", "exception", "request_id"),
        *("method", "path", "endpoint", "status", "code", "duration_ms"),
        *("registration_id", "deployment_id", "host"),
        *("message_type", "role", "scope", "media_type"),
        *("context_id", "activity_id", "delivery_id"),
        *("job", "worker_id", "count", "reason"),
        *("batch", "batch_hash", "key_id"),
    }
)
"""Every field that a line may have; docs/logs.md says what each means."""

# Each of these names every address that it handles, query and all.
_TALKATIVE = ("werkzeug", "urllib3", "sqlalchemy", "alembic")

_TOKEN = re.compile(r"(?:eyJ[\w-]+(?:\.[\w-]*)*|(?<=[Bb]earer )\S+)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")

_registry = CollectorRegistry()
launches_total = Counter(
    "alliance_launches", "Launches by outcome code.", ["code"], registry=_registry
)
notices_total = Counter(
    "alliance_notices",
    "Notices of platforms by kind, or by the code of their refusal.",
    ["kind"],
    registry=_registry,
)
request_seconds = Histogram(
    "alliance_request_seconds",
    "Time to answer a request.",
    ["endpoint", "method", "status"],
    registry=_registry,
)


def configure(settings: Settings) -> None:
    """Send every log line of the process to standard error in the form that settings ask for."""
    level = logging.getLevelName(settings.log_level.upper())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.contextvars.merge_contextvars, *shared, scrub],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _ExceptionFrames(with_message=not settings.is_production),
                keep_known_fields,
                _renderer(settings),
            ],
        )
    )
    root = logging.getLogger()
    # A second application in one process replaces the handler of the first.
    root.handlers = [h for h in root.handlers if not isinstance(h, _StandardError)] + [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def keep_known_fields(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Leave out fields that are not on the list, and say which."""
    unknown = sorted(name for name in fields if name not in FIELDS)
    kept = {name: value for name, value in fields.items() if name in FIELDS}
    return {**kept, "left_out": unknown} if unknown else kept


def scrub(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Take what looks like a token or an e-mail address out of another library's sentence."""
    return {**fields, "event": scrubbed(str(fields.get("event", "")))}


def scrubbed(text: str) -> str:
    """Return ``text`` without what looks like a token or an e-mail address."""
    return _EMAIL.sub("[address]", _TOKEN.sub("[token]", text))


def metrics_text(collectors: Iterable[Iterable[Metric]] = ()) -> bytes:
    """Return all metrics in Prometheus's text form, with what ``collectors`` add now.

    Where several processes serve, ``PROMETHEUS_MULTIPROC_DIR`` lets each answer for all.
    """
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    except ValueError:  # The variable is not set: this process speaks for itself.
        registry = _registry
    now = CollectorRegistry()
    for metrics in collectors:
        now.register(_Once(metrics))
    return generate_latest(registry) + generate_latest(now)


class _Once(Collector):
    """Metrics that were just read from the database."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def write_line(line: str) -> None:
    """Write one finished line; nothing of a log leaves the process in any other way."""
    sys.stderr.write(line + "\n")


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at the moment of writing, if it takes anything."""

    def emit(self, record: logging.LogRecord) -> None:
        # A full disk or a closed pipe must not cost a student's request.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            write_line(self.format(record))


class _ExceptionFrames:
    """Renders an exception as its type and the lines it went through, without local values.

    Its message may quote an answer or a claim, so it stays out of production's log.
    """

    def __init__(self, *, with_message: bool) -> None:
        self._with_message = with_message

    def __call__(self, _logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
        info = fields.pop("exc_info", None)
        error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
        if isinstance(error, BaseException):
            fields["exception"] = self._render(error)
        return fields

    def _render(self, error: BaseException) -> str:
        frames = "".join(traceback.format_tb(error.__traceback__))
        message = f": {scrubbed(str(error))}" if self._with_message else ""
        return f"{frames}{type(error).__name__}{message}"


def _renderer(settings: Settings) -> Any:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)
