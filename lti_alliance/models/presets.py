"""Presets: settings that an instructor keeps under a name, for other activities and courses."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_alliance.models.base import Base, Keyed


class Preset(Keyed, Base):
    """Settings under a name; its owner's alone, in every course of the same registration."""

    __tablename__ = "presets"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    """A user is known to one registration only."""
    name: Mapped[str] = mapped_column(String(100))
    settings: Mapped[dict[str, Any]]
    """`domain.activities.ActivitySettings` as JSON, without a closing time."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
