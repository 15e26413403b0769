"""The people of a course as the desk lists them: from launches and from the roster, by name."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from lti_alliance.domain.launch import Role
from lti_alliance.models import Context, Membership, Profile, RosterEntry
from lti_alliance.services import sections


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPerson:
    """One student of a course."""

    user_id: UUID
    membership_id: UUID | None
    """Empty for somebody on the roster who has not opened this tool."""
    name: str = ""
    """Empty where the platform told none."""
    number: int = 0
    """Order of arrival, for whoever has no name."""
    sections: tuple[str, ...] = ()
    last_launch_at: datetime | None = None
    left_at: datetime | None = None
    """When the LMS no longer listed the person."""


def list_people(
    session: Session, context: Context, *, viewer: Membership
) -> tuple[list[DeskPerson], int]:
    """List the students whom the viewer may see, by name, and count the others.

    Whoever launched as a student is one, whatever the roster says; whoever launched as staff is
    none. Student previews are left out, and so is whoever was erased.
    """
    people = [*_launched(session, context), *_only_listed(session, context)]
    scope = sections.scope_of(session, viewer, context=context)
    seen = [person for person in people if scope.covers(person.sections)]
    seen.sort(key=_by_name)
    return seen, len(people) - len(seen)


def _launched(session: Session, context: Context) -> Iterator[DeskPerson]:
    members = session.execute(
        select(
            Membership.id,
            Membership.user_id,
            Membership.number,
            Membership.sections,
            Membership.last_launch_at,
            Profile.name,
            RosterEntry.left_at,
        )
        .outerjoin(Profile, Profile.user_id == Membership.user_id)
        .outerjoin(
            RosterEntry,
            (RosterEntry.context_id == Membership.context_id)
            & (RosterEntry.user_id == Membership.user_id),
        )
        .where(
            Membership.context_id == context.id,
            Membership.erased_at.is_(None),
            Membership.role == Role.LEARNER,
            Membership.is_test_user.is_(False),
        )
    )
    for member_id, user_id, number, own, last_launch_at, name, left_at in members:
        yield DeskPerson(
            user_id=user_id,
            membership_id=member_id,
            name=name or "",
            number=number,
            sections=tuple(own),
            last_launch_at=last_launch_at,
            left_at=left_at,
        )


def _only_listed(session: Session, context: Context) -> Iterator[DeskPerson]:
    has_launched = exists().where(
        Membership.context_id == RosterEntry.context_id,
        Membership.user_id == RosterEntry.user_id,
        Membership.erased_at.is_(None),
    )
    entries = session.execute(
        select(RosterEntry.user_id, RosterEntry.left_at, Profile.name)
        .outerjoin(Profile, Profile.user_id == RosterEntry.user_id)
        .where(
            RosterEntry.context_id == context.id, RosterEntry.role == Role.LEARNER, ~has_launched
        )
    )
    for user_id, left_at, name in entries:
        yield DeskPerson(user_id=user_id, membership_id=None, name=name or "", left_at=left_at)


def display_order(member: Membership) -> tuple[bool, str, int]:
    """Return the place of a person in a list: by name, then those without one by arrival."""
    name = member.user.profile.name if member.user.profile else ""
    return not name, name.casefold(), member.number


def _by_name(person: DeskPerson) -> tuple[bool, str, int, UUID]:
    return not person.name, person.name.casefold(), person.number, person.user_id
