"""Score deliveries: what the gradebook should show, was last told, and was last seen to show."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, false, text
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
    grade_id: Mapped[UUID] = mapped_column(ForeignKey("grades.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    """A `domain.delivery.DeliveryState`."""

    desired_version: Mapped[int] = mapped_column(default=1)
    desired_score: Mapped[Decimal | None]
    """Empty means that the gradebook should show no score of ours."""
    desired_pending: Mapped[bool] = mapped_column(default=False, server_default=false())
    """No score yet: the gradebook should say that the work waits to be graded."""
    desired_maximum: Mapped[Decimal]
    desired_submitted_at: Mapped[datetime | None]
    desired_started_at: Mapped[datetime | None]
    desired_comment_digest: Mapped[str] = mapped_column(String(64), default="")
    desired_since: Mapped[datetime]

    told_version: Mapped[int] = mapped_column(default=0)
    told_url: Mapped[str] = mapped_column(String(1000), default="")
    told_progress: Mapped[str] = mapped_column(String(20), default="", server_default=text("''"))
    """The last AGS gradingProgress that may have reached the platform; written before the call."""
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
    looked_version: Mapped[int] = mapped_column(default=0, server_default="0")
    """The version before whose sending the gradebook was read."""
    mended_version: Mapped[int] = mapped_column(default=0, server_default="0")
    """The version that was sent again because the gradebook had lost it: once is enough."""
    is_forced: Mapped[bool] = mapped_column(default=False, server_default=false())
    """An instructor wants the score sent whatever the gradebook shows."""

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


class DeliveryTry(Keyed, Base):
    """One step of a delivery and what came of it; the same failure again counts on one row."""

    __tablename__ = "delivery_tries"
    __table_args__ = (Index("ix_delivery_tries_delivery_id_at", "delivery_id", "at"),)

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("score_deliveries.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    """When it happened first."""
    last_at: Mapped[datetime]
    """When it happened last."""
    count: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str] = mapped_column(String(20))
    """`post`, `look`, `find`, or `check` for what a comparison of the whole column found."""
    version: Mapped[int]
    progress: Mapped[str] = mapped_column(String(20), default="")
    score: Mapped[Decimal | None]
    """What was sent, or what the gradebook showed."""
    maximum: Mapped[Decimal | None]
    state: Mapped[str] = mapped_column(String(20))
    """The state of the delivery afterwards, with its reason."""
    reason: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[int | None]
    """The HTTP status, where there was an answer."""


class GradebookCheck(Base):
    """When one activity's column is next read and compared, and what the last reading found."""

    __tablename__ = "gradebook_checks"
    __table_args__ = (Index("ix_gradebook_checks_next_at", "next_at"),)

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"), primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    next_at: Mapped[datetime]
    lease_token: Mapped[str] = mapped_column(String(32), default="")
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(60), default="")
    """Why the last reading failed; empty when it did not."""
    asked_at: Mapped[datetime | None]
    """When a person asked for a comparison that has not been made yet."""
    checked_at: Mapped[datetime | None]
    """When the column was last read to its end."""
    findings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """`{"agree", "differ", "mended", "unknown": int, "only_there": [[member, score, maximum]]}`,
    the member by the id of the membership."""
