"""Courses: contexts, links, the activities they open, their line items and their grades."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.people import Membership
from lti_alliance.models.platforms import Deployment

LONG_AGO = text("'2000-01-01 00:00:00+00'")
"""A moment in the past: what begins with it is looked at once, soon."""


class Context(Keyed, Base):
    """A course; the only row that names a deployment, so that a reinstalled tool can be moved."""

    __tablename__ = "contexts"
    __table_args__ = (UniqueConstraint("deployment_id", "lti_id"),)

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployments.id"))
    lti_id: Mapped[str] = mapped_column(String(255))
    label: Mapped[str] = mapped_column(String(255), default="")
    title: Mapped[str] = mapped_column(String(255), default="")
    memberships_url: Mapped[str] = mapped_column(String(1000), default="")
    is_limited_to_sections: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether those who teach see the students of their own sections alone."""
    assistants_excluded: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the instructor keeps students' work from teaching assistants."""
    texts_days: Mapped[int | None]
    """How long texts are kept after the last launch; empty is what the registration says."""
    work_days: Mapped[int | None]
    """The same for all other work, with its grades."""
    texts_removed_at: Mapped[datetime | None]
    """When texts were removed because their time was up; a later launch begins it anew."""
    work_removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    deployment: Mapped[Deployment] = relationship()


class ResourceLink(Keyed, Base):
    """A link in a course (Core 1.3 section 3.1.2); one whose id is the course's is no activity."""

    __tablename__ = "resource_links"
    __table_args__ = (UniqueConstraint("context_id", "lti_id"),)

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"))
    lti_id: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(255), default="")
    created_at: Mapped[datetime]
    context: Mapped[Context] = relationship()
    activity: Mapped[Activity | None] = relationship(back_populates="resource_link")
    line_item: Mapped[LineItem | None] = relationship(back_populates="resource_link")


class Activity(Keyed, Base):
    """What a resource link opens: a module version, the parts in use, the settings."""

    __tablename__ = "activities"

    resource_link_id: Mapped[UUID] = mapped_column(ForeignKey("resource_links.id"), unique=True)
    module_id: Mapped[str] = mapped_column(String(100))
    content_hash: Mapped[str] = mapped_column(ForeignKey("module_versions.content_hash"))
    settings: Mapped[dict[str, Any]]
    """`domain.activities.ActivitySettings` as JSON."""
    version: Mapped[int] = mapped_column(default=1)
    """Grows with each change of settings: a form that started from an older one is refused."""
    copied_from_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"))
    content_item_id: Mapped[UUID | None] = mapped_column(index=True)
    """The content item that the platform carried here in `custom`, if it was placed by one."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    """When the timetable settled the activity after its closing time."""
    settle_at: Mapped[datetime | None] = mapped_column(index=True, server_default=LONG_AGO)
    """When the timetable looks at it next: at its close, at once when it is new or was changed."""
    resource_link: Mapped[ResourceLink] = relationship(back_populates="activity")


class LineItem(Keyed, Base):
    """The gradebook column of a link (AGS 2.0 section 3.2), its address empty until known."""

    __tablename__ = "line_items"

    resource_link_id: Mapped[UUID] = mapped_column(ForeignKey("resource_links.id"), unique=True)
    url: Mapped[str] = mapped_column(String(1000), default="")
    container_url: Mapped[str] = mapped_column(String(1000), default="")
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    held_host: Mapped[str] = mapped_column(String(255), default="")
    """A host that waits for approval; nothing is sent meanwhile."""
    may_create: Mapped[bool] = mapped_column(default=False)
    """The instructor asked for a new column where the link has none."""
    maximum: Mapped[Decimal | None]
    """What the column is worth in the LMS, as last told; empty where nothing was."""
    seen_at: Mapped[datetime]
    resource_link: Mapped[ResourceLink] = relationship(back_populates="line_item")


class Grade(Keyed, Base):
    """The score that one person has in one activity, and how complete it is."""

    __tablename__ = "grades"
    __table_args__ = (UniqueConstraint("activity_id", "membership_id"),)

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    score: Mapped[Decimal | None]
    """Empty while a part is missing or waits for the instructor."""
    maximum: Mapped[Decimal]
    parts: Mapped[dict[str, Any]]
    """`{part: {"score", "maximum", "state"}}` with decimals as text."""
    attempt_id: Mapped[UUID | None] = mapped_column(ForeignKey("attempts.id"), index=True)
    """The attempt that counts; for an average, the last one."""
    started_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    comment: Mapped[str] = mapped_column(String(500), default="")
    """A plain sentence for the gradebook; never anything that the instructor wrote."""
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]
    activity: Mapped[Activity] = relationship()
    membership: Mapped[Membership] = relationship()
