"""Keeping what a roster lists: people, names, who has left; a great course in few statements."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.launch import Person
from lti_alliance.domain.roster import Member
from lti_alliance.models import Profile, RosterEntry, User
from lti_alliance.models.statements import insert_for, rows_changed, texts_as_rows
from lti_alliance.services import erasures

Item = TypeVar("Item")

_BATCH = 500
_LENGTHEN_BY = timedelta(days=1)
"""Names that are the same are not written anew for less."""


def keep_members(
    session: Session,
    members: Sequence[Member],
    *,
    context_id: UUID,
    registration_id: UUID,
    profile_for: timedelta,
    at: datetime,
) -> None:
    """Keep everybody whom a roster lists, with their names, and mark those who have left.

    Whoever was erased is not kept before they open the tool again. A list that has not changed
    costs a look at each person and two statements.
    """
    members = erasures.without_erased(
        session, members, context_id=context_id, registration_id=registration_id
    )
    _make_users(session, registration_id, members, at=at)
    known = _known(session, registration_id, context_id, members)
    _mark_who_left(session, context_id, [known[m.person.sub].id for m in members], at=at)
    entries = [_entry(known[m.person.sub], m, context_id, at=at) for m in members]
    _write(
        session,
        RosterEntry,
        [entry for entry in entries if entry is not None],
        key=["context_id", "user_id"],
        changed=["role", "seen_at", "left_at"],
    )
    profiles = [_profile(known[m.person.sub], m.person, until=at + profile_for) for m in members]
    _write(
        session,
        Profile,
        [profile for profile in profiles if profile is not None],
        key=["user_id"],
        changed=["name", "given_name", "family_name", "email", "expires_at"],
    )
    rows_changed(
        session,
        update(RosterEntry)
        .where(RosterEntry.context_id == context_id, RosterEntry.left_at.is_(None))
        .values(seen_at=at),
    )


def _make_users(
    session: Session, registration_id: UUID, members: Sequence[Member], *, at: datetime
) -> None:
    """Make the users who are new."""
    subs = sorted({member.person.sub for member in members})
    given = texts_as_rows(session, subs)
    there = set(
        session.scalars(
            select(User.sub)
            .join(given, given.c.value == User.sub)
            .where(User.registration_id == registration_id)
        )
    )
    rows = [
        {"id": uuid4(), "registration_id": registration_id, "sub": sub, "created_at": at}
        for sub in subs
        if sub not in there
    ]
    _write(session, User, rows, key=["registration_id", "sub"], changed=[])


def _known(
    session: Session, registration_id: UUID, context_id: UUID, members: Sequence[Member]
) -> dict[str, Any]:
    """Return what is kept of each listed person, by sub: the user, the entry, the names."""
    given = texts_as_rows(session, sorted({member.person.sub for member in members}))
    rows = session.execute(
        select(
            User.sub,
            User.id,
            RosterEntry.role,
            RosterEntry.left_at,
            Profile.name,
            Profile.given_name,
            Profile.family_name,
            Profile.email,
            Profile.expires_at,
        )
        .join(given, given.c.value == User.sub)
        .outerjoin(
            RosterEntry,
            (RosterEntry.user_id == User.id) & (RosterEntry.context_id == context_id),
        )
        .outerjoin(Profile, Profile.user_id == User.id)
        .where(User.registration_id == registration_id)
    )
    return {row.sub: row for row in rows}


def _mark_who_left(
    session: Session, context_id: UUID, listed: Iterable[UUID], *, at: datetime
) -> None:
    there = session.scalars(
        select(RosterEntry.user_id).where(
            RosterEntry.context_id == context_id, RosterEntry.left_at.is_(None)
        )
    )
    for part in _batches(sorted(set(there).difference(listed))):
        rows_changed(
            session,
            update(RosterEntry)
            .where(RosterEntry.context_id == context_id, RosterEntry.user_id.in_(part))
            .values(left_at=at),
        )


def _entry(known: Any, member: Member, context_id: UUID, *, at: datetime) -> dict[str, Any] | None:
    """Return the entry to write; nothing where the one that is there says the same."""
    if known.role == member.role.value and known.left_at is None:
        return None
    return {
        "id": uuid4(),
        "context_id": context_id,
        "user_id": known.id,
        "role": member.role.value,
        "seen_at": at,
        "left_at": None,
    }


def _profile(known: Any, person: Person, *, until: datetime) -> dict[str, Any] | None:
    """Return the names to write; nothing where they are the same and kept for long enough."""
    if not person.name:
        return None
    told = {
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        # Many rosters tell no address; one that a launch told is not taken back by that.
        "email": person.email or known.email or "",
    }
    is_same = all(getattr(known, name) == value for name, value in told.items())
    if is_same and known.expires_at is not None and until - known.expires_at < _LENGTHEN_BY:
        return None
    return {"user_id": known.id, **told, "expires_at": until}


def _write(
    session: Session,
    table: Any,
    rows: Sequence[dict[str, Any]],
    *,
    key: list[str],
    changed: list[str],
) -> None:
    """Insert rows, or change what is there under the same key: one statement for all of them."""
    if not rows:
        return
    statement = insert_for(session, table).values({name: bindparam(name) for name in rows[0]})
    if changed:
        told = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=key, set_={name: told[name] for name in changed}
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    session.connection().execute(statement, list(rows))


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
