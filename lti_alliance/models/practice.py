"""Practice: sets of items that students answer for themselves, beside everything that counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.courses import Activity
from lti_alliance.models.people import Membership


class PracticeSet(Keyed, Base):
    """One set of items that a student was given to practise with; nobody else ever sees it."""

    __tablename__ = "practice_sets"
    __table_args__ = (
        # One warm-up for each activity, decided by the database.
        Index(
            "uq_practice_sets_warm_up",
            "activity_id",
            "membership_id",
            unique=True,
            sqlite_where=text("kind = 'warm_up'"),
            postgresql_where=text("kind = 'warm_up'"),
        ),
    )

    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    """A `domain.practice.PracticeKind`."""
    state: Mapped[str] = mapped_column(String(20))
    """A `domain.practice.PracticeState`."""
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"))
    """What the warm-up goes before; empty for practice of the student's own choice."""
    form: Mapped[dict[str, Any]]
    """`{"papers": [...]}`: a `domain.attempts.Form` each, with `content` (hash) and `activity`."""
    responses: Mapped[dict[str, Any]]
    """`{item id: {"value": `response_to_json`, "sure": 1 to 3}}`, each as far as it was given."""
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`{item id: {"verdict", "counted"}}`, once it is finished."""
    minutes: Mapped[int | None]
    """How long the student meant to take."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    activity: Mapped[Activity | None] = relationship()
    membership: Mapped[Membership] = relationship()
