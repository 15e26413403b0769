"""Reflections: sealed texts, their drafts, and how they were assessed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.courses import Activity
from lti_alliance.models.people import Membership


class Reflection(Keyed, Base):
    """One person's answer to one reflection prompt of an activity."""

    __tablename__ = "reflections"
    __table_args__ = (UniqueConstraint("activity_id", "membership_id", "prompt_id"),)

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    prompt_id: Mapped[str] = mapped_column(String(100))
    content_hash: Mapped[str] = mapped_column(ForeignKey("module_versions.content_hash"))
    state: Mapped[str] = mapped_column(String(20))
    """A `domain.reflections.ReflectionState`."""
    saved_version: Mapped[int] = mapped_column(default=0)
    saved_at: Mapped[datetime | None]
    word_count: Mapped[int] = mapped_column(default=0)
    submitted_text: Mapped[bytes | None]
    """Sealed; bound to this row's id and its owner."""
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    feedback_seen_at: Mapped[datetime | None]
    """When the writer last looked at what was said about it."""
    activity: Mapped[Activity] = relationship()
    membership: Mapped[Membership] = relationship()
    drafts: Mapped[list[Draft]] = relationship(back_populates="reflection")
    assessment: Mapped[RubricAssessment | None] = relationship(back_populates="reflection")


class Draft(Keyed, Base):
    """One saved version of a reflection, sealed."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("reflection_id", "version"),)

    reflection_id: Mapped[UUID] = mapped_column(ForeignKey("reflections.id"))
    version: Mapped[int]
    sealed_text: Mapped[bytes]
    word_count: Mapped[int]
    saved_at: Mapped[datetime]
    reflection: Mapped[Reflection] = relationship(back_populates="drafts")


class RubricAssessment(Keyed, Base):
    """How a reflection was graded: the levels chosen and what they came to."""

    __tablename__ = "rubric_assessments"

    reflection_id: Mapped[UUID] = mapped_column(ForeignKey("reflections.id"), unique=True)
    selections: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`{criterion id: level number}`; empty for a completion grade."""
    share: Mapped[Decimal]
    """0 to 1 of the reflection's points."""
    sealed_comment: Mapped[bytes | None]
    version: Mapped[int] = mapped_column(default=1)
    assessed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("memberships.id"))
    """Empty when graded by completion, which nobody does by hand."""
    assessed_at: Mapped[datetime]
    reflection: Mapped[Reflection] = relationship(back_populates="assessment")
