"""The audit trail to read: events that fit some conditions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.models import AuditEvent


def list_events(
    session: Session,
    *,
    limit: int,
    action: str | None = None,
    actor_id: UUID | None = None,
    context_id: UUID | None = None,
    object_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[AuditEvent]:
    """List events that fit every condition given, the newest first."""
    chosen = select(AuditEvent)
    for column, wanted in (
        (AuditEvent.action, action),
        (AuditEvent.actor_id, actor_id),
        (AuditEvent.context_id, context_id),
        (AuditEvent.object_id, object_id),
    ):
        if wanted is not None:
            chosen = chosen.where(column == wanted)
    if since is not None:
        chosen = chosen.where(AuditEvent.at >= since)
    if until is not None:
        chosen = chosen.where(AuditEvent.at < until)
    newest_first = chosen.order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    return session.scalars(newest_first.limit(limit)).all()
