"""The pages of accommodations: who may see and change them, and what the student is told."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.models import Accommodation, AuditEvent, RosterEntry, User
from tests.web.course import Course, open_course
from tests.web.visits import forms_of, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


def address(course: Course, name: str = "ada") -> str:
    return f"students/{course.stage.people[name].id}/accommodation"


def fields(scope: str = "course", *, version: int = 0, **values: Any) -> dict[str, Any]:
    return {"scope": scope, "saved_version": version, **values}


def granted(course: Course) -> list[Accommodation]:
    return list(course.fresh().scalars(select(Accommodation)))


def test_an_instructor_grants_and_the_student_sees_it(course):
    """What is granted for the course stands on the student's page, with both limits."""
    activity = course.stage.activity(time_limit_minutes=30, attempts=3)
    desk = course.visit("instructor", activity)
    answer = desk.post(
        address(course), fields(time_multiplier="1.5", extra_attempts="1", note="letter 42")
    )
    saved = desk.follow(answer)
    own = text_of(course.visit("ada", activity).get())
    other = text_of(course.visit("ben", activity).get())

    assert "Saved. It holds from now on" in text_of(saved)
    assert "letter 42" in saved.text
    assert (
        "You have 1.5 times the time (45 minutes instead of 30 minutes) and one more attempt "
        "(4 instead of 3)." in own
    )
    assert "45 minutes for each attempt" in own
    assert "letter" not in own
    assert "Arranged for you" not in other
    assert "30 minutes for each attempt" in other


def test_a_later_close_is_shown_and_holds(course):
    """After the activity's close the student with a later one may start, and others may not."""
    activity = course.stage.activity(closes_at=course.now() + timedelta(hours=1))
    own_close = (course.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    course.visit("instructor", activity).post(
        address(course), fields("activity", closes_at=own_close)
    )
    course.now.move(hours=2)
    ada, ben = course.visit("ada", activity), course.visit("ben", activity)

    assert "You can hand in until Mar 3, 2027, 12:00 UTC instead of Mar 1, 2027" in text_of(
        ada.get()
    )
    assert ada.post("attempts").status_code == 303
    assert ben.post("attempts").status_code == 409


def test_the_list_shows_who_has_something(course):
    """The tab lists grants for course and activity, and the other students to choose from."""
    activity = course.stage.activity(time_limit_minutes=30)
    desk = course.visit("instructor", activity)
    empty = text_of(desk.get("accommodations"))
    desk.post(address(course), fields(extra_minutes="10"))
    desk.post(address(course), fields("activity", extra_attempts="2"))
    listed = text_of(desk.get("accommodations"))

    assert "Nobody has an accommodation here." in empty
    assert "Ada 10 more minutes 2 more attempts Grant something to a student Ben" in listed


def test_taking_back_leaves_an_empty_row(course):
    """What is taken back is gone from the pages; the form goes on from the newest version."""
    activity = course.stage.activity(time_limit_minutes=30)
    desk = course.visit("instructor", activity)
    desk.post(address(course), fields(extra_minutes="10", note="letter 42"))
    desk.post(address(course), fields(version=1, act="take_back", extra_minutes="10", note="x"))
    shown = desk.get(address(course))
    versions = [dict(form["fields"])["saved_version"] for form in forms_of(shown)]

    assert granted(course)[0].extra_minutes == 0
    assert granted(course)[0].sealed_note is None
    assert versions == ["2", "0"]
    assert "Take it back" not in shown.text
    assert "Nobody has an accommodation here." in text_of(desk.get("accommodations"))


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        (Role.INSTRUCTOR, 200, 303),
        (Role.TEACHING_ASSISTANT, 200, 403),
        (Role.CONTENT_DEVELOPER, 403, 403),
        (Role.LEARNER, 403, 403),
        (Role.OBSERVER, 403, 403),
    ],
)
def test_only_instructors_change_anything(course, role, reads, writes):
    """Teaching assistants read, without the note; nobody else comes in."""
    activity = course.stage.activity()
    course.visit("instructor", activity).post(
        address(course), fields(extra_minutes="10", note="letter 42")
    )
    course.stage.join("somebody", role=role)
    visitor = course.visit("somebody", activity)
    form = visitor.get(address(course))

    assert visitor.get("accommodations").status_code == reads
    assert form.status_code == reads
    assert ("letter 42" in form.text) is (role is Role.INSTRUCTOR)
    answer = visitor.post(address(course), fields(version=1, extra_minutes="20"))
    assert answer.status_code == writes


def test_what_cannot_be_granted_stays_in_the_form(course):
    """Every fault is named, what was typed stays, and nothing is kept."""
    desk = course.visit("instructor", course.stage.activity())
    answer = desk.post(
        address(course),
        fields("activity", time_multiplier="0.5", extra_minutes="many", note="n" * 2001),
    )

    assert answer.status_code == 422
    assert 'data-error-code="accommodation.invalid"' in answer.text
    assert "3 things need another look" in text_of(answer)
    assert 'href="#activity-time_multiplier"' in answer.text
    assert 'value="many"' in answer.text
    assert granted(course) == []


def test_a_date_that_is_none_is_refused(course):
    """A closing time that cannot be read keeps the form."""
    desk = course.visit("instructor", course.stage.activity())
    answer = desk.post(address(course), fields("activity", closes_at="soon"))

    assert answer.status_code == 422
    assert "Write a date and a time" in text_of(answer)


@pytest.mark.parametrize("scope", ["", "everything"])
def test_a_scope_that_there_is_not_is_refused(course, scope):
    """The form says whether the course or the activity is meant."""
    desk = course.visit("instructor", course.stage.activity())

    assert desk.post(address(course), fields(scope)).status_code == 422
    assert granted(course) == []


def test_somebody_elses_change_is_not_overwritten(course):
    """A form from before another's change is refused, with what was typed and the new version."""
    desk = course.visit("instructor", course.stage.activity())
    desk.post(address(course), fields(extra_minutes="10"))
    answer = desk.post(address(course), fields(extra_minutes="25"))

    assert answer.status_code == 409
    assert 'data-error-code="work.stale"' in answer.text
    assert 'value="25"' in answer.text
    assert [row.extra_minutes for row in granted(course)] == [10]


def test_the_close_that_cuts_time_off_is_a_warning(course):
    """The instructor is told where extra time passes the closing time."""
    activity = course.stage.activity(
        time_limit_minutes=60, closes_at=course.now() + timedelta(minutes=80)
    )
    desk = course.visit("instructor", activity)
    before = text_of(desk.get(address(course)))
    after = text_of(desk.follow(desk.post(address(course), fields(time_multiplier="1.5"))))

    assert "The close cuts extra time off" not in before
    assert "The close cuts extra time off" in after
    assert "it may take 1 hour and 30 minutes" in after


def test_from_the_course_menu_there_is_the_course_alone(course):
    """A launch of the course itself grants for the course; there is no activity to choose."""
    activity = course.stage.activity()
    desk = course.visit("instructor", activity, link=None)
    page = desk.get(address(course))

    assert [dict(form["fields"])["scope"] for form in forms_of(page)] == ["course"]
    assert desk.post(address(course), fields("activity")).status_code == 422
    assert desk.post(address(course), fields(extra_minutes="5")).status_code == 303


def test_a_student_on_the_roster_alone_can_be_chosen(course):
    """Whoever has not opened the tool yet is granted something all the same."""
    activity = course.stage.activity()
    user = User(registration_id=course.stage.registration.id, sub="new", created_at=course.now())
    course.session.add(user)
    course.session.flush()
    entry = RosterEntry(
        context_id=course.stage.context.id,
        user_id=user.id,
        role=Role.LEARNER,
        seen_at=course.now(),
    )
    course.session.add(entry)
    course.session.commit()
    desk = course.visit("instructor", activity)
    path = f"students/{entry.id}/accommodation"

    assert path in desk.get("accommodations").text
    assert "has not opened the tool yet" in text_of(desk.get(path))
    assert desk.post(path, fields(extra_minutes="5")).status_code == 303
    assert [row.user_id for row in granted(course)] == [user.id]


def test_staff_and_strangers_are_not_found(course):
    """Ids of people who teach, of nobody, and no ids at all look the same."""
    desk = course.visit("instructor", course.stage.activity())
    for key in (course.stage.people["instructor"].id, course.stage.context.id, "nobody"):
        assert desk.get(f"students/{key}/accommodation").status_code == 404


def test_the_audit_trail_names_no_note(course):
    """A change is on record with who made it and its numbers."""
    desk = course.visit("instructor", course.stage.activity())
    desk.post(address(course), fields(time_multiplier="1.5", note="letter 42"))
    event = (
        course.fresh()
        .scalars(select(AuditEvent).where(AuditEvent.action == "accommodation.granted"))
        .one()
    )

    assert event.actor_id == course.stage.people["instructor"].user_id
    assert event.details["time_multiplier"] == "1.5"
    assert not re.search("letter|42", str(event.details["activity"]))
    assert "note" not in event.details
