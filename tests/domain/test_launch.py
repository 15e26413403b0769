"""Roles: which URIs give which role in the course, and that nothing else gives any."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.launch import (
    DeepLinkingRequest,
    GradeService,
    Launch,
    LaunchContext,
    LaunchResourceLink,
    MessageType,
    NoticeService,
    Person,
    Role,
    RosterService,
    Target,
    course_role,
    is_institution_administrator,
    is_test_user,
)

LIS = "http://purl.imsglobal.org/vocab/lis/v2/"
MEMBERSHIP = f"{LIS}membership"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"

TABLE = {
    f"{MEMBERSHIP}#Instructor": Role.INSTRUCTOR,
    f"{MEMBERSHIP}#Administrator": Role.INSTRUCTOR,
    f"{MEMBERSHIP}#ContentDeveloper": Role.CONTENT_DEVELOPER,
    f"{MEMBERSHIP}#Learner": Role.LEARNER,
    f"{MEMBERSHIP}#Mentor": Role.OBSERVER,
    f"{MEMBERSHIP}/Instructor#TeachingAssistant": Role.TEACHING_ASSISTANT,
    f"{MEMBERSHIP}/Instructor#TeachingAssistantGroup": Role.TEACHING_ASSISTANT,
    f"{MEMBERSHIP}/Instructor#TeachingAssistantOffering": Role.TEACHING_ASSISTANT,
    f"{MEMBERSHIP}/Instructor#TeachingAssistantSection": Role.TEACHING_ASSISTANT,
    f"{MEMBERSHIP}/Instructor#TeachingAssistantSectionAssociation": Role.TEACHING_ASSISTANT,
    f"{MEMBERSHIP}/Instructor#TeachingAssistantTemplate": Role.TEACHING_ASSISTANT,
    "Instructor": Role.INSTRUCTOR,
    "Administrator": Role.INSTRUCTOR,
    "ContentDeveloper": Role.CONTENT_DEVELOPER,
    "Learner": Role.LEARNER,
    "Mentor": Role.OBSERVER,
    "urn:lti:role:ims/lis/Instructor": Role.INSTRUCTOR,
    "urn:lti:role:ims/lis/Learner": Role.LEARNER,
}


@pytest.mark.parametrize(("uri", "role"), TABLE.items())
def test_each_role_of_the_table(uri: str, role: Role) -> None:
    """Core 1.3 appendix A.2, alone and with https where the vocabulary says http."""
    assert course_role([uri]) is role
    assert course_role([uri.replace("http:", "https:")]) is role


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "instructor",
        "INSTRUCTOR",
        " Instructor",
        "Instructor ",
        "TeachingAssistant",
        f"{LIS}membership#instructor",
        f"{LIS}membership#Instructor ",
        f"{LIS}Membership#Instructor",
        f"{LIS}membership#Instructors",
        f"{LIS}membership#Officer",
        f"{LIS}membership/Learner#Instructor",
        f"{LIS}membership/Instructor#PrimaryInstructor",
        f"{LIS}person#Instructor",
        f"{LIS}unknown/unknown#Instructor",
        f"{LIS}unknown/unknown#Helper",
        f"{LIS}uknownrole/unknown#Unknown",
        f"{LIS}institution/person#Instructor",
        f"{LIS}institution/person#Faculty",
        f"{LIS}system/person#SysAdmin",
        f"{LIS}system/person#None",
        f"ftp{MEMBERSHIP.removeprefix('http')}#Instructor",
        f"http:{MEMBERSHIP}#Instructor",
        f"x{MEMBERSHIP}#Instructor",
        "//purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
        "http://purl.imsglobal.org.evil.example/vocab/lis/v2/membership#Instructor",
        "urn:lti:instrole:ims/lis/Instructor",
    ],
)
def test_p8_a_likeness_is_no_role(uri: str) -> None:
    """P8 and A7: whole URIs, to the letter; everything else is a learner's view."""
    assert course_role([uri]) is Role.LEARNER
    assert not course_role([uri]).teaches


def test_no_role_is_a_learners_view() -> None:
    """C20 and C21: least privilege, and the page opens all the same."""
    assert course_role([]) is course_role([""]) is Role.LEARNER


@pytest.mark.parametrize(
    ("uris", "role"),
    [
        (
            ["membership/Instructor#TeachingAssistant", "membership#Instructor"],
            "teaching_assistant",
        ),
        (["membership#Learner", "membership#Instructor"], "instructor"),
        (["membership#Mentor", "membership#Learner"], "learner"),
        (["membership#ContentDeveloper", "membership#Learner"], "content_developer"),
        (["membership#ContentDeveloper", "membership#Instructor"], "instructor"),
        (["institution/person#Instructor", "membership#Learner"], "learner"),
        (["institution/person#Administrator", "membership#Learner"], "learner"),
        (["institution/person#Administrator", "membership#Instructor"], "instructor"),
        (["institution/person#Administrator"], "administrator"),
        (["system/person#Administrator", "system/person#User"], "administrator"),
        (["institution/person#Student", "system/person#User"], "learner"),
        (["unknown/unknown#Unknown", "membership#Learner"], "learner"),
    ],
)
def test_one_role_out_of_several(uris: list[str], role: str) -> None:
    """Canvas's assistants, observers and administrators, in whatever order they are sent."""
    assert course_role([LIS + uri for uri in uris]) == role
    assert course_role([LIS + uri for uri in reversed(uris)]) == role


@pytest.mark.parametrize("uri", [uri for uri, role in TABLE.items() if role is Role.LEARNER])
def test_a_learner_is_one_whatever_else_they_are(uri: str) -> None:
    """A role in the course, even the least, comes before what somebody is in the institution."""
    assert course_role([uri, f"{LIS}institution/person#Administrator"]) is Role.LEARNER


@given(st.lists(st.text(max_size=80)))
def test_no_text_makes_a_teacher(texts: list[str]) -> None:
    """Whatever a platform sends, only the table teaches."""
    unknown = [text for text in texts if text not in TABLE]

    assert course_role(unknown) is Role.LEARNER


@given(st.sampled_from(sorted(TABLE)), st.integers(0, 80), st.characters(codec="ascii"))
def test_a_changed_uri_never_teaches(uri: str, place: int, other: str) -> None:
    """One character more is another URI."""
    place = min(place, len(uri))
    changed = uri[:place] + other + uri[place:]
    expected = TABLE.get(changed.replace("https:", "http:", 1), Role.LEARNER)

    assert course_role([changed]) is expected


@pytest.mark.parametrize("uri", [TEST_USER, TEST_USER.replace("http:", "https:")])
def test_a_test_user_is_known_by_its_own_uri(uri: str) -> None:
    """Canvas's student view is a learner with a mark."""
    assert is_test_user([f"{MEMBERSHIP}#Learner", uri])
    assert course_role([f"{MEMBERSHIP}#Learner", uri]) is Role.LEARNER
    assert not is_test_user([f"{LIS}system/person#TestUser", "TestUser"])


def test_an_administrator_is_known_beside_a_role() -> None:
    """Moodle's administrator teaches as well; the mark is for support pages."""
    uris = [f"{MEMBERSHIP}#Instructor", f"{LIS}system/person#Administrator"]

    assert is_institution_administrator(uris)
    assert not is_institution_administrator(["Administrator", f"{MEMBERSHIP}#Administrator"])


def test_what_each_role_may() -> None:
    """Teaching is seeing work; configuring is choosing what an activity is."""
    assert {role for role in Role if role.teaches} == {Role.INSTRUCTOR, Role.TEACHING_ASSISTANT}
    assert {role for role in Role if role.configures} == {
        Role.INSTRUCTOR,
        Role.CONTENT_DEVELOPER,
    }


def test_roles_and_messages_keep_their_words() -> None:
    """Messages have the standard's words; roles are kept in the database by theirs."""
    assert list(MessageType) == [
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
        "LtiSubmissionReviewRequest",
    ]
    assert list(Role) == [
        "instructor",
        "teaching_assistant",
        "aide",
        "content_developer",
        "learner",
        "observer",
        "administrator",
    ]


def test_what_a_message_does_not_say_is_empty() -> None:
    """C24: every value has a neutral default, which gives no right and names nobody."""
    person, registration = Person("sub"), uuid4()

    assert person == Person("sub", name="", given_name="", family_name="", email="")
    assert LaunchContext("id") == LaunchContext("id", label="", title="")
    assert LaunchResourceLink("id") == LaunchResourceLink("id", title="")
    assert GradeService(frozenset()) == GradeService(
        frozenset(), lineitems="", lineitem="", held_host=""
    )
    assert RosterService("url") == RosterService("url", held_host="")
    assert NoticeService("url") == NoticeService("url", held_host="")
    assert DeepLinkingRequest(return_url="url") == DeepLinkingRequest(
        return_url="url", data=None, accepts_multiple=False, accepts_line_item=True
    )
    assert Target() == Target(activity="", attempt="", reflection="")
    assert Launch(MessageType.RESOURCE_LINK, registration, "1", person, Role.LEARNER) == Launch(
        MessageType.RESOURCE_LINK,
        registration,
        "1",
        person,
        Role.LEARNER,
        is_test_user=False,
        is_institution_administrator=False,
        context=None,
        resource_link=None,
        target=Target(activity="", attempt="", reflection=""),
        for_user="",
        mentored=(),
        custom={},
        grade_service=None,
        roster_service=None,
        notice_service=None,
        deep_linking=None,
        platform_family="",
        platform_name="",
        return_url="",
        locale="",
        is_framed=True,
    )
