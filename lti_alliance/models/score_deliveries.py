"""Score deliveries: what the gradebook should show, was last told, and was last seen to show."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.courses import Activity, Grade
from lti_alliance.models.people import Membership


class ScoreDelivery(Keyed, Base):
    """The delivery of one person's grade in one activity, brought about by the worker."""

    __tablename__ = "score_deliveries"
    __table_args__ = (
        UniqueConstraint("activity_id", "membership_id"),
        Index("ix_score_deliveries_state_next_at", "state", "next_at"),
        Index("ix_score_deliveries_registration_state", "registration_id", "state", "next_at"),
    )

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    grade_id: Mapped[UUID] = mapped_column(ForeignKey("grades.id"))
    state: Mapped[str] = mapped_column(String(20))
    """A `domain.delivery.DeliveryState`."""

    desired_version: Mapped[int] = mapped_column(default=1)
    desired_score: Mapped[Decimal | None]
    """Empty means that the gradebook should show no score of ours."""
    desired_maximum: Mapped[Decimal]
    desired_submitted_at: Mapped[datetime | None]
    desired_started_at: Mapped[datetime | None]
    desired_comment_digest: Mapped[str] = mapped_column(String(64), default="")
    desired_since: Mapped[datetime]

    told_version: Mapped[int] = mapped_column(default=0)
    told_url: Mapped[str] = mapped_column(String(1000), default="")
    told_score: Mapped[Decimal | None]
    told_maximum: Mapped[Decimal | None]
    told_submitted_at: Mapped[datetime | None]
    told_timestamp: Mapped[datetime | None]
    """The AGS timestamp last used for this pair; the next one is at least a second later."""
    told_comment_digest: Mapped[str] = mapped_column(String(64), default="")
    delivered_at: Mapped[datetime | None]

    seen_score: Mapped[Decimal | None]
    seen_maximum: Mapped[Decimal | None]
    seen_at: Mapped[datetime | None]

    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    lease_token: Mapped[str] = mapped_column(String(32), default="")
    lease_until: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(60), default="")
    """A code that pages put into words: why it waits, is blocked or given up."""
    last_status: Mapped[int | None]
    last_detail: Mapped[str] = mapped_column(String(200), default="")

    activity: Mapped[Activity] = relationship()
    membership: Mapped[Membership] = relationship()
    grade: Mapped[Grade] = relationship()
