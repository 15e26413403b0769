"""Enrol as many students as a great class has."""

from __future__ import annotations

from lti_alliance.practice_lms.scenarios import (
    CANVAS_STUDENTS,
    MOODLE_STUDENTS,
    enrol,
    names_in,
    slug_of,
)
from lti_alliance.practice_lms.state import Course, Person, PlatformState


def enrol_students(state: PlatformState, course: Course, count: int) -> list[Person]:
    """Enrol so many students, named anew from the first and last names of those in the story."""
    names = names_in(f"{CANVAS_STUDENTS};{MOODLE_STUDENTS}")
    first = [each.partition(" ")[0] for each in names]
    last = [each.partition(" ")[2] for each in names]
    enrolled = []
    for place in range(count):
        turn, row = divmod(place, len(last))
        # The number tells apart whom the names do not, and no name is one of the story's.
        name = f"{first[(row + turn + 1) % len(first)]} {last[row]} {state.next_number}"
        student = enrol(state, course, slug_of(name), name, "student")
        student.about = "Student"
        student.institution_roles = ["Student"] if state.name == "canvas" else []
        enrolled.append(student)
    return enrolled
