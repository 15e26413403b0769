"""The wait between attempts, as a student and an instructor meet it."""

from datetime import timedelta

import pytest

from lti_alliance.services.activities import activity_settings
from tests.web.course import Course, open_course
from tests.web.test_consequences import ASKS, change, on_the_way
from tests.web.visits import text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


def test_the_start_button_comes_when_the_wait_is_over(course):
    """Until then both pages say when it comes, in an element that scripts write in local time."""
    activity = course.stage.activity(module_id="taster", attempts=2, wait_minutes=1440)
    ada = course.visit("ada", activity)
    assert "1 day between attempts" in text_of(ada.get())
    attempt_id = course.hand_in_quiz("ada", activity)
    course.now.move(hours=23)
    ada = course.visit("ada", activity)
    home, result = ada.get(), ada.get(f"attempts/{attempt_id}")
    refused = ada.post("attempts")
    course.now.move(hours=1)
    ada = course.visit("ada", activity)
    later = ada.get()

    for page in (home, result):
        assert "The next attempt opens on Mar 2, 2027, 12:00 UTC" in text_of(page)
        assert 'datetime="2027-03-02T12:00:00Z"' in page.text
        assert "Start another attempt" not in text_of(page)
    assert refused.status_code == 409
    assert 'data-error-code="attempt.wait"' in refused.text
    assert "there is a wait between attempts" in text_of(refused)
    assert "Start another attempt" in text_of(later)
    assert ada.post("attempts").status_code == 303


def test_a_wait_beyond_the_close_is_said(course):
    """Nobody is sent away to come back to a closed activity."""
    activity = course.stage.activity(
        module_id="taster", wait_minutes=1440, closes_at=course.now() + timedelta(hours=5)
    )
    course.hand_in_quiz("ada", activity)

    text = text_of(course.visit("ada", activity).get())

    assert "The activity closes before the wait for the next attempt is over" in text


def test_the_last_look_and_the_grade_say_it(course):
    """Before handing in it is said what follows; the rules of the grade name the wait."""
    activity = course.stage.activity(module_id="taster", attempts=2, wait_minutes=90)
    attempt = course.open_quiz("ada", activity)
    ada = course.visit("ada", activity)
    review = text_of(ada.get(f"attempts/{attempt.id}/review"))
    course.hand_in_quiz("ada", activity)
    grade = text_of(ada.get("grade"))

    assert "It opens 1 hour and 30 minutes after you hand this one in." in review
    assert "Between attempts there is a wait of 1 hour and 30 minutes." in grade


def test_an_instructor_sets_the_wait(course):
    """A number and a unit come back as they were typed; what it does to people is said first."""
    activity = course.stage.activity(module_id="taster", attempts=2)
    course.hand_in_quiz("ada", activity)
    teacher = course.visit("instructor", activity)
    wrong = change(teacher, wait_number="61", wait_unit="days")
    asked = change(teacher, wait_number="24", wait_unit="hours")
    saved = teacher.post("settings", on_the_way(asked, "confirm"))
    kept = activity_settings(course.fresh().get_one(type(activity), activity.id))

    assert wrong.status_code == 422
    assert 'id="error-wait_number"' in wrong.text
    assert 'value="days" selected' in wrong.text
    assert ASKS in asked.text
    assert "1 student has handed in an attempt and may make another" in text_of(asked)
    assert saved.status_code == 303
    assert kept.wait_minutes == 1440
    assert 'value="1"' in teacher.get("settings").text


def test_a_wait_that_concerns_nobody_yet_is_said_to_hold_later(course):
    """Where nobody could wait, the sentence says so."""
    activity = course.stage.activity(module_id="taster", attempts=2)
    course.open_quiz("ada", activity)

    text = text_of(change(course.visit("instructor", activity), wait_number="2"))

    assert "The new wait holds for attempts that are handed in afterwards." in text
