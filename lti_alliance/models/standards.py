"""A programme's own standards in a course, and what of its modules bears on them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed


class CourseStandard(Keyed, Base):
    """One standard of the list that was loaded into a course."""

    __tablename__ = "course_standards"
    __table_args__ = (UniqueConstraint("context_id", "code"),)

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"))
    position: Mapped[int]
    code: Mapped[str] = mapped_column(String(50))
    title: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    loaded_at: Mapped[datetime]
    links: Mapped[list[StandardLink]] = relationship(
        back_populates="standard", cascade="all, delete-orphan"
    )


class StandardLink(Keyed, Base):
    """That an objective or a reflection of a module bears on a standard."""

    __tablename__ = "standard_links"
    __table_args__ = (UniqueConstraint("standard_id", "module_id", "target", "key"),)

    standard_id: Mapped[UUID] = mapped_column(ForeignKey("course_standards.id"))
    module_id: Mapped[str] = mapped_column(String(100))
    target: Mapped[str] = mapped_column(String(20))
    """A `domain.standard_targets.TargetKind`."""
    key: Mapped[str] = mapped_column(String(100))
    """A hash of the objective's text, since numbers change with versions; or the prompt's id."""
    label: Mapped[str] = mapped_column(String(500))
    """Its words when it was linked, to be named by when a version has them no more."""
    linked_at: Mapped[datetime]
    standard: Mapped[CourseStandard] = relationship(back_populates="links")
