"""Adjustments: scores that an instructor set by hand, and people who are excused."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.courses import Activity
from lti_alliance.models.people import Membership


class ScoreAdjustment(Keyed, Base):
    """What an instructor decided about one person's grade in one activity, beside the work."""

    __tablename__ = "score_adjustments"
    __table_args__ = (UniqueConstraint("activity_id", "membership_id"),)

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    """A `domain.adjustments.AdjustmentKind`."""
    score: Mapped[Decimal | None]
    """In points of the activity; empty for whoever is excused."""
    sealed_reason: Mapped[bytes]
    """Bound to the pair of activity and person."""
    made_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    made_at: Mapped[datetime]
    activity: Mapped[Activity] = relationship()
    membership: Mapped[Membership] = relationship(foreign_keys=[membership_id])
    made_by: Mapped[Membership] = relationship(foreign_keys=[made_by_id])
