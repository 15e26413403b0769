"""What students question about items, and what they are answered."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.attempts import Attempt
from lti_alliance.models.base import Base, Keyed


class ItemQuestion(Keyed, Base):
    """A sentence of a student about one item of one attempt, and the answer to it."""

    __tablename__ = "item_questions"
    __table_args__ = (UniqueConstraint("attempt_id", "item_id"),)

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    item_id: Mapped[str] = mapped_column(String(100), index=True)
    sealed_text: Mapped[bytes]
    asked_at: Mapped[datetime]
    sealed_answer: Mapped[bytes | None]
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("memberships.id"), index=True)
    answered_at: Mapped[datetime | None]
    attempt: Mapped[Attempt] = relationship()
