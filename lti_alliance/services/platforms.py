"""Registering platforms: adding, finding, pausing, and loading them from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from lti_alliance.domain.addresses import host_of, origin_of
from lti_alliance.domain.launch import Launch
from lti_alliance.errors import InvalidInput, LaunchRejected, NotFound
from lti_alliance.models import Registration, RegistrationState, ScoreDelivery
from lti_alliance.services import audit, score_resending
from lti_alliance.services.approvals import approve_deployment as approve_deployment
from lti_alliance.services.approvals import approve_host as approve_host
from lti_alliance.services.approvals import judge_deployment as judge_deployment
from lti_alliance.services.approvals import move_deployment as move_deployment
from lti_alliance.services.platform_file import read_tables
from lti_alliance.services.registration_fields import RegistrationFields
from lti_alliance.services.registration_fields import canvas_addresses as canvas_addresses
from lti_alliance.services.registration_fields import moodle_addresses as moodle_addresses

# What has a module of its own is called by this module's name all the same: to an administrator it
# is all of one piece.


def add_registration(
    session: Session,
    *,
    name: str,
    issuer: str,
    client_id: str,
    auth_login_url: str,
    auth_token_url: str,
    jwks_url: str,
    auth_audience: str = "",
    family: str = "",
    deployment_ids: Sequence[str] = (),
    accept_deployments: bool = False,
    service_hosts: Sequence[str] = (),
    trusted_audiences: Sequence[str] = (),
    allow_local: bool = False,
    state: RegistrationState = RegistrationState.ACTIVE,
    at: datetime,
) -> Registration:
    """Register a platform; raise ``InvalidInput`` naming every field that cannot be used.

    The hosts of the platform's own addresses may be called from then on, with ``service_hosts``
    beside them.
    """
    fields = RegistrationFields(
        name=name,
        issuer=issuer,
        client_id=client_id,
        auth_login_url=auth_login_url,
        auth_token_url=auth_token_url,
        jwks_url=jwks_url,
        auth_audience=auth_audience,
        family=family,
        deployment_ids=tuple(deployment_ids),
        accept_deployments=accept_deployments,
        service_hosts=tuple(service_hosts),
        trusted_audiences=tuple(trusted_audiences),
        allow_local=allow_local,
    )
    return _write(session, Registration(created_at=at, state=state), fields, at=at)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file did, by the names of the registrations."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def load(session: Session, data: Mapping[str, Any], *, at: datetime) -> Loaded:
    """Make the registrations agree with the tables ``[[platform]]`` of a TOML file.

    Doing it twice changes nothing the second time. A table is matched by its name, or else by its
    issuer and client id. Registrations that the file does not name stay as they are, and so do
    deployments and hosts that somebody has approved. Raises ``InvalidInput`` naming table and
    field.
    """
    did: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
    for wanted in read_tables(data):
        known = _find_known(session, wanted.fields)
        before = _snapshot(known) if known else None
        registration = _write(session, known or Registration(created_at=at), wanted.fields, at=at)
        (disable if wanted.is_disabled else enable)(session, registration, at=at)
        session.refresh(registration)
        is_same = _snapshot(registration) == before
        outcome = "added" if known is None else "unchanged" if is_same else "changed"
        did[outcome].append(registration.name)
    return Loaded(**{outcome: tuple(names) for outcome, names in did.items()})


def _write(
    session: Session, registration: Registration, fields: RegistrationFields, *, at: datetime
) -> Registration:
    faults = fields.faults() | _clashes(session, registration, fields)
    if faults:
        raise InvalidInput(faults, code="platform.invalid")
    registration.name = fields.name
    registration.issuer = fields.issuer
    registration.client_id = fields.client_id
    registration.family = fields.family
    registration.auth_login_url = fields.auth_login_url
    registration.auth_token_url = fields.auth_token_url
    registration.auth_audience = fields.auth_audience
    registration.jwks_url = fields.jwks_url
    registration.accept_deployments = fields.accept_deployments
    registration.allow_local = fields.allow_local
    registration.trusted_audiences = list(fields.trusted_audiences)
    registration.service_hosts = list(
        dict.fromkeys([*(registration.service_hosts or []), *fields.hosts()])
    )
    session.add(registration)
    if session.is_modified(registration):
        session.flush()
        audit.record(
            session, "platform.write", at=at, object_kind="registration", object_id=registration.id
        )
    for deployment_id in fields.deployment_ids:
        approve_deployment(session, registration, deployment_id, at=at)
    return registration


def list_registrations(session: Session) -> Sequence[Registration]:
    """Return all registrations by name."""
    return session.scalars(select(Registration).order_by(Registration.name)).all()


def get_registration(session: Session, name: str) -> Registration:
    """Return the registration of that name; raise ``NotFound`` when there is none."""
    registration = session.scalar(select(Registration).where(Registration.name == name))
    if registration is None:
        raise NotFound("platform.unknown")
    return registration


def find_registration(session: Session, *, issuer: str, client_id: str | None) -> Registration:
    """Return the registration that a login names; raise ``LaunchRejected`` when it names none.

    Without a client id the issuer must have a single registration: none is ever the default.
    """
    facts = {"issuer": issuer} | ({"client_id": client_id} if client_id else {})
    wanted = _named(has_client_id=bool(client_id))
    found = session.scalars(wanted, {"issuer": issuer, "client_id": client_id}).all()
    if not found:
        raise LaunchRejected("login.client_unknown", status=403, facts=facts)
    if len(found) > 1:
        raise LaunchRejected("login.client_id_needed", facts=facts)
    refuse_inactive(found[0], facts)
    return found[0]


@cache
def _named(*, has_client_id: bool) -> Select[Registration]:
    wanted = select(Registration).where(Registration.issuer == bindparam("issuer"))
    if has_client_id:
        wanted = wanted.where(Registration.client_id == bindparam("client_id"))
    return wanted.limit(2)


def approve_registration(session: Session, registration: Registration, *, at: datetime) -> None:
    """Let in what registered itself by an invitation, with the installation that came along."""
    for deployment in registration.deployments:
        approve_deployment(session, registration, deployment.deployment_id, at=at)
    enable(session, registration, at=at)


def disable(session: Session, registration: Registration, *, at: datetime) -> None:
    """Let no launch in and send no score until the registration is enabled again."""
    _set_state(session, registration, RegistrationState.DISABLED, at=at)


def enable(session: Session, registration: Registration, *, at: datetime) -> None:
    """Let launches in and scores out again."""
    _set_state(session, registration, RegistrationState.ACTIVE, at=at)
    score_resending.release(session, ScoreDelivery.registration_id == registration.id, at=at)


def refuse_inactive(registration: Registration, facts: Mapping[str, str] | None = None) -> None:
    """Raise ``LaunchRejected`` for a registration that lets nobody in, with the reason why."""
    if registration.state == RegistrationState.PENDING:
        raise LaunchRejected("login.registration_pending", status=403, facts=facts)
    if not registration.is_active:
        raise LaunchRejected("login.registration_disabled", status=403, facts=facts)


def frame_ancestors(registration: Registration, launch: Launch) -> list[str]:
    """Return the origins that may frame the pages of this launch (CSP ``frame-ancestors``).

    Every frame around the tool counts, so these are all hosts of the platform that are known, on
    the scheme that its own addresses have.
    """
    named = (
        registration.issuer,
        registration.auth_login_url,
        registration.auth_token_url,
        registration.jwks_url,
        launch.return_url,
    )
    origins = {origin for url in named if (origin := origin_of(url))}
    covered = {host_of(origin) for origin in origins}
    scheme = "http" if origin_of(registration.auth_login_url).startswith("http:") else "https"
    origins |= {f"{scheme}://{host}" for host in registration.service_hosts if host not in covered}
    return sorted(origins)


def _set_state(
    session: Session, registration: Registration, state: RegistrationState, *, at: datetime
) -> None:
    if registration.state == state:
        return
    registration.state = state
    session.flush()
    audit.record(
        session, f"platform.{state}", at=at, object_kind="registration", object_id=registration.id
    )


def _find_known(session: Session, fields: RegistrationFields) -> Registration | None:
    by_name = select(Registration).where(Registration.name == fields.name)
    by_client = select(Registration).where(
        Registration.issuer == fields.issuer, Registration.client_id == fields.client_id
    )
    return session.scalar(by_name) or session.scalar(by_client)


def _snapshot(registration: Registration) -> tuple[Any, ...]:
    columns = [getattr(registration, column.key) for column in Registration.__table__.columns]
    deployments = sorted((d.deployment_id, d.state) for d in registration.deployments)
    return (columns, deployments)


def _clashes(
    session: Session, registration: Registration, fields: RegistrationFields
) -> dict[str, str]:
    faults = {}
    with session.no_autoflush:
        for other in list_registrations(session):
            if other is registration:
                continue
            if other.name == fields.name:
                faults["name"] = "Another platform has this name."
            if (other.issuer, other.client_id) == (fields.issuer, fields.client_id):
                faults["client_id"] = f"This client id is registered already, as {other.name}."
    return faults
