"""Modules that a course writes for itself: the draft, and what was published of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.modules import ModuleVersion
from lti_alliance.models.people import Membership


class AuthoredModule(Keyed, Base):
    """One module of a course; its draft is seen by those who may configure the course alone."""

    __tablename__ = "authored_modules"
    __table_args__ = (UniqueConstraint("context_id", "module_id"),)

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"))
    module_id: Mapped[str] = mapped_column(String(100))
    """The id in the draft's header; fixed once a version is published."""
    title: Mapped[str] = mapped_column(String(255))
    draft: Mapped[str] = mapped_column(Text)
    draft_version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """Grows with each save: a form that started from an older draft is refused."""
    origin_hash: Mapped[str] = mapped_column(String(64), default="", server_default=text("''"))
    """The content version it is a copy of; empty for one that was uploaded or begun here."""
    published_hash: Mapped[str | None] = mapped_column(ForeignKey("module_versions.content_hash"))
    """The version that the course is offered; empty while nothing is published."""
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    created_at: Mapped[datetime]
    updated_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    updated_at: Mapped[datetime]
    published: Mapped[ModuleVersion | None] = relationship()


class AuthoredVersion(Keyed, Base):
    """A version that was published to the course, and by whom."""

    __tablename__ = "authored_versions"
    __table_args__ = (UniqueConstraint("authored_module_id", "version"),)

    authored_module_id: Mapped[UUID] = mapped_column(ForeignKey("authored_modules.id"))
    version: Mapped[str] = mapped_column(String(20))
    content_hash: Mapped[str] = mapped_column(ForeignKey("module_versions.content_hash"))
    published_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    published_at: Mapped[datetime]
    published_by: Mapped[Membership] = relationship()
