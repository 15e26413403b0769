"""Typed times on every form that has one: in the zone that stands beside them, lost never."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import settings_from_json
from lti_alliance.models import Accommodation, Activity, Reflection
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.terms import granted_by
from tests.platforms import World
from tests.web import visits
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.placing import Placing, form_fields
from tests.web.test_copied_dates import closes_at, copied
from tests.web.test_copied_dates import fields_of as dates_of
from tests.web.test_instructor_setup import fields_of
from tests.web.visits import text_of

NEW_YORK = "America/New_York"
TYPED = "2027-07-01T23:59"
MEANT = datetime(2027, 7, 2, 3, 59, tzinfo=UTC)
TOLD = {"time_zone": NEW_YORK}
FAULTS = [
    ("2027-03-14T02:30", NEW_YORK, "", "Write 2027-03-14 03:00 or later."),
    ("2027-11-07T01:30", NEW_YORK, "", "2027-11-07 05:30, 2027-11-07 06:30"),
    ("soon", NEW_YORK, "", "Write a date and a time"),
    (TYPED, "Mars/Olympus", "zone", "Write a time zone such as Europe/Berlin"),
]
"""What is typed, in which zone, the field at fault unless it is the time, and what is said."""


class OneForm:
    """A form with one time: how it is sent, and what is kept of it."""

    field = "closes_at"

    def __init__(self, course: Course) -> None:
        self.course = course
        self.activity = course.stage.activity(**RUBRIC_PARTS)
        self.teacher = course.visit("instructor", self.activity, **TOLD)

    def send(self, **changes: str) -> Any:
        """Send the form with these changes."""
        raise NotImplementedError

    def kept(self) -> datetime | None:
        """Return the moment that was kept."""
        self.course.fresh()
        return activity_settings(self.course.session.get_one(Activity, self.activity.id)).closes_at


class Settings(OneForm):
    """The settings of an activity."""

    def send(self, **changes: str) -> Any:
        return self.teacher.post("settings", fields_of(self.teacher.get("settings")) | changes)


class SettingUp(OneForm):
    """The settings of a link that is set up."""

    def __init__(self, course: Course) -> None:
        super().__init__(course)
        self.teacher = visits.visit(
            course.app,
            course.session,
            course.stage.people["instructor"],
            link=course.stage.link("new"),
            at=course.now(),
            **TOLD,
        )

    def send(self, **changes: str) -> Any:
        path = "modules/taster"
        return self.teacher.post(path, fields_of(self.teacher.get(path)) | changes)

    def kept(self) -> datetime | None:
        self.course.fresh()
        made = self.course.session.scalars(select(Activity).where(Activity.id != self.activity.id))
        return activity_settings(made.one()).closes_at


class Granting(OneForm):
    """A later close for one student."""

    def send(self, **changes: str) -> Any:
        address = f"students/{self.course.stage.people['ada'].id}/accommodation"
        return self.teacher.post(address, {"scope": "activity", "saved_version": "0", **changes})

    def kept(self) -> datetime | None:
        return granted_by(self.course.fresh().scalars(select(Accommodation)).one()).closes_at


class Returning(OneForm):
    """A reflection that is given back."""

    field = "until"

    def __init__(self, course: Course) -> None:
        super().__init__(course)
        self.reflection = course.hand_in_reflection("ada", self.activity, "tc-r1", "I was there.")

    def send(self, **changes: str) -> Any:
        return self.teacher.post(
            f"grading/{self.reflection}/return", {"feedback": "Say more.", **changes}
        )

    def kept(self) -> datetime | None:
        return self.course.fresh().scalars(select(Reflection)).one().returned_until


class Purging(Returning):
    """A reflection out of which words are taken."""

    field = "purge_until"

    def send(self, **changes: str) -> Any:
        self.teacher.post(f"grading/{self.reflection}/flag")
        return self.teacher.post(
            f"grading/{self.reflection}/purge", {"quotes": "there", "scope": "all", **changes}
        )


class Copied(OneForm):
    """The dates of a copied course."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.activity = copied(course)
        self.field = f"closes_at.{self.activity.id}"
        self.teacher = course.visit("instructor", self.activity, **TOLD)

    def send(self, **changes: str) -> Any:
        return self.teacher.post("dates", dates_of(self.teacher, "dates") | changes)

    def kept(self) -> datetime | None:
        return closes_at(self.course, self.activity)


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture(params=[Settings, SettingUp, Granting, Returning, Purging, Copied])
def form(request, course) -> OneForm:
    """Each form in turn."""
    make: Callable[[Course], OneForm] = request.param
    return make(course)


def test_a_time_is_meant_in_the_zone_beside_it(form: OneForm) -> None:
    """What is typed is kept as the moment at which that zone's clock shows it."""
    answer = form.send(**{form.field: TYPED, "zone": NEW_YORK})

    assert answer.status_code == 303, text_of(answer)
    assert form.kept() == MEANT


def test_an_offset_is_honoured(form: OneForm) -> None:
    """A browser without a field for times takes one; it decides."""
    form.send(**{form.field: "2027-07-01T23:59-04:00", "zone": "Europe/Berlin"})

    assert form.kept() == MEANT


@pytest.mark.parametrize(("typed", "zone", "at_fault", "said"), FAULTS)
def test_a_time_that_is_none_is_named_and_kept(
    form: OneForm, typed: str, zone: str, at_fault: str, said: str
) -> None:
    """An hour that is skipped or comes twice, a text, an unknown zone: said, and shown again."""
    answer = form.send(**{form.field: typed, "zone": zone})

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert f'id="error-{at_fault or form.field}"' in answer.text
    assert f'value="{typed}"' in answer.text
    assert f'value="{zone}"' in answer.text
    assert "data-open" not in answer.text


def test_the_persons_zone_is_proposed(course: Course) -> None:
    """The launch told it: the form names it, and shows what is kept on its clock."""
    activity = course.stage.activity(closes_at=MEANT)
    told = course.visit("instructor", activity, **TOLD).get("settings")
    untold = course.visit("instructor", activity).get("settings")

    assert f'value="{TYPED}"' in told.text
    assert f'value="{NEW_YORK}"' in told.text
    assert "data-open" not in told.text
    assert 'value="2027-07-02T03:59"' in untold.text
    assert "data-open" in untold.text


@pytest.mark.parametrize("zone", [NEW_YORK, "Australia/Lord_Howe", "UTC"])
def test_saving_what_was_not_touched_changes_nothing(course: Course, zone: str) -> None:
    """Not even a close in an hour that comes twice, or between two minutes."""
    for at in (datetime(2027, 11, 7, 6, 30, 12, tzinfo=UTC), MEANT):
        activity = course.stage.activity(f"link-{at.month}", closes_at=at)
        teacher = course.visit("instructor", activity, time_zone=zone)
        answer = teacher.post("settings", fields_of(teacher.get("settings")))
        course.fresh()
        found = course.session.get_one(Activity, activity.id)

        assert answer.status_code == 303
        assert activity_settings(found).closes_at == at


def test_an_accommodation_is_shown_on_the_same_clock(course: Course) -> None:
    """What was granted comes back as it was typed."""
    form = Granting(course)
    page = form.teacher.follow(form.send(closes_at=TYPED, zone=NEW_YORK))

    assert f'value="{TYPED}"' in page.text
    assert 'id="activity-zone"' in page.text


def test_a_page_from_before_was_in_utc(course: Course) -> None:
    """A form that has no zone yet means UTC; an emptied one means what was proposed."""
    form = Granting(course)
    form.send(closes_at=TYPED)
    before = form.kept()
    form.send(closes_at=TYPED, zone="", saved_version="1")

    assert before == datetime(2027, 7, 1, 23, 59, tzinfo=UTC)
    assert form.kept() == MEANT


def test_the_zone_goes_through_the_consequences(course: Course) -> None:
    """A change that is asked about first is made, or taken back, in the zone it was typed in."""
    activity = course.stage.activity(attempts=3)
    course.open_quiz("ada", activity)
    teacher = course.visit("instructor", activity, **TOLD)
    changes = {"attempts": "1", "closes_at": TYPED, "zone": "Europe/Berlin"}
    asked = teacher.post("settings", fields_of(teacher.get("settings")) | changes)
    carried = fields_of(asked)
    edited = teacher.post("settings", carried | {"step": "edit"})
    teacher.post("settings", carried | {"step": "confirm"})
    course.fresh()

    assert 'data-page="consequences"' in asked.text
    assert fields_of(edited)["zone"] == "Europe/Berlin"
    assert fields_of(edited)["closes_at"] == TYPED
    found = activity_settings(course.session.get_one(Activity, activity.id))
    assert found.closes_at == datetime(2027, 7, 1, 21, 59, tzinfo=UTC)


def test_a_text_to_be_taken_out_is_not_lost(course: Course) -> None:
    """The words that were named, and the choice, stand there again beside the fault."""
    form = Purging(course)
    answer = form.send(purge_until="soon", zone=NEW_YORK, quotes="a & b")

    assert escape("a & b") in answer.text
    assert "checked" in answer.text.partition('name="scope"')[2][:120]


# The LMS's own dialog


def told(world: World, **settings: Any) -> Placing:
    """Begin a request whose launch told the person's zone."""
    claim = "https://purl.imsglobal.org/spec/lti/claim/custom"
    return Placing(world, claims={claim: TOLD}, **settings)


def test_one_is_placed_with_a_local_close(world: World) -> None:
    """The dialog names the zone that the launch told."""
    placing = told(world)
    fields = placing.fields("modules/taster")
    placing.post("modules/taster", fields | {"closes_at": [TYPED]})

    assert fields["zone"] == [NEW_YORK]
    assert settings_from_json(placing.kept[0].settings).closes_at == MEANT


@pytest.mark.parametrize(("typed", "zone", "at_fault", "said"), FAULTS)
def test_one_with_a_time_that_is_none(
    world: World, typed: str, zone: str, at_fault: str, said: str
) -> None:
    """Nothing is placed; what was typed stands there again."""
    placing = told(world)
    fields = placing.fields("modules/taster")
    page = placing.post("modules/taster", fields | {"closes_at": [typed], "zone": [zone]})
    shown = form_fields(page.text)

    assert page.status_code == 422
    assert said in text_of(page)
    assert f'id="error-{at_fault or "closes_at"}"' in page.text
    assert (shown["closes_at"], shown["zone"]) == ([typed], [zone])
    assert placing.kept == []


def test_a_whole_course_in_the_persons_zone(world: World) -> None:
    """Its list is in the zone that the launch told, as its labels say."""
    placing = told(world, accept_multiple=True)
    page = placing.get("course?module=taster")
    fields = form_fields(page.text)
    fields.pop("csrf_token")
    placing.post("course", fields | {"closes_at.taster": TYPED, "step": "place"})

    assert f"Closes ( {NEW_YORK} )" in text_of(page)
    assert settings_from_json(placing.kept[0].settings).closes_at == MEANT


@pytest.mark.parametrize("field", ["first", "closes_at.taster"])
@pytest.mark.parametrize(("typed", "said"), [(each[0], each[3]) for each in FAULTS[:2]])
def test_a_whole_course_with_an_hour_that_is_none(
    world: World, field: str, typed: str, said: str
) -> None:
    """Neither the first date nor one of the list is moved silently."""
    placing = told(world, accept_multiple=True)
    fields = form_fields(placing.get("course?module=taster").text)
    fields.pop("csrf_token")
    step = "fill" if field == "first" else "place"
    page = placing.post("course", fields | {field: typed, "step": step})

    assert said in text_of(page)
    assert f'id="error-{field}"' in page.text
    assert form_fields(page.text)[field] == [typed]
    assert placing.kept == []
