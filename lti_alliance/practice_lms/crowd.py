"""Enrol as many students as a great class has."""

from __future__ import annotations

from collections.abc import Iterator

from lti_alliance.practice_lms.scenarios import (
    CANVAS_STUDENTS,
    MOODLE_STUDENTS,
    enrol,
    names_in,
    slug_of,
)
from lti_alliance.practice_lms.state import Course, Person, PlatformState


def crowd_names(count: int) -> Iterator[str]:
    """Make names from the first and last names of those in the story, and none of theirs."""
    names = names_in(f"{CANVAS_STUDENTS};{MOODLE_STUDENTS}")
    first = [each.partition(" ")[0] for each in names]
    last = [each.partition(" ")[2] for each in names]
    for place in range(count):
        turn, row = divmod(place, len(last))
        yield f"{first[(row + turn + 1) % len(first)]} {last[row]}"


def enrol_students(state: PlatformState, course: Course, count: int) -> list[Person]:
    """Enrol so many students, each with a number after the name."""
    enrolled = []
    for plain in crowd_names(count):
        # The number tells apart whom the names do not, and no name is one of the story's.
        name = f"{plain} {state.next_number}"
        student = enrol(state, course, slug_of(name), name, "student")
        student.about = "Student"
        student.institution_roles = ["Student"] if state.name == "canvas" else []
        enrolled.append(student)
    return enrolled
