"""Copy a course: its contents with new ids and no students' work."""

from __future__ import annotations

import dataclasses
import uuid

from lti_alliance.practice_lms.dialects import canvas_notices
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.scenarios import hex_id
from lti_alliance.practice_lms.state import Activity, Course, Enrolment, LineItem

TEACHING = {"teacher", "ta", "designer", "non_editing_teacher", "admin"}
LONGEST_HISTORY = 1000


def copy_course(
    platform: Platform,
    source: Course,
    *,
    title: str = "",
    code: str = "",
    people: list[str] | None = None,
    tells_history: bool = True,
) -> Course:
    """Return a new course with the same contents.

    Whoever teaches comes along, and of the others those in `people`. Links and line items are new
    and keep address, title, points, dates, custom parameters, resource id and tag. In Canvas the
    tool is told, once, if it has subscribed to that. Without ``tells_history`` the copy says
    nothing of where it comes from, as in an LMS that does not know the variable.
    """
    with platform.store.lock:
        course = _empty_copy(platform, source, title=title, code=code)
        if not tells_history:
            course.history = []
        for person_id, enrolment in source.enrolments.items():
            comes_along = enrolment.role in TEACHING or person_id in (people or [])
            if comes_along and not enrolment.ended:
                course.enrolments[person_id] = Enrolment(
                    enrolment.role, sections=list(enrolment.sections)
                )
        for activity in source.activities.values():
            if not activity.deleted:
                _copy_activity(platform, source, course, activity)
        platform.state.courses[course.id] = course
    platform.store.changed()
    if platform.name == "canvas":
        canvas_notices.tell_of_copy(platform, course, source)
    return course


def _empty_copy(platform: Platform, source: Course, *, title: str, code: str) -> Course:
    number = str(platform.state.take_number())
    return Course(
        number,
        hex_id(f"course:{number}:{uuid.uuid4()}") if platform.name == "canvas" else number,
        code or f"{source.code} copy",
        title or source.title,
        history=[source.context_id, *source.history][:LONGEST_HISTORY],
    )


def _copy_activity(platform: Platform, source: Course, course: Course, activity: Activity) -> None:
    """Copy one activity with its column; columns without an activity stay behind."""
    number = platform.state.take_number()
    link = str(uuid.uuid4()) if platform.name == "canvas" else str(number)
    if activity.kind == "course_navigation":
        link = course.context_id
    copied = dataclasses.replace(
        activity, number=number, resource_link_id=link, custom=dict(activity.custom)
    )
    course.activities[copied.id] = copied
    item = source.primary_item(activity.id)
    if item is None:
        return
    own = _copy_item(platform, item)
    own.resource_link_id = link if item.resource_link_id else None
    course.line_items[str(own.id)] = own


def _copy_item(platform: Platform, item: LineItem) -> LineItem:
    return dataclasses.replace(
        item,
        id=platform.state.take_number(),
        extension=dict(item.extension),
        review_custom=dict(item.review_custom),
    )
