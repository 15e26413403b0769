"""Writing the audit trail, in the transaction of the act itself.

An event carries the number of the request that the log lines of the same moment carry.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog.contextvars import get_contextvars

from lti_alliance.domain.launch import Role
from lti_alliance.models import AuditEvent, Membership
from lti_alliance.models.statements import insert_row


def record(
    session: Session,
    action: str,
    *,
    at: datetime,
    object_kind: str = "",
    object_id: UUID | None = None,
    actor: Membership | None = None,
    actor_id: UUID | None = None,
    actor_role: Role | None = None,
    context_id: UUID | None = None,
    request_id: str = "",
    details: dict[str, Any] | None = None,
) -> UUID:
    """Append one event: who (`actor`, or `actor_id` with a role), what, to which thing.

    Returns the event's id.

    ``details`` holds ids, counts and codes only: no name, no answer, no text, no token.
    """
    # The rows that the event names go first; nobody reads the event itself again in this act.
    session.flush()
    event_id = uuid4()
    insert_row(
        session,
        AuditEvent,
        {
            "id": event_id,
            "at": at,
            "actor_id": actor.user_id if actor else actor_id,
            "actor_role": actor.role if actor else (actor_role or ""),
            "action": action,
            "object_kind": object_kind,
            "object_id": object_id,
            "context_id": actor.context_id if actor and context_id is None else context_id,
            "request_id": request_id or get_contextvars().get("request_id", ""),
            "details": details or {},
        },
    )
    return event_id


def record_key_rotation(session: Session, key_id: UUID, *, at: datetime) -> None:
    """Append that this key of the tool signs from now on."""
    record(session, "key.rotated", at=at, object_kind="tool_key", object_id=key_id)


def record_export(session: Session, what: str, *, at: datetime, actor: Membership) -> None:
    """Append that somebody took data of a course away as a file; ``what`` names it."""
    record(
        session,
        "export",
        at=at,
        object_kind="context",
        object_id=actor.context_id,
        actor=actor,
        details={"what": what},
    )


def count_recorded(session: Session, action: str, object_id: UUID, *, since: datetime) -> int:
    """Count how often this was recorded about a thing."""
    found = session.scalar(
        select(func.count())
        .select_from(AuditEvent)
        .where(
            AuditEvent.object_id == object_id,
            AuditEvent.action == action,
            AuditEvent.at > since,
        )
    )
    return found or 0
