"""The numbers that tell an operator how scores fare, read from the database at each look."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_alliance.models import PlatformCircuit, Registration, ScoreDelivery
from lti_alliance.services.score_claims import is_wanted

_SETTLED = ("delivered", "overridden")


def read(session: Session, *, at: datetime) -> Iterator[Metric]:
    """Give the metrics of deliveries and of the platforms that they go to."""
    yield from _deliveries(session, at=at)
    yield from _platforms(session, at=at)


def _deliveries(session: Session, *, at: datetime) -> Iterator[Metric]:
    counts = GaugeMetricFamily(
        "alliance_deliveries",
        "Scores by the state of their delivery.",
        labels=["registration", "state"],
    )
    ages = GaugeMetricFamily(
        "alliance_oldest_waiting_delivery_seconds",
        "Age of the oldest score that is not in its gradebook.",
        labels=["registration"],
    )
    reasons = GaugeMetricFamily(
        "alliance_waiting_deliveries",
        "Scores that are not in their gradebook, by the reason.",
        labels=["registration", "reason"],
    )
    rows = session.execute(
        select(
            Registration.name,
            ScoreDelivery.state,
            ScoreDelivery.reason,
            func.count(),
            func.min(ScoreDelivery.desired_since),
        )
        .join(Registration, Registration.id == ScoreDelivery.registration_id)
        .where(is_wanted())
        .group_by(Registration.name, ScoreDelivery.state, ScoreDelivery.reason)
    ).all()
    by_state: dict[tuple[str, str], int] = {}
    waiting: dict[str, datetime] = {}
    by_reason: dict[tuple[str, str], int] = {}
    for name, state, reason, count, since in rows:
        by_state[name, state] = by_state.get((name, state), 0) + count
        if state not in _SETTLED:
            waiting[name] = min(since, waiting.get(name, since))
            by_reason[name, reason] = by_reason.get((name, reason), 0) + count
    for key, count in by_state.items():
        counts.add_metric(key, count)
    for name, since in waiting.items():
        ages.add_metric([name], (at - since).total_seconds())
    for key, count in by_reason.items():
        reasons.add_metric(key, count)
    yield from (counts, ages, reasons)


def _platforms(session: Session, *, at: datetime) -> Iterator[Metric]:
    labels = ["registration", "endpoint"]
    failures = CounterMetricFamily(
        "alliance_platform_failures",
        "Calls that a platform did not answer well: no answer, 5xx, throttled, no token.",
        labels=labels,
    )
    refusals = CounterMetricFamily(
        "alliance_platform_refusals",
        "Calls to which a platform said no for good: 4xx.",
        labels=labels,
    )
    is_open = GaugeMetricFamily(
        "alliance_platform_circuit_open",
        "1 while a platform is left alone because it fails.",
        labels=labels,
    )
    rows = session.execute(
        select(PlatformCircuit, Registration.name)
        .join(Registration, Registration.id == PlatformCircuit.registration_id)
        .execution_options(populate_existing=True)
    )
    for row, name in rows:
        key = [name, row.endpoint]
        failures.add_metric(key, row.failures_total)
        refusals.add_metric(key, row.refusals_total)
        is_open.add_metric(key, float(row.open_until is not None and row.open_until > at))
    yield from (failures, refusals, is_open)
