"""What pages show of accommodations: the students, what each is granted, what is cut short."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain.accommodations import passes_close
from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.launch import Role
from lti_alliance.errors import NotFound
from lti_alliance.models import (
    Accommodation,
    Activity,
    Attempt,
    Membership,
    ResourceLink,
    RosterEntry,
    User,
)
from lti_alliance.services import rosters, terms


@dataclass(frozen=True, slots=True)
class Person:
    """A student of a course; ``membership`` is empty for one who has not opened the tool yet."""

    key: UUID
    """Of the membership, or of the roster's entry."""
    context_id: UUID
    user: User
    membership: Membership | None = None


@dataclass(frozen=True, slots=True)
class Grants:
    """What one person is granted: for the course, and for the activity that is looked at."""

    course: Accommodation | None = None
    activity: Accommodation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShort:
    """An activity that closes before somebody's extra time would be up."""

    title: str
    closes_at: datetime
    minutes: int
    """The time limit as it is for this person."""
    is_under_way: bool


def get_person(session: Session, context_id: UUID, key: UUID) -> Person:
    """Return a student of the course by the id of their membership, or of their roster entry."""
    member = session.get(Membership, key)
    if member is not None and member.context_id == context_id:
        if member.course_role is not Role.LEARNER or member.erased_at is not None:
            raise NotFound
        return Person(key, context_id, member.user, member)
    entry = session.get(RosterEntry, key)
    if entry is None or entry.context_id != context_id or entry.course_role is not Role.LEARNER:
        raise NotFound
    return Person(key, context_id, entry.user)


def list_people(session: Session, context_id: UUID) -> list[Person]:
    """List the students of a course by name, with those on the roster who have not come yet."""
    members = session.scalars(
        select(Membership)
        .where(Membership.context_id == context_id, Membership.erased_at.is_(None))
        .options(joinedload(Membership.user).joinedload(User.profile))
    ).all()
    here = {member.user_id for member in members}
    found = [
        Person(member.id, context_id, member.user, member)
        for member in members
        if member.course_role is Role.LEARNER
    ]
    found += [
        Person(entry.id, context_id, entry.user)
        for entry in rosters.learners(rosters.list_entries(session, context_id))
        if entry.user_id not in here and not entry.left_at
    ]
    return sorted(found, key=_by_name)


def list_grants(
    session: Session, context_id: UUID, activity: Activity | None
) -> Mapping[UUID, Grants]:
    """List by user what is granted in a course, and in one activity of it."""
    rows = session.scalars(
        select(Accommodation)
        .where(Accommodation.context_id == context_id, _of(activity))
        .options(joinedload(Accommodation.user).joinedload(User.profile))
    )
    found: dict[UUID, Grants] = {}
    for row in rows:
        if terms.granted_by(row).is_empty and row.sealed_note is None:
            continue
        place = "course" if row.activity_id is None else "activity"
        found[row.user_id] = replace(found.get(row.user_id, Grants()), **{place: row})
    return found


def grants_of(session: Session, person: Person, activity: Activity | None) -> Grants:
    """Return what somebody is granted; rows whose grant was taken back are among it."""
    grants = Grants(course=find_grant(session, person, None))
    return replace(grants, activity=find_grant(session, person, activity)) if activity else grants


def find_grant(session: Session, person: Person, activity: Activity | None) -> Accommodation | None:
    """Return the row of what somebody is granted in an activity, or in the course itself."""
    place = Accommodation.activity_id
    return session.scalar(
        select(Accommodation).where(
            Accommodation.context_id == person.context_id,
            Accommodation.user_id == person.user.id,
            place.is_(None) if activity is None else place == activity.id,
        )
    )


def open_attempts(session: Session, person: Person, activity: Activity | None) -> Sequence[Attempt]:
    """List what somebody has under way, in one activity or in the whole course."""
    if person.membership is None:
        return []
    wanted = select(Attempt).where(
        Attempt.membership_id == person.membership.id, Attempt.state == AttemptState.IN_PROGRESS
    )
    if activity is not None:
        wanted = wanted.where(Attempt.activity_id == activity.id)
    return session.scalars(wanted).all()


def list_cut_short(session: Session, person: Person, *, at: datetime) -> list[CutShort]:
    """List the activities whose close cuts off extra time that the person is granted."""
    if person.membership is None:
        return []
    open_ones = {a.activity_id: a for a in open_attempts(session, person, None)}
    found = []
    for activity in session.scalars(
        select(Activity)
        .join(ResourceLink)
        .where(ResourceLink.context_id == person.context_id)
        .options(joinedload(Activity.resource_link))
        .order_by(Activity.created_at, Activity.id)
    ):
        if settings_from_json(activity.settings).time_limit_minutes is None:
            continue
        held = terms.terms_of(session, activity, person.membership)
        minutes = held.settings.time_limit_minutes
        if minutes is None or minutes == held.base.time_limit_minutes:
            continue
        attempt = open_ones.get(activity.id)
        deadline = attempt.deadline_at if attempt else None
        if held.settings.closes_at and passes_close(held.settings, at=at, deadline=deadline):
            found.append(
                CutShort(
                    title=activity.resource_link.title,
                    closes_at=held.settings.closes_at,
                    minutes=minutes,
                    is_under_way=attempt is not None,
                )
            )
    return found


def _of(activity: Activity | None) -> Any:
    place = Accommodation.activity_id
    return place.is_(None) if activity is None else or_(place.is_(None), place == activity.id)


def _by_name(person: Person) -> tuple[bool, str, int]:
    name = person.user.profile.name if person.user.profile else ""
    return not name, name.casefold(), person.membership.number if person.membership else 0
