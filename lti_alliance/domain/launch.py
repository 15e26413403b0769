"""What a verified LTI message said, as plain values in the standard's own terms.

LTI Core 1.3, https://www.imsglobal.org/spec/lti/v1p3. Nothing here checks a signature: a
``Launch`` is only ever made by ``lti/launch.py`` from a message that has been verified.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class MessageType(StrEnum):
    """LTI messages that this tool knows (Core 1.3, Deep Linking 2.0, Submission Review 1.0)."""

    RESOURCE_LINK = "LtiResourceLinkRequest"
    DEEP_LINKING = "LtiDeepLinkingRequest"
    SUBMISSION_REVIEW = "LtiSubmissionReviewRequest"


class Role(StrEnum):
    """What a person may be in this course, one at a time (Core 1.3 appendix A.2)."""

    INSTRUCTOR = "instructor"
    TEACHING_ASSISTANT = "teaching_assistant"
    AIDE = "aide"
    """A teaching assistant whom the instructor of the course does not let see students' work."""
    CONTENT_DEVELOPER = "content_developer"
    LEARNER = "learner"
    OBSERVER = "observer"
    ADMINISTRATOR = "administrator"
    """An administrator of the institution without a role in the course: support view, no work."""

    @property
    def teaches(self) -> bool:
        """Whether the person may see and grade students' work."""
        return self in (Role.INSTRUCTOR, Role.TEACHING_ASSISTANT)

    @property
    def configures(self) -> bool:
        """Whether the person may choose what an activity is and how it counts."""
        return self in (Role.INSTRUCTOR, Role.CONTENT_DEVELOPER)


_LIS = "http://purl.imsglobal.org/vocab/lis/v2/"
_MEMBERSHIP = _LIS + "membership"

_COURSE_ROLES: Mapping[str, Role] = {
    f"{_MEMBERSHIP}#Instructor": Role.INSTRUCTOR,
    f"{_MEMBERSHIP}#Administrator": Role.INSTRUCTOR,
    f"{_MEMBERSHIP}#ContentDeveloper": Role.CONTENT_DEVELOPER,
    f"{_MEMBERSHIP}#Learner": Role.LEARNER,
    f"{_MEMBERSHIP}#Mentor": Role.OBSERVER,
    f"{_MEMBERSHIP}/Instructor#TeachingAssistant": Role.TEACHING_ASSISTANT,
    f"{_MEMBERSHIP}/Instructor#TeachingAssistantGroup": Role.TEACHING_ASSISTANT,
    f"{_MEMBERSHIP}/Instructor#TeachingAssistantOffering": Role.TEACHING_ASSISTANT,
    f"{_MEMBERSHIP}/Instructor#TeachingAssistantSection": Role.TEACHING_ASSISTANT,
    f"{_MEMBERSHIP}/Instructor#TeachingAssistantSectionAssociation": Role.TEACHING_ASSISTANT,
    f"{_MEMBERSHIP}/Instructor#TeachingAssistantTemplate": Role.TEACHING_ASSISTANT,
}
_SHORT_ROLES: Mapping[str, Role] = {
    "Instructor": Role.INSTRUCTOR,
    "Administrator": Role.INSTRUCTOR,
    "ContentDeveloper": Role.CONTENT_DEVELOPER,
    "Learner": Role.LEARNER,
    "Mentor": Role.OBSERVER,
    "urn:lti:role:ims/lis/Instructor": Role.INSTRUCTOR,
    "urn:lti:role:ims/lis/Learner": Role.LEARNER,
}
_ADMINISTRATION = frozenset(
    {f"{_LIS}institution/person#Administrator", f"{_LIS}system/person#Administrator"}
)
_TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"

# A TA sub-role wins over Instructor because Canvas sends both for a teaching assistant.
_PRECEDENCE = (
    Role.TEACHING_ASSISTANT,
    Role.INSTRUCTOR,
    Role.CONTENT_DEVELOPER,
    Role.LEARNER,
    Role.OBSERVER,
)


def _as_vocabulary(uri: str) -> str:
    # Some Moodle distributions send https role URIs where the vocabulary says http.
    return f"http://{uri.removeprefix('https://')}" if uri.startswith("https://") else uri


def course_role(uris: Iterable[str]) -> Role:
    """Return the one role that these role URIs give in the course.

    Whole URIs are compared, case-sensitively, http and https alike. Unknown URIs and an empty list
    give the least: a learner's view. Institution and system roles give no course rights; an
    administrator without a course role gets the support view.
    """
    sent = {_as_vocabulary(uri) for uri in uris}
    held = {_COURSE_ROLES[uri] for uri in sent if uri in _COURSE_ROLES}
    held |= {_SHORT_ROLES[uri] for uri in sent if uri in _SHORT_ROLES}
    for role in _PRECEDENCE:
        if role in held:
            return role
    return Role.ADMINISTRATOR if sent & _ADMINISTRATION else Role.LEARNER


def is_test_user(uris: Iterable[str]) -> bool:
    """Say whether the launch is a platform's student preview, whose scores never leave the tool."""
    return any(_as_vocabulary(uri) == _TEST_USER for uri in uris)


def is_institution_administrator(uris: Iterable[str]) -> bool:
    """Say whether the person administers the institution or the platform."""
    return any(_as_vocabulary(uri) in _ADMINISTRATION for uri in uris)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the message is about; every name may be missing, ``sub`` never is."""

    sub: str
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """The course: ``id`` is unique only inside its deployment."""

    id: str
    label: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class LaunchResourceLink:
    """The link that was opened: ``id`` is unique only inside its course here."""

    id: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class GradeService:
    """The AGS endpoint claim (AGS 2.0 section 3.1), addresses already judged.

    ``lineitem`` is empty when the platform named none; ``held_host`` names a public host that the
    registration does not list, so that nothing may be sent there until somebody approves it.
    """

    scopes: frozenset[str]
    lineitems: str = ""
    lineitem: str = ""
    held_host: str = ""


@dataclass(frozen=True, slots=True)
class RosterService:
    """The NRPS claim (NRPS 2.0 section 3.6.1.1), address already judged."""

    memberships_url: str
    held_host: str = ""


@dataclass(frozen=True, slots=True)
class NoticeService:
    """The platform notification service claim, address already judged."""

    url: str
    held_host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepLinkingRequest:
    """What the platform accepts back (Deep Linking 2.0 section 4.4.1), address already judged."""

    return_url: str
    data: str | None = None
    """To be sent back as it came; nothing where nothing came."""
    accepts_multiple: bool = False
    accepts_line_item: bool = True
    """Whether an item may ask for a gradebook column; platforms that do not say take one."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the signed ``target_link_uri`` asks for: opaque ids or nothing."""

    activity: str = ""
    attempt: str = ""
    reflection: str = ""


@dataclass(frozen=True, slots=True)
class Launch:
    """A verified launch: everything the rest of the program may know about the message."""

    message_type: MessageType
    registration_id: UUID
    deployment_id: str
    person: Person
    role: Role
    is_test_user: bool = False
    is_institution_administrator: bool = False
    context: LaunchContext | None = None
    resource_link: LaunchResourceLink | None = None
    target: Target = field(default_factory=Target)
    for_user: str = ""
    """Whose work a submission review is about: a ``sub``."""
    mentored: tuple[str, ...] = ()
    """Whose progress an observer may see: each a ``sub``."""
    custom: Mapping[str, str] = field(default_factory=dict)
    grade_service: GradeService | None = None
    roster_service: RosterService | None = None
    notice_service: NoticeService | None = None
    deep_linking: DeepLinkingRequest | None = None
    platform_family: str = ""
    platform_name: str = ""
    return_url: str = ""
    locale: str = ""
    is_framed: bool = True
