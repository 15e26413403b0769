"""What was decided in an activity about earlier versions of an item."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_alliance.models.base import Base, Keyed


class ItemRegrade(Keyed, Base):
    """How answers to one version of an item are judged since a later one is there."""

    __tablename__ = "item_regrades"
    __table_args__ = (UniqueConstraint("activity_id", "item_id", "item_hash"),)

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    item_id: Mapped[str] = mapped_column(String(100))
    item_hash: Mapped[str] = mapped_column(String(64))
    """The version that was answered."""
    choice: Mapped[str] = mapped_column(String(20))
    """A `domain.regrades.RegradeChoice`."""
    content_hash: Mapped[str] = mapped_column(ForeignKey("module_versions.content_hash"))
    """The content version whose item judges instead."""
    decided_for: Mapped[str] = mapped_column(String(64))
    """The latest version of the item that the decision knew; a later one asks anew."""
    decided_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    decided_at: Mapped[datetime]
