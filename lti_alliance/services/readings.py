"""Who read a reflection and when, as the audit trail has it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.models import AuditEvent, Membership, Reflection, User

_READ = "reflection.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One person's readings of a reflection."""

    reader: Membership
    count: int
    first_at: datetime
    last_at: datetime


def list_readings(session: Session, reflection: Reflection) -> tuple[Reading, ...]:
    """List who has read a reflection, the first reader first."""
    found = session.execute(
        select(
            AuditEvent.actor_id,
            func.count(),
            func.min(AuditEvent.at).label("first"),
            func.max(AuditEvent.at),
        )
        .where(AuditEvent.object_id == reflection.id, AuditEvent.action == _READ)
        .group_by(AuditEvent.actor_id)
        .order_by("first")
    ).all()
    readers = {
        member.user_id: member
        for member in session.scalars(
            select(Membership)
            .where(
                Membership.context_id == reflection.membership.context_id,
                Membership.user_id.in_([row[0] for row in found]),
            )
            .options(joinedload(Membership.user).joinedload(User.profile))
        )
    }
    return tuple(
        Reading(reader=readers[reader], count=count, first_at=first, last_at=last)
        for reader, count, first, last in found
        if reader in readers
    )


def first_read_at(session: Session, reflection: Reflection) -> datetime | None:
    """Return when a reflection was first read by somebody who teaches."""
    return session.scalar(
        select(func.min(AuditEvent.at)).where(
            AuditEvent.object_id == reflection.id, AuditEvent.action == _READ
        )
    )
