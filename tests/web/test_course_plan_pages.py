"""A whole course in one list: nothing typed is lost, and one by one where the LMS wants it so."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import ActivitySettings, Part, settings_to_json
from lti_alliance.domain.modules import FeedbackTiming, Keep
from lti_alliance.models import PlannedActivity, Preset, User
from tests.platforms import LEARNER, World
from tests.web.placing import Placing, form_fields

RHYTHM = {"first": "2027-03-08T09:00", "every": "7", "off": "2027-03-17", "zone": "Europe/Berlin"}


def plan_fields(text: str) -> dict[str, Any]:
    """Return the fields of the list as a browser would send them."""
    fields = form_fields(text)
    fields.pop("csrf_token")
    return fields


def planned(world: World) -> list[PlannedActivity]:
    world.session.rollback()
    return list(world.session.scalars(select(PlannedActivity).order_by(PlannedActivity.position)))


def make_preset(world: World, **changes: Any) -> str:
    """Let the instructor have a preset; return its id."""
    owner = world.session.scalars(select(User)).first()
    settings = ActivitySettings(
        **{
            "parts": frozenset({Part.QUIZ}),
            "quiz_points": Decimal(40),
            "attempts": 1,
            "keep": Keep.LATEST,
        }
        | changes
    )
    preset = Preset(
        owner_id=owner.id,
        name="Strict",
        settings=settings_to_json(settings),
        created_at=world.now(),
        updated_at=world.now(),
    )
    world.session.add(preset)
    world.session.commit()
    return str(preset.id)


def test_filling_the_dates_in_keeps_what_was_typed(world: World) -> None:
    """Titles, points and times that were typed stay; empty ones follow the rhythm."""
    placing = Placing(world, accept_multiple=True)
    fields = plan_fields(placing.get("course").text)
    first, second, third, *_ = fields["listed"]
    typed = {
        f"title.{first}": "My own title",
        f"quiz_points.{first}": "7,5",
        f"closes_at.{second}": "2027-06-01T10:00",
        "step": "fill",
    }
    page = placing.post("course", fields | RHYTHM | typed)
    shown = form_fields(page.text)
    moved = placing.post(
        "course", plan_fields(page.text) | RHYTHM | {"first": "2027-04-05T09:00", "step": "fill"}
    )
    again = form_fields(moved.text)

    assert page.status_code == 200
    assert shown[f"title.{first}"] == ["My own title"]
    assert shown[f"quiz_points.{first}"] == ["7,5"]
    assert shown[f"closes_at.{first}"] == ["2027-03-08T09:00"]
    assert shown[f"closes_at.{second}"] == ["2027-06-01T10:00"]
    assert shown[f"closes_at.{third}"] == ["2027-03-29T09:00"]
    assert again[f"closes_at.{first}"] == ["2027-04-05T09:00"]
    assert again[f"closes_at.{second}"] == ["2027-06-01T10:00"]
    assert placing.kept == []


def test_modules_are_left_out_and_put_in_order(world: World) -> None:
    """A number moves an activity, its tick takes it out, and the dates follow the new order."""
    placing = Placing(world, accept_multiple=True)
    fields = plan_fields(placing.get("course").text)
    first, second, third, *_ = fields["listed"]
    changes = {"module": [first, third], f"order.{third}": "1", f"order.{first}": "2"}
    page = placing.post("course", fields | RHYTHM | changes | {"step": "fill"})
    shown = plan_fields(page.text)
    items = placing.items(placing.post("course", shown | {"step": "place"}))

    assert shown["listed"][:3] == [third, first, second]
    assert [shown[f"order.{name}"] for name in shown["listed"][:3]] == [["1"], ["2"], ["3"]]
    assert shown[f"closes_at.{second}"] == [""]
    assert [item["title"] for item in items] == [shown[f"title.{n}"][0] for n in (third, first)]
    assert [item["submission"]["endDateTime"] for item in items] == [
        "2027-03-08T08:00:00Z",
        "2027-03-22T08:00:00Z",
    ]


def test_settings_of_each_are_edited_in_the_list(world: World) -> None:
    """Points and attempts that were typed are those that are placed."""
    placing = Placing(world, accept_multiple=True)
    fields = plan_fields(placing.get("course?module=foundations").text)
    changes = {"quiz_points.foundations": "12", "attempts.foundations": "", "step": "place"}
    placing.post("course", fields | changes)
    (kept,) = placing.kept

    assert kept.settings["quiz_points"] == "12"
    assert kept.settings["attempts"] is None


def test_a_preset_is_shown_before_it_is_placed(world: World) -> None:
    """A preset that was chosen fills the fields in first; then it counts, with what was changed."""
    placing = Placing(world, accept_multiple=True)
    preset = make_preset(world)
    fields = plan_fields(placing.get("course?module=foundations").text)
    chosen = fields | {"preset.foundations": preset, "step": "place"}
    looked = placing.post("course", chosen)
    shown = plan_fields(looked.text)
    placing.post("course", shown | {"attempts.foundations": "2", "step": "place"})
    (kept,) = placing.kept

    assert "Presets are filled in" in looked.text
    assert shown["quiz_points.foundations"] == ["40"]
    assert (kept.settings["quiz_points"], kept.settings["attempts"]) == ("40", 2)
    assert kept.settings["keep"] == "latest"


def test_a_preset_that_needs_a_date_says_so(world: World) -> None:
    """Feedback after the close cannot be placed without a closing time."""
    placing = Placing(world, accept_multiple=True)
    preset = make_preset(world, feedback=FeedbackTiming.AFTER_CLOSE)
    fields = plan_fields(placing.get("course?module=taster").text)
    shown = plan_fields(
        placing.post("course", fields | {"preset.taster": preset, "step": "fill"}).text
    )
    refused = placing.post("course", shown | {"step": "place"})
    shown["closes_at.taster"] = ["2027-04-01T10:00"]
    placing.post("course", shown | {"step": "place"})

    assert 'id="error-closes_at.taster"' in refused.text
    assert placing.kept[0].settings["feedback"] == "after close"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title.taster", " "),
        ("quiz_points.taster", "-1"),
        ("attempts.taster", "many"),
        ("closes_at.taster", "soon"),
        ("order.taster", "x"),
        ("list_zone", "Mars/Olympus"),
    ],
)
def test_every_fault_of_the_list_is_named(world: World, field: str, value: str) -> None:
    """Nothing is placed, and all that was typed comes back."""
    placing = Placing(world, accept_multiple=True)
    fields = plan_fields(placing.get("course").text)
    typed = {"title.foundations": "Typed", field: value, "step": "place"}
    page = placing.post("course", fields | typed)
    shown = form_fields(page.text)

    assert page.status_code == 422
    assert f'id="error-{field}"' in page.text
    assert f'id="{field}"' in page.text
    assert shown["title.foundations"] == ["Typed"]
    assert shown[field] == [value]
    assert placing.kept == []


def test_one_by_one_the_list_is_kept(world: World) -> None:
    """Where one is taken at a time the list stays, and the next is placed as it was planned."""
    placing = Placing(world)
    fields = plan_fields(placing.get("course").text)
    first, second, third, *_ = fields["listed"]
    changes = {"module": [first, second], f"title.{first}": "Week 1", f"quiz_points.{first}": "9"}
    kept = placing.post("course", fields | RHYTHM | changes | {"step": "place"})
    begin = placing.get("")
    row = planned(world)[0]
    form = placing.fields(f"modules/{first}?planned={row.id}")
    (item,) = placing.items(placing.post(f"modules/{first}", form))

    assert kept.status_code == 303
    assert placing.kept[0].title == "Week 1"
    assert begin.text.count('data-progress="left"') == 2
    assert "2 activities are left to place." in begin.text
    assert form["title"] == ["Week 1"]
    assert form["quiz_points"] == ["9"]
    assert item["title"] == "Week 1"

    later = Placing(world)
    assert later.page.text.count('data-progress="left"') == 1
    assert later.page.text.count('data-progress="handed_over"') == 1
    ticked = plan_fields(later.get("course").text)["module"]
    assert third in ticked
    assert not {first, second} & set(ticked)

    world.browser().open(custom={"activity": str(placing.kept[0].id)}, roles=[LEARNER])
    assert Placing(world).page.text.count('data-progress="in_course"') == 1


def test_the_list_can_be_shortened(world: World) -> None:
    """What is taken off the list is gone from it, in this course alone."""
    placing = Placing(world)
    fields = plan_fields(placing.get("course").text)
    placing.post("course", fields | {"step": "place"})
    row = planned(world)[1]
    placing.post(f"planned/{row.id}/remove")
    left = len(planned(world))
    other = Placing(world, claims={"context": {"id": "other", "title": "Other"}})
    other.post(f"planned/{planned(world)[0].id}/remove")

    assert left == len(fields["listed"]) - 1
    assert len(planned(world)) == left
    assert "data-planned" not in other.page.text
    path = f"modules/{planned(world)[0].module_id}?planned={planned(world)[0].id}"
    assert other.get(path).status_code == 404


def test_presets_fill_the_dialogs_form_as_well(world: World) -> None:
    """The title that was typed stays; nothing is placed by it."""
    placing = Placing(world)
    preset = make_preset(world)
    form = placing.fields("modules/taster") | {"title": "Mine", "preset": preset, "step": "fill"}
    page = placing.post("modules/taster", form)
    fields = form_fields(page.text)

    assert fields["title"] == ["Mine"]
    assert fields["quiz_points"] == ["40"]
    assert fields["parts"] == ["quiz"]
    assert placing.kept == []
