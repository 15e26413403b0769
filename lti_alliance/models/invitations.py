"""Invitations: who may register a platform without an administrator of this tool typing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.platforms import Registration


class Invitation(Keyed, Base):
    """One invitation to register one platform; its code is known by its digest alone."""

    __tablename__ = "invitations"

    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    """The name that the registration gets."""
    is_approved: Mapped[bool] = mapped_column(default=False)
    """Launches are let in as soon as it is used, without a second look."""
    accept_deployments: Mapped[bool] = mapped_column(default=False)
    allow_local: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    busy_until: Mapped[datetime | None]
    """A registration is under way: a second click waits for its end."""
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    registration_id: Mapped[UUID | None] = mapped_column(ForeignKey("registrations.id"))
    registration: Mapped[Registration | None] = relationship()
