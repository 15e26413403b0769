"""The list of activities that a course is to get, where a platform takes one at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.content_items import ContentItem
from lti_alliance.models.courses import Context


class PlannedActivity(Keyed, Base):
    """One activity of the list that a course keeps, and what it was placed as."""

    __tablename__ = "planned_activities"

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"), index=True)
    position: Mapped[int]
    module_id: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(255))
    settings: Mapped[dict[str, Any]]
    """`domain.activities.ActivitySettings` as JSON."""
    content_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("content_items.id"))
    """What was handed to the platform; empty while it is left to place."""
    planned_at: Mapped[datetime]
    context: Mapped[Context] = relationship()
    content_item: Mapped[ContentItem | None] = relationship()
