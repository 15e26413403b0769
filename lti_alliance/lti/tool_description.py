"""What the tool says of itself to every platform, however it is registered there."""

from collections.abc import Mapping
from dataclasses import dataclass

from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import MessageType
from lti_alliance.domain.roster import MEMBERSHIP_SCOPE

NOTICE_SCOPE = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"

SCOPES = (
    GradeScope.LINE_ITEM,
    GradeScope.RESULT,
    GradeScope.SCORE,
    MEMBERSHIP_SCOPE,
    NOTICE_SCOPE,
)
"""What the tool asks for, as far as the platform has it."""
VARIABLES: Mapping[str, str] = {
    "context_history": "Context.id.history",
    "due_at": "Canvas.assignment.dueAt.iso8601",
    "lock_at": "Canvas.assignment.lockAt.iso8601",
    "unlock_at": "Canvas.assignment.unlockAt.iso8601",
    "points": "Canvas.assignment.pointsPossible",
    "sections": "com.instructure.User.sectionNames",
    "section_restricted": "Canvas.course.sectionRestricted",
    "time_zone": "Person.address.timezone",
}
"""Custom parameters and the platform variables that fill them at each launch."""
PLACEMENTS = {
    MessageType.DEEP_LINKING: (
        "assignment_selection",
        "link_selection",
        "course_assignments_menu",
        "module_index_menu_modal",
        "module_menu_modal",
    ),
    MessageType.RESOURCE_LINK: ("course_navigation",),
}
"""Where Canvas offers the tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDescription:
    """What the tool says of itself."""

    name: str
    description: str
    base_url: str
    launch_url: str
    login_url: str
    jwks_url: str
    asks_for_names: bool = True
    in_course_menu: bool = False
    """Whether the course menu of Canvas shows the tool from the beginning."""
    contact: str = ""


def custom_parameters(variables: frozenset[str]) -> dict[str, str]:
    """Return the custom parameters that a platform with these variables can fill in."""
    return {name: f"${variable}" for name, variable in VARIABLES.items() if variable in variables}
