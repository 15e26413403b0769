"""Notices from platforms: which have come, what copies they told of, where they are asked for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_alliance.models.base import Base, Keyed


class Notice(Keyed, Base):
    """A verified notice that was taken; a second one with its id changes nothing."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("registration_id", "notice_id"),)

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    notice_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(100))
    received_at: Mapped[datetime] = mapped_column(index=True)


class CourseCopy(Keyed, Base):
    """A platform's word that one course was copied from another, both in this deployment."""

    __tablename__ = "course_copies"
    __table_args__ = (UniqueConstraint("deployment_id", "context_lti_id", "origin_lti_id"),)

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployments.id"))
    context_lti_id: Mapped[str] = mapped_column(String(255))
    """The new course, which nobody may have opened here yet."""
    origin_lti_id: Mapped[str] = mapped_column(String(255))
    told_at: Mapped[datetime]


class NoticeSubscription(Base):
    """Where a deployment's notices are asked for, and when that is done next."""

    __tablename__ = "notice_subscriptions"
    __table_args__ = (Index("ix_notice_subscriptions_next_at", "next_at"),)

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployments.id"), primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    url: Mapped[str] = mapped_column(String(1000))
    """The platform's address for it, as the last launch told."""
    next_at: Mapped[datetime]
    lease_token: Mapped[str] = mapped_column(String(32), default="")
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(60), default="")
    """Why the last attempt failed; empty when it did not."""
    done_at: Mapped[datetime | None]
    """When it last succeeded."""
