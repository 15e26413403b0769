"""Rosters: who is in a course according to the platform, and when it was last asked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.domain.launch import Role
from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.people import User


class RosterEntry(Keyed, Base):
    """One person on a course's roster; whoever is not listed any more is kept and marked.

    What a person may do is decided by their launch, never by this.
    """

    __tablename__ = "roster_entries"
    __table_args__ = (UniqueConstraint("context_id", "user_id"),)

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(30))
    """The roster's word: Moodle calls a non-editing teacher a learner here."""
    seen_at: Mapped[datetime]
    """When the platform listed the person last."""
    left_at: Mapped[datetime | None]
    """When the person was first missing; empty while they are listed."""
    user: Mapped[User] = relationship()

    @property
    def course_role(self) -> Role:
        """The role as a value."""
        return Role(self.role)


class RosterReading(Base):
    """When one course's roster is read next, and how the last reading went."""

    __tablename__ = "roster_readings"
    __table_args__ = (Index("ix_roster_readings_next_at", "next_at"),)

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"), primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    next_at: Mapped[datetime]
    lease_token: Mapped[str] = mapped_column(String(32), default="")
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(60), default="")
    """Why the last reading failed; empty when it did not."""
    read_at: Mapped[datetime | None]
    """When it last succeeded."""
