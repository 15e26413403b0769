"""The numbers that tell an operator how the tool itself fares, read at each look."""

import math
import shutil
from collections.abc import Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.orm import Session

from lti_alliance.services import upkeep
from lti_alliance.worker import JOBS


def read(session: Session, *, at: datetime) -> Iterator[Metric]:
    """Give the metrics of workers, jobs, the audit trail, keys and room for the database."""
    yield _age(
        "alliance_worker_silent_seconds",
        "Time since a worker was last seen; +Inf when none is there.",
        upkeep.worker_seen_at(session),
        at=at,
        where_none=math.inf,
    )
    yield _age(
        "alliance_audit_unsealed_seconds",
        "Age of the oldest audit event that no batch holds yet; 0 when all are sealed.",
        upkeep.oldest_unsealed_at(session),
        at=at,
        where_none=0,
    )
    yield _age(
        "alliance_signing_key_seconds",
        "How long the signing key has been in use; +Inf when there is none.",
        upkeep.signing_since(session),
        at=at,
        where_none=math.inf,
    )
    overdue = GaugeMetricFamily(
        "alliance_job_overdue_seconds",
        "How long a recurring job of the worker has been due without having been done.",
        labels=["job"],
    )
    for job, late in upkeep.list_overdue(session, JOBS, at=at).items():
        overdue.add_metric([job], late.total_seconds())
    yield overdue
    yield from _room(session)


def _age(
    name: str, meaning: str, since: datetime | None, *, at: datetime, where_none: float
) -> Metric:
    seconds = where_none if since is None else max((at - since).total_seconds(), 0)
    return GaugeMetricFamily(name, meaning, value=seconds)


def _room(session: Session) -> Iterator[Metric]:
    """Tell the room beside a SQLite file; a database server's own machine tells of its disks."""
    bind = session.connection().engine
    room = GaugeMetricFamily(
        "alliance_disk_free_bytes", "Free room beside the database's file; with SQLite only."
    )
    if bind.dialect.name == "sqlite" and bind.url.database:
        room.add_metric([], shutil.disk_usage(bind.url.database).free)
    yield room
