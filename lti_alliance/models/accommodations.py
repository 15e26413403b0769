"""Accommodations, and the dates of a link that a platform told for one person."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.courses import Activity, ResourceLink
from lti_alliance.models.people import Membership, User


class Accommodation(Keyed, Base):
    """What one person is granted in a whole course, or in one activity of it.

    The person is a user, not a membership: a student on the roster may be granted something
    before they have opened the tool. A row whose grant was taken back stays, empty.
    """

    __tablename__ = "accommodations"
    __table_args__ = (
        UniqueConstraint("context_id", "user_id", "activity_id"),
        # A database holds two empty values for different, so the course's own row is apart.
        Index(
            "uq_accommodations_course",
            "context_id",
            "user_id",
            unique=True,
            sqlite_where=text("activity_id IS NULL"),
            postgresql_where=text("activity_id IS NULL"),
        ),
    )

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"))
    """Empty for what holds in every activity of the course, present and future."""
    time_multiplier: Mapped[Decimal]
    extra_minutes: Mapped[int]
    extra_attempts: Mapped[int]
    closes_at: Mapped[datetime | None]
    sealed_note: Mapped[bytes | None]
    """For instructors; bound to this row and its person."""
    version: Mapped[int] = mapped_column(default=1)
    """Grows with each change: a form that started from an older one is refused."""
    changed_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    changed_at: Mapped[datetime]
    settle_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the timetable looks whether the activity has closed for this person."""
    user: Mapped[User] = relationship()
    activity: Mapped[Activity | None] = relationship()


class LMSDates(Keyed, Base):
    """The dates of a link that the platform told at a person's last launch."""

    __tablename__ = "lms_dates"
    __table_args__ = (UniqueConstraint("resource_link_id", "membership_id"),)

    resource_link_id: Mapped[UUID] = mapped_column(ForeignKey("resource_links.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    opens_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    told_at: Mapped[datetime]
    settle_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the timetable looks whether the activity has closed for this person."""
    resource_link: Mapped[ResourceLink] = relationship()
    membership: Mapped[Membership] = relationship()
