"""The course of last term in the Canvas manner: its people, its door, its launches."""

from __future__ import annotations

import pytest

from lti_alliance.practice_lms import scopes
from lti_alliance.practice_lms.crowd import crowd_names
from lti_alliance.practice_lms.last_term import LAST_TERM, LAST_TERM_STUDENTS
from lti_alliance.practice_lms.scenarios import CANVAS_STUDENTS, MOODLE_STUDENTS, names_in
from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_launch import claims_for

HOME = f"/canvas/courses/{LAST_TERM}"


def test_the_class(canvas: Bench) -> None:
    """Forty people are in it who are in no other course, and the same instructor."""
    course, running = canvas.state.courses[LAST_TERM], canvas.course
    students = set(course.enrolments) - {"instructor"}
    names = {canvas.state.people[each].name for each in students}
    everybody = [*canvas.state.people.values()]

    assert len(students) == len(names) == LAST_TERM_STUDENTS
    assert not students & set(running.enrolments)
    assert not names & set(names_in(f"{CANVAS_STUDENTS};{MOODLE_STUDENTS}"))
    assert canvas.platform.may_teach(course, canvas.state.people["instructor"])
    assert len({each.number for each in everybody}) == len(everybody)
    assert len({each.sub for each in everybody}) == len(everybody)


def test_names_of_a_crowd() -> None:
    """Names are made anew, and each but once as long as there are enough to join."""
    made = list(crowd_names(500))

    assert len(set(made)) == len(made)


def test_the_running_course_comes_first(canvas: Bench, moodle: Bench) -> None:
    """A course that nobody names is still the running one; Moodle has no other."""
    ours = {each.number for each in canvas.state.courses[LAST_TERM].activities.values()}
    theirs = {each.number for each in canvas.course.activities.values()}

    assert canvas.course.id == "77"
    assert not ours & theirs
    assert list(moodle.state.courses) == ["3"]


def test_its_door(canvas: Bench) -> None:
    """A door leads the instructor to last term's quiz, and the list of courses to the course."""
    page = canvas.client.get("/").text
    assert f'value="{HOME}/activities/foundations-quiz"' in page
    canvas.sign_in("instructor")
    quiz = canvas.client.get(f"{HOME}/activities/foundations-quiz")
    listed = canvas.client.get("/canvas/courses").text

    assert quiz.status_code == 200
    assert "<iframe" in quiz.text
    assert listed.count("Counseling Skills and the Working Alliance") == 2
    assert "(last term)" in listed


@pytest.mark.parametrize("person", ["amara.okafor", "assistant"])
def test_nobody_else_has_a_part_in_it(canvas: Bench, person: str) -> None:
    """Who is in the running course alone does not find last term's in the list."""
    canvas.sign_in(person)

    assert "(last term)" not in canvas.client.get("/canvas/courses").text


def test_an_older_demonstration_has_no_such_door(canvas: Bench) -> None:
    """State that was saved before there was the course still shows the other doors."""
    del canvas.state.courses[LAST_TERM]
    page = canvas.client.get("/")

    assert page.status_code == 200
    assert "looking back" not in page.text


def test_a_launch(canvas: Bench) -> None:
    """A launch names last term's course, its own link and its own column."""
    course = canvas.state.courses[LAST_TERM]
    student = next(each for each in course.enrolments if each != "instructor")
    claims = claims_for(canvas, person=student, activity="foundations-quiz", course=LAST_TERM)
    own, running = (each.activities["foundations-quiz"] for each in (course, canvas.course))

    assert claims[scopes.LTI + "context"]["id"] == course.context_id
    assert claims[scopes.LTI + "resource_link"]["id"] == own.resource_link_id
    assert own.resource_link_id != running.resource_link_id
    assert claims["sub"] == canvas.state.people[student].sub
