"""Breakages that last: what happens to people and columns, and to the LMS as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lti_alliance.practice_lms.breaking import Breakage, Scene, Step
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.services import written

DAY_AND_HOUR_S = 25 * 60 * 60
BY_HAND = 0.4
LATE_POLICY = {"percent_per_day": 10.0, "minimum_percent": 40.0}

Steps = Callable[[Platform, Scene], list[Step]]


def _activity(member: str, value: Any) -> Steps:
    return lambda _, scene: [Step(f"activity.{member}", value, scene.activity.id)]


def _course(member: str, value: Any) -> Steps:
    return lambda _platform, _scene: [Step(f"course.{member}", value)]


def _drop(_: Platform, scene: Scene) -> list[Step]:
    return [Step("enrolment.ended", value=True, about=scene.student.id)]


def _grade(_: Platform, scene: Scene) -> list[Step]:
    pair = f"{scene.activity.id}/{scene.student.id}"
    return [Step("cell.grade", round(scene.item.score_maximum * BY_HAND, 2), pair)]


def _double(_: Platform, scene: Scene) -> list[Step]:
    return [Step("activity.points", scene.item.score_maximum * 2, scene.activity.id)]


def _late(platform: Platform, scene: Scene) -> list[Step]:
    due = written(platform.now() - DAY_AND_HOUR_S)
    graded = [each for each in scene.course.activities.values() if each.points is not None]
    return [
        Step("course.late_policy", LATE_POLICY),
        *(Step("activity.due_at", due, each.id) for each in graded),
    ]


PEOPLE_AND_COLUMNS = (
    Breakage(
        "delete_column",
        "An activity is deleted",
        "{activity} is gone with its column. Its grades wait in the tool, and the instructor "
        "should be told why.",
        steps=_activity("deleted", value=True),
    ),
    Breakage(
        "drop_student",
        "A student leaves the course",
        "{student} is no longer in the course. Grades on their way to {student} are refused.",
        steps=_drop,
    ),
    Breakage(
        "grade_by_hand",
        "Somebody enters a grade by hand",
        "{student} gets two fifths of {points} points for {activity}, from a person. The tool "
        "should not write over it unasked.",
        steps=_grade,
    ),
    Breakage(
        "double_points",
        "A column gets twice the points",
        "{activity} counted {points} points and now counts twice as many. The tool still thinks "
        "in its own scale.",
        steps=_double,
    ),
    Breakage(
        "late_policy",
        "Late work loses points",
        "Ten percent for each day, down to forty percent; and everything was due yesterday. The "
        "gradebook shows less than the tool sent, which is no mistake of anybody.",
        steps=_late,
        only="canvas",
    ),
    Breakage(
        "one_attempt",
        "One attempt only",
        "{activity} takes one submission of each student, whatever the tool allows.",
        steps=_activity("allowed_attempts", 1),
        only="canvas",
    ),
    Breakage(
        "unpublish",
        "An activity is unpublished",
        "{activity} is hidden from students, and refuses scores.",
        steps=_activity("published", value=False),
        only="canvas",
    ),
    Breakage(
        "grading_closed",
        "The grading period is closed",
        "{activity} refuses scores: grades of that period are final.",
        steps=_activity("grading_closed", value=True),
        only="canvas",
    ),
    Breakage(
        "anonymous",
        "Nobody has a name",
        "Names and e-mail addresses are no longer sent.",
        moods={"privacy": "anonymous"},
    ),
    Breakage(
        "members_503",
        "The list of members cannot be read",
        "The next three requests for the members fail with 503.",
        fault={"endpoint": "memberships", "kind": "status", "status": 503, "times": 3},
    ),
)
WHOLE = (
    Breakage(
        "outage",
        "The LMS is out of order",
        "Every service call, tokens included, is answered with 503 until this is mended. Students "
        "can go on working; their grades arrive afterwards.",
        moods={"outage_status": 503},
    ),
    Breakage(
        "conclude",
        "The course has concluded",
        "Every service call about the course is refused.",
        steps=_course("concluded", value=True),
        only="canvas",
    ),
    Breakage(
        "clock",
        "The LMS's clock is two minutes fast",
        "Messages seem to come from the future, and scores from the past.",
        moods={"clock_skew_s": 120.0},
    ),
    Breakage(
        "clock_slow",
        "The LMS's clock is five minutes slow",
        "Messages seem old when they come, and what the tool signs seems to come from the future.",
        moods={"clock_skew_s": -300.0},
    ),
    Breakage(
        "noise",
        "Noise in the messages",
        "Messages carry the empty and unknown members that older Canvas servers send.",
        moods={"noise": True},
        only="canvas",
    ),
    Breakage(
        "scheme",
        "Addresses that disagree",
        "The list of line items is announced with another scheme than the line item itself.",
        moods={"http_lineitems": True},
        only="canvas",
    ),
    Breakage(
        "key_off",
        "The tool is switched off",
        "An administrator has turned the tool off: no launches and no services.",
        moods={"key_on": False},
    ),
)
