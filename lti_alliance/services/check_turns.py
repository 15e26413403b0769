"""When each column of a gradebook is compared: wanted, asked for, claimed, put back with a date."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import (
    Activity,
    GradebookCheck,
    LineItem,
    Registration,
    RegistrationState,
    ResourceLink,
    ScoreDelivery,
)
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import circuits
from lti_alliance.services.score_claims import is_free, is_wanted
from lti_alliance.services.score_delivery import wake

SOON = timedelta(minutes=5)
"""How long after a delivery its column is compared: several scores then share one reading."""
DAILY = timedelta(days=1)
WEEKLY = timedelta(days=7)
_IN_USE = timedelta(days=60)
"""A column in which nothing was wanted for so long is compared once a week."""
_OVER = timedelta(days=400)
"""And after this time no more, unless somebody asks."""
_NEVER = timedelta(days=36_500)


def want_soon(
    session: Session,
    *,
    activity_id: UUID,
    registration_id: UUID,
    known: datetime | None,
    at: datetime,
) -> None:
    """Have the activity's column compared a few minutes after a delivery.

    ``known`` is when it is compared anyway, as far as the caller knows: most deliveries of a class
    then need no statement here.
    """
    soon = at + SOON
    if known is None or known > soon:
        _want(session, activity_id, registration_id, at=soon)


def ask(session: Session, activity: Activity, *, at: datetime) -> None:
    """Have the activity's column compared now, because a person wants to know."""
    registration = activity.resource_link.context.deployment.registration
    _want(session, activity.id, registration.id, at=at, asked_at=at)
    wake(session)


def find_check(session: Session, activity_id: UUID) -> GradebookCheck | None:
    """Return when the column was and will be compared, and what was found."""
    return session.scalar(
        select(GradebookCheck)
        .where(GradebookCheck.activity_id == activity_id)
        .execution_options(populate_existing=True)
    )


def list_activities(
    session: Session,
    *,
    context_id: UUID | None = None,
    activity_id: UUID | None = None,
    limit: int,
) -> Sequence[Activity]:
    """List the activities of which a gradebook has been told anything."""
    told = select(ScoreDelivery.activity_id).where(ScoreDelivery.told_version > 0)
    found = (
        select(Activity)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .where(Activity.id.in_(told))
        .order_by(Activity.created_at, Activity.id)
        .limit(limit)
    )
    if context_id is not None:
        found = found.where(ResourceLink.context_id == context_id)
    if activity_id is not None:
        found = found.where(Activity.id == activity_id)
    return session.scalars(found).all()


def is_any_due(session: Session, *, at: datetime) -> bool:
    """Whether a claim would find something, by reading alone."""
    return session.execute(_due(at).limit(1)).first() is not None


def claim_check(session: Session, *, at: datetime, lease: timedelta, token: str) -> UUID | None:
    """Claim the comparison that has waited longest, by compare-and-set, and return its activity."""
    for (activity_id,) in session.execute(_due(at).limit(5)):
        statement = (
            update(GradebookCheck)
            .where(GradebookCheck.activity_id == activity_id, _is_due(at))
            .values(lease_token=token, lease_until=at + lease)
        )
        if rows_changed(session, statement):
            return cast("UUID", activity_id)
    return None


def _want(
    session: Session,
    activity_id: UUID,
    registration_id: UUID,
    *,
    at: datetime,
    asked_at: datetime | None = None,
) -> None:
    values: dict[str, Any] = {"next_at": at}
    if asked_at is not None:
        values["asked_at"] = asked_at
    sooner = case((GradebookCheck.next_at > at, at), else_=GradebookCheck.next_at)
    session.execute(
        insert_for(session, GradebookCheck)
        .values(
            activity_id=activity_id,
            registration_id=registration_id,
            lease_token="",
            tries=0,
            reason="",
            findings={},
            **values,
        )
        .on_conflict_do_update(
            index_elements=["activity_id"], set_={**values, "next_at": sooner, "tries": 0}
        )
    )


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(
        GradebookCheck.next_at <= at,
        or_(GradebookCheck.lease_until.is_(None), GradebookCheck.lease_until <= at),
    )


def _due(at: datetime) -> Any:
    return (
        select(GradebookCheck.activity_id)
        .join(Registration, Registration.id == GradebookCheck.registration_id)
        .join(Activity, Activity.id == GradebookCheck.activity_id)
        .outerjoin(LineItem, LineItem.resource_link_id == Activity.resource_link_id)
        .where(
            _is_due(at),
            Registration.state == RegistrationState.ACTIVE,
            func.coalesce(LineItem.held_host, "") == "",
            GradebookCheck.registration_id.not_in(circuits.open_ones(at)),
        )
        .order_by(GradebookCheck.next_at)
    )


def finish(
    session: Session,
    activity_id: UUID,
    token: str,
    *,
    began_at: datetime,
    next_at: datetime,
    reason: str = "",
    tries: int = 0,
    **values: Any,
) -> None:
    """Give a claimed comparison back with what came of it, unless it was overtaken."""
    # Somebody may have asked while the column was being read: that question is still open.
    is_open = GradebookCheck.asked_at > began_at
    rows_changed(
        session,
        update(GradebookCheck)
        .where(GradebookCheck.activity_id == activity_id, GradebookCheck.lease_token == token)
        .values(
            next_at=case(
                (is_open, GradebookCheck.asked_at),
                else_=literal(next_at, GradebookCheck.__table__.c.next_at.type),
            ),
            reason=reason,
            tries=tries,
            asked_at=case((is_open, GradebookCheck.asked_at), else_=None),
            lease_token="",
            lease_until=None,
            **values,
        ),
    )


def pause_of(session: Session, activity_id: UUID, *, at: datetime) -> timedelta:
    """Return how long until the next comparison: soon while scores are moving, else by age."""
    moving = select(ScoreDelivery.id).where(
        ScoreDelivery.activity_id == activity_id,
        is_wanted(),
        or_(
            ScoreDelivery.state.in_(
                (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR)
            ),
            ScoreDelivery.delivered_at > at - timedelta(minutes=1),
            ~is_free(at),
        ),
    )
    if session.execute(moving.limit(1)).first() is not None:
        return SOON
    last = session.scalar(
        select(func.max(ScoreDelivery.desired_since)).where(
            ScoreDelivery.activity_id == activity_id
        )
    )
    age = at - last if last else _OVER
    if age >= _OVER:
        return _NEVER
    return DAILY if age < _IN_USE else WEEKLY
