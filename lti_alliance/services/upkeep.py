"""Whether what runs behind the pages still runs: the workers, their jobs, the sealing, the keys."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import (
    AuditEvent,
    ScoreDelivery,
    TimetableEntry,
    ToolKey,
    ToolKeyState,
    WorkerBeat,
)
from lti_alliance.services import audit_sealing
from lti_alliance.services.score_claims import is_wanted

WAITING = (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR)
"""A score in one of these goes by itself; in others a person has to act, or nobody."""


def worker_seen_at(session: Session) -> datetime | None:
    """Return when the last worker showed that it lives; nothing if none has, or all have left."""
    return session.scalar(select(func.max(WorkerBeat.seen_at)))


def list_overdue(session: Session, jobs: Iterable[str], *, at: datetime) -> Mapping[str, timedelta]:
    """Return how long each of these jobs has been due without having been done.

    One that is under way counts from when it became due, and one that is not due not at all.
    """
    known = select(TimetableEntry.job, TimetableEntry.next_at)
    rows = session.execute(known.where(TimetableEntry.job.in_(jobs)).order_by(TimetableEntry.job))
    return {job: max(at - next_at, timedelta()) for job, next_at in rows}


def oldest_waiting_at(session: Session) -> datetime | None:
    """Return since when the oldest score that is not in its gradebook has waited."""
    return session.scalar(
        select(func.min(ScoreDelivery.desired_since)).where(
            is_wanted(), ScoreDelivery.state.in_(WAITING)
        )
    )


def oldest_unsealed_at(session: Session) -> datetime | None:
    """Return when the oldest event since the newest batch of the audit trail was recorded."""
    last = audit_sealing.newest_batch(session)
    since = [AuditEvent.at > last.last_at] if last else []
    return session.scalar(select(func.min(AuditEvent.at)).where(*since))


def signing_since(session: Session) -> datetime | None:
    """Return since when the signing key has been in use; nothing if there is none."""
    key = session.scalar(select(ToolKey).where(ToolKey.state == ToolKeyState.CURRENT))
    return (key.current_from or key.created_at) if key else None
