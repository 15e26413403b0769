"""Attempts at a quiz and the responses in them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.courses import Activity
from lti_alliance.models.people import Membership


class Attempt(Keyed, Base):
    """One try at the quiz, with the form that this student was given."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("activity_id", "membership_id", "number"),
        # At most one open attempt per person and activity, decided by the database.
        Index(
            "uq_attempts_open",
            "activity_id",
            "membership_id",
            unique=True,
            sqlite_where=text("state = 'in_progress'"),
            postgresql_where=text("state = 'in_progress'"),
        ),
    )

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    """A `domain.attempts.AttemptState`."""
    form: Mapped[dict[str, Any]]
    """`domain.attempts.Form` as JSON: item ids, order of items and options, content hashes."""
    item_ids: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    """The ids of the form's items, short enough to be read of a great class; empty for attempts
    begun before there was this column."""
    content_hash: Mapped[str] = mapped_column(ForeignKey("module_versions.content_hash"))
    saved_version: Mapped[int] = mapped_column(default=0)
    """Grows with each save; a save names the version it started from."""
    saved_at: Mapped[datetime | None]
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None] = mapped_column(index=True)
    """When its time is up: fixed at the start, and only ever moved later."""
    promised_until: Mapped[datetime | None]
    """A close that was granted while it was under way; it holds though the grant was taken back."""
    submitted_at: Mapped[datetime | None]
    score: Mapped[Decimal | None]
    maximum: Mapped[Decimal | None]
    activity: Mapped[Activity] = relationship()
    membership: Mapped[Membership] = relationship()
    responses: Mapped[list[Response]] = relationship(back_populates="attempt")


class Response(Keyed, Base):
    """What was answered to one item, and the outcome once judged."""

    __tablename__ = "responses"
    __table_args__ = (UniqueConstraint("attempt_id", "item_id"),)

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    item_id: Mapped[str] = mapped_column(String(100))
    value: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`domain.items.response_to_json`; empty when the answer was taken back."""
    confidence: Mapped[int | None]
    checked_at: Mapped[datetime | None]
    """When the student had it judged within the attempt; from then on it stays as it is."""
    points: Mapped[Decimal | None]
    is_correct: Mapped[bool | None]
    is_unmatched: Mapped[bool] = mapped_column(default=False)
    """A short answer that no key knows: it waits under "Unmatched answers"."""
    attempt: Mapped[Attempt] = relationship(back_populates="responses")


class AcceptedWording(Keyed, Base):
    """A wording of a short answer that an instructor accepted in one activity."""

    __tablename__ = "accepted_wordings"
    __table_args__ = (UniqueConstraint("activity_id", "item_id", "wording"),)

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    item_id: Mapped[str] = mapped_column(String(100))
    wording: Mapped[str] = mapped_column(String(500))
    """Normalised as `domain.response_processing` compares it."""
    share: Mapped[Decimal]
    accepted_by_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    accepted_at: Mapped[datetime]
