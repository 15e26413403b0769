"""The roster as platforms speak it, and the practice LMS end to end."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from lti_alliance.domain.launch import Person, Role
from lti_alliance.domain.roster import MEMBERSHIP_SCOPE, Member, RosterRef
from lti_alliance.errors import PlatformRefused, PlatformUnavailable
from lti_alliance.lti.memberships import MEMBERS_TYPE, Memberships
from tests.campus import Campus
from tests.lti.test_grade_services import Bench

URL = "https://lms.test/services/members?type=2"
LIS = "http://purl.imsglobal.org/vocab/lis/v2/membership"


class Desk(Bench):
    """A registration whose members the test writes."""

    def __init__(self, engine: Engine, family: str = "canvas") -> None:
        super().__init__(engine, family)
        self.roster = Memberships(self.tokens)
        self.place = RosterRef(
            registration_id=self.ref.registration_id, deployment_id="1", url=URL, family=family
        )

    def hears_members(self, *members: Any, following: str = "") -> None:
        headers = {"Link": f'<{following}>; rel="next"'} if following else {}
        self.hears({"id": URL, "context": {"id": "c"}, "members": list(members)}, **headers)

    def members(self) -> list[Member]:
        return self.roster.list_members(self.place)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def listed(number: int, **changes: Any) -> dict[str, Any]:
    return {"user_id": f"u{number}", "roles": [f"{LIS}#Learner"], "status": "Active"} | changes


def test_every_page_is_read(desk: Desk) -> None:
    """Pages are followed letter for letter until one names no other."""
    following = "https://lms.test/services/members?type=2&page=2&odd=a%20b"
    desk.hears_members(
        listed(1, name="Ada L", given_name="Ada", family_name="L", email="ada@lms.test"),
        following=following,
    )
    desk.hears_members(listed(2), listed(1, name="Twice"))
    members = desk.members()

    assert [call.url for call in desk.calls] == [URL, following]
    assert {call.headers["Accept"] for call in desk.calls} == {MEMBERS_TYPE}
    assert desk.scopes == [MEMBERSHIP_SCOPE]
    assert members == [
        Member(person=Person("u1", "Ada L", "Ada", "L", "ada@lms.test"), role=Role.LEARNER),
        Member(person=Person("u2"), role=Role.LEARNER),
    ]


def test_moodle_is_asked_for_pages(engine: Engine) -> None:
    """It would give a great course in one answer that is too long to be read."""
    desk = Desk(engine, "moodle")
    desk.hears_members()
    desk.members()

    assert [call.url for call in desk.calls] == [f"{URL}&limit=500"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"roles": ["Learner"]}, {"role": Role.LEARNER}),
        ({"roles": ["Instructor"]}, {"role": Role.INSTRUCTOR}),
        (
            {"roles": [f"{LIS}#Instructor", f"{LIS}/Instructor#TeachingAssistant"]},
            {"role": Role.TEACHING_ASSISTANT},
        ),
        ({"roles": []}, {"role": Role.LEARNER}),
        ({"status": "Inactive"}, {"is_active": False}),
        ({"status": "Deleted"}, {"is_active": False}),
        (
            {
                "roles": [
                    f"{LIS}#Learner",
                    "http://purl.imsglobal.org/vocab/lti/system/person#TestUser",
                ]
            },
            {"is_test_user": True},
        ),
        ({"user_id": 17}, {"person": Person("17")}),
        ({"name": None, "email": 5}, {"person": Person("u1")}),
    ],
)
def test_a_member_is(desk: Desk, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    """Roles in short and in full, people who have left, and names that are missing."""
    desk.hears_members(listed(1, **changes))
    (member,) = desk.members()

    assert {name: getattr(member, name) for name in expected} == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"members": {}}',
        '{"members": ["u1"]}',
        '{"members": [{"roles": []}]}',
        '{"members": [{"user_id": "", "roles": []}]}',
        '{"members": [{"user_id": "u1", "roles": "Learner"}]}',
    ],
)
def test_what_cannot_be_read_is_no_short_list(desk: Desk, body: str) -> None:
    """A list with a hole would make people leave the course who are in it."""
    desk.hears(body)
    with pytest.raises(PlatformUnavailable):
        desk.members()


def test_a_list_without_end_is_given_up(desk: Desk) -> None:
    """A page that names itself as the next."""
    desk.answers = [
        (
            200,
            {"Content-Type": MEMBERS_TYPE, "Link": f'<{URL}>; rel="next"'},
            json.dumps({"members": [listed(1)]}),
        )
    ] * 1001
    with pytest.raises(PlatformUnavailable):
        desk.members()


def test_a_page_elsewhere_is_not_fetched(desk: Desk) -> None:
    """The token would go there."""
    desk.hears_members(listed(1), following="https://elsewhere.test/members")
    with pytest.raises(PlatformRefused):
        desk.members()


@pytest.mark.parametrize("name", ["canvas", "moodle"])
def test_the_practice_lms_lists_its_course(engine: Engine, name: str) -> None:
    """Everybody who is enrolled is there, with the role of the roster."""
    campus = Campus(engine, name)
    members = {each.person.sub: each for each in campus.list_members()}
    people = campus.platform.state.people
    enrolled = {
        people[slug].sub: enrolment.role for slug, enrolment in campus.course.enrolments.items()
    }

    assert set(members) == set(enrolled)
    assert {members[sub].role for sub, role in enrolled.items() if role == "student"} == {
        Role.LEARNER
    }
    assert Role.INSTRUCTOR in {each.role for each in members.values()}
