"""Rosters as pages know them: wanted, asked for, listed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain.launch import Role
from lti_alliance.models import Context, RosterEntry, RosterReading, User
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services.score_delivery import wake


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


def learners(entries: Iterable[RosterEntry]) -> list[RosterEntry]:
    """Return those whom the roster calls students, by name."""
    found = (each for each in entries if each.course_role is Role.LEARNER)
    return sorted(found, key=lambda each: _name(each.user).casefold())


def _name(user: User) -> str:
    return user.profile.name if user.profile else ""
