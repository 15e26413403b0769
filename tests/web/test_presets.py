"""Settings kept under a name: from a form, into a form, renamed, deleted, never another's."""

from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.models import Activity, Preset
from lti_alliance.services.activities import activity_settings
from tests.web.course import Course, open_course
from tests.web.test_instructor_setup import fields_of
from tests.web.visits import Visitor, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course: Course) -> Activity:
    return course.stage.activity(module_id="taster")


@pytest.fixture
def teacher(course: Course, activity: Activity) -> Visitor:
    return course.visit("instructor", activity)


def keep(teacher: Visitor, name: str, **changes: Any):
    form = fields_of(teacher.get("settings")) | {"step": "keep", "preset_name": name} | changes
    return teacher.post("settings", form)


def kept(course: Course) -> list[Preset]:
    return list(course.fresh().scalars(select(Preset).order_by(Preset.name)))


def test_settings_are_kept_and_filled_in_elsewhere(course: Course, teacher: Visitor) -> None:
    """A preset fills what fits; the closing time that was typed stays, and nothing is saved."""
    page = keep(teacher, "Two tries", attempts="2", quiz_points="14", closes_at="2027-04-01T10:00")
    (preset,) = kept(course)
    other = course.visit("instructor", course.stage.activity("other"))
    form = fields_of(other.get("settings")) | {"closes_at": "2027-05-01T10:00"}
    filled = other.post("settings", form | {"step": "fill", "preset": str(preset.id)})
    fields = fields_of(filled)

    assert "Kept as the preset “Two tries”" in text_of(page)
    assert preset.settings["closes_at"] is None
    assert "Filled in from “Two tries”. Nothing is saved yet." in text_of(filled)
    assert (fields["attempts"], fields["quiz_points"]) == ("2", "14")
    assert fields["closes_at"] == "2027-05-01T10:00"
    assert activity_settings(course.fresh().scalars(select(Activity)).first()).attempts == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"preset_name": " "}, "preset_name"), ({"quiz_points": "-1"}, "quiz_points")],
)
def test_faults_lose_nothing(
    course: Course, teacher: Visitor, changes: dict[str, str], field: str
) -> None:
    """The form stays as it was typed, and nothing is kept."""
    page = keep(teacher, "Mine", reflection_points="33", **changes)

    assert page.status_code == 422
    assert f'id="error-{field}"' in page.text
    assert fields_of(page)["reflection_points"] == "33"
    assert kept(course) == []


def test_a_name_is_taken_once(course: Course, teacher: Visitor) -> None:
    """Neither keeping nor renaming overwrites another preset."""
    keep(teacher, "A")
    keep(teacher, "B")
    again = keep(teacher, "A", quiz_points="99")
    first, second = kept(course)
    renamed = teacher.post(f"presets/{second.id}/rename", {"preset_name": "A"})

    assert again.status_code == renamed.status_code == 422
    assert "You have a preset with this name already" in text_of(renamed)
    assert [each.name for each in kept(course)] == ["A", "B"]
    assert first.settings["quiz_points"] != "99"


def test_presets_are_renamed_and_deleted(course: Course, teacher: Visitor) -> None:
    """On a page of their own."""
    keep(teacher, "A")
    (preset,) = kept(course)
    renamed = teacher.follow(teacher.post(f"presets/{preset.id}/rename", {"preset_name": " C  d"}))
    deleted = teacher.follow(teacher.post(f"presets/{preset.id}/delete"))

    assert 'data-page="presets"' in renamed.text
    assert "C d" in text_of(renamed)
    assert "You have no presets." in text_of(deleted)
    assert kept(course) == []


def test_presets_are_their_owners_alone(
    course: Course, activity: Activity, teacher: Visitor
) -> None:
    """Another instructor of the same course neither sees nor uses, renames or deletes them."""
    keep(teacher, "Only mine")
    (preset,) = kept(course)
    course.join("olga", role=Role.INSTRUCTOR)
    other = course.visit("olga", activity)
    form = fields_of(other.get("settings"))
    filled = other.post("settings", form | {"step": "fill", "preset": str(preset.id)})
    other.post(f"presets/{preset.id}/delete")

    assert "Only mine" not in other.get("settings").text + other.get("presets").text
    assert filled.status_code == 422
    assert other.post(f"presets/{preset.id}/rename", {"preset_name": "X"}).status_code == 404
    assert [each.name for each in kept(course)] == ["Only mine"]


@pytest.mark.parametrize("preset", ["", "no-id", "00000000-0000-0000-0000-000000000000"])
def test_a_preset_that_is_none_is_named_as_a_fault(teacher: Visitor, preset: str) -> None:
    """One that was deleted in another tab loses nothing either."""
    form = fields_of(teacher.get("settings")) | {"quiz_points": "5"}
    page = teacher.post("settings", form | {"step": "fill", "preset": preset})

    assert page.status_code == 422
    assert fields_of(page)["quiz_points"] == "5"
