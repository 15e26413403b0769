"""Writing the audit trail, in the transaction of the act itself."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from lti_alliance.domain.launch import Role
from lti_alliance.models import AuditEvent, Membership


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
) -> AuditEvent:
    """Append one event: who (`actor`, or `actor_id` with a role), what, to which thing.

    ``details`` holds ids, counts and codes only: no name, no answer, no text, no token.
    """
    event = AuditEvent(
        at=at,
        actor_id=actor.user_id if actor else actor_id,
        actor_role=actor.role if actor else (actor_role or ""),
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        context_id=actor.context_id if actor and context_id is None else context_id,
        request_id=request_id,
        details=details or {},
    )
    session.add(event)
    session.flush()
    return event
