"""An instructor sets an activity up and changes it: proposals, faults, conflicts, rights."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Grading, Keep
from lti_alliance.models import Activity, Attempt, Grade
from lti_alliance.services.activities import activity_settings
from tests.web import visits
from tests.web.course import COMPLETION_PARTS, RUBRIC_PARTS, Course, open_course
from tests.web.visits import Visitor, forms_of, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def teacher(course) -> Visitor:
    """The instructor, at a link that nobody has set up."""
    link = course.stage.link("new")
    return visits.visit(
        course.app,
        course.session,
        course.stage.people["instructor"],
        link=link,
        at=course.now(),
    )


def fields_of(answer) -> dict[str, Any]:
    """Return the fields of the settings form, those with several values as lists."""
    found: dict[str, Any] = {"parts": [], "prompt_ids": []}
    for name, value in forms_of(answer)[0]["fields"]:
        if name in ("parts", "prompt_ids"):
            found[name].append(value)
        else:
            found[name] = value
    return found


def only_activity(course) -> Activity:
    return course.fresh().scalars(select(Activity)).one()


def test_an_empty_link_leads_to_the_modules(teacher):
    """At a link without an activity an instructor chooses among the modules."""
    answer = teacher.follow(teacher.get())

    assert 'data-page="choose"' in answer.text
    assert "Foundations: what an alliance is" in text_of(answer)
    assert "A two-minute taster" in text_of(answer)


def test_the_proposal_is_sent_as_it_stands(course, teacher):
    """Sending the proposed settings unchanged sets the activity up with them."""
    form = teacher.get("modules/foundations")

    answer = teacher.post("modules/foundations", fields_of(form))

    made = activity_settings(only_activity(course))
    assert answer.location == teacher.home
    assert made.parts == {Part.QUIZ}
    assert made.attempts == 3
    assert made.keep is Keep.HIGHEST
    assert made.quiz_points == course.catalogue.get("foundations").quiz.maximum


def test_two_links_are_proposed_where_the_instructor_grades(teacher):
    """With a rubric the page proposes two links, and says what one link would mean."""
    text = text_of(teacher.get("modules/foundations"))

    assert "We propose two links, with two columns" in text
    assert "The quiz score waits for your grading" in text


def test_every_setting_is_kept(course, teacher):
    """What the form says is what the activity does."""
    fields = fields_of(teacher.get("modules/trust-credibility-expertise")) | {
        "parts": ["quiz", "reflection"],
        "prompt_ids": ["tc-r1"],
        "quiz_points": "12,5",
        "reflection_points": "7.25",
        "attempts": "",
        "keep": "average",
        "feedback": "after close",
        "reflection_grading": "rubric",
        "level.1": "50",
        "closes_at": "2027-03-31T23:59",
        "missing_parts": "zero",
    }
    fields.pop("shuffle")

    teacher.post("modules/trust-credibility-expertise", fields)

    made = activity_settings(only_activity(course))
    assert made.maximum == Decimal("19.75")
    assert made.attempts is None
    assert made.keep is Keep.AVERAGE
    assert made.reflection_grading is Grading.RUBRIC
    assert made.level_table.shares[0] == Decimal("0.5")
    assert not made.shuffle
    assert f"{made.closes_at:%d %H:%M %Z}" == "31 23:59 UTC"
    assert made.missing_parts == "zero"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parts": []}, "parts"),
        ({"parts": ["exam"]}, "parts"),
        ({"quiz_points": "0"}, "quiz_points"),
        ({"quiz_points": "-3"}, "quiz_points"),
        ({"quiz_points": "1e9"}, "quiz_points"),
        ({"quiz_points": "NaN"}, "quiz_points"),
        ({"attempts": "0"}, "attempts"),
        ({"attempts": "many"}, "attempts"),
        ({"keep": "best"}, "keep"),
        ({"closes_at": "tomorrow"}, "closes_at"),
        ({"level.2": "10"}, "level.2"),
        ({"parts": ["reflection"], "prompt_ids": []}, "prompt_ids"),
    ],
)
def test_a_fault_is_named_and_the_rest_stays(course, teacher, changes, field):
    """A setting that cannot be used is named at its field; what else was typed stays."""
    fields = fields_of(teacher.get("modules/foundations")) | {"reflection_points": "33"} | changes

    answer = teacher.post("modules/foundations", fields)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="error-{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    assert fields_of(answer)["reflection_points"] == "33"
    assert course.fresh().scalars(select(Activity)).all() == []


def test_only_one_of_two_instructors_sets_a_link_up(course, teacher):
    """A form that was made for an empty link changes nothing once somebody has set it up."""
    fields = fields_of(teacher.get("modules/foundations"))
    teacher.post("modules/taster", fields_of(teacher.get("modules/taster")))

    answer = teacher.post("modules/foundations", fields)

    assert answer.status_code == 409
    assert only_activity(course).module_id == "taster"


def test_another_module_can_be_chosen_until_somebody_works(course, teacher):
    """Before any work the module may change; afterwards it may not."""
    teacher.post("modules/taster", fields_of(teacher.get("modules/taster")))
    changed = teacher.post("modules/foundations", fields_of(teacher.get("modules/foundations")))
    activity = only_activity(course)
    course.open_quiz("ada", activity)

    refused = teacher.post("modules/taster", fields_of(teacher.get("modules/taster")))

    assert changed.status_code == 303
    assert refused.status_code == 409
    assert only_activity(course).module_id == "foundations"
    assert teacher.get("modules").location.endswith("/settings")


def test_changed_points_change_every_grade(course):
    """New points reach the grades of everybody who has one."""
    activity = course.stage.activity(module_id="taster", quiz_points=Decimal(10))
    course.hand_in_quiz("ada", activity)
    teacher = course.visit("instructor", activity)

    form = fields_of(teacher.get("settings")) | {"quiz_points": "30", "step": "confirm"}
    saved = teacher.follow(teacher.post("settings", form))

    assert "Saved. Every grade follows the new settings." in text_of(saved)
    assert course.fresh().scalars(select(Grade.score)).one() == 30


def test_settings_changed_meanwhile_are_not_overwritten(course):
    """A form that started from older settings is refused and keeps what was typed."""
    activity = course.stage.activity(module_id="taster", quiz_points=Decimal(10))
    teacher = course.visit("instructor", activity)
    form = fields_of(teacher.get("settings"))
    teacher.post("settings", form | {"quiz_points": "20"})

    answer = teacher.post("settings", form | {"quiz_points": "30"})

    assert answer.status_code == 409
    assert 'data-error-code="work.stale"' in answer.text
    assert fields_of(answer)["quiz_points"] == "30"
    assert activity_settings(only_activity(course)).quiz_points == 20


def test_a_teaching_assistant_reads_settings_and_changes_none(course):
    """Who may not configure sees the settings and has no button to save them."""
    activity = course.stage.activity(module_id="taster")
    course.join("tim", role=Role.TEACHING_ASSISTANT)
    assistant = course.visit("tim", activity)

    page = assistant.get("settings")

    assert "Save the settings" not in page.text
    assert "<fieldset disabled>" in page.text
    assert assistant.post("settings", fields_of(page)).status_code == 403


def test_a_content_developer_sees_no_students_work(course):
    """Who configures without teaching is led to the settings, and to no student's work."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    attempt_id = course.hand_in_quiz("ada", activity)
    course.join("dev", role=Role.CONTENT_DEVELOPER)
    developer = course.visit("dev", activity)

    for path in ("grading", "unmatched", f"attempts/{attempt_id}"):
        assert developer.get(path).status_code == 403
    assert developer.get().location.endswith("/settings")
    assert "Overview" not in text_of(developer.get("settings"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "modules"),
        ("get", "modules/taster"),
        ("post", "modules/taster"),
        ("get", "settings"),
        ("post", "settings"),
        ("get", "grading"),
        ("get", "unmatched"),
        ("post", "unmatched"),
        ("get", "preview"),
    ],
)
def test_a_student_reaches_no_page_of_the_instructor(course, method, path):
    """Every page of the instructor refuses a student."""
    activity = course.stage.activity(module_id="taster")
    visitor = course.visit("ada", activity)

    answer = getattr(visitor, method)(path)

    assert answer.status_code == 403
    assert 'data-error-code="role.not_allowed"' in answer.text


def test_the_preview_shows_what_students_see_and_keeps_nothing(course):
    """The preview shows questions, rubric and prompt without a key, and starts no attempt."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    teacher = course.visit("instructor", activity)

    page = teacher.get("preview")

    module = course.catalogue.get(activity.module_id)
    assert page.text.count("data-item=") == len(module.quiz.items)
    assert "When did you trust an expert" in text_of(page)
    assert "checked" not in page.text
    assert all(
        option.feedback not in page.text
        for item in module.quiz.items
        if hasattr(item, "options")
        for option in item.options
        if option.feedback
    )
    assert course.fresh().scalars(select(Attempt)).all() == []


def test_a_module_without_a_rubric_sends_its_levels_along(course, teacher):
    """Where no rubric is offered the levels travel unseen and stay as they are."""
    fields = fields_of(teacher.get("modules/taster"))

    teacher.post("modules/taster", fields)

    made = activity_settings(only_activity(course))
    assert fields["level.4"] == "100"
    assert made.parts == COMPLETION_PARTS["parts"] | {Part.QUIZ}
