"""What an observer sees: how far their learner is, and nothing that the learner wrote."""

import pytest

from lti_alliance.domain.launch import Role
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.visits import text_of

SECRET = "I noticed how quickly I wanted to reassure her."


@pytest.fixture
def course(app, session, now) -> Course:
    """A course with Ada, Ben, their instructor and somebody's parent."""
    course = open_course(app, session, now)
    course.join("pat", role=Role.OBSERVER)
    return course


def test_observers_see_states_and_scores_of_their_learner(course: Course) -> None:
    """The observer of Ada sees Ada's state; no answer, no text, and nobody else."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ada", activity, "tc-r1", SECRET)
    visitor = course.visit("pat", activity, mentored=["sub-ada"])
    page = visitor.get()

    assert 'data-page="observer"' in page.text
    assert "Handed in, waits for the instructor" in text_of(page)
    assert "Ada" in text_of(page)
    assert "Ben" not in text_of(page)
    assert SECRET not in page.text
    assert "/attempts/" not in page.text


def test_in_the_whole_course(course: Course) -> None:
    """From the course menu an observer sees all of its activities; a score when there is one."""
    first = course.stage.activity("link-1")
    course.stage.activity("link-2")
    course.hand_in_quiz("ada", first)
    text = text_of(course.visit("pat", first, link=None, mentored=["sub-ada"]).get())

    assert "link-1" in text
    assert "link-2" in text
    assert "Done" in text
    assert "Not begun" in text


def test_without_learners_nothing_is_shown(course: Course) -> None:
    """Where the LMS names no learner, or one who has never come, nobody's state is shown."""
    activity = course.stage.activity()
    course.hand_in_quiz("ada", activity)
    none = text_of(course.visit("pat", activity).get())
    stranger = text_of(course.visit("pat", activity, mentored=["sub-zoe"]).get())

    assert "This tool does not show anybody's work to observers." in none
    assert "has not opened anything here yet" in stranger


def test_observers_have_no_other_page(course: Course) -> None:
    """An observer's launch opens no attempt, no reading, no grade, and no review of another."""
    activity = course.stage.activity()
    attempt_id = course.hand_in_quiz("ada", activity)
    course.hand_in_quiz("ben", activity)
    visitor = course.visit("pat", activity, mentored=["sub-ada"])
    for path in (f"attempts/{attempt_id}", "reading", "grade", "settings"):
        assert visitor.get(path).status_code == 403, path
    review = course.visit("pat", activity, mentored=["sub-ada"], for_user="sub-ben")

    assert review.get("submission").status_code == 403
    own = course.visit("pat", activity, mentored=["sub-ada"], for_user="sub-ada")
    assert "Done" in text_of(own.get("submission"))
