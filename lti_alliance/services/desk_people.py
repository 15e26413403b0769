"""The people of a course as the desk lists them: from launches and from the roster, by name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
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
    members = session.execute(
        select(
            Membership.id,
            Membership.user_id,
            Membership.role,
            Membership.is_test_user,
            Membership.number,
            Membership.sections,
            Membership.last_launch_at,
            Profile.name,
        )
        .outerjoin(Profile, Profile.user_id == Membership.user_id)
        .where(Membership.context_id == context.id, Membership.erased_at.is_(None))
    ).all()
    entries = session.execute(
        select(RosterEntry.user_id, RosterEntry.role, RosterEntry.left_at, Profile.name)
        .outerjoin(Profile, Profile.user_id == RosterEntry.user_id)
        .where(RosterEntry.context_id == context.id)
    ).all()
    left = {entry.user_id: entry.left_at for entry in entries}
    people = [
        DeskPerson(
            user_id=member.user_id,
            membership_id=member.id,
            name=member.name or "",
            number=member.number,
            sections=tuple(member.sections),
            last_launch_at=member.last_launch_at,
            left_at=left.get(member.user_id),
        )
        for member in members
        if member.role == Role.LEARNER and not member.is_test_user
    ]
    here = {member.user_id for member in members}
    people += [
        DeskPerson(
            user_id=entry.user_id,
            membership_id=None,
            name=entry.name or "",
            left_at=entry.left_at,
        )
        for entry in entries
        if entry.user_id not in here and entry.role == Role.LEARNER
    ]
    scope = sections.scope_of(session, viewer, context=context)
    seen = [person for person in people if scope.covers(person.sections)]
    return sorted(seen, key=_by_name), len(people) - len(seen)


def display_order(member: Membership) -> tuple[bool, str, int]:
    """Return the place of a person in a list: by name, then those without one by arrival."""
    name = member.user.profile.name if member.user.profile else ""
    return not name, name.casefold(), member.number


def _by_name(person: DeskPerson) -> tuple[bool, str, int, str]:
    return not person.name, person.name.casefold(), person.number, str(person.user_id)
