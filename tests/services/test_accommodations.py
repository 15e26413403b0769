"""Accommodations granted, changed and taken back, and what follows for work under way."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import select

from lti_alliance.domain.accommodations import Accommodation
from lti_alliance.domain.activities import MissingParts, Part
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.launch import Role
from lti_alliance.errors import AttemptClosed, NotFound, Stale
from lti_alliance.models import Accommodation as AccommodationRow
from lti_alliance.models import Activity, Attempt, AuditEvent, Membership, RosterEntry, User
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    accommodation_views,
    accommodations,
    answering,
    attempts,
    closing,
    reflections,
    terms,
)
from lti_alliance.services.accommodation_views import Person
from tests.services.work import grade_of, take_quiz
from tests.stage import NOON, Stage
from tests.told_dates import tell_dates

pytestmark = pytest.mark.both_databases

HOUR_AND_HALF = Accommodation(time_multiplier=Decimal("1.5"))
CLOSE = NOON + timedelta(days=1)
OWN_CLOSE = NOON + timedelta(days=3)


def person_of(stage: Stage, member: Membership) -> Person:
    return accommodation_views.get_person(stage.session, stage.context.id, member.id)


def grant(
    stage: Stage,
    sealer: Sealer,
    member: Membership,
    granted: Accommodation,
    *,
    activity: Activity | None = None,
    version: int = 0,
    note: str = "",
    at: datetime = NOON,
) -> None:
    accommodations.grant_accommodation(
        stage.session,
        sealer,
        person=person_of(stage, member),
        activity=activity,
        granted=granted,
        note=note,
        base_version=version,
        actor=stage.people["instructor"],
        at=at,
    )


def start(stage: Stage, activity: Activity, member: Membership, *, at: datetime = NOON) -> Attempt:
    return attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=member,
        rng=Random(2),
        at=at,
    )


def settle(stage: Stage, at: datetime) -> int:
    return closing.settle_closed(stage.session, stage.catalogue, at=at)


def test_a_grant_for_the_course_holds_in_later_activities(stage: Stage, sealer: Sealer) -> None:
    """What is granted once for the course holds for present and future activities, one person's."""
    student, other = stage.join("student"), stage.join("other")
    grant(stage, sealer, student, Accommodation(time_multiplier=Decimal(2), extra_attempts=1))
    activity = stage.activity(attempts=2, time_limit_minutes=30)

    own = terms.settings_for(stage.session, activity, student)
    others = terms.settings_for(stage.session, activity, other)

    assert (own.attempts, own.time_limit_minutes) == (3, 60)
    assert (others.attempts, others.time_limit_minutes) == (2, 30)


def test_a_grant_lengthens_an_attempt_under_way(stage: Stage, sealer: Sealer) -> None:
    """The deadline moves at once when time is granted, and never back when it is taken away."""
    student = stage.join("student")
    attempt = start(stage, stage.activity(time_limit_minutes=60), student)
    before = attempt.deadline_at
    grant(stage, sealer, student, HOUR_AND_HALF)
    longer = attempt.deadline_at
    grant(stage, sealer, student, Accommodation(), version=1)

    assert before == NOON + timedelta(minutes=60)
    assert longer == NOON + timedelta(minutes=90)
    assert attempt.deadline_at == longer


def test_extra_attempts_can_be_started(stage: Stage, sealer: Sealer) -> None:
    """One attempt more is one attempt more, and no second."""
    student = stage.join("student")
    activity = stage.activity(attempts=1)
    take_quiz(stage, activity, student)
    with pytest.raises(AttemptClosed):
        start(stage, activity, student)
    grant(stage, sealer, student, Accommodation(extra_attempts=1), activity=activity)

    assert start(stage, activity, student).number == 2


def test_work_after_the_close_and_before_ones_own(stage: Stage, sealer: Sealer) -> None:
    """Whoever has a later close hands in quiz and reflection after everybody else's."""
    student, other = stage.join("student"), stage.join("other")
    activity = stage.activity(
        parts=frozenset({Part.QUIZ, Part.REFLECTION}), prompt_ids=("fo-r1",), closes_at=CLOSE
    )
    grant(stage, sealer, student, Accommodation(closes_at=OWN_CLOSE), activity=activity)
    late = CLOSE + timedelta(hours=1)
    started = start(stage, activity, student, at=late)
    fields = {}
    answering.submit_attempt(
        stage.session, stage.catalogue, attempt=started, fields=fields, base_version=0, at=late
    )
    written = {"activity": activity, "prompt_id": "fo-r1", "text": "A word.", "base_version": 0}
    reflections.submit_reflection(stage.session, sealer, membership=student, at=late, **written)
    with pytest.raises(AttemptClosed) as refused:
        reflections.submit_reflection(stage.session, sealer, membership=other, at=late, **written)

    assert refused.value.reason == "activity.closed"
    assert grade_of(stage, student).score is not None


def test_missing_parts_count_zero_at_ones_own_close(stage: Stage, sealer: Sealer) -> None:
    """At the activity's close an open attempt with a later close of its own stays open."""
    student, other = stage.join("student"), stage.join("other")
    activity = stage.activity(
        parts=frozenset({Part.QUIZ, Part.REFLECTION}),
        prompt_ids=("fo-r1",),
        closes_at=CLOSE,
        missing_parts=MissingParts.ZERO,
    )
    grant(stage, sealer, student, Accommodation(closes_at=OWN_CLOSE), activity=activity)
    take_quiz(stage, activity, student)
    take_quiz(stage, activity, other)
    second = start(stage, activity, student)
    settle(stage, CLOSE)
    at_close = (grade_of(stage, student).score, grade_of(stage, other).score, second.state)
    settle(stage, OWN_CLOSE - timedelta(seconds=1))
    before = grade_of(stage, student).score
    settle(stage, OWN_CLOSE)

    assert at_close == (None, Decimal(10), AttemptState.IN_PROGRESS)
    assert before is None
    assert grade_of(stage, student).score == Decimal(10)
    assert second.state == AttemptState.EXPIRED
    assert settle(stage, OWN_CLOSE) == 0


def test_a_grant_after_the_close_takes_the_zero_back(stage: Stage, sealer: Sealer) -> None:
    """A part that had counted zero is merely missing again when a later close is granted."""
    student = stage.join("student")
    activity = stage.activity(
        parts=frozenset({Part.QUIZ, Part.REFLECTION}),
        prompt_ids=("fo-r1",),
        closes_at=CLOSE,
        missing_parts=MissingParts.ZERO,
    )
    take_quiz(stage, activity, student)
    settle(stage, CLOSE)
    closed = grade_of(stage, student).score
    granted = Accommodation(closes_at=OWN_CLOSE)
    grant(stage, sealer, student, granted, activity=activity, at=CLOSE + timedelta(hours=1))

    assert closed == Decimal(10)
    assert grade_of(stage, student).score is None


def test_a_later_close_that_is_taken_back_stays_with_the_attempt(
    stage: Stage, sealer: Sealer
) -> None:
    """An attempt under way keeps the close it was promised; nothing new can be started."""
    student = stage.join("student")
    activity = stage.activity(closes_at=CLOSE)
    grant(stage, sealer, student, Accommodation(closes_at=OWN_CLOSE), activity=activity)
    late = CLOSE + timedelta(hours=1)
    attempt = start(stage, activity, student, at=late)
    settle(stage, late)
    grant(stage, sealer, student, Accommodation(), activity=activity, version=1, at=late)
    settle(stage, late + timedelta(hours=1))

    assert attempts.is_open(stage.session, attempt, at=OWN_CLOSE - timedelta(seconds=1))
    assert attempt.state == AttemptState.IN_PROGRESS
    assert terms.settings_for(stage.session, activity, student).is_closed(late)
    settle(stage, OWN_CLOSE)
    assert attempt.state == AttemptState.EXPIRED


def test_two_who_change_the_same_do_not_overwrite(stage: Stage, sealer: Sealer) -> None:
    """A form that started from an older version is refused, the first of all included."""
    student = stage.join("student")
    grant(stage, sealer, student, HOUR_AND_HALF)
    with pytest.raises(Stale) as first:
        grant(stage, sealer, student, Accommodation(extra_minutes=5))
    grant(stage, sealer, student, Accommodation(extra_minutes=5), version=1)
    with pytest.raises(Stale) as second:
        grant(stage, sealer, student, HOUR_AND_HALF, version=1)

    assert (first.value.current_version, second.value.current_version) == (1, 2)


def test_nothing_for_nobody_leaves_nothing(stage: Stage, sealer: Sealer) -> None:
    """An empty form for somebody who had nothing makes no row and no record."""
    grant(stage, sealer, stage.join("student"), Accommodation())

    assert stage.session.scalars(select(AccommodationRow)).all() == []


def test_the_note_is_sealed_and_never_on_record(stage: Stage, sealer: Sealer) -> None:
    """Every change is on record with its numbers; the note opens for its own row alone."""
    student = stage.join("student")
    grant(stage, sealer, student, HOUR_AND_HALF, note="letter 42")
    row = stage.session.scalars(select(AccommodationRow)).one()
    grant(stage, sealer, student, Accommodation(), version=1)
    events = stage.session.scalars(
        select(AuditEvent).where(AuditEvent.object_id == row.id).order_by(AuditEvent.at)
    ).all()

    assert {event.action for event in events} == {
        "accommodation.granted",
        "accommodation.taken_back",
    }
    assert "letter" not in str([event.details for event in events])
    assert row.sealed_note is None
    grant(stage, sealer, student, HOUR_AND_HALF, version=2, note="letter 42")
    assert b"letter" not in (row.sealed_note or b"")
    assert accommodations.read_note(stage.session, sealer, row) == "letter 42"


def test_a_course_has_no_close_of_one_person(stage: Stage, sealer: Sealer) -> None:
    """One moment cannot close every activity, so it is not kept for the course."""
    student = stage.join("student")
    grant(stage, sealer, student, Accommodation(extra_minutes=5, closes_at=OWN_CLOSE))

    assert stage.session.scalars(select(AccommodationRow)).one().closes_at is None


def test_extra_time_beyond_the_close_is_told(stage: Stage, sealer: Sealer) -> None:
    """Activities are listed that close before extra time is up, with a later close no more."""
    student = stage.join("student")
    short = stage.activity("short", time_limit_minutes=60, closes_at=NOON + timedelta(minutes=80))
    stage.activity("long", time_limit_minutes=60, closes_at=NOON + timedelta(days=1))
    person = person_of(stage, student)
    without = accommodation_views.list_cut_short(stage.session, person, at=NOON)
    grant(stage, sealer, student, HOUR_AND_HALF)
    found = accommodation_views.list_cut_short(stage.session, person, at=NOON)
    grant(stage, sealer, student, Accommodation(closes_at=OWN_CLOSE), activity=short)

    assert without == []
    assert [(each.title, each.minutes, each.is_under_way) for each in found] == [
        ("short", 90, False)
    ]
    assert accommodation_views.list_cut_short(stage.session, person, at=NOON) == []


def test_somebody_who_has_not_come_yet_can_be_granted_something(
    stage: Stage, sealer: Sealer
) -> None:
    """Who is on the roster alone is listed, and finds the grant at the first launch."""
    user = User(registration_id=stage.registration.id, sub="new", created_at=NOON)
    stage.session.add(user)
    stage.session.flush()
    entry = RosterEntry(
        context_id=stage.context.id, user_id=user.id, role=Role.LEARNER, seen_at=NOON
    )
    stage.session.add(entry)
    stage.session.flush()
    person = accommodation_views.get_person(stage.session, stage.context.id, entry.id)
    listed = accommodation_views.list_people(stage.session, stage.context.id)
    accommodations.grant_accommodation(
        stage.session,
        sealer,
        person=person,
        activity=None,
        granted=HOUR_AND_HALF,
        note="",
        base_version=0,
        actor=stage.people["instructor"],
        at=NOON,
    )
    member = Membership(
        context_id=stage.context.id,
        user_id=user.id,
        role=Role.LEARNER,
        number=9,
        first_launch_at=NOON,
        last_launch_at=NOON,
    )
    stage.session.add(member)
    stage.session.flush()
    activity = stage.activity(time_limit_minutes=60)

    assert listed == [person]
    assert terms.settings_for(stage.session, activity, member).time_limit_minutes == 90
    assert accommodation_views.list_grants(stage.session, stage.context.id, None).keys() == {
        user.id
    }


def test_only_students_of_the_course_are_granted_anything(stage: Stage) -> None:
    """Staff, and people of another course, are not found."""
    with pytest.raises(NotFound):
        person_of(stage, stage.people["instructor"])
    with pytest.raises(NotFound):
        accommodation_views.get_person(
            stage.session, stage.registration.id, stage.join("student").id
        )


def test_everybodys_own_terms_are_read_at_once(stage: Stage, sealer: Sealer) -> None:
    """Grants for the course and the activity together, and told dates; the same as one by one."""
    activity, other = stage.activity("one", attempts=2), stage.activity("two")
    people = [stage.join(name) for name in ("granted", "both", "told", "plain", "elsewhere")]
    granted, both, told, plain, elsewhere = people
    grant(stage, sealer, granted, HOUR_AND_HALF)
    grant(stage, sealer, both, Accommodation(extra_attempts=1))
    grant(stage, sealer, both, Accommodation(closes_at=OWN_CLOSE), activity=activity)
    grant(stage, sealer, elsewhere, Accommodation(extra_attempts=4), activity=other)
    custom = {"lock_at": OWN_CLOSE.isoformat()}
    tell_dates(stage.session, activity.resource_link, told, custom, at=NOON)
    tell_dates(stage.session, other.resource_link, plain, custom, at=NOON)
    own = terms.own_terms(stage.session, activity)

    assert own.keys() == {granted.id, both.id, told.id}
    for member in people:
        base = terms.terms_of(stage.session, activity, member)
        assert own.get(member.id, base) == base
    assert own[both.id].granted == Accommodation(extra_attempts=1, closes_at=OWN_CLOSE)
