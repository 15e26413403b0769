"""The audit trail: who did what to which thing, appended, sealed in batches and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, event
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


class AuditBatch(Base):
    """Events that were sealed together; it holds the hash of the batch before it."""

    __tablename__ = "audit_batches"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """1, 2, 3 and so on, without gaps."""
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed_at: Mapped[datetime]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    event_count: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class AuditSeal(Base):
    """That an event is in a batch, at which place, and what it was then.

    No foreign key leads to the event: a seal outlives one that was removed, so that it is missed.
    """

    __tablename__ = "audit_seals"
    __table_args__ = (UniqueConstraint("batch_number", "position"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_number: Mapped[int] = mapped_column(ForeignKey("audit_batches.number"))
    position: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))


@event.listens_for(AuditEvent, "before_update")
@event.listens_for(AuditEvent, "before_delete")
@event.listens_for(AuditBatch, "before_update")
@event.listens_for(AuditBatch, "before_delete")
@event.listens_for(AuditSeal, "before_update")
@event.listens_for(AuditSeal, "before_delete")
def _refuse_change(_mapper: Mapper[Any], _connection: Any, target: Base) -> None:
    # The migration guards the tables with triggers as well; this one fails earlier and clearer.
    raise RuntimeError(f"a row of {target.__tablename__} cannot be changed")
