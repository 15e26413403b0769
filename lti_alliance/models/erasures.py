"""Erasures: whom a restored backup must not bring back, told by a digest alone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from lti_alliance.models.base import Base, Keyed


class Erasure(Keyed, Base):
    """That a person was erased, from one course or from all of a registration."""

    __tablename__ = "erasures"

    person_digest: Mapped[str] = mapped_column(String(64), index=True)
    """SHA-256 of issuer, client id and `sub`: it finds a person again and names nobody."""
    context_id: Mapped[UUID | None]
    """Empty for all of the registration. No foreign key: a backup may be older than the course."""
    erased_at: Mapped[datetime]
    """Who came back by a launch of their own after it is somebody new."""
