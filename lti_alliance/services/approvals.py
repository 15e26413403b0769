"""Approving what verified launches ask for: installations of the tool, and hosts to be called."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from lti_alliance.errors import Conflict, InvalidInput, LaunchRejected, NotFound
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    DeploymentState,
    LineItem,
    Registration,
    ResourceLink,
    ScoreDelivery,
)
from lti_alliance.models.apart import apart
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import audit, score_resending
from lti_alliance.services.registration_fields import normal_host

MAX_PENDING_DEPLOYMENTS = 50


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
    held = (
        select(Activity.id)
        .join(LineItem, LineItem.resource_link_id == Activity.resource_link_id)
        .where(LineItem.held_host == name)
    )
    released = score_resending.release(
        session,
        ScoreDelivery.registration_id == registration.id,
        ScoreDelivery.activity_id.in_(held),
        at=at,
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
    return released


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
