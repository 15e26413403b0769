"""Claiming deliveries: whose time has come, and which worker has it, by compare-and-set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    union_all,
    update,
)
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
_CLAIMS_LOCK = 7_261_985
"""Any number will do that no other lock of the database has."""
_TAKE_TURNS = select(func.pg_advisory_xact_lock(_CLAIMS_LOCK))
Moment = datetime | BindParameter[datetime]
"""A moment, or the place of one in a statement that is made once."""


def is_anything_due(session: Session, *, at: datetime, calls: int = CALLS_AT_ONCE) -> bool:
    """Whether a claim would find something, by reading alone."""
    room = _look_for_room(session, at=at, calls=calls)
    return bool(_list_due(session, room, at=at, limit=1))


def claim_due(
    session: Session,
    *,
    at: datetime,
    limit: int,
    lease: timedelta,
    token: str,
    calls: int = CALLS_AT_ONCE,
) -> list[UUID]:
    """Claim up to ``limit`` deliveries of one registration, those that have waited longest.

    They are for one worker to send one after the other: the claims with different tokens that are
    under way are the calls that a registration gets at once, at most ``calls`` and fewer while it
    is on trial (`domain.circuits`). What is claimed carries ``token`` until it is recorded or the
    lease runs out; whoever comes back after that finds another token and is fenced off.
    """
    one_claim_at_a_time(session)
    picked = _pick(session, at=at, limit=limit, calls=calls)
    if not picked:
        return []
    unclear = [each.id for each in picked if each.state == DeliveryState.UNCLEAR]
    if unclear:
        _remember_overtaken(session, unclear, at=at)
    # The condition is tested again by the statement that claims: of two workers that picked the
    # same row, the second finds it leased.
    ids = [each.id for each in picked]
    held = {"ids": ids, "token": token, "until": at + lease, "at": at}
    return list(session.connection().scalars(_claim(), held))


@dataclass(frozen=True, slots=True)
class Room:
    """How many more calls registrations get now, where that is not the usual."""

    calls: int
    """What a registration gets at once that is well."""
    allowed: Mapping[UUID, int]
    """What those get that are on trial."""
    under_way: Mapping[UUID, int]

    def free(self, registration_id: UUID) -> int:
        """Return how many calls the registration may get in addition."""
        allowed = min(self.calls, self.allowed.get(registration_id, self.calls))
        return allowed - self.under_way.get(registration_id, 0)

    @property
    def full(self) -> list[UUID]:
        """The registrations that get none."""
        return [each for each in self.under_way if self.free(each) <= 0]


def _look_for_room(session: Session, *, at: datetime, calls: int) -> Room:
    under_way = session.connection().execute(_under_way(), {"at": at})
    return Room(
        calls=calls,
        allowed=circuits.allowances(session, at=at),
        under_way=dict(under_way.all()),
    )


def _pick(session: Session, *, at: datetime, limit: int, calls: int) -> list[Row[Any]]:
    room = _look_for_room(session, at=at, calls=calls)
    # So many are looked at as all of the platform's calls could take.
    found = _list_due(session, room, at=at, limit=limit * calls)
    if not found:
        return []
    chosen = found[0].registration_id
    rows = [row for row in found if row.registration_id == chosen]
    if room.allowed.get(chosen, CALLS_AT_ONCE) < CALLS_AT_ONCE:
        # A platform that is on trial gets single calls.
        return rows[:1]
    # What is left is shared out among all calls that the platform gets at once, those under way
    # included: the last claims of a backlog are small, and all calls end at about the same time.
    share = -(-len(rows) // calls)
    return rows[: min(limit, share)]


def _list_due(session: Session, room: Room, *, at: datetime, limit: int) -> list[Row[Any]]:
    values = {"at": at, "full": room.full}
    return list(session.connection().execute(_due(limit), values))


def _remember_overtaken(session: Session, picked: list[UUID], *, at: datetime) -> None:
    """Keep what a worker may have sent that has not come back: it can still arrive, very late."""
    overtaken = select(ScoreDelivery).where(
        ScoreDelivery.id.in_(picked),
        ScoreDelivery.state == DeliveryState.UNCLEAR,
        ScoreDelivery.lease_token != "",
        ScoreDelivery.told_version == ScoreDelivery.desired_version,
    )
    tried = [
        score_tries.Tried(
            delivery_id=row.id,
            kind=score_tries.POST,
            version=row.desired_version,
            state=DeliveryState.UNCLEAR,
            reason=Reason.NO_ANSWER,
            score=row.desired_score,
            maximum=row.desired_maximum,
        )
        for row in session.scalars(overtaken.execution_options(populate_existing=True))
    ]
    score_tries.remember_all(session, tried, at=at)


def one_claim_at_a_time(session: Session) -> None:
    """Make other workers' claims wait for this one's commit, so that their counts add up.

    On SQLite an act that writes has the database to itself already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_TAKE_TURNS)


def is_wanted() -> ColumnElement[bool]:
    """Say in SQL that the gradebook should be told something."""
    return or_(ScoreDelivery.desired_score.is_not(None), ScoreDelivery.desired_pending.is_(True))


def is_free(at: Moment) -> ColumnElement[bool]:
    """Say in SQL that nobody holds the delivery."""
    return or_(ScoreDelivery.lease_until.is_(None), ScoreDelivery.lease_until <= at)


def _is_due(at: Moment) -> ColumnElement[bool]:
    return and_(
        ScoreDelivery.state.in_(CLAIMABLE),
        ScoreDelivery.next_at <= at,
        is_wanted(),
        is_free(at),
    )


# Every claim runs the same statements, made once.


@cache
def _due(limit: int) -> Select[*tuple[Any, ...]]:
    """Select what may be claimed, the longest due first.

    State by state, so that the index on the state and the time gives the first few of a long
    backlog in their order; asked for all states at once, a database sorts the backlog whole.
    """
    at = _at()
    of_states = [
        select(
            ScoreDelivery.id,
            ScoreDelivery.registration_id,
            ScoreDelivery.state,
            ScoreDelivery.next_at,
        )
        .join(Registration, Registration.id == ScoreDelivery.registration_id)
        .join(Activity, Activity.id == ScoreDelivery.activity_id)
        .outerjoin(LineItem, LineItem.resource_link_id == Activity.resource_link_id)
        .where(
            ScoreDelivery.state == state,
            ScoreDelivery.next_at <= at,
            is_wanted(),
            is_free(at),
            Registration.state == RegistrationState.ACTIVE,
            func.coalesce(LineItem.held_host, "") == "",
            ScoreDelivery.registration_id.not_in(circuits.open_ones(at)),
            ScoreDelivery.registration_id.not_in(bindparam("full", expanding=True)),
        )
        .order_by(ScoreDelivery.next_at)
        .limit(limit)
        .subquery()
        for state in CLAIMABLE
    ]
    waiting = union_all(*(select(each) for each in of_states)).subquery()
    return select(waiting).order_by(waiting.c.next_at).limit(limit)


@cache
def _under_way() -> Select[UUID, int]:
    """Count the claims of each registration that hold."""
    return (
        select(
            ScoreDelivery.registration_id,
            func.count(ScoreDelivery.lease_token.distinct()),
        )
        .where(ScoreDelivery.state.in_(UNDER_WAY), ScoreDelivery.lease_until > _at())
        .group_by(ScoreDelivery.registration_id)
    )


@cache
def _claim() -> Any:
    return (
        update(cast("Table", ScoreDelivery.__table__))
        .where(ScoreDelivery.id.in_(bindparam("ids", expanding=True)), _is_due(_at()))
        .values(
            state=case(
                (ScoreDelivery.state == DeliveryState.UNCLEAR, DeliveryState.UNCLEAR.value),
                else_=DeliveryState.SENDING.value,
            ),
            lease_token=bindparam("token"),
            lease_until=bindparam("until"),
        )
        .returning(ScoreDelivery.id)
    )


def _at() -> BindParameter[datetime]:
    return bindparam("at", type_=ScoreDelivery.next_at.type)
