"""Registering a platform by an invitation: what the platform said becomes a registration."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain.addresses import host_of
from lti_alliance.errors import InvalidInput, LaunchRejected
from lti_alliance.models import (
    Deployment,
    DeploymentState,
    Invitation,
    Registration,
    RegistrationState,
)
from lti_alliance.services import invitations, platforms


def register_platform(
    session: Session,
    invitation: Invitation,
    *,
    issuer: str,
    client_id: str,
    auth_login_url: str,
    auth_token_url: str,
    auth_audience: str,
    jwks_url: str,
    registration_url: str,
    family: str,
    deployment_id: str,
    at: datetime,
) -> Registration:
    """Make the registration that an invitation was for, and use the invitation up.

    It waits for an administrator of this tool unless the invitation says that it is approved. One
    that exists is never overwritten: raises ``LaunchRejected`` with ``register.exists``.
    """
    known = select(Registration.id).where(
        Registration.issuer == issuer, Registration.client_id == client_id
    )
    if session.scalar(known) is not None:
        raise LaunchRejected("register.exists", status=409)
    is_approved = invitation.is_approved
    try:
        registration = platforms.add_registration(
            session,
            name=_free_name(session, invitation.name),
            issuer=issuer,
            client_id=client_id,
            auth_login_url=auth_login_url,
            auth_token_url=auth_token_url,
            auth_audience=auth_audience,
            jwks_url=jwks_url,
            family=family,
            # The school's own host takes registrations where another signs, and serves as well.
            service_hosts=[host_of(registration_url)],
            accept_deployments=invitation.accept_deployments,
            allow_local=invitation.allow_local,
            deployment_ids=[deployment_id] if deployment_id and is_approved else [],
            state=RegistrationState.ACTIVE if is_approved else RegistrationState.PENDING,
            at=at,
        )
    except InvalidInput as invalid:
        raise LaunchRejected("register.answer_invalid", status=502) from invalid
    if deployment_id and not is_approved:
        session.add(
            Deployment(
                registration_id=registration.id,
                deployment_id=deployment_id,
                state=DeploymentState.PENDING,
                first_seen_at=at,
            )
        )
    invitations.use_up(session, invitation, registration, at=at)
    return registration


def _free_name(session: Session, wanted: str) -> str:
    """Return the wanted name, with a number if somebody has taken it since the invitation."""
    taken = set(session.scalars(select(Registration.name)))
    number = 1
    name = wanted
    while name in taken:
        number += 1
        name = f"{wanted[:90]} {number}"
    return name
