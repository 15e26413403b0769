"""People: who launched, under which name for now, and what they are in which course."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.domain.launch import Role
from lti_alliance.models.base import Base, Keyed


class User(Keyed, Base):
    """A person as one registration knows them; the same e-mail elsewhere is somebody else."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("registration_id", "sub"),)

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    sub: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    profile: Mapped[Profile | None] = relationship(back_populates="user")


class Profile(Base):
    """The names and address that the platform last told; forgotten after `expires_at`."""

    __tablename__ = "profiles"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    given_name: Mapped[str] = mapped_column(String(255), default="")
    family_name: Mapped[str] = mapped_column(String(255), default="")
    email: Mapped[str] = mapped_column(String(255), default="")
    expires_at: Mapped[datetime] = mapped_column(index=True)
    user: Mapped[User] = relationship(back_populates="profile")


class Membership(Keyed, Base):
    """A person in a course, with the role of the last launch."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("context_id", "user_id"),
        UniqueConstraint("context_id", "number"),
    )

    context_id: Mapped[UUID] = mapped_column(ForeignKey("contexts.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(30))
    is_test_user: Mapped[bool] = mapped_column(default=False)
    number: Mapped[int]
    """Order of arrival in the course: `Student 12` where no name is known."""
    sections: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The sections that the last launch told; none where the platform tells none."""
    is_section_restricted: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the platform lets this person see their own sections alone."""
    first_launch_at: Mapped[datetime]
    last_launch_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    """When the person behind it was erased: what stays are scores that nobody changes any more."""
    user: Mapped[User] = relationship()

    @property
    def course_role(self) -> Role:
        """The role as a value."""
        return Role(self.role)
