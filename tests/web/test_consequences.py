"""What a change of settings means is shown before it is saved."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lti_alliance.domain.accommodations import Accommodation
from lti_alliance.domain.activities import MissingParts, Part
from lti_alliance.domain.consequences import Consequence, Effect
from lti_alliance.models import Activity, Attempt, Grade, Reflection
from lti_alliance.services import accommodation_views, accommodations, consequences, flags
from lti_alliance.services.activities import activity_settings
from lti_alliance.web.consequence_words import consequence_words
from tests.statements import statements_of
from tests.web.course import COMPLETION_PARTS, RUBRIC_PARTS, Course, open_course
from tests.web.test_instructor_setup import fields_of
from tests.web.visits import forms_of, text_of

ASKS = 'data-page="consequences"'


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


def change(teacher, **changes: Any):
    return teacher.post("settings", fields_of(teacher.get("settings")) | changes)


def on_the_way(page, step: str) -> dict[str, Any]:
    """Return what the page with the consequences sends on, with the button that is pressed."""
    found: dict[str, Any] = {"step": step, "parts": [], "prompt_ids": []}
    for name, value in forms_of(page)[0]["fields"]:
        if name in ("parts", "prompt_ids"):
            found[name].append(value)
        else:
            found[name] = value
    return found


def points_of(course: Course, activity: Activity) -> Decimal:
    return activity_settings(course.fresh().get_one(Activity, activity.id)).quiz_points


def test_changed_points_are_said_before_they_are_saved(course: Course) -> None:
    """How many scores change, from what to what, and what is left to do in the LMS; then saved."""
    activity = course.stage.activity(module_id="taster", quiz_points=Decimal(10))
    course.hand_in_quiz("ada", activity)
    course.hand_in_quiz("ben", activity)
    teacher = course.visit("instructor", activity)

    page = change(teacher, quiz_points="30", attempts="1")
    text = text_of(page)
    untouched = points_of(course, activity)
    saved = teacher.post("settings", on_the_way(page, "confirm"))

    assert ASKS in page.text
    assert "Begun: 2. Handed something in: 2. With a score: 2." in text
    assert "2 scores change; the gradebook follows. They are 10 now and 30 then." in text
    assert "The column in the LMS keeps its points (10" in text
    assert "enter 30 there" in text
    assert untouched == 10
    assert saved.location.endswith("saved=1")
    assert set(course.fresh().scalars(select(Grade.score))) == {30}


def test_the_form_comes_back_as_it_was_typed(course: Course) -> None:
    """Going back loses nothing and saves nothing."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    course.hand_in_quiz("ada", activity)
    teacher = course.visit("instructor", activity)

    page = change(teacher, quiz_points="7,5", parts=["quiz"], keep="first")
    form = fields_of(teacher.post("settings", on_the_way(page, "edit")))

    assert (form["quiz_points"], form["parts"], form["keep"]) == ("7,5", ["quiz"], "first")
    assert activity_settings(course.fresh().get_one(Activity, activity.id)).parts == {
        Part.QUIZ,
        Part.REFLECTION,
    }


def test_nobody_under_way_is_asked_about_nothing(course: Course) -> None:
    """Without work, or without a change that matters, the form saves at once."""
    activity = course.stage.activity(module_id="taster")
    teacher = course.visit("instructor", activity)
    first = change(teacher, quiz_points="20")
    course.hand_in_quiz("ada", course.fresh().get_one(Activity, activity.id))
    second = change(teacher, shuffle="")

    assert first.status_code == second.status_code == 303


def test_what_is_confirmed_is_still_checked(course: Course) -> None:
    """Settings that somebody else changed meanwhile are not overwritten by a confirmation."""
    activity = course.stage.activity(module_id="taster", quiz_points=Decimal(10))
    course.hand_in_quiz("ada", activity)
    teacher = course.visit("instructor", activity)
    page = change(teacher, quiz_points="30")
    change(teacher, quiz_points="20", step="confirm")

    refused = teacher.post("settings", on_the_way(page, "confirm"))
    earlier = teacher.post("settings", on_the_way(page, "save"))

    assert refused.status_code == earlier.status_code == 409
    assert points_of(course, activity) == 20


def test_open_attempts_and_used_up_ones_are_counted(course: Course) -> None:
    """Fewer attempts take nothing away; what is open goes on."""
    activity = course.stage.activity(module_id="taster", attempts=3)
    course.hand_in_quiz("ada", activity)
    course.hand_in_quiz("ada", activity)
    course.open_quiz("ben", activity)

    text = text_of(change(course.visit("instructor", activity), attempts="1"))

    assert "1 student has used more attempts than that: they keep what they handed in." in text
    assert "An attempt that is open goes on under the new rules." in text


def test_a_changed_time_limit_says_what_becomes_of_open_attempts(course: Course) -> None:
    """An attempt keeps the time that it began with, and the next one has the new limit."""
    activity = course.stage.activity(module_id="taster", time_limit_minutes=30)
    attempt = course.open_quiz("ben", activity)
    began_with = attempt.deadline_at
    teacher = course.visit("instructor", activity)
    page = change(teacher, time_limit_minutes="10")
    teacher.post("settings", on_the_way(page, "confirm"))
    kept = course.fresh().get_one(Attempt, attempt.id)
    course.hand_in_quiz("ben", kept.activity)
    later = course.open_quiz("ben", kept.activity)

    assert "An attempt that is open keeps the time that it began with." in text_of(page)
    assert "under the new rules" not in text_of(page)
    assert kept.deadline_at == began_with
    assert later.deadline_at == course.now() + timedelta(minutes=10)


def test_a_limit_that_no_open_attempt_has_is_said(course: Course) -> None:
    """Without an open attempt it is said that the limit holds from the next one."""
    activity = course.stage.activity(module_id="taster")
    course.hand_in_quiz("ada", activity)
    page = change(course.visit("instructor", activity), time_limit_minutes="10")

    assert "The new time limit holds for attempts that are started afterwards." in text_of(page)


def test_what_is_granted_counts(course: Course) -> None:
    """Who was granted a later close and one more attempt is told apart, score and all."""
    closes_at = course.now() + timedelta(hours=1)
    settings = RUBRIC_PARTS | {"missing_parts": MissingParts.ZERO, "closes_at": closes_at}
    activity = course.stage.activity(attempts=2, **settings)
    for name in ("ada", "ben"):
        course.hand_in_quiz(name, activity)
        course.hand_in_quiz(name, activity)
    accommodations.grant_accommodation(
        course.session,
        course.sealer,
        person=accommodation_views.get_person(
            course.session, course.stage.context.id, course.stage.people["ben"].id
        ),
        activity=activity,
        granted=Accommodation(extra_attempts=1, closes_at=course.now() + timedelta(days=7)),
        note="",
        base_version=0,
        actor=course.stage.people["instructor"],
        at=course.now(),
    )
    course.session.commit()
    past = course.now() - timedelta(hours=1)
    values = {"closes_at": f"{past:%Y-%m-%dT%H:%M}", "attempts": "1"}
    text = text_of(change(course.visit("instructor", activity), **values))

    assert "1 student has used more attempts than that" in text
    assert "1 score that waited is complete with this" in text
    assert "For 1 student it closes at a time of their own, on " in text


def test_the_grade_of_a_held_text_does_not_change(course: Course) -> None:
    """While a text is held its grade stands, and no change of it is announced."""
    activity = course.stage.activity(**COMPLETION_PARTS)
    reflection_id = course.hand_in_reflection("ada", activity, "ta-r1", "I fell silent.")
    before = text_of(change(course.visit("instructor", activity), reflection_points="30"))
    flags.flag_identifying(
        course.session,
        reflection=course.session.get_one(Reflection, UUID(reflection_id)),
        actor=course.stage.people["instructor"],
        at=course.now(),
    )
    course.session.commit()
    held = text_of(change(course.visit("instructor", activity), reflection_points="30"))

    assert "1 score changes" in before
    assert "score changes" not in held


def test_a_close_in_the_past_says_what_becomes_of_open_work(course: Course) -> None:
    """What would be lost is said before it is."""
    activity = course.stage.activity(module_id="taster")
    course.open_quiz("ben", activity)
    past = course.now() - timedelta(hours=1)

    text = text_of(change(course.visit("instructor", activity), closes_at=f"{past:%Y-%m-%dT%H:%M}"))

    assert "It closes at once. 1 piece of work is open" in text


def test_a_great_class_costs_no_more_queries(course: Course) -> None:
    """What would change is worked out in as many statements for two people as for eight."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    counts = []
    for names in (["ada", "ben"], [f"more-{number}" for number in range(6)]):
        for name in names:
            if name.startswith("more"):
                course.join(name)
            course.hand_in_quiz(name, activity)
        session = course.fresh()
        fresh = session.get_one(Activity, activity.id)
        settings = activity_settings(fresh)

        with statements_of(session.get_bind()) as sent:
            consequences.foresee(session, fresh, settings, at=course.now())
        counts.append(len(sent))

    assert counts[0] == counts[1] <= 8


@pytest.mark.parametrize("effect", list(Effect))
def test_every_effect_has_its_sentences(course: Course, effect: Effect) -> None:
    """For one and for several, with every number filled in."""
    ends = (Decimal(5), Decimal(8))
    with course.app.test_request_context():
        for count in (0, 1, 3):
            found = Consequence(
                effect=effect, count=count, before=ends, after=ends, at=course.now()
            )
            words = consequence_words(found)
            assert words.endswith(".")
            assert "%(" not in words


def test_staff_and_test_students_do_not_count(course: Course) -> None:
    """Student View is nobody who is under way."""
    activity = course.stage.activity(module_id="taster")
    course.join("view", is_test_user=True)
    course.hand_in_quiz("view", activity)

    assert change(course.visit("instructor", activity), quiz_points="20").status_code == 303
