"""The keys that seal the texts of a course, themselves sealed with the tool's data key."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from lti_alliance.models.base import Base


class CourseKey(Base):
    """The key of one course: without it nothing that was written in the course can be read."""

    __tablename__ = "course_keys"

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"), primary_key=True)
    wrapped_key: Mapped[bytes | None]
    """Sealed with the data key; empty once it was destroyed."""
    wrapped_before: Mapped[bytes | None]
    """The key that it took over from, as long as a text may be sealed with that one."""
    changed_at: Mapped[datetime | None]
    """When it took over; empty for the first."""
    destroyed_at: Mapped[datetime | None]
