"""Rosters read from the platform by the timetable of their courses.

Prepared in one act, read with none open, recorded in another. A reading that fails, or that lists
nobody where there was somebody, changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import backoff
from lti_alliance.domain.roster import Member, RosterRef
from lti_alliance.errors import PlatformError
from lti_alliance.models import (
    Context,
    Deployment,
    Membership,
    Registration,
    RegistrationState,
    RosterEntry,
    RosterReading,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import circuits
from lti_alliance.services.ports import Roster
from lti_alliance.services.roster_keeping import keep_members

EVERY = timedelta(hours=6)
QUIET = timedelta(days=14)
"""After so long without a launch a course is read once a week."""
EVERY_WHEN_QUIET = timedelta(days=7)
EMPTY = "roster_empty"


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


class ReadOnce:
    """A roster port that asks once for each course and repeats the answer, or the refusal.

    For the calls of one batch: a platform that refuses a whole class would otherwise be asked to
    list it once for each refused score.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._heard = dict[RosterRef, Sequence[Member] | PlatformError]()

    def list_members(self, roster: RosterRef) -> Sequence[Member]:
        """List the members as they were when they were first asked for."""
        if roster not in self._heard:
            try:
                self._heard[roster] = self._roster.list_members(roster)
            except PlatformError as error:
                self._heard[roster] = error
        heard = self._heard[roster]
        if isinstance(heard, PlatformError):
            raise heard
        return heard


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
    keep_members(
        session,
        members,
        context_id=step.context_id,
        registration_id=step.roster.registration_id,
        profile_for=profile_for,
        at=at,
    )
    reading.tries, reading.read_at = 0, at
    reading.next_at = at + _pause(session, step.context_id, at=at)
    session.flush()
    return True


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
