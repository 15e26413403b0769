"""Where a submission opens in the tool, each platform in its own way."""

from __future__ import annotations

from lti_alliance.practice_lms import launches
from lti_alliance.practice_lms.dialects.moodle_claims import own_line_item
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.state import Activity, Cell, Course, Person


def review_target(
    platform: Platform, course: Course, activity: Activity | None, cell: Cell
) -> str | None:
    """Return the address that reviewing asks for, or nothing where there is nothing to open.

    Canvas opens the address that came with a score (`basic_lti_launch`), if it is the tool's.
    Moodle opens any link, at the review address of its line item if that is the only one.
    """
    if activity is None or not activity.launchable:
        return None
    if platform.name == "canvas":
        url = cell.submission_data if cell.submission_type == "basic_lti_launch" else None
        return url if url and platform.state.tool.recognises(url) else None
    own = own_line_item(course, activity)
    review_url = course.line_items[own].review_url if own else ""
    return review_url or platform.target_of(activity)


def begin_review(
    platform: Platform,
    course: Course,
    viewer: Person,
    *,
    activity: Activity,
    student: Person,
    target: str,
) -> dict[str, str]:
    """Return the login initiation with which the viewer opens the student's submission.

    Canvas sends an ordinary launch, in which nothing but the address says whose work it is.
    """
    canvas = platform.name == "canvas"
    return launches.begin(
        platform,
        course,
        viewer,
        activity=activity,
        kind="submission" if canvas else "review",
        target=target,
        for_person=None if canvas else student,
    )
