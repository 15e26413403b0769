"""The dates of a copied course: told, moved in one go, looked at, and set by a click only."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.launch import Role
from lti_alliance.models import Activity, AuditEvent, Context
from lti_alliance.services import activities
from tests.web.course import Course, open_course
from tests.web.visits import Visitor, forms_of, text_of

OLD = datetime(2027, 3, 10, 22, 30, tzinfo=UTC)


@pytest.fixture
def course(app, session, now) -> Course:
    """A course whose second activity is a copy of one that closes; Berlin changes its clocks."""
    return open_course(app, session, now)


def copied(course: Course) -> Activity:
    """Copy an activity that closes into the course, by the launch that opens it."""
    old = Context(
        deployment_id=course.stage.context.deployment_id,
        lti_id="old-course",
        created_at=course.now(),
    )
    course.session.add(old)
    course.session.flush()
    original = course.stage.activity("old-link", closes_at=OLD)
    original.resource_link.context_id = old.id
    link = course.stage.link("new-link")
    course.session.commit()
    visitor = course.visit(
        "ada",
        _Linked(link),
        custom_activity=str(original.id),
        context_history="old-course",
    )
    assert visitor.get().status_code == 200
    return (
        course.fresh().scalars(select(Activity).where(Activity.copied_from_id == original.id)).one()
    )


class _Linked:
    """A link that has no activity yet, for a visit."""

    def __init__(self, link: Any) -> None:
        self.resource_link = link


def closes_at(course: Course, activity: Activity) -> datetime | None:
    course.fresh()
    return settings_from_json(course.session.get_one(Activity, activity.id).settings).closes_at


def fields_of(visitor: Visitor, path: str) -> dict[str, str]:
    """Return what the list's form would send."""
    forms = forms_of(visitor.get(path))
    sent = (dict(each["fields"]) for each in forms)
    return next(fields for fields in sent if "csrf_token" in fields)


def test_nothing_is_silent(course: Course) -> None:
    """The copy opens undated; the instructor is told where the old dates are, others are not."""
    activity = copied(course)
    course.join("dev", role=Role.TEACHING_ASSISTANT)
    told = text_of(course.visit("instructor", activity).get())
    assistant = text_of(course.visit("dev", activity).get())

    assert closes_at(course, activity) is None
    assert "1 activity had a closing time in the course it was copied from" in told
    assert "This course was copied" not in assistant


def test_shift_look_apply(course: Course) -> None:
    """Dates move by whole weeks on the reader's clock, are shown first, and set together."""
    activity = copied(course)
    visitor = course.visit("instructor", activity)
    page = visitor.get("dates?weeks=4&zone=Europe/Berlin")
    # 23:30 in Berlin stays 23:30 when summer time has begun.
    assert 'value="2027-04-07T23:30"' in page.text
    assert closes_at(course, activity) is None
    sent = fields_of(visitor, "dates?weeks=4&zone=Europe/Berlin")
    done = visitor.follow(visitor.post("dates", sent))

    assert closes_at(course, activity) == datetime(2027, 4, 7, 21, 30, tzinfo=UTC)
    assert "1 activity has its closing time" in text_of(done)
    assert "This course was copied" not in text_of(visitor.get())
    actions = course.fresh().scalars(select(AuditEvent.action)).all()
    assert actions.count("activity.settings_changed") == 1
    assert actions.count("course.dates_set") == 1


def test_deciding_for_no_date(course: Course) -> None:
    """An instructor may leave an activity open for good, and is not asked again."""
    activity = copied(course)
    visitor = course.visit("instructor", activity)
    sent = fields_of(visitor, "dates")
    visitor.post("dates", sent)

    assert closes_at(course, activity) is None
    assert "This course was copied" not in text_of(visitor.get())


@pytest.mark.parametrize(
    ("text", "message"), [("soon", "Write a date"), ("2027-02-01T10:00", "has not passed")]
)
def test_dates_that_cannot_be_set(course: Course, text: str, message: str) -> None:
    """A text that is no date, and a moment that has passed, set nothing and are kept to mend."""
    activity = copied(course)
    visitor = course.visit("instructor", activity)
    name = f"closes_at.{activity.id}"
    page = visitor.post("dates", fields_of(visitor, "dates") | {name: text})

    assert page.status_code == 422
    assert message in text_of(page)
    assert f'value="{text}"' in page.text
    assert closes_at(course, activity) is None


def test_a_change_meanwhile(course: Course) -> None:
    """What somebody changed since the page was shown is not overwritten unseen."""
    activity = copied(course)
    visitor = course.visit("instructor", activity)
    sent = fields_of(visitor, "dates?weeks=4")
    found = course.session.get_one(Activity, activity.id)
    activities.change_settings(
        course.session,
        course.catalogue,
        activity=found,
        settings=settings_from_json(found.settings),
        module_id=found.module_id,
        base_version=found.version,
        actor=course.stage.people["instructor"],
        at=course.now(),
    )
    course.session.commit()
    page = visitor.post("dates", sent)

    assert page.status_code == 409
    assert closes_at(course, activity) is None
    assert visitor.post("dates", {**sent, **_version(page, activity)}).status_code == 303


def _version(page: Any, activity: Activity) -> dict[str, str]:
    name = f"version.{activity.id}"
    value = next(
        value for form in forms_of(page) for field, value in form["fields"] if field == name
    )
    return {name: value}


@pytest.mark.parametrize("weeks", ["x", "--1", "521", "1.5"])
def test_weeks_that_are_none(course: Course, weeks: str) -> None:
    """Any other number of weeks moves nothing and says what to write."""
    activity = copied(course)
    page = course.visit("instructor", activity).get(f"dates?weeks={weeks}")

    assert "Write a whole number of weeks" in text_of(page)


def test_who_may_set_dates(course: Course) -> None:
    """Students and assistants have no such page."""
    activity = copied(course)
    course.join("dev", role=Role.TEACHING_ASSISTANT)

    assert [course.visit(who, activity).get("dates").status_code for who in ("ada", "dev")] == [
        403,
        403,
    ]


def test_a_course_that_is_no_copy(course: Course) -> None:
    """Without copied activities the page says so."""
    activity = course.stage.activity(closes_at=OLD)
    page = course.visit("instructor", activity).get("dates")

    assert "No activity of this course was copied with a closing time" in text_of(page)
