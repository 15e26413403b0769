"""Clearing what was tried out with the LMS's student view."""

import pytest
from sqlalchemy import func, select

from lti_alliance.domain.launch import Role
from lti_alliance.models import (
    Attempt,
    AuditEvent,
    Base,
    Draft,
    Grade,
    Membership,
    Reflection,
    Response,
)
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.visits import text_of


@pytest.fixture
def course(app, session, now) -> Course:
    """A course with Ada, the platform's test student, an instructor and an assistant."""
    course = open_course(app, session, now)
    course.join("test", is_test_user=True)
    course.join("dev", role=Role.TEACHING_ASSISTANT)
    return course


def left(course: Course, table: type[Base]) -> int:
    return course.fresh().scalar(select(func.count()).select_from(table)) or 0


def test_previews_are_cleared_and_nothing_else(course: Course) -> None:
    """Attempts, texts and grades of the preview go; a student's stay; it is on record; it can
    start anew."""
    activity, other = (course.stage.activity(name, **RUBRIC_PARTS) for name in ("one", "two"))
    for where in (activity, other):
        for who in ("ada", "test"):
            course.hand_in_quiz(who, where)
            course.hand_in_reflection(who, where, "tc-r1", "Some words.")
    tables = (Attempt, Reflection, Grade, Response, Draft)
    before = {table: left(course, table) for table in tables}
    visitor = course.visit("instructor", activity)
    done = visitor.follow(visitor.post("previews/clearing"))

    assert "The student preview's work is cleared." in text_of(done)
    assert {table: left(course, table) for table in tables} == {
        table: count * 3 // 4 for table, count in before.items()
    }
    kept = course.session.scalars(
        select(Membership.is_test_user)
        .join(Attempt, Attempt.membership_id == Membership.id)
        .where(Attempt.activity_id == activity.id)
    )
    assert kept.all() == [False]
    event = course.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "preview.cleared")
    ).one()
    assert event.details == {"attempts": 1, "reflections": 1}
    assert course.visit("test", activity).post("attempts").status_code == 303


def test_nothing_to_clear(course: Course) -> None:
    """Without previews there is no button, and clearing says so."""
    activity = course.stage.activity()
    visitor = course.visit("instructor", activity)
    page = visitor.follow(visitor.post("previews/clearing"))

    assert "There was nothing of the student preview to clear." in text_of(page)
    assert "Clear the student preview" not in text_of(page)


def test_only_instructors_clear(course: Course) -> None:
    """Assistants and students do not."""
    activity = course.stage.activity()
    course.hand_in_quiz("test", activity)
    answers = [
        course.visit(who, activity).post("previews/clearing") for who in ("dev", "ada", "test")
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert left(course, Attempt) == 1
