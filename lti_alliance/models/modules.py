"""Module versions: the source of every content version that anybody has seen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lti_alliance.models.base import Base


class ModuleVersion(Base):
    """One content version; what a student saw can always be shown again from its source."""

    __tablename__ = "module_versions"

    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    module_id: Mapped[str] = mapped_column(String(100), index=True)
    version: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(255))
    source: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
