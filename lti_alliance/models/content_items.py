"""Deep linking: what a picker may give back, and what it has given back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.courses import Context
from lti_alliance.models.launches import LaunchSession
from lti_alliance.models.people import Membership


class DeepLinking(Base):
    """One deep linking request and whether it has been answered (Deep Linking 2.0 section 4.4)."""

    __tablename__ = "deep_linkings"

    launch_session_id: Mapped[UUID] = mapped_column(
        ForeignKey("launch_sessions.id"), primary_key=True
    )
    return_url: Mapped[str] = mapped_column(Text)
    data: Mapped[str | None] = mapped_column(Text)
    accepts_multiple: Mapped[bool]
    accepts_line_item: Mapped[bool]
    returned_at: Mapped[datetime | None]
    """When the answer was made; it is made once."""
    launch_session: Mapped[LaunchSession] = relationship()


class ContentItem(Keyed, Base):
    """One activity as it was placed; its id is what the platform carries in `custom`.

    Whether the platform made a link of it is not known before somebody opens one.
    """

    __tablename__ = "content_items"

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"), index=True)
    module_id: Mapped[str] = mapped_column(String(100))
    content_hash: Mapped[str] = mapped_column(ForeignKey("module_versions.content_hash"))
    settings: Mapped[dict[str, Any]]
    """`domain.activities.ActivitySettings` as JSON."""
    title: Mapped[str] = mapped_column(String(255))
    placed_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    created_at: Mapped[datetime]
    context: Mapped[Context] = relationship()
    placed_by: Mapped[Membership] = relationship()
