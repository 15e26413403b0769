"""Platforms: registrations, deployments, keys and what is cached of a platform's answers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lti_alliance.models.base import Base, Keyed


class RegistrationState(StrEnum):
    """Whether launches through a registration are let in."""

    ACTIVE = "active"
    DISABLED = "disabled"
    PENDING = "pending"
    """Registered by an invitation; waits for an administrator of this tool."""


class Registration(Keyed, Base):
    """One client id at one issuer (LTI Security Framework 1.0); several schools may share one."""

    __tablename__ = "registrations"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    name: Mapped[str] = mapped_column(String(100), unique=True)
    issuer: Mapped[str] = mapped_column(String(255))
    client_id: Mapped[str] = mapped_column(String(255))
    family: Mapped[str] = mapped_column(String(20), default="")
    """`canvas`, `moodle` or empty: which dialect of AGS the platform speaks."""
    auth_login_url: Mapped[str] = mapped_column(String(500))
    auth_token_url: Mapped[str] = mapped_column(String(500))
    auth_audience: Mapped[str] = mapped_column(String(500), default="")
    """What the platform wants as `aud` in client assertions; empty means the token address."""
    jwks_url: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(20), default=RegistrationState.ACTIVE)
    accept_deployments: Mapped[bool] = mapped_column(default=False)
    """Approve deployments as they first appear in a verified launch."""
    allow_local: Mapped[bool] = mapped_column(default=False)
    """Let this platform live on loopback or private addresses and on plain http."""
    service_hosts: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Hosts (with a port unless it is the default) that may be called for this registration."""
    held_hosts: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Public hosts that a verified launch named and nobody has approved yet."""
    trusted_audiences: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Audiences that may stand beside our client id in a token."""
    help_text: Mapped[str] = mapped_column(String(2000), default="", server_default=text("''"))
    """What the institution wants its students to read where help is offered."""
    texts_days: Mapped[int | None]
    """How long its courses keep texts after their last launch; empty is the tool's own period."""
    work_days: Mapped[int | None]
    """The same for all other work, with its grades."""
    created_at: Mapped[datetime]
    last_launch_at: Mapped[datetime | None]
    deployments: Mapped[list[Deployment]] = relationship(back_populates="registration")

    @property
    def is_active(self) -> bool:
        """Whether launches are let in and scores sent."""
        return self.state == RegistrationState.ACTIVE


class DeploymentState(StrEnum):
    """Whether an installation of the tool is approved."""

    APPROVED = "approved"
    PENDING = "pending"


class Deployment(Keyed, Base):
    """One installation of the tool under a registration (LTI Core 1.3 section 3.1.3)."""

    __tablename__ = "deployments"
    __table_args__ = (UniqueConstraint("registration_id", "deployment_id"),)

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(20), default=DeploymentState.PENDING)
    first_seen_at: Mapped[datetime]
    registration: Mapped[Registration] = relationship(back_populates="deployments")


class ToolKeyState(StrEnum):
    """A signing key's life: published, then signing, then still published, then gone."""

    NEXT = "next"
    CURRENT = "current"
    PREVIOUS = "previous"
    RETIRED = "retired"


class ToolKey(Keyed, Base):
    """One RSA key pair of the tool; its `kid` is the RFC 7638 thumbprint and is never reused."""

    __tablename__ = "tool_keys"

    kid: Mapped[str] = mapped_column(String(64), unique=True)
    sealed_private_key: Mapped[bytes]
    public_jwk: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20), index=True)
    created_at: Mapped[datetime]
    current_from: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class PlatformKeySet(Base):
    """The cached JWKS of a registration, served stale while the platform cannot be reached."""

    __tablename__ = "platform_key_sets"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    jwks: Mapped[dict[str, Any]]
    fetched_at: Mapped[datetime | None]
    tried_at: Mapped[datetime]
    """Last try, successful or not: an unknown kid refetches once a minute at most."""


class AccessToken(Keyed, Base):
    """A service token kept until a minute before it ends (Security Framework 1.0 section 4.1)."""

    __tablename__ = "access_tokens"
    __table_args__ = (UniqueConstraint("registration_id", "token_host", "scopes"),)

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    token_host: Mapped[str] = mapped_column(String(255))
    scopes: Mapped[str] = mapped_column(String(500))
    """The scopes asked for, sorted and joined by a space."""
    sealed_token: Mapped[bytes]
    expires_at: Mapped[datetime]


class PlatformCircuit(Base):
    """How well one of a platform's services answers, and until when it is left alone."""

    __tablename__ = "platform_circuits"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    endpoint: Mapped[str] = mapped_column(String(20), primary_key=True)
    """A `domain.circuits.Endpoint`."""
    failures: Mapped[int] = mapped_column(default=0)
    """Failures in a row."""
    openings: Mapped[int] = mapped_column(default=0)
    """How often it has opened without a success in between."""
    open_since: Mapped[datetime | None]
    open_until: Mapped[datetime | None]
    """No call before this moment; afterwards one at a time until one succeeds."""
    allowance: Mapped[int]
    """How many calls at once are let through; it grows again after a recovery."""
    reason: Mapped[str] = mapped_column(String(60), default="")
    """The last failure."""
    failures_total: Mapped[int] = mapped_column(default=0)
    refusals_total: Mapped[int] = mapped_column(default=0)
