"""Launch sessions: what one verified launch opened, for one browser, for some hours."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.domain.launch import Role
from lti_alliance.models.base import Base, Keyed
from lti_alliance.models.courses import Context, ResourceLink
from lti_alliance.models.people import Membership, User


class LaunchSession(Keyed, Base):
    """The pages of one launch; the unique `state_id` is what makes a launch happen once."""

    __tablename__ = "launch_sessions"
    __table_args__ = (Index("ix_launch_sessions_expires_at", "expires_at"),)

    handle: Mapped[str] = mapped_column(String(32), unique=True)
    """Public part of the address `/launches/<handle>/…`; useless without the cookie."""
    state_id: Mapped[str] = mapped_column(String(64), unique=True)
    """Id of the signed login state that was consumed: a second use finds it taken."""
    token_digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the id_token, to know a second click on the same form."""
    cookie_digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the session cookie's value."""
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("memberships.id"), index=True)
    """Empty when the launch named no course."""
    context_id: Mapped[UUID | None] = mapped_column(ForeignKey("contexts.id"), index=True)
    resource_link_id: Mapped[UUID | None] = mapped_column(ForeignKey("resource_links.id"))
    """Empty when no link of its own was opened, such as from the course menu."""
    role: Mapped[str] = mapped_column(String(30))
    context_history: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    """The ids of the courses that this one was copied from, with commas, the newest copy first."""
    is_administrator: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the person administers the institution, beside their role in the course."""
    is_test_user: Mapped[bool] = mapped_column(default=False)
    target_activity: Mapped[str] = mapped_column(String(64), default="")
    target_attempt: Mapped[str] = mapped_column(String(64), default="")
    target_reflection: Mapped[str] = mapped_column(
        String(64), default="", server_default=text("''")
    )
    for_user: Mapped[str] = mapped_column(String(255), default="", server_default=text("''"))
    """Whose work this launch is to show: the `sub` in a submission review."""
    mentored: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Whose progress an observer may see, each a `sub`."""
    custom_activity: Mapped[str] = mapped_column(String(64), default="")
    return_url: Mapped[str] = mapped_column(String(500), default="")
    locale: Mapped[str] = mapped_column(String(20), default="")
    time_zone: Mapped[str] = mapped_column(String(64), default="", server_default=text("''"))
    """The IANA name of the person's time zone; empty where the platform told none."""
    is_framed: Mapped[bool] = mapped_column(default=True)
    frame_ancestors: Mapped[list[str]]
    """Origins that may frame the pages (CSP `frame-ancestors`)."""
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    membership: Mapped[Membership | None] = relationship()
    context: Mapped[Context | None] = relationship()
    resource_link: Mapped[ResourceLink | None] = relationship()

    @property
    def is_review(self) -> bool:
        """Whether this launch is about one person's work, and not about an activity."""
        return bool(self.for_user) or self.targets_work

    @property
    def targets_work(self) -> bool:
        """Whether the address that was opened is that of an attempt or a reflection."""
        return bool(self.target_attempt or self.target_reflection)

    @property
    def course_role(self) -> Role:
        """The role of this launch, which stays its own whatever other launches say."""
        return Role(self.role)
