"""Profiles on the pages of a student, of one who teaches them, and of the course."""

import pytest

from lti_alliance.domain.activities import QuizForm
from tests.web.course import Course, open_course
from tests.web.test_analysis import answer
from tests.web.visits import forms_of, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(module_id="empathy-regard-congruence", attempts=1)


def test_a_profile_is_for_its_student_and_their_teachers(course, activity):
    """With what is known, and the rest named; a student sees no one else's."""
    answer(course, "ada", activity, first_wrong=0)
    ada, teacher = course.visit("ada", activity), course.visit("instructor", activity)
    own = text_of(ada.get("work"))
    seen = text_of(teacher.get(f"students/{course.stage.people['ada'].id}"))
    whole = text_of(teacher.get("course/profile"))

    for text in (own, seen, whole):
        assert "Empathy" in text
        assert "Too few questions so far to say anything about: Trust" in text
    assert "My profile" in own
    assert "My profile" not in text_of(course.visit("ben", activity).get("work"))
    assert ada.get("course/profile").status_code == 403


def test_without_answers_there_is_no_profile(course, activity):
    """The page of the course says so, and the others leave it out."""
    teacher = course.visit("instructor", activity)

    assert "Nobody has answered a question that is about one aspect yet." in text_of(
        teacher.get("course/profile")
    )
    assert "My profile" not in text_of(course.visit("ada", activity).get("work"))


def test_before_and_after_are_set_side_by_side(course, activity):
    """Marked in the settings, compared on a page of the course, in words where there are few."""
    teacher = course.visit("instructor", activity)
    nothing = text_of(teacher.get("course/gains"))
    form = next(f for f in forms_of(teacher.get("settings")) if f["action"].endswith("/settings"))
    fields = dict(form["fields"])
    saved = teacher.post("settings", fields | {"form": "pre"})
    wrong = teacher.post("settings", fields | {"form": "sometimes"})
    after = course.stage.activity("after", module_id=activity.module_id, form=QuizForm.POST)
    course.session.commit()
    for name, first_wrong in (("ada", 9), ("ben", 3)):
        answer(course, name, activity, first_wrong=first_wrong)
        answer(course, name, after, first_wrong=0)
    text = text_of(teacher.get("course/gains"))

    assert "There is nothing to compare yet." in nothing
    assert saved.status_code == 303
    assert wrong.status_code == 422
    assert "Students who took both 2" in text
    assert "there are counts and means only" in text
    assert "Mean difference" not in text
    assert course.visit("ada", activity).get("course/gains").status_code == 403
