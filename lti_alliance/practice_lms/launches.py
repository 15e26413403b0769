"""Begin a launch on either platform: what the page posts to the tool."""

from __future__ import annotations

import dataclasses

from lti_alliance.practice_lms.dialects import canvas_launch, moodle_launch
from lti_alliance.practice_lms.platform import PendingLaunch, Platform
from lti_alliance.practice_lms.state import Activity, Course, Person

DEEP_LINKING_DATA_LIFE_S = 3600
USUAL_PLACEMENTS = {"canvas": "assignment_selection", "moodle": "ContentArea"}


def is_offered(platform: Platform, placement: str = "") -> bool:
    """Tell whether the tool can be asked to choose content at this place."""
    tool = platform.state.tool
    place = tool.placement(placement or USUAL_PLACEMENTS[platform.name])
    return place is not None and place.message_type == "LtiDeepLinkingRequest"


def begin(
    platform: Platform,
    course: Course,
    person: Person,
    *,
    activity: Activity | None = None,
    kind: str = "activity",
    target: str | None = None,
    for_person: Person | None = None,
    placement: str = "",
    module: str = "",
    title: str = "",
) -> dict[str, str]:
    """Return the login initiation's fields for a launch by this person.

    `placement`, `module` and `title` are about deep linking: where in the course it begins, and
    what the teacher's form already holds.
    """
    tool = platform.state.tool
    if platform.name == "canvas":
        key = platform.new_launch_key()
    else:
        key = moodle_launch.launch_key(kind, activity.number if activity else None)
    if kind == "deep_linking":
        placement = placement or USUAL_PLACEMENTS[platform.name]
    place = tool.placement(placement) if placement else None
    usual = place.target_link_uri if place and place.target_link_uri else tool.target_link_uri
    chosen = target or (platform.target_of(activity) if activity else usual)
    launch = PendingLaunch(
        key,
        person.id,
        course.id,
        activity.id if activity else None,
        kind,
        chosen,
        platform.now(),
        for_person_id=for_person.id if for_person else None,
        placement=placement,
        module=module,
        title=title,
    )
    if kind == "deep_linking":
        # The answer to deep linking has a one-use mark of its own.
        returning = dataclasses.replace(launch, key=f"deep_linking:{key}")
        platform.begin_launch(returning, lifetime_s=DEEP_LINKING_DATA_LIFE_S)
    initiate = canvas_launch.initiate if platform.name == "canvas" else moodle_launch.initiate
    fields = initiate(platform, launch, person)
    platform.messages.add(
        platform.name,
        "Login initiation",
        way="LMS to tool",
        url=tool.login_url,
        sent=fields,
    )
    return fields
