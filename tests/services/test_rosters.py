"""Rosters: read on time, kept with names, people who leave marked, failures without damage."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Person, Role
from lti_alliance.domain.roster import Member, RosterRef
from lti_alliance.errors import PlatformUnavailable
from lti_alliance.models import (
    Context,
    Profile,
    Registration,
    RegistrationState,
    RosterEntry,
    RosterReading,
    User,
)
from lti_alliance.services import roster_reading, rosters
from lti_alliance.services.ports import Acts
from lti_alliance.services.roster_reading import EMPTY, EVERY, EVERY_WHEN_QUIET, ReadOnce
from tests import factories
from tests.factories import NOW
from tests.fakes import FakeRoster
from tests.statements import statements_of

LEASE = timedelta(minutes=15)
URL = "https://lms.test/members"


def member(number: int, **changes: Any) -> Member:
    values: dict[str, Any] = {
        "person": Person(f"sub-{number}", f"Name {number}"),
        "role": Role.LEARNER,
    }
    return Member(**values | changes)


class Course:
    """A course with a roster, and a worker that is asked step by step."""

    def __init__(self, acts: Acts) -> None:
        self.acts = acts
        self.at = NOW
        self.roster = FakeRoster()
        with acts() as session:
            registration = factories.make_registration(session)
            context = factories.make_course(session, registration, memberships_url=URL)
            factories.make_member(session, context, role=Role.INSTRUCTOR)
            rosters.want(session, context, registration.id, at=NOW)
        self.id, self.registration_id = context.id, registration.id

    def read(self, *, jitter: float = 1.0) -> bool:
        """Read the roster if it is due."""
        with self.acts() as session:
            claimed = roster_reading.claim(session, at=self.at, lease=LEASE, token="t")
        if claimed is None:
            return False
        with self.acts() as session:
            step = roster_reading.prepare(session, claimed, token="t")
        heard = roster_reading.call(self.roster, step)
        with self.acts() as session:
            return roster_reading.record(
                session, step, heard, profile_for=timedelta(days=30), at=self.at, jitter=jitter
            )

    @property
    def entries(self) -> dict[str, RosterEntry]:
        with self.acts() as session:
            return {each.user.sub: each for each in rosters.list_entries(session, self.id)}

    @property
    def reading(self) -> RosterReading:
        with self.acts() as session:
            found = rosters.find_reading(session, self.id)
            assert found is not None
            return found


@pytest.fixture
def course(acts: Acts) -> Course:
    return Course(acts)


@pytest.mark.both_databases
def test_everybody_is_kept_with_a_name(course: Course) -> None:
    """A great course in few statements; a second reading makes nobody twice."""
    course.roster.members = [member(number) for number in range(450)]
    course.roster.members += [member(900, role=Role.INSTRUCTOR), member(901, is_test_user=True)]
    assert course.read()
    course.at += EVERY
    assert course.read()
    entries = course.entries

    assert len(entries) == 451
    assert entries["sub-7"].user.profile.name == "Name 7"
    assert entries["sub-900"].course_role is Role.INSTRUCTOR
    assert len(rosters.learners(entries.values())) == 450
    with course.acts() as session:
        subs = list(session.scalars(select(User.sub)))
        assert len(subs) == len(set(subs)) == 452
        expires = session.scalars(select(Profile.expires_at).limit(1)).one()
    # A reading a few hours later writes no name anew; none ends more than a day early for it.
    assert expires == course.at - EVERY + timedelta(days=30)
    course.at += timedelta(days=1)
    course.read()
    with course.acts() as session:
        assert set(session.scalars(select(Profile.expires_at))) == {course.at + timedelta(days=30)}


def test_a_roster_that_has_not_changed_is_not_written_anew(course: Course) -> None:
    """A second reading sends as many statements for a great course as for a small one."""
    counts = []
    with course.acts() as session:
        engine = session.get_bind().engine
    for people in (10, 400):
        course.roster.members = [member(number) for number in range(people)]
        course.read()
        course.at += EVERY
        with statements_of(engine) as sent:
            course.read()
        counts.append(sum("INSERT" in each or "UPDATE" in each for each in sent))
        course.at += EVERY

    assert counts[0] == counts[1]
    assert {entry.seen_at for entry in course.entries.values()} == {course.at - EVERY}


def test_a_new_name_and_a_new_role_are_kept(course: Course) -> None:
    """What the platform tells otherwise is written, of whoever it is about."""
    course.roster.members = [member(1), member(2)]
    course.read()
    course.at += EVERY
    course.roster.members = [member(1, role=Role.TEACHING_ASSISTANT), member(2)]
    course.read()

    assert course.entries["sub-1"].course_role is Role.TEACHING_ASSISTANT
    assert course.entries["sub-2"].course_role is Role.LEARNER


def test_whoever_leaves_is_marked_and_may_come_back(course: Course) -> None:
    """Nobody is deleted: their work and their grades stand."""
    course.roster.members = [member(1), member(2)]
    course.read()
    course.at += EVERY
    left_at = course.at
    course.roster.members = [member(2, is_active=True), member(1, is_active=False)]
    course.read()

    assert course.entries["sub-1"].left_at == left_at
    assert course.entries["sub-2"].left_at is None

    course.at += EVERY
    course.roster.members = [member(1), member(2)]
    course.read()

    assert course.entries["sub-1"].left_at is None


def test_a_roster_that_suddenly_lists_nobody_is_not_believed(course: Course) -> None:
    """A permission that was taken away looks like a course that everybody has left."""
    course.roster.members = [member(1)]
    course.read()
    course.at += EVERY
    course.roster.members = []
    course.read()

    assert course.entries["sub-1"].left_at is None
    assert course.reading.reason == EMPTY
    assert course.reading.next_at > course.at


def test_a_failure_is_tried_again_and_changes_nothing(course: Course) -> None:
    """Later each time, with the reason kept; a success forgets it."""
    course.roster.members = [member(1)]
    course.roster.failures.extend([PlatformUnavailable("platform_down", status=503)] * 2)
    course.read()
    first = course.reading.next_at - course.at

    assert course.reading.reason == "platform_down"
    assert not course.read(), "not due yet"

    course.at = course.reading.next_at
    course.read()
    second = course.reading.next_at - course.at
    course.at = course.reading.next_at
    course.read()

    assert second > first >= timedelta(seconds=20)
    assert (course.reading.reason, course.reading.tries) == ("", 0)
    assert course.reading.read_at == course.at


def test_a_course_in_use_is_read_often(course: Course) -> None:
    """Four times a day while somebody comes, once a week afterwards."""
    course.roster.members = [member(1)]
    course.read()
    assert course.reading.next_at == course.at + EVERY

    course.at += timedelta(days=15)
    course.read()
    assert course.reading.next_at == course.at + EVERY_WHEN_QUIET


def test_a_person_may_ask(course: Course) -> None:
    """At once, where the platform has told an address."""
    course.roster.members = [member(1)]
    course.read()
    with course.acts() as session:
        context = session.get_one(Context, course.id)
        assert rosters.ask(session, context, at=course.at)
    assert course.read()

    with course.acts() as session:
        other = factories.make_course(session)
        assert not rosters.ask(session, other, at=course.at)


@pytest.mark.both_databases
def test_one_worker_reads_a_roster_at_a_time(course: Course) -> None:
    """Whoever is overtaken writes nothing."""
    course.roster.members = [member(1)]
    with course.acts() as session:
        claimed: UUID | None = roster_reading.claim(
            session, at=course.at, lease=LEASE, token="slow"
        )
        assert claimed == course.id
        step = roster_reading.prepare(session, course.id, token="slow")
    assert not course.read()

    course.at += LEASE
    assert course.read()
    with course.acts() as session:
        heard = roster_reading.call(course.roster, step)
        assert not roster_reading.record(
            session, step, heard, profile_for=timedelta(days=1), at=course.at, jitter=1.0
        )


def test_a_switched_off_platform_is_not_asked(course: Course) -> None:
    """It waits until the registration is on again."""
    with course.acts() as session:
        registration = session.get_one(Registration, course.registration_id)
        registration.state = RegistrationState.DISABLED
    assert not course.read()
    assert course.roster.calls == []


@pytest.mark.both_databases
def test_a_roster_without_addresses_takes_none_back(course: Course) -> None:
    """An address that a launch told stays; one that the roster tells replaces it."""
    told = Person("sub-1", "Name 1", email="one@school.test")
    course.roster.members = [member(1, person=told), member(2, person=told_by_nobody(2))]
    course.read()
    course.at += EVERY
    renamed = Person("sub-1", "New name")
    course.roster.members = [
        member(1, person=renamed),
        member(2, person=Person("sub-2", "Name 2", email="two@school.test")),
    ]
    course.read()
    profiles = {sub: entry.user.profile for sub, entry in course.entries.items()}

    assert (profiles["sub-1"].name, profiles["sub-1"].email) == ("New name", "one@school.test")
    assert profiles["sub-2"].email == "two@school.test"


def told_by_nobody(number: int) -> Person:
    return Person(f"sub-{number}", f"Name {number}")


def test_a_roster_is_read_once_for_a_batch() -> None:
    """Whatever came of it is repeated, for each course by itself."""
    fake = FakeRoster()
    fake.members = [member(1)]
    fake.failures.append(PlatformUnavailable("platform_down", status=503))
    once = ReadOnce(fake)
    places = [
        RosterRef(registration_id=uuid4(), deployment_id="1", url=f"{URL}/{number}")
        for number in range(2)
    ]
    for _ in range(2):
        with pytest.raises(PlatformUnavailable):
            once.list_members(places[0])
        assert len(once.list_members(places[1])) == 1

    assert fake.calls == places
