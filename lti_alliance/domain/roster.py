"""Who is in a course according to the platform, as plain values.

Names and Role Provisioning Services 2.0, https://www.imsglobal.org/spec/lti-nrps/v2p0.
"""

from dataclasses import dataclass
from uuid import UUID

from lti_alliance.domain.launch import Person, Role

MEMBERSHIP_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRef:
    """Where a course's members are listed (NRPS 2.0 section 3.6.1.1)."""

    registration_id: UUID
    deployment_id: str
    url: str
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person of a course as the platform lists them (NRPS 2.0 section 2.2).

    The role is the roster's: Moodle calls a non-editing teacher a learner here and an instructor at
    the launch.
    """

    person: Person
    role: Role
    is_active: bool = True
    """Whether the membership is in force; platforms that leave others out list active ones only."""
    is_test_user: bool = False
