"""Claiming deliveries: whose time has come, and which worker has it, by compare-and-set."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.circuits import CALLS_AT_ONCE
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.models import (
    Activity,
    LineItem,
    Registration,
    RegistrationState,
    ScoreDelivery,
)
from lti_alliance.services import circuits, score_tries

UNDER_WAY = (DeliveryState.SENDING, DeliveryState.UNCLEAR)
CLAIMABLE = (DeliveryState.DUE, *UNDER_WAY, DeliveryState.BLOCKED)
_LOOK_AT = 200
_CLAIMS_LOCK = 7_261_985
"""Any number will do that no other lock of the database has."""


def is_anything_due(session: Session, *, at: datetime) -> bool:
    """Whether a claim would find something, by reading alone."""
    return session.execute(_due(at).limit(1)).first() is not None


def claim_due(
    session: Session, *, at: datetime, limit: int, lease: timedelta, token: str
) -> list[UUID]:
    """Claim up to ``limit`` deliveries of one registration, those that have waited longest.

    They are for one worker to send one after the other: the claims with different tokens that are
    under way are the calls that a registration gets at once (`domain.circuits`). What is claimed
    carries ``token`` until it is recorded or the lease runs out; whoever comes back after that
    finds another token and is fenced off.
    """
    one_claim_at_a_time(session)
    picked = _pick(session, at=at, limit=limit)
    if not picked:
        return []
    _remember_overtaken(session, picked, at=at)
    # The condition is tested again by the statement that claims: of two workers that picked the
    # same row, the second finds it leased.
    return list(
        session.scalars(
            update(ScoreDelivery)
            .where(ScoreDelivery.id.in_(picked), _is_due(at))
            .values(
                state=case(
                    (ScoreDelivery.state == DeliveryState.UNCLEAR, DeliveryState.UNCLEAR.value),
                    else_=DeliveryState.SENDING.value,
                ),
                lease_token=token,
                lease_until=at + lease,
            )
            .returning(ScoreDelivery.id)
            .execution_options(synchronize_session=False)
        )
    )


def _pick(session: Session, *, at: datetime, limit: int) -> list[UUID]:
    allowed = circuits.allowances(session, at=at)
    claims = session.execute(
        select(
            ScoreDelivery.registration_id,
            func.count(ScoreDelivery.lease_token.distinct()),
        )
        .where(ScoreDelivery.state.in_(UNDER_WAY), ScoreDelivery.lease_until > at)
        .group_by(ScoreDelivery.registration_id)
    )
    free = {key: allowed.get(key, CALLS_AT_ONCE) - count for key, count in claims}
    full = [key for key, count in free.items() if count <= 0]
    waiting = _due(at).where(ScoreDelivery.registration_id.not_in(full)) if full else _due(at)
    found = session.execute(waiting.limit(_LOOK_AT)).all()
    if not found:
        return []
    chosen = found[0][1]
    ids = [delivery_id for delivery_id, registration_id in found if registration_id == chosen]
    calls = allowed.get(chosen, CALLS_AT_ONCE)
    if calls < CALLS_AT_ONCE:
        # A platform that is on trial gets single calls.
        return ids[:1]
    # A few scores are shared out among the calls that the platform gets at once.
    share = -(-len(ids) // free.get(chosen, calls))
    return ids[: min(limit, share)]


def _remember_overtaken(session: Session, picked: list[UUID], *, at: datetime) -> None:
    """Keep what a worker may have sent that has not come back: it can still arrive, very late."""
    overtaken = select(ScoreDelivery).where(
        ScoreDelivery.id.in_(picked),
        ScoreDelivery.state == DeliveryState.UNCLEAR,
        ScoreDelivery.lease_token != "",
        ScoreDelivery.told_version == ScoreDelivery.desired_version,
    )
    for row in session.scalars(overtaken.execution_options(populate_existing=True)):
        score_tries.remember(
            session,
            row.id,
            kind=score_tries.POST,
            version=row.desired_version,
            state=DeliveryState.UNCLEAR,
            reason=Reason.NO_ANSWER,
            at=at,
            score=row.desired_score,
            maximum=row.desired_maximum,
        )


def one_claim_at_a_time(session: Session) -> None:
    """Make other workers' claims wait for this one's commit, so that their counts add up.

    On SQLite an act that writes has the database to itself already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_CLAIMS_LOCK)))


def is_wanted() -> ColumnElement[bool]:
    """Say in SQL that the gradebook should be told something."""
    return or_(ScoreDelivery.desired_score.is_not(None), ScoreDelivery.desired_pending.is_(True))


def is_free(at: datetime) -> ColumnElement[bool]:
    """Say in SQL that nobody holds the delivery."""
    return or_(ScoreDelivery.lease_until.is_(None), ScoreDelivery.lease_until <= at)


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(
        ScoreDelivery.state.in_(CLAIMABLE),
        ScoreDelivery.next_at <= at,
        is_wanted(),
        is_free(at),
    )


def _due(at: datetime) -> Select[UUID, UUID]:
    return (
        select(ScoreDelivery.id, ScoreDelivery.registration_id)
        .join(Registration, Registration.id == ScoreDelivery.registration_id)
        .join(Activity, Activity.id == ScoreDelivery.activity_id)
        .outerjoin(LineItem, LineItem.resource_link_id == Activity.resource_link_id)
        .where(
            _is_due(at),
            Registration.state == RegistrationState.ACTIVE,
            func.coalesce(LineItem.held_host, "") == "",
            ScoreDelivery.registration_id.not_in(circuits.open_ones(at)),
        )
        .order_by(ScoreDelivery.next_at)
    )
