"""The audit trail: who did what to which thing, appended and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, String, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from lti_alliance.models.base import Base, Keyed


class AuditEvent(Keyed, Base):
    """One act. It names rows by id and holds no name, answer, text or token."""

    __tablename__ = "audit_events"

    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[UUID | None] = mapped_column(index=True)
    """The user who acted; empty for the command line and the worker."""
    actor_role: Mapped[str] = mapped_column(String(30), default="")
    action: Mapped[str] = mapped_column(String(60), index=True)
    object_kind: Mapped[str] = mapped_column(String(40), default="")
    object_id: Mapped[UUID | None] = mapped_column(index=True)
    context_id: Mapped[UUID | None] = mapped_column(index=True)
    request_id: Mapped[str] = mapped_column(String(40), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


@event.listens_for(AuditEvent, "before_update")
@event.listens_for(AuditEvent, "before_delete")
def _refuse_change(_mapper: Mapper[Any], _connection: Any, target: AuditEvent) -> None:
    # The migration guards the table with triggers as well; this one fails earlier and clearer.
    raise RuntimeError(f"audit event {target.id} cannot be changed")
