"""The same course a term earlier, in the Canvas manner: a class of forty and one quiz."""

from __future__ import annotations

import uuid

from lti_alliance.practice_lms.crowd import crowd_names
from lti_alliance.practice_lms.scenarios import (
    ACTIVITIES,
    COURSE_CODE,
    COURSE_TITLE,
    add_activity,
    enrol,
    hex_id,
    slug_of,
)
from lti_alliance.practice_lms.state import Activity, Course, Enrolment, PlatformState

LAST_TERM = "76"
LAST_TERM_STUDENTS = 40
ABOUT = "Student of last term"
FIRST_NUMBER = 101
KEPT_ACTIVITIES = ("foundations-quiz",)


def add_last_term(state: PlatformState) -> Course:
    """Give the platform the course of last term, with people of its own and the same instructor."""
    course = Course(LAST_TERM, hex_id("last-term"), COURSE_CODE, f"{COURSE_TITLE} (last term)")
    state.courses[course.id] = course
    course.enrolments["instructor"] = Enrolment("teacher")
    # Its ids are older than those of the course that runs, and leave them as they are.
    going_on, state.next_number = state.next_number, FIRST_NUMBER
    for name in crowd_names(LAST_TERM_STUDENTS):
        student = enrol(state, course, slug_of(name), name, "student")
        student.institution_roles, student.about = ["Student"], ABOUT
    for slug, title, kind, points, description in ACTIVITIES:
        if slug in KEPT_ACTIVITIES:
            link = str(uuid.uuid5(uuid.NAMESPACE_URL, f"practice:canvas:{LAST_TERM}:{slug}"))
            text = f"<p>{description}</p>"
            activity = Activity(slug, state.take_number(), title, kind, link, description=text)
            add_activity(state, course, activity, points=points)
    menu = Activity(
        "navigation", state.take_number(), "Alliance", "course_navigation", course.context_id
    )
    add_activity(state, course, menu, points=None)
    state.next_number = going_on
    return course
