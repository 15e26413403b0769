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
    returned_until: Mapped[datetime | None]
    """Until when a returned text may be handed in; empty is as long as the activity is open."""
    flagged_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("memberships.id"), index=True)
    """Who froze it as identifying; they and the instructors read it until one has decided."""
    state_before: Mapped[str | None] = mapped_column(String(20))
    """The state that a frozen reflection goes back to if nothing in it identifies anybody."""
    activity: Mapped[Activity] = relationship()
    membership: Mapped[Membership] = relationship(foreign_keys=[membership_id])
    drafts: Mapped[list[Draft]] = relationship(back_populates="reflection")
    assessment: Mapped[RubricAssessment | None] = relationship(back_populates="reflection")
    draft_assessment: Mapped[DraftAssessment | None] = relationship(back_populates="reflection")
    markings: Mapped[list[Marking]] = relationship(
        back_populates="reflection", order_by="Marking.marker_id"
    )


class SubmittedVersion(Keyed, Base):
    """A text as it was handed in, what its writer said of it, and what was said on return."""

    __tablename__ = "submitted_versions"
    __table_args__ = (UniqueConstraint("reflection_id", "number"),)

    reflection_id: Mapped[UUID] = mapped_column(ForeignKey("reflections.id"))
    number: Mapped[int]
    sealed_text: Mapped[bytes]
    word_count: Mapped[int]
    submitted_at: Mapped[datetime]
    sealed_help: Mapped[bytes | None]
    """The writer's own words on help used."""
    self_levels: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`{criterion id: level number}` as the writer sees the work; empty where they chose none."""
    returned_at: Mapped[datetime | None]
    returned_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("memberships.id"), index=True)
    sealed_feedback: Mapped[bytes | None]
    """What the version was returned with."""
    purged_at: Mapped[datetime | None]
    """When identifying detail was taken out of it."""


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
    assessed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("memberships.id"), index=True)
    """Empty when graded by completion, which nobody does by hand."""
    assessed_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    """When the student could see it; what is not released yet is a `DraftAssessment`."""
    submitted_at: Mapped[datetime | None]
    """When the text that it judges was handed in; a newer one waits beside it."""
    reflection: Mapped[Reflection] = relationship(back_populates="assessment")


class DraftAssessment(Keyed, Base):
    """A grade that is not released: no student, grade or gradebook knows of it."""

    __tablename__ = "draft_assessments"

    reflection_id: Mapped[UUID] = mapped_column(ForeignKey("reflections.id"), unique=True)
    selections: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`{criterion id: level number}`."""
    share: Mapped[Decimal]
    sealed_comment: Mapped[bytes | None]
    version: Mapped[int] = mapped_column(default=1)
    marked_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    marked_at: Mapped[datetime]
    reflection: Mapped[Reflection] = relationship(back_populates="draft_assessment")


class Marking(Keyed, Base):
    """That a reflection is one marker's to mark, and how they marked it."""

    __tablename__ = "markings"
    __table_args__ = (UniqueConstraint("reflection_id", "marker_id"),)

    reflection_id: Mapped[UUID] = mapped_column(ForeignKey("reflections.id"))
    marker_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    assigned_at: Mapped[datetime]
    selections: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`{criterion id: level number}`; empty before they have marked."""
    sealed_comment: Mapped[bytes | None]
    """What they would say to the writer; the other marker reads it, the writer does not."""
    version: Mapped[int] = mapped_column(default=0)
    """Counts the times that they saved it."""
    marked_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    """When the text that they marked was handed in; a newer one has to be marked anew."""
    reflection: Mapped[Reflection] = relationship(back_populates="markings")
    marker: Mapped[Membership] = relationship()

    @property
    def is_done(self) -> bool:
        """Whether they have marked the text that is there now."""
        return self.marked_at is not None and self.submitted_at == self.reflection.submitted_at


class MarkerPlan(Keyed, Base):
    """Among whom an activity's reflections are shared out as they are handed in."""

    __tablename__ = "marker_plans"

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"), unique=True)
    marker_ids: Mapped[list[str]] = mapped_column(JSON)
    """Ids of memberships, as text."""
    per_reflection: Mapped[int]
    """1, or 2 who mark without seeing one another's marks."""


class PassageComment(Keyed, Base):
    """A comment on a passage of a handed-in version; the passage is a place, not a copy."""

    __tablename__ = "passage_comments"

    reflection_id: Mapped[UUID] = mapped_column(ForeignKey("reflections.id"), index=True)
    version_number: Mapped[int]
    start: Mapped[int]
    length: Mapped[int]
    sealed_comment: Mapped[bytes]
    author_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    created_at: Mapped[datetime]
    shown_at: Mapped[datetime | None]
    """When the writer could see it; empty until the next release or return."""


class Phrase(Keyed, Base):
    """A sentence of feedback that one instructor uses again in one course."""

    __tablename__ = "phrases"

    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    sealed_text: Mapped[bytes]
    created_at: Mapped[datetime]
