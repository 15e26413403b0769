"""What teachers and administrators do to a course while the tool is not looking.

Each change is one named thing about a course, an activity, an enrolment or a cell. It returns how
that thing was before, so that whoever broke it can mend it.
"""

from __future__ import annotations

from typing import Any

from lti_alliance.practice_lms import gradebook, late_policy
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.remembered import Remembered
from lti_alliance.practice_lms.scenarios import add_activity
from lti_alliance.practice_lms.state import Activity, Course, LatePolicy, LineItem

MOVES_LATENESS = {"activity.due_at", "activity.points", "course.late_policy"}


def change(platform: Platform, course: Course, what: str, *, about: str = "", value: Any) -> Any:
    """Let one thing happen to a course, and return how it was before.

    `what` is `course.<member>`, `activity.<member>` or `enrolment.<member>`, or `cell.grade`: a
    grade by a person, with nothing taking that person's hand away. `about` names the activity, the
    person, or for a cell both with a slash between.
    """
    kind, _, member = what.partition(".")
    with platform.store.lock:
        if what == "cell.grade":
            return _grade(platform, course, about, value)
        owner = _owner(course, kind, about)
        before = getattr(owner, member)
        if what == "activity.points" and isinstance(owner, Activity):
            _set_points(platform, course, owner, value)
        elif what == "course.late_policy":
            course.late_policy = None if value is None else LatePolicy.from_json(value)
        else:
            setattr(owner, member, value)
        if what in MOVES_LATENESS and platform.name == "canvas":
            _judge_lateness(course, about)
    platform.store.changed()
    return before.to_json() if isinstance(before, Remembered) else before


def rescale(course: Course, item: LineItem, factor: float) -> None:
    """Keep each grade's share of a column whose maximum changes, as Moodle does."""
    for cell in course.cells_of(item.id).values():
        cell.score = None if cell.score is None else round(cell.score * factor, 5)
        cell.raw = None if cell.raw is None else round(cell.raw * factor, 5)


def _owner(course: Course, kind: str, about: str) -> Any:
    owners = {"activity": course.activities, "enrolment": course.enrolments}
    return course if kind == "course" else owners[kind][about]  # type: ignore[index]


def _grade(platform: Platform, course: Course, about: str, value: float | None) -> None:
    activity_id, _, person_id = about.partition("/")
    item, student = course.primary_item(activity_id), platform.state.people.get(person_id)
    if item is None or student is None:
        return
    if value is None:
        gradebook.take_away_override(platform, course, item, student=student)
    else:
        gradebook.set_by_person(platform, course, item, student=student, score=value)


def _set_points(
    platform: Platform, course: Course, activity: Activity, points: float | None
) -> None:
    item = course.primary_item(activity.id)
    if points is None:
        return
    if item is None:
        add_activity(platform.state, course, activity, points=float(points))
        return
    # Canvas leaves the numbers that stand in the gradebook as they are.
    if platform.name == "moodle" and item.score_maximum:
        rescale(course, item, points / item.score_maximum)
    activity.points = item.score_maximum = float(points)


def _judge_lateness(course: Course, activity_id: str) -> None:
    for item in course.line_items.values():
        if item.primary and item.activity_id and activity_id in ("", item.activity_id):
            late_policy.apply_to_column(course, item)
