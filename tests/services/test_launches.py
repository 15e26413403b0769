"""Opening launches: once per login, one row per person and course, right under any race."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from lti_alliance.domain.launch import (
    GradeService,
    Launch,
    LaunchContext,
    LaunchResourceLink,
    MessageType,
    Person,
    Role,
    RosterService,
    Target,
)
from lti_alliance.errors import LaunchRejected
from lti_alliance.models import (
    AuditEvent,
    Base,
    Context,
    Deployment,
    DeploymentState,
    LaunchSession,
    LineItem,
    LMSDates,
    Membership,
    Profile,
    Registration,
    ResourceLink,
    User,
)
from lti_alliance.services.launches import (
    end_all,
    find_by_state,
    find_held,
    open_launch,
    touch,
)
from lti_alliance.services.platforms import add_registration

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

pytestmark = pytest.mark.both_databases


def registered(session: Session, name: str = "LMS") -> Registration:
    registration = add_registration(
        session,
        name=name,
        issuer=f"https://{name.lower()}.example",
        client_id="client-1",
        auth_login_url="https://lms.example/auth",
        auth_token_url="https://lms.example/token",
        jwks_url="https://lms.example/jwks",
        deployment_ids=["1", "2"],
        at=NOW,
    )
    session.commit()
    return registration


@pytest.fixture
def registration(session: Session) -> Registration:
    return registered(session)


@pytest.fixture
def launch(registration: Registration) -> Launch:
    """A student's launch of one link in one course."""
    return Launch(
        message_type=MessageType.RESOURCE_LINK,
        registration_id=registration.id,
        deployment_id="1",
        person=Person("student-1"),
        role=Role.LEARNER,
        context=LaunchContext("course-1", label="COUN 501", title="Helping Skills"),
        resource_link=LaunchResourceLink("link-1", title="Alliance"),
    )


def begin(session: Session) -> None:
    """Begin an act as the edge does."""
    session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})


def opened(session: Session, launch: Launch, **changes: Any) -> LaunchSession | None:
    given = {
        "state_id": uuid4().hex,
        "token_digest": "token",
        "handle": uuid4().hex,
        "cookie_digest": "cookie",
        "frame_ancestors": ["https://lms.example"],
        "session_for": 12 * HOUR,
        "profile_for": 30 * DAY,
        "at": NOW,
    }
    session.commit()
    begin(session)
    return open_launch(session, launch, **{**given, **changes})


def entered(session: Session, launch: Launch, **changes: Any) -> LaunchSession:
    """Open a launch that nobody has opened before."""
    found = opened(session, launch, **changes)
    assert found is not None
    session.commit()
    return found


def count(session: Session, table: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def in_parallel(number: int, act: Callable[[int], None]) -> None:
    """Run an act in several threads that start together."""
    barrier = threading.Barrier(number)

    def run(index: int) -> None:
        barrier.wait()
        act(index)

    with ThreadPoolExecutor(number) as pool:
        list(pool.map(run, range(number)))


def test_a_students_launch_tells_their_own_dates(session: Session, launch: Launch) -> None:
    """Dates in `custom` are kept for the student who launched, and not for somebody who teaches."""
    told = {"due_at": "2027-05-01T10:00:00Z", "lock_at": "$Canvas.assignment.lockAt.iso8601"}
    found = entered(session, replace(launch, custom=told), state_id="1", handle="h1")
    teacher = replace(launch, role=Role.INSTRUCTOR, person=Person(sub="teacher-1"), custom=told)
    entered(session, teacher, state_id="2", handle="h2")
    kept = session.scalars(select(LMSDates)).one()

    assert kept.membership_id == found.membership_id
    assert kept.resource_link_id == found.resource_link_id
    assert (kept.due_at, kept.closes_at) == (datetime(2027, 5, 1, 10, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("America/New_York", "America/New_York"),
        ("europe/london", "Europe/London"),
        ("99", ""),
        ("Mars/Olympus", ""),
        ("x" * 300, ""),
    ],
)
def test_a_launch_keeps_the_zone_that_it_tells(
    session: Session, launch: Launch, told: str, kept: str
) -> None:
    """Only the name of a time zone; Moodle's 99, which stands for the site's own, is none."""
    found = entered(session, replace(launch, custom={"time_zone": told}), state_id="1", handle="h1")

    assert found.time_zone == kept


def test_a_launch_opens_one_session(session: Session, launch: Launch) -> None:
    """Everything the pages need is on the session's row."""
    told = replace(
        launch,
        target=Target(activity="abc", attempt="def", reflection="ghi"),
        custom={"activity": "x" * 100, "other": "y"},
        return_url="https://lms.example/back",
        locale="en",
        is_framed=False,
    )
    found = entered(session, told, state_id="state-1", handle="h1")

    assert (found.state_id, found.handle, found.token_digest) == ("state-1", "h1", "token")
    assert (found.cookie_digest, found.course_role) == ("cookie", Role.LEARNER)
    assert (found.target_activity, found.target_attempt) == ("abc", "def")
    assert found.target_reflection == "ghi"
    assert found.custom_activity == "x" * 64
    assert (found.return_url, found.locale) == ("https://lms.example/back", "en")
    assert (found.is_framed, found.is_test_user) == (False, False)
    assert found.frame_ancestors == ["https://lms.example"]
    assert (found.created_at, found.seen_at, found.expires_at) == (NOW, NOW, NOW + 12 * HOUR)
    assert found.user.sub == "student-1"
    assert found.membership is not None
    assert found.context is not None
    assert found.context.title == "Helping Skills"
    assert found.resource_link is not None
    assert found.resource_link.title == "Alliance"


def test_a_state_is_consumed_once(session: Session, launch: Launch) -> None:
    """The second launch with the same state gets nothing, and leaves nothing."""
    first = entered(session, launch, state_id="state-1")
    other = replace(launch, person=Person("student-2"))
    second = opened(session, other, state_id="state-1")
    session.rollback()

    assert second is None
    assert count(session, User) == 1
    found = find_by_state(session, "state-1")
    assert found is not None
    assert found.id == first.id
    assert find_by_state(session, "another") is None


def test_n095_of_twenty_at_once_one_gets_in(
    session: Session, engine: Engine, launch: Launch
) -> None:
    """N095: exactly one of twenty identical launches, whichever it is."""
    session.rollback()
    outcomes: list[bool] = []

    def act(index: int) -> None:
        with Session(engine, expire_on_commit=False) as own:
            found = opened(own, launch, state_id="one state", handle=f"h{index}")
            outcomes.append(found is not None)
            own.commit() if found else own.rollback()

    in_parallel(20, act)

    assert sorted(outcomes) == [False] * 19 + [True]
    assert count(session, LaunchSession) == 1


def test_a_class_that_arrives_at_once_is_counted_through(
    session: Session, engine: Engine, launch: Launch
) -> None:
    """Newcomers get the numbers from one on, each its own, in a course that none had opened."""
    session.rollback()

    def act(index: int) -> None:
        with Session(engine, expire_on_commit=False) as own:
            entered(own, replace(launch, person=Person(f"student-{index}")))

    in_parallel(12, act)

    assert sorted(session.scalars(select(Membership.number))) == list(range(1, 13))
    assert (count(session, Context), count(session, ResourceLink)) == (1, 1)


def test_one_person_in_many_tabs_is_one_person(
    session: Session, engine: Engine, launch: Launch
) -> None:
    """Ten launches at once of somebody new make one user, one membership, ten sessions."""
    session.rollback()
    named = replace(launch, person=Person("student-1", name="Ira"))

    def act(_index: int) -> None:
        with Session(engine, expire_on_commit=False) as own:
            entered(own, named)

    in_parallel(10, act)

    assert [count(session, table) for table in (User, Profile, Membership)] == [1, 1, 1]
    assert count(session, LaunchSession) == 10


def test_the_same_ids_elsewhere_are_other_things(session: Session, launch: Launch) -> None:
    """N137: user, course and link are unique only inside registration, deployment and course."""
    other = registered(session, "Other")
    launches = [
        launch,
        replace(launch, deployment_id="2"),
        replace(launch, registration_id=other.id),
        replace(launch, context=LaunchContext("course-2")),
    ]
    for each in launches:
        entered(session, each)

    assert count(session, User) == 2
    assert count(session, Context) == 4
    assert count(session, ResourceLink) == 4
    assert count(session, Membership) == 4


def test_n138_the_same_address_elsewhere_is_somebody_else(session: Session, launch: Launch) -> None:
    """N138: nobody is known by e-mail."""
    person = Person("a", name="Ira", email="ira@lms.example")
    first = entered(session, replace(launch, person=person))
    second = entered(session, replace(launch, person=replace(person, sub="b")))

    assert first.user_id != second.user_id


def test_a_second_launch_refreshes_what_it_tells(session: Session, launch: Launch) -> None:
    """The role, the titles and the names of the last launch hold, each session keeping its own."""
    first = entered(session, launch)
    later = replace(
        launch,
        role=Role.INSTRUCTOR,
        person=Person("student-1", name="Ira Bloom", email="ira@lms.example"),
        context=LaunchContext("course-1", label="C", title="New title"),
        resource_link=LaunchResourceLink("link-1", title="New link"),
    )
    second = entered(session, later, at=NOW + HOUR)
    session.expire_all()

    assert second.membership_id == first.membership_id
    assert second.membership is not None
    assert second.membership.course_role is Role.INSTRUCTOR
    assert (first.course_role, second.course_role) == (Role.LEARNER, Role.INSTRUCTOR)
    assert (second.membership.first_launch_at, second.membership.last_launch_at) == (
        NOW,
        NOW + HOUR,
    )
    assert second.context is not None
    assert (second.context.label, second.context.title) == ("C", "New title")
    assert second.resource_link is not None
    assert second.resource_link.title == "New link"
    profile = session.get_one(Profile, second.user_id)
    assert (profile.name, profile.email) == ("Ira Bloom", "ira@lms.example")
    assert profile.expires_at == NOW + HOUR + 30 * DAY


def test_titles_that_are_not_told_stay(session: Session, launch: Launch) -> None:
    """A launch without titles says nothing of them."""
    entered(session, launch)
    bare = replace(
        launch, context=LaunchContext("course-1"), resource_link=LaunchResourceLink("link-1")
    )
    found = entered(session, bare)

    assert found.context is not None
    assert found.context.title == "Helping Skills"
    assert found.resource_link is not None
    assert found.resource_link.title == "Alliance"


def test_a_launch_without_names_keeps_no_profile(session: Session, launch: Launch) -> None:
    """C24: and one that once had names is not remembered for longer because of it."""
    entered(session, launch)
    none = count(session, Profile)
    entered(session, replace(launch, person=Person("student-1", name="Ira")))
    found = entered(session, launch, at=NOW + DAY)

    assert none == 0
    assert session.get_one(Profile, found.user_id).expires_at == NOW + 30 * DAY


def test_a_name_is_remembered_longer_with_the_hour(session: Session, launch: Launch) -> None:
    """From the last launch on, to the hour; launches between write nothing."""
    named = replace(launch, person=Person("student-1", name="Ira"))

    def ends_after(later: timedelta) -> timedelta:
        found = entered(session, named, at=NOW + later)
        session.expire_all()
        return session.get_one(Profile, found.user_id).expires_at - NOW - 30 * DAY

    hours = [ends_after(each * HOUR / 2) / HOUR for each in (0, 1, 2, 3, 4)]
    assert hours == [0, 0, 1, 1, 2]


def test_a_shared_column_is_noted_once_a_minute(session: Session, launch: Launch) -> None:
    """A class that arrives at once does not queue for the row of its column."""
    told, second = replace(launch, grade_service=service()), timedelta(seconds=1)
    seen = []
    for later in (0, 59, 60, 61):
        entered(session, told, at=NOW + later * second)
        session.expire_all()
        seen.append((line_item(session).seen_at - NOW) / second)

    assert seen == [0, 0, 60, 60]


def test_n125_a_launch_without_a_course_opens_no_course(session: Session, launch: Launch) -> None:
    """N125: there is a person and a session, and nothing else."""
    found = entered(session, replace(launch, context=None))

    assert (found.membership_id, found.context_id, found.resource_link_id) == (None, None, None)
    assert count(session, ResourceLink) == 0


@pytest.mark.parametrize(("family", "links"), [("canvas", 0), ("", 0), ("moodle", 1)])
def test_the_courses_own_id_is_no_link(
    session: Session, launch: Launch, family: str, links: int
) -> None:
    """Canvas names the course where no link was opened; in Moodle equal numbers are a chance."""
    told = replace(
        launch,
        platform_family=family,
        resource_link=LaunchResourceLink("course-1"),
        grade_service=GradeService(frozenset(), lineitems="https://lms.example/items"),
    )
    found = entered(session, told)

    assert (found.resource_link_id is not None) == bool(links)
    assert (count(session, ResourceLink), count(session, LineItem)) == (links, links)


def test_a_launch_by_deep_linking_has_no_link(session: Session, launch: Launch) -> None:
    """A message may name no link at all."""
    found = entered(session, replace(launch, resource_link=None))

    assert found.resource_link_id is None
    assert found.membership_id is not None


def service(**changes: Any) -> GradeService:
    given = {
        "scopes": frozenset({"b", "a"}),
        "lineitems": "https://lms.example/items",
        "lineitem": "https://lms.example/items/4",
    }
    return GradeService(**{**given, **changes})


def line_item(session: Session) -> LineItem:
    session.expire_all()
    return session.scalars(select(LineItem)).one()


def test_the_column_is_what_the_last_launch_says(session: Session, launch: Launch) -> None:
    """AGS 2.0 section 3.1: the platform may change addresses and scopes at any launch."""
    entered(session, replace(launch, grade_service=service()))
    first = line_item(session)
    told = (first.url, first.container_url, first.scopes, first.held_host, first.seen_at)
    moved = service(
        lineitem="https://grades.example/9", scopes=frozenset({"c"}), held_host="grades.example"
    )
    entered(session, replace(launch, grade_service=moved), at=NOW + HOUR)
    second = line_item(session)

    assert told == (
        "https://lms.example/items/4",
        "https://lms.example/items",
        ["a", "b"],
        "",
        NOW,
    )
    assert (second.url, second.scopes) == ("https://grades.example/9", ["c"])
    assert (second.held_host, second.seen_at) == ("grades.example", NOW + HOUR)


def test_a_column_that_the_tool_found_stays(session: Session, launch: Launch) -> None:
    """A launch that names no column says nothing of one that was found or made."""
    entered(session, replace(launch, grade_service=service(lineitem="")))
    line_item(session).url = "https://lms.example/items/made"
    session.commit()
    entered(session, replace(launch, grade_service=service(lineitem="")))
    entered(session, launch)

    assert line_item(session).url == "https://lms.example/items/made"


def test_the_roster_is_kept_unless_its_host_is_held(session: Session, launch: Launch) -> None:
    """An address that waits for approval does not replace one that was good."""
    good = RosterService("https://lms.example/members")
    held = RosterService("https://x.example/members", held_host="x.example")
    entered(session, replace(launch, roster_service=good))
    found = entered(session, replace(launch, roster_service=held))

    assert found.context is not None
    assert found.context.memberships_url == "https://lms.example/members"


def test_held_hosts_are_shown_to_the_administrator(
    session: Session, registration: Registration, launch: Launch
) -> None:
    """Each once, and not without end."""
    told = replace(
        launch,
        grade_service=service(held_host="a.example"),
        roster_service=RosterService("https://b.example/m", held_host="b.example"),
    )
    for _ in range(2):
        entered(session, told)
    few = list(registration.held_hosts)
    for number in range(30):
        entered(session, replace(launch, grade_service=service(held_host=f"h{number}.example")))

    assert few == ["a.example", "b.example"]
    assert len(registration.held_hosts) == 20


def test_the_registration_notes_its_last_launch(
    session: Session, registration: Registration, launch: Launch
) -> None:
    """To the minute, which spares a class that arrives at once from waiting for one row."""
    moments = []
    for age in (0, 30, 60, 30):
        entered(session, launch, at=NOW + timedelta(seconds=age))
        session.refresh(registration)
        moments.append((registration.last_launch_at - NOW).seconds)

    assert moments == [0, 0, 60, 60]


def test_the_platforms_family_is_learnt(
    session: Session, registration: Registration, launch: Launch
) -> None:
    """Where the administrator did not say it; what was said stays."""
    entered(session, replace(launch, platform_family="moodle"))
    entered(session, replace(launch, platform_family="canvas"))
    session.refresh(registration)

    assert registration.family == "moodle"


def test_a_launch_is_in_the_audit_trail(session: Session, launch: Launch) -> None:
    """Who opened what, by ids, without a name."""
    named = replace(launch, person=Person("student-1", name="Ira", email="ira@lms.example"))
    found = entered(session, named, request_id="request-1")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "launch")).one()

    assert (event.object_id, event.actor_id) == (found.id, found.user_id)
    assert (event.context_id, event.actor_role) == (found.context_id, "learner")
    assert (event.at, event.request_id) == (NOW, "request-1")
    assert "Ira" not in str(event.details)


def test_a_test_user_is_marked_everywhere(session: Session, launch: Launch) -> None:
    """N123: so that no score of a student preview ever leaves."""
    found = entered(session, replace(launch, is_test_user=True))

    assert found.is_test_user
    assert found.membership is not None
    assert found.membership.is_test_user


@pytest.mark.parametrize("deployment_id", ["pending", "unheard of"])
def test_only_an_approved_deployment_opens(
    session: Session, registration: Registration, launch: Launch, deployment_id: str
) -> None:
    """The edge has judged it before; between the two it may have been withdrawn."""
    session.add(
        Deployment(
            registration_id=registration.id,
            deployment_id="pending",
            state=DeploymentState.PENDING,
            first_seen_at=NOW,
        )
    )
    session.commit()
    with pytest.raises(LaunchRejected) as refused:
        opened(session, replace(launch, deployment_id=deployment_id))
    session.rollback()

    assert (refused.value.code, refused.value.status) == ("deployment.unknown", 403)
    assert count(session, User) == 0


def test_what_is_ended_together_ends_once(session: Session, launch: Launch) -> None:
    """The sessions that are named end, and one that had ended keeps its moment."""
    before = entered(session, launch, handle="before")
    named = entered(session, replace(launch, person=Person("student-2")), handle="named")
    away = entered(session, launch, handle="away")
    begin(session)
    end_all(session, ["before"], at=NOW)
    ended = end_all(session, ["before", "named", "unknown"], at=NOW + HOUR)
    session.commit()
    session.expire_all()

    assert ended == 1
    assert (before.ended_at, named.ended_at, away.ended_at) == (NOW, NOW + HOUR, None)
    assert end_all(session, [], at=NOW) == 0


def test_what_a_browser_brings_is_found(session: Session, launch: Launch) -> None:
    """Each handle that there is, with whose it is; nothing for no handle."""
    mine = entered(session, launch, handle="mine")
    found = find_held(session, ["mine", "unknown"])

    assert [(each.handle, each.user_id, each.ended_at) for each in found] == [
        ("mine", mine.user_id, None)
    ]
    assert find_held(session, []) == []


def test_use_is_noted_and_never_backwards(session: Session, launch: Launch) -> None:
    """Two requests may arrive in either order."""
    found = entered(session, launch)
    touch(session, found, at=NOW + HOUR)
    touch(session, found, at=NOW)

    assert found.seen_at == NOW + HOUR
