"""Tombstones: whom a restored backup or a roster must not bring back, known by digest alone."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lti_alliance.domain.roster import Member
from lti_alliance.models import Erasure, Membership, Registration, RosterEntry, User


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One erasure as it is kept in the database and beside it."""

    erased_at: datetime
    person_digest: str
    context_id: UUID | None = None


def digest_of(registration: Registration, sub: str) -> str:
    """Return the digest by which a person of a registration is known after their erasure."""
    told = "\n".join((registration.issuer, registration.client_id, sub))
    return hashlib.sha256(told.encode()).hexdigest()


def bury(session: Session, stone: Tombstone) -> bool:
    """Keep a tombstone, unless it is there already; say whether it is new."""
    known = select(Erasure.id).where(
        Erasure.person_digest == stone.person_digest,
        Erasure.context_id.is_not_distinct_from(stone.context_id),
        Erasure.erased_at == stone.erased_at,
    )
    if session.execute(known.limit(1)).first() is not None:
        return False
    session.add(
        Erasure(
            person_digest=stone.person_digest,
            context_id=stone.context_id,
            erased_at=stone.erased_at,
        )
    )
    session.flush()
    return True


def list_tombstones(session: Session) -> list[Tombstone]:
    """List every erasure, the oldest first."""
    rows = session.scalars(select(Erasure).order_by(Erasure.erased_at, Erasure.id))
    return [Tombstone(row.erased_at, row.person_digest, row.context_id) for row in rows]


def find_risen(session: Session) -> Mapping[UUID, Sequence[Tombstone]]:
    """Find the users who are here although they were erased, with their tombstones.

    Whoever has come back by a launch of their own is somebody new, and is not among them.
    """
    stones = defaultdict[str, list[Tombstone]](list)
    for stone in list_tombstones(session):
        stones[stone.person_digest].append(stone)
    if not stones:
        return {}
    registrations = {each.id: each for each in session.scalars(select(Registration))}
    found: dict[UUID, Sequence[Tombstone]] = {}
    people = session.execute(select(User.id, User.registration_id, User.sub, User.created_at))
    for user_id, registration_id, sub, created_at in people.all():
        of_user = stones.get(digest_of(registrations[registration_id], sub), ())
        if risen := [s for s in of_user if _is_older(session, user_id, created_at, s)]:
            found[user_id] = risen
    return found


def without_erased(
    session: Session, members: Iterable[Member], *, context_id: UUID, registration_id: UUID
) -> list[Member]:
    """Leave out of a roster whoever was erased and has not opened the tool since.

    A platform goes on listing them, and their names would be back with the next reading.
    """
    members = list(members)
    stones = session.scalars(
        select(Erasure).where(or_(Erasure.context_id.is_(None), Erasure.context_id == context_id))
    ).all()
    if not stones:
        return members
    registration = session.get_one(Registration, registration_id)
    digests = {stone.person_digest for stone in stones}
    erased = {
        member.person.sub
        for member in members
        if digest_of(registration, member.person.sub) in digests
    }
    back = session.scalars(
        select(User.sub)
        .join(Membership, Membership.user_id == User.id)
        .where(
            User.registration_id == registration_id,
            User.sub.in_(erased),
            Membership.context_id == context_id,
        )
    ).all()
    return [each for each in members if each.person.sub not in erased.difference(back)]


def _is_older(session: Session, user_id: UUID, created_at: datetime, stone: Tombstone) -> bool:
    if stone.context_id is None:
        return created_at <= stone.erased_at
    came_at = session.scalar(
        select(Membership.first_launch_at).where(
            Membership.user_id == user_id, Membership.context_id == stone.context_id
        )
    )
    if came_at is not None:
        return came_at <= stone.erased_at
    # A roster does not bring back whoever was erased; an entry is from before.
    entry = select(RosterEntry.id).where(
        RosterEntry.user_id == user_id, RosterEntry.context_id == stone.context_id
    )
    return session.execute(entry.limit(1)).first() is not None
