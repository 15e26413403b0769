"""Keeping what a roster lists: people, names, who has left; a great course in few statements."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.roster import Member
from lti_alliance.models import Profile, RosterEntry, User
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import erasures

Item = TypeVar("Item")

_BATCH = 200


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

    Whoever was erased is not kept before they open the tool again.
    """
    members = erasures.without_erased(
        session, members, context_id=context_id, registration_id=registration_id
    )
    users = _users(session, registration_id, members, at=at)
    for part in _batches(members):
        _write(
            session,
            RosterEntry,
            [
                {
                    "id": uuid4(),
                    "context_id": context_id,
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
            changed=["name", "given_name", "family_name", "expires_at"],
            # Many rosters tell no address; one that a launch told is not taken back by that.
            changed_if_told=["email"],
        )
    rows_changed(
        session,
        update(RosterEntry)
        .where(
            RosterEntry.context_id == context_id,
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
    changed_if_told: Sequence[str] = (),
) -> None:
    if not rows:
        return
    statement = insert_for(session, table).values(rows)
    told = statement.excluded
    values = {name: told[name] for name in changed} | {
        name: case((told[name] != "", told[name]), else_=getattr(table, name))
        for name in changed_if_told
    }
    session.execute(
        statement.on_conflict_do_update(index_elements=key, set_=values).execution_options(
            synchronize_session=False
        )
    )


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
