"""Registering platforms, and approving what verified launches ask for: deployments and hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.addresses import host_of, origin_of
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.delivery_reasons import Reason
from lti_alliance.domain.launch import Launch
from lti_alliance.errors import Conflict, InvalidInput, LaunchRejected, NotFound
from lti_alliance.models import (
    Context,
    Deployment,
    DeploymentState,
    LineItem,
    Registration,
    RegistrationState,
    ResourceLink,
    ScoreDelivery,
)
from lti_alliance.models.apart import apart
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import audit
from lti_alliance.services.platform_file import read_tables
from lti_alliance.services.registration_fields import RegistrationFields, normal_host

# The fillers belong to registering a platform, and are called by this module's name.
from lti_alliance.services.registration_fields import canvas_addresses as canvas_addresses
from lti_alliance.services.registration_fields import moodle_addresses as moodle_addresses

MAX_PENDING_DEPLOYMENTS = 50


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
    return _write(session, Registration(created_at=at), fields, at=at)


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
    wanted = select(Registration).where(Registration.issuer == issuer)
    if client_id:
        wanted = wanted.where(Registration.client_id == client_id)
    found = session.scalars(wanted.limit(2)).all()
    if not found:
        raise LaunchRejected("login.client_unknown", status=403, facts=facts)
    if len(found) > 1:
        raise LaunchRejected("login.client_id_needed", facts=facts)
    if not found[0].is_active:
        raise LaunchRejected("login.registration_disabled", status=403, facts=facts)
    return found[0]


def disable(session: Session, registration: Registration, *, at: datetime) -> None:
    """Let no launch in and send no score until the registration is enabled again."""
    _set_state(session, registration, RegistrationState.DISABLED, at=at)


def enable(session: Session, registration: Registration, *, at: datetime) -> None:
    """Let launches in and scores out again."""
    _set_state(session, registration, RegistrationState.ACTIVE, at=at)
    _make_due(session, registration, Reason.REGISTRATION_DISABLED, at=at)


def approve_deployment(
    session: Session, registration: Registration, deployment_id: str, *, at: datetime
) -> Deployment:
    """Approve an installation of the tool, whether it has launched before or not."""
    deployment = _find_deployment(session, registration, deployment_id)
    if deployment is None:
        deployment = Deployment(
            registration_id=registration.id, deployment_id=deployment_id, first_seen_at=at
        )
        session.add(deployment)
    if deployment.state != DeploymentState.APPROVED:
        deployment.state = DeploymentState.APPROVED
        session.flush()
        audit.record(
            session,
            "deployment.approve",
            at=at,
            object_kind="deployment",
            object_id=deployment.id,
        )
    return deployment


def judge_deployment(
    session: Session, registration: Registration, deployment_id: str, *, at: datetime
) -> Deployment:
    """Return the approved deployment of a verified message; refuse any other.

    One that has not been seen before is stored, approved where the registration accepts all and
    else waiting, in a transaction of its own: the refusal that follows is rolled back. On SQLite
    the calling transaction must therefore not hold the write lock. What is returned may belong to
    no session. Raises ``LaunchRejected`` with ``deployment.unknown``.
    """
    deployment = _find_deployment(session, registration, deployment_id)
    if deployment is None or (
        registration.accept_deployments and deployment.state != DeploymentState.APPROVED
    ):
        with apart(session) as own:
            deployment = _remember_deployment(own, registration, deployment_id, at=at)
    if deployment is None or deployment.state != DeploymentState.APPROVED:
        facts = {
            "issuer": registration.issuer,
            "client_id": registration.client_id,
            "deployment_id": deployment_id,
        }
        raise LaunchRejected("deployment.unknown", status=403, facts=facts)
    return deployment


def move_deployment(
    session: Session,
    registration: Registration,
    *,
    from_id: str,
    to_id: str,
    at: datetime,
) -> int:
    """Move the courses of one installation to another of the same registration; count them.

    For a tool that was removed and installed again. Raises ``Conflict`` when a course has already
    launched through both.
    """
    source = _find_deployment(session, registration, from_id)
    if source is None:
        raise NotFound("deployment.unknown")
    target = approve_deployment(session, registration, to_id, at=at)
    moving = select(Context.lti_id).where(Context.deployment_id == source.id)
    in_both = select(Context.id).where(
        Context.deployment_id == target.id, Context.lti_id.in_(moving)
    )
    if session.scalar(in_both.limit(1)) is not None:
        raise Conflict("deployment.course_in_both")
    audit.record(session, "deployment.move", at=at, object_kind="deployment", object_id=target.id)
    return rows_changed(
        session,
        update(Context).where(Context.deployment_id == source.id).values(deployment_id=target.id),
    )


def approve_host(session: Session, registration: Registration, host: str, *, at: datetime) -> int:
    """Let a host be called for this registration; return how many held scores are due now."""
    name = normal_host(host, allow_local=registration.allow_local)
    if not name:
        raise InvalidInput({"host": "A host name is needed, such as lms.example."})
    hosts = registration.service_hosts
    registration.service_hosts = list(dict.fromkeys([*hosts, name]))
    registration.held_hosts = [held for held in registration.held_hosts if held != name]
    session.flush()
    links = (
        select(ResourceLink.id)
        .join(Context)
        .join(Deployment)
        .where(Deployment.registration_id == registration.id)
    )
    rows_changed(
        session,
        update(LineItem)
        .where(LineItem.held_host == name, LineItem.resource_link_id.in_(links))
        .values(held_host=""),
    )
    audit.record(
        session,
        "platform.approve_host",
        at=at,
        object_kind="registration",
        object_id=registration.id,
        details={"host": name},
    )
    return _make_due(session, registration, Reason.HOST_HELD, at=at)


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


def _find_deployment(
    session: Session, registration: Registration, deployment_id: str
) -> Deployment | None:
    return session.scalar(
        select(Deployment).where(
            Deployment.registration_id == registration.id,
            Deployment.deployment_id == deployment_id,
        )
    )


def _remember_deployment(
    own: Session, registration: Registration, deployment_id: str, *, at: datetime
) -> Deployment | None:
    if registration.accept_deployments:
        return approve_deployment(own, registration, deployment_id, at=at)
    waiting = own.scalar(
        select(func.count())
        .select_from(Deployment)
        .where(
            Deployment.registration_id == registration.id,
            Deployment.state == DeploymentState.PENDING,
        )
    )
    if (waiting or 0) < MAX_PENDING_DEPLOYMENTS:
        own.execute(
            insert_for(own, Deployment)
            .values(
                registration_id=registration.id,
                deployment_id=deployment_id,
                state=DeploymentState.PENDING,
                first_seen_at=at,
            )
            .on_conflict_do_nothing(index_elements=["registration_id", "deployment_id"])
        )
    return _find_deployment(own, registration, deployment_id)


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


def _make_due(session: Session, registration: Registration, reason: Reason, *, at: datetime) -> int:
    return rows_changed(
        session,
        update(ScoreDelivery)
        .where(
            ScoreDelivery.registration_id == registration.id,
            ScoreDelivery.state == DeliveryState.BLOCKED,
            ScoreDelivery.reason == reason,
        )
        .values(state=DeliveryState.DUE, next_at=at, reason="", tries=0),
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
