"""Keys that are judgements: adopted by an instructor, and what colleagues would have said."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.people import Membership


class AdoptedKey(Keyed, Base):
    """That an item's draft key makes points in one activity."""

    __tablename__ = "adopted_keys"
    __table_args__ = (UniqueConstraint("activity_id", "item_id"),)

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    item_id: Mapped[str] = mapped_column(String(100))
    item_hash: Mapped[str] = mapped_column(String(64))
    """The version of the item; another one has to be adopted anew."""
    adopted_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    adopted_at: Mapped[datetime]


class KeyVote(Keyed, Base):
    """How somebody who teaches would rate the replies of an item."""

    __tablename__ = "key_votes"
    __table_args__ = (UniqueConstraint("activity_id", "item_id", "voter_id"),)

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    item_id: Mapped[str] = mapped_column(String(100))
    item_hash: Mapped[str] = mapped_column(String(64))
    """The version of the item; a vote on another one counts for nothing."""
    voter_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`{reply id: value on the scale}`."""
    voted_at: Mapped[datetime]
    voter: Mapped[Membership] = relationship()
