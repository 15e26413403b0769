"""The time limit of a quiz, and the platform's own dates, as a student meets them."""

from datetime import timedelta

import pytest

from lti_alliance.models import Attempt
from lti_alliance.services import closing
from tests.told_dates import tell_dates
from tests.web.course import COMPLETION_PARTS, Course, open_course
from tests.web.visits import SCRIPT, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


def begin(course, **settings):
    """Let Ada have started a quiz of thirty minutes; return her visit and its address."""
    activity = course.stage.activity(**{"time_limit_minutes": 30, "attempts": 2, **settings})
    attempt = course.open_quiz("ada", activity)
    return course.visit("ada", activity), f"attempts/{attempt.id}", attempt


def settle(course):
    closing.settle_closed(course.fresh(), course.catalogue, at=course.now())
    course.session.commit()


def test_the_limit_is_said_before_the_start(course):
    """The first page says how long an attempt may take and that leaving stops nothing."""
    activity = course.stage.activity(time_limit_minutes=90)
    text = text_of(course.visit("ada", activity).get())

    assert "1 hour and 30 minutes for each attempt" in text
    assert "The time runs from the moment you start" in text
    assert "no time limit" not in text


def test_the_end_is_said_on_the_quiz(course):
    """The page says until when, carries what the countdown needs, and is of use without it."""
    ada, path, _ = begin(course)
    course.now.move(minutes=10)
    quiz, review = ada.get(path), ada.get(f"{path}/review")

    for page in (quiz, review):
        assert "Time until 12:30 UTC" in text_of(page)
        assert 'data-behaviour="countdown"' in page.text
        assert 'data-seconds="1200"' in page.text
        assert "data-hand-in" in page.text


def test_a_quiz_without_a_limit_counts_nothing(course):
    """Where time is not limited the page says so and binds no countdown."""
    ada, path, _ = begin(course, time_limit_minutes=None)
    page = ada.get(path)

    assert "no time limit" in text_of(page)
    assert "countdown" not in page.text
    assert "data-hand-in" not in page.text


def test_handing_in_with_the_last_second_is_taken(course):
    """What the countdown sends at the end arrives a little late, and counts."""
    ada, path, _ = begin(course)
    course.now.move(minutes=30, seconds=20)
    answer = ada.post(f"{path}/submission", {"saved_version": "0"})

    assert answer.status_code == 303
    assert 'data-page="result"' in ada.follow(answer).text


def test_what_comes_too_late_is_refused_in_words(course):
    """After the grace the page and the script are told, and what was saved is handed in."""
    ada, path, attempt = begin(course)
    course.now.move(minutes=31)
    page = ada.post(f"{path}/submission", {"saved_version": "0"})
    script = ada.post(f"{path}/responses", {"saved_version": "0"}, headers=SCRIPT)
    home, opened = text_of(ada.get()), text_of(ada.get(path))
    settle(course)
    after = course.fresh().get_one(Attempt, attempt.id)

    assert page.status_code == 409
    assert 'data-error-code="attempt.time_up"' in page.text
    assert "What you had saved in time is handed in for you" in text_of(page)
    assert script.json["error"] == "attempt.time_up"
    assert "The time of your attempt is up." in home
    assert "Its time is up" in opened
    assert after.state == "expired"
    assert "Start the quiz" in text_of(ada.get())


def test_the_platforms_dates_are_shown(course):
    """Due date and closing date of the LMS stand on the first page, with the zone."""
    activity = course.stage.activity(**COMPLETION_PARTS)
    tell_dates(
        course.session,
        activity.resource_link,
        course.stage.people["ada"],
        {"due_at": "2027-03-05T12:00:00Z", "lock_at": "2027-03-08T12:00:00Z"},
        at=course.now(),
    )
    course.session.commit()
    ada = course.visit("ada", activity)
    text = text_of(ada.get())
    course.now.move(days=8)
    later = course.visit("ada", activity)
    refused = later.post("reflections/ta-r1/draft", {"text": "A word", "saved_version": "0"})

    assert "due on Mar 5, 2027, 12:00 UTC" in text
    assert "open until Mar 8, 2027, 12:00 UTC" in text
    assert refused.status_code == 409
    assert "This activity is closed" in text_of(later.get())


def test_before_the_opening_there_is_something_to_read(course):
    """The task can be read, and nothing can be written, before the LMS opens the activity."""
    activity = course.stage.activity(**COMPLETION_PARTS)
    opens = (course.now() + timedelta(days=1)).isoformat()
    tell_dates(
        course.session,
        activity.resource_link,
        course.stage.people["ada"],
        {"unlock_at": opens},
        at=course.now(),
    )
    course.session.commit()
    ada = course.visit("ada", activity)
    page = ada.get("reflections/ta-r1")
    refused = ada.post("reflections/ta-r1/draft", {"text": "A word", "saved_version": "0"})

    assert "This activity opens on Mar 2, 2027, 12:00 UTC" in text_of(ada.get())
    assert "Read the task" in text_of(ada.get())
    assert "<textarea" not in page.text
    assert 'data-error-code="activity.not_open_yet"' in refused.text


def test_the_settings_remind_of_the_lms(course):
    """Where no dates were told the instructor is reminded to enter them in the LMS."""
    activity = course.stage.activity()
    desk = course.visit("instructor", activity)
    before = text_of(desk.get("settings"))
    tell_dates(
        course.session,
        activity.resource_link,
        course.stage.people["ada"],
        {"due_at": "2027-03-05T12:00:00Z"},
        at=course.now(),
    )
    course.session.commit()
    after = text_of(desk.get("settings"))

    assert "What you enter here does not reach the LMS" in before
    assert "Your LMS tells each student's own dates." in after
    assert "Time limit in minutes" in after
