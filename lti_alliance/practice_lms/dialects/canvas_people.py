"""What Canvas tells about people: roles, and as much of name and e-mail as privacy allows."""

from __future__ import annotations

from typing import Any

from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scopes import LIS
from lti_alliance.practice_lms.state import Course, Person

TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
MEMBERSHIP_ROLES = {
    "student": [LIS + "membership#Learner"],
    "teacher": [LIS + "membership#Instructor"],
    "ta": [LIS + "membership#Instructor", LIS + "membership/Instructor#TeachingAssistant"],
    "designer": [LIS + "membership#ContentDeveloper"],
    "observer": [LIS + "membership#Mentor"],
    "test_student": [LIS + "membership#Learner", TEST_USER],
}
NAMED = {"name_only", "public"}
MAILED = {"email_only", "public"}


def context_roles(role: str) -> list[str]:
    """Return the role URIs of a part in the course, as rosters show them."""
    return list(MEMBERSHIP_ROLES.get(role, []))


def launch_roles(platform: Platform, course: Course, person: Person) -> list[str]:
    """Return course, institution and system roles together, sorted, each once."""
    roles = set(context_roles(platform.role_in(course, person)))
    roles |= {LIS + f"institution/person#{each}" for each in person.institution_roles}
    return sorted(roles | {LIS + "system/person#User"})


def personal_claims(platform: Platform, person: Person) -> dict[str, Any]:
    """Return name, e-mail and picture as far as the privacy level lets them out."""
    level = platform.privacy
    claims: dict[str, Any] = {}
    if level in NAMED and person.name:
        claims |= {
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.family_name,
        }
    if level in MAILED and person.email:
        claims["email"] = person.email
    if level == "public":
        claims["picture"] = f"{platform.settings.base_url}/static/person.svg"
    return claims
