"""Rosters: read from the platform by the timetable of their courses, and kept.

Prepared in one act, read with none open, recorded in another. A reading that fails, or that lists
nobody where there was somebody, changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain.delivery import backoff
from lti_alliance.domain.launch import Role
from lti_alliance.domain.roster import Member, RosterRef
from lti_alliance.errors import PlatformError
from lti_alliance.models import (
    Context,
    Deployment,
    Membership,
    Profile,
    Registration,
    RegistrationState,
    RosterEntry,
    RosterReading,
    User,
)
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import circuits
from lti_alliance.services.ports import Roster
from lti_alliance.services.score_delivery import wake

Item = TypeVar("Item")

EVERY = timedelta(hours=6)
QUIET = timedelta(days=14)
"""After so long without a launch a course is read once a week."""
EVERY_WHEN_QUIET = timedelta(days=7)
EMPTY = "roster_empty"
_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterStep:
    """A claimed reading with all that the call needs."""

    context_id: UUID
    token: str
    roster: RosterRef


@dataclass(frozen=True, slots=True)
class RosterHeard:
    """What came back: everybody, or why not."""

    members: Sequence[Member] | None = None
    error: PlatformError | None = None


def want(session: Session, context: Context, registration_id: UUID, *, at: datetime) -> None:
    """Have a course's roster read soon if it has never been asked for."""
    known = select(RosterReading.context_id).where(RosterReading.context_id == context.id)
    if session.scalar(known) is not None:
        return
    session.execute(
        insert_for(session, RosterReading)
        .values(context_id=context.id, registration_id=registration_id, next_at=at)
        .on_conflict_do_nothing(index_elements=["context_id"])
    )
    wake(session)


def ask(session: Session, context: Context, *, at: datetime) -> bool:
    """Have a course's roster read now; say no where the platform has told no address for it."""
    if not context.memberships_url:
        return False
    want(session, context, context.deployment.registration_id, at=at)
    rows_changed(
        session,
        update(RosterReading).where(RosterReading.context_id == context.id).values(next_at=at),
    )
    wake(session)
    return True


def find_reading(session: Session, context_id: UUID) -> RosterReading | None:
    """Return how the reading of a course's roster stands."""
    return session.get(RosterReading, context_id, populate_existing=True)


def list_entries(session: Session, context_id: UUID) -> Sequence[RosterEntry]:
    """List everybody who is or was on the roster, with their names."""
    return session.scalars(
        select(RosterEntry)
        .where(RosterEntry.context_id == context_id)
        .options(joinedload(RosterEntry.user).joinedload(User.profile))
    ).all()


# Reading


def is_any_due(session: Session, *, at: datetime) -> bool:
    """Whether a claim would find something, by reading alone."""
    return session.execute(_due(at).limit(1)).first() is not None


def claim(session: Session, *, at: datetime, lease: timedelta, token: str) -> UUID | None:
    """Claim the reading that has waited longest, by compare-and-set, and return its course."""
    for (context_id,) in session.execute(_due(at).limit(5)):
        statement = (
            update(RosterReading)
            .where(RosterReading.context_id == context_id, _is_due(at))
            .values(lease_token=token, lease_until=at + lease)
        )
        if rows_changed(session, statement):
            return cast("UUID", context_id)
    return None


def prepare(session: Session, context_id: UUID, *, token: str) -> RosterStep:
    """Return what a claimed reading needs."""
    context, deployment_id, registration = session.execute(
        select(Context, Deployment.deployment_id, Registration)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .join(Registration, Registration.id == Deployment.registration_id)
        .where(Context.id == context_id)
        .execution_options(populate_existing=True)
    ).one()
    return RosterStep(
        context_id=context_id,
        token=token,
        roster=RosterRef(
            registration_id=registration.id,
            deployment_id=deployment_id,
            url=context.memberships_url,
            family=registration.family,
        ),
    )


def call(roster: Roster, step: RosterStep) -> RosterHeard:
    """Read the roster to its end, with no transaction open."""
    try:
        return RosterHeard(members=roster.list_members(step.roster))
    except PlatformError as error:
        return RosterHeard(error=error)


def record(
    session: Session,
    step: RosterStep,
    heard: RosterHeard,
    *,
    profile_for: timedelta,
    at: datetime,
    jitter: float,
) -> bool:
    """Record what a reading found; one that was overtaken changes nothing and is told no."""
    reading = session.scalar(
        select(RosterReading)
        .where(RosterReading.context_id == step.context_id, RosterReading.lease_token == step.token)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if reading is None:
        return False
    members = [each for each in heard.members or () if each.is_active and not each.is_test_user]
    reason = heard.error.code if heard.error else ""
    if not reason and not members and _has_entries(session, step.context_id):
        # A course does not lose everybody at once, but a permission is soon taken away.
        reason = EMPTY
    reading.lease_token, reading.lease_until = "", None
    reading.reason = reason[:60]
    if reason:
        reading.tries += 1
        reading.next_at = at + max(backoff(reading.tries, jitter), timedelta(minutes=1))
        session.flush()
        return True
    _keep(session, step, members, profile_for=profile_for, at=at)
    reading.tries, reading.read_at = 0, at
    reading.next_at = at + _pause(session, step.context_id, at=at)
    session.flush()
    return True


def _keep(
    session: Session,
    step: RosterStep,
    members: Sequence[Member],
    *,
    profile_for: timedelta,
    at: datetime,
) -> None:
    users = _users(session, step.roster.registration_id, members, at=at)
    for part in _batches(members):
        _write(
            session,
            RosterEntry,
            [
                {
                    "id": uuid4(),
                    "context_id": step.context_id,
                    "user_id": users[member.person.sub],
                    "role": member.role.value,
                    "seen_at": at,
                    "left_at": None,
                }
                for member in part
            ],
            key=["context_id", "user_id"],
            changed=["role", "seen_at", "left_at"],
        )
        named = [member.person for member in part if member.person.name]
        _write(
            session,
            Profile,
            [
                {
                    "user_id": users[person.sub],
                    "name": person.name,
                    "given_name": person.given_name,
                    "family_name": person.family_name,
                    "email": person.email,
                    "expires_at": at + profile_for,
                }
                for person in named
            ],
            key=["user_id"],
            changed=["name", "given_name", "family_name", "email", "expires_at"],
        )
    rows_changed(
        session,
        update(RosterEntry)
        .where(
            RosterEntry.context_id == step.context_id,
            RosterEntry.seen_at != at,
            RosterEntry.left_at.is_(None),
        )
        .values(left_at=at),
    )


def _users(
    session: Session, registration_id: UUID, members: Iterable[Member], *, at: datetime
) -> dict[str, UUID]:
    """Return the users by their sub, made where they are new."""
    found: dict[str, UUID] = {}
    for part in _batches(sorted({member.person.sub for member in members})):
        session.execute(
            insert_for(session, User)
            .values(
                [
                    {
                        "id": uuid4(),
                        "registration_id": registration_id,
                        "sub": sub,
                        "created_at": at,
                    }
                    for sub in part
                ]
            )
            .on_conflict_do_nothing(index_elements=["registration_id", "sub"])
        )
        rows = session.execute(
            select(User.sub, User.id).where(
                User.registration_id == registration_id, User.sub.in_(part)
            )
        )
        found |= {row.sub: row.id for row in rows}
    return found


def _write(
    session: Session,
    table: Any,
    rows: list[dict[str, Any]],
    *,
    key: list[str],
    changed: list[str],
) -> None:
    if not rows:
        return
    statement = insert_for(session, table).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=key, set_={name: statement.excluded[name] for name in changed}
        ).execution_options(synchronize_session=False)
    )


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _has_entries(session: Session, context_id: UUID) -> bool:
    listed = select(RosterEntry.id).where(
        RosterEntry.context_id == context_id, RosterEntry.left_at.is_(None)
    )
    return session.execute(listed.limit(1)).first() is not None


def _pause(session: Session, context_id: UUID, *, at: datetime) -> timedelta:
    last = session.scalar(
        select(func.max(Membership.last_launch_at)).where(Membership.context_id == context_id)
    )
    return EVERY if last is not None and at - last < QUIET else EVERY_WHEN_QUIET


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(
        RosterReading.next_at <= at,
        or_(RosterReading.lease_until.is_(None), RosterReading.lease_until <= at),
    )


def _due(at: datetime) -> Select[Any]:
    return (
        select(RosterReading.context_id)
        .join(Registration, Registration.id == RosterReading.registration_id)
        .where(
            _is_due(at),
            Registration.state == RegistrationState.ACTIVE,
            RosterReading.registration_id.not_in(circuits.open_ones(at)),
        )
        .order_by(RosterReading.next_at)
    )


def learners(entries: Iterable[RosterEntry]) -> list[RosterEntry]:
    """Return those whom the roster calls students, by name."""
    found = (each for each in entries if each.course_role is Role.LEARNER)
    return sorted(found, key=lambda each: _name(each.user).casefold())


def _name(user: User) -> str:
    return user.profile.name if user.profile else ""
