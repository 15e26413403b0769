"""Notices: what they tell is kept, and each deployment is asked for them by the worker.

The launch stays the source of truth: a told copy counts only where a launch says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import backoff
from lti_alliance.domain.notices import Notice, NoticeHandlersRef, NoticeType
from lti_alliance.errors import LaunchRejected, PlatformError, PlatformRefused
from lti_alliance.models import (
    Context,
    CourseCopy,
    Deployment,
    DeploymentState,
    NoticeSubscription,
    Registration,
    RegistrationState,
)
from lti_alliance.models import Notice as NoticeRow
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import audit, circuits
from lti_alliance.services.ports import NoticeHandlers
from lti_alliance.services.score_delivery import wake

AGAIN = timedelta(days=30)
"""How often the subscription is renewed."""
AGAIN_WHEN_REFUSED = timedelta(days=1)
_MAX_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeStep:
    """A claimed subscription with all that the call needs."""

    key: UUID
    token: str
    handlers: NoticeHandlersRef


def find_sender(session: Session, issuer: str, client_id: str) -> Registration | None:
    """Return the active registration that a notice says it comes from."""
    return session.scalar(
        select(Registration).where(
            Registration.issuer == issuer,
            Registration.client_id == client_id,
            Registration.state == RegistrationState.ACTIVE,
        )
    )


def take(session: Session, notices: Sequence[Notice], *, at: datetime) -> list[Notice]:
    """Keep what verified notices tell and return those that are new; all of them or none.

    A notice that has come before changes nothing. Raises ``LaunchRejected`` where one comes from a
    deployment that is not an approved one.
    """
    new = []
    for notice in notices:
        deployment = session.scalar(
            select(Deployment).where(
                Deployment.registration_id == notice.registration_id,
                Deployment.deployment_id == notice.deployment_id,
                Deployment.state == DeploymentState.APPROVED,
            )
        )
        if deployment is None:
            raise LaunchRejected("notice.unknown_sender", status=403)
        taken = session.scalar(
            insert_for(session, NoticeRow)
            .values(
                registration_id=notice.registration_id,
                notice_id=notice.id,
                kind=notice.kind[:100],
                received_at=at,
            )
            .on_conflict_do_nothing(index_elements=["registration_id", "notice_id"])
            .returning(NoticeRow.id)
        )
        if taken is None:
            continue
        new.append(notice)
        if notice.kind == NoticeType.COPY:
            _keep_copy(session, deployment, notice, notice_id=taken, at=at)
    session.flush()
    return new


def is_told_copy(session: Session, context: Context, origin: Context) -> bool:
    """Say whether notices prove that a course was copied from another, over any number of copies.

    Never across deployments: what a notice says is true within its own.
    """
    if context.deployment_id != origin.deployment_id:
        return False
    told = select(CourseCopy.origin_lti_id).where(CourseCopy.deployment_id == context.deployment_id)
    seen: set[str] = set()
    next_ones = {context.lti_id}
    for _ in range(_MAX_STEPS):
        seen |= next_ones
        found = session.scalars(told.where(CourseCopy.context_lti_id.in_(next_ones)))
        next_ones = set(found) - seen
        if origin.lti_id in next_ones:
            return True
        if not next_ones:
            return False
    return False


def want(session: Session, deployment: Deployment, url: str, *, at: datetime) -> None:
    """Have a deployment's notices asked for at this address, unless that has been done there."""
    known = session.scalar(
        select(NoticeSubscription.url).where(NoticeSubscription.deployment_id == deployment.id)
    )
    if known == url:
        return
    session.execute(
        insert_for(session, NoticeSubscription)
        .values(
            deployment_id=deployment.id,
            registration_id=deployment.registration_id,
            url=url,
            next_at=at,
        )
        .on_conflict_do_update(
            index_elements=["deployment_id"], set_={"url": url, "next_at": at, "tries": 0}
        )
    )
    wake(session)


# Subscribing


def is_any_due(session: Session, *, at: datetime) -> bool:
    """Whether a claim would find something, by reading alone."""
    return session.execute(_due(at).limit(1)).first() is not None


def claim(session: Session, *, at: datetime, lease: timedelta, token: str) -> SubscribeStep | None:
    """Claim the subscription that has waited longest, by compare-and-set."""
    for (key,) in session.execute(_due(at).limit(5)).all():
        statement = (
            update(NoticeSubscription)
            .where(NoticeSubscription.deployment_id == key, _is_due(at))
            .values(lease_token=token, lease_until=at + lease)
        )
        if rows_changed(session, statement):
            return _step(session, cast("UUID", key), token)
    return None


def call(handlers: NoticeHandlers, step: SubscribeStep, *, address: str) -> PlatformError | None:
    """Subscribe, with no transaction open; return why that failed."""
    try:
        handlers.subscribe(step.handlers, tuple(NoticeType), address)
    except PlatformError as error:
        return error
    return None


def record(
    session: Session,
    step: SubscribeStep,
    error: PlatformError | None,
    *,
    at: datetime,
    jitter: float,
) -> bool:
    """Record how a subscription went; one that was overtaken changes nothing and is told no."""
    row = session.scalar(
        select(NoticeSubscription)
        .where(
            NoticeSubscription.deployment_id == step.key,
            NoticeSubscription.lease_token == step.token,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        return False
    row.lease_token, row.lease_until = "", None
    row.reason = error.code[:60] if error else ""
    if error is None:
        row.tries, row.done_at, row.next_at = 0, at, at + AGAIN
    elif isinstance(error, PlatformRefused):
        row.tries, row.next_at = row.tries + 1, at + AGAIN_WHEN_REFUSED
    else:
        row.tries += 1
        row.next_at = at + max(backoff(row.tries, jitter), timedelta(minutes=1))
    session.flush()
    return True


def _keep_copy(
    session: Session, deployment: Deployment, notice: Notice, *, notice_id: UUID, at: datetime
) -> None:
    for origin in notice.origins:
        if not notice.context or origin == notice.context:
            continue
        session.execute(
            insert_for(session, CourseCopy)
            .values(
                deployment_id=deployment.id,
                context_lti_id=notice.context,
                origin_lti_id=origin,
                told_at=at,
            )
            .on_conflict_do_nothing(
                index_elements=["deployment_id", "context_lti_id", "origin_lti_id"]
            )
        )
    audit.record(session, "notice.copy", at=at, object_kind="notice", object_id=notice_id)


def _step(session: Session, key: UUID, token: str) -> SubscribeStep:
    url, deployment_id, registration_id = session.execute(
        select(NoticeSubscription.url, Deployment.deployment_id, Deployment.registration_id)
        .join(Deployment, Deployment.id == NoticeSubscription.deployment_id)
        .where(NoticeSubscription.deployment_id == key)
    ).one()
    return SubscribeStep(
        key=key,
        token=token,
        handlers=NoticeHandlersRef(
            registration_id=registration_id, deployment_id=deployment_id, url=url
        ),
    )


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(
        NoticeSubscription.next_at <= at,
        or_(NoticeSubscription.lease_until.is_(None), NoticeSubscription.lease_until <= at),
    )


def _due(at: datetime) -> Select[Any]:
    return (
        select(NoticeSubscription.deployment_id)
        .join(Registration, Registration.id == NoticeSubscription.registration_id)
        .where(
            _is_due(at),
            Registration.state == RegistrationState.ACTIVE,
            NoticeSubscription.registration_id.not_in(circuits.open_ones(at)),
        )
        .order_by(NoticeSubscription.next_at)
    )
