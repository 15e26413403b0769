"""Invitations to register a platform: given out once, good for a while, used up by success."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.errors import InvalidInput
from lti_alliance.models import Invitation, Registration
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit

GOOD_FOR = timedelta(days=7)
STATUS_FOR = timedelta(days=30)
"""How long whoever was invited can look at the registration's status."""
_BUSY_FOR = timedelta(minutes=1)
_CODE_BYTES = 24
_NAME_LENGTH = 100


class InvitationState(StrEnum):
    """What an invitation is good for."""

    OPEN = "open"
    USED = "used"
    """The registration is made; its status can be looked at."""
    EXPIRED = "expired"


def invite(
    session: Session,
    *,
    name: str,
    good_for: timedelta = GOOD_FOR,
    is_approved: bool = False,
    accept_deployments: bool = False,
    allow_local: bool = False,
    at: datetime,
) -> str:
    """Make an invitation and return its code, which is kept nowhere.

    ``is_approved`` lets launches in as soon as the platform is registered. Raises ``InvalidInput``
    for a name that cannot be used.
    """
    name = name.strip()
    faults = {}
    if not 0 < len(name) <= _NAME_LENGTH or not name.isprintable():
        faults["name"] = f"1 to {_NAME_LENGTH} characters are needed."
    elif session.scalar(select(Registration.id).where(Registration.name == name)) is not None:
        faults["name"] = "Another platform has this name."
    if faults:
        raise InvalidInput(faults, code="platform.invalid")
    code = secrets.token_urlsafe(_CODE_BYTES)
    invitation = Invitation(
        code_digest=_digest(code),
        name=name,
        is_approved=is_approved,
        accept_deployments=accept_deployments,
        allow_local=allow_local,
        created_at=at,
        expires_at=at + good_for,
    )
    session.add(invitation)
    session.flush()
    audit.record(
        session, "platform.invite", at=at, object_kind="invitation", object_id=invitation.id
    )
    return code


def find_invitation(session: Session, code: str) -> Invitation | None:
    """Return the invitation with this code, whatever it is still good for."""
    return session.scalar(select(Invitation).where(Invitation.code_digest == _digest(code)))


def state_of(invitation: Invitation, *, at: datetime) -> InvitationState:
    """Say what an invitation is good for at this moment."""
    if invitation.revoked_at is not None:
        return InvitationState.EXPIRED
    if invitation.used_at is not None:
        is_shown = at < invitation.used_at + STATUS_FOR
        return InvitationState.USED if is_shown else InvitationState.EXPIRED
    return InvitationState.OPEN if at < invitation.expires_at else InvitationState.EXPIRED


def list_invitations(session: Session, *, at: datetime) -> Sequence[Invitation]:
    """List the invitations that can still be used, the newest first."""
    return session.scalars(
        select(Invitation)
        .where(
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > at,
        )
        .order_by(Invitation.created_at.desc(), Invitation.id)
    ).all()


def begin_use(session: Session, invitation: Invitation, *, at: datetime) -> bool:
    """Take an open invitation for one registration; say no when somebody is about it already."""
    statement = (
        update(Invitation)
        .where(
            Invitation.id == invitation.id,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > at,
            or_(Invitation.busy_until.is_(None), Invitation.busy_until <= at),
        )
        .values(busy_until=at + _BUSY_FOR)
    )
    return rows_changed(session, statement) == 1


def give_back(session: Session, invitation: Invitation) -> None:
    """Let an invitation be tried again after a registration that failed."""
    rows_changed(
        session,
        update(Invitation).where(Invitation.id == invitation.id).values(busy_until=None),
    )


def use_up(
    session: Session, invitation: Invitation, registration: Registration, *, at: datetime
) -> None:
    """Note what came of an invitation: it cannot be used again."""
    invitation.used_at = at
    invitation.busy_until = None
    invitation.registration_id = registration.id
    session.flush()


def revoke(session: Session, name: str, *, at: datetime) -> int:
    """Take the unused invitations for this name back, and count them."""
    return rows_changed(
        session,
        update(Invitation)
        .where(
            Invitation.name == name,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=at),
    )


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
