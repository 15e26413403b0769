"""Terms of one person: the platform's dates at each launch, time limits, and their end."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import select

from lti_alliance.domain.attempts import GRACE, AttemptState
from lti_alliance.errors import AttemptClosed
from lti_alliance.models import Activity, Attempt, AuditEvent, LMSDates, Membership
from lti_alliance.services import (
    activities,
    answering,
    attempt_corrections,
    attempts,
    closing,
    student_home,
    terms,
)
from tests.services.work import grade_of, take_quiz
from tests.stage import NOON, Stage
from tests.told_dates import tell_dates

pytestmark = pytest.mark.both_databases

DAY = timedelta(days=1)
UNEXPANDED = {
    "due_at": "$Canvas.assignment.dueAt.iso8601",
    "lock_at": "$Canvas.assignment.lockAt.iso8601",
}


def tell(stage: Stage, activity: Activity, member: Membership, **custom: str) -> None:
    tell_dates(stage.session, activity.resource_link, member, custom, at=NOON)


def start(stage: Stage, activity: Activity, member: Membership, *, at: datetime = NOON) -> Attempt:
    return attempts.start_attempt(
        stage.session, stage.catalogue, activity=activity, membership=member, rng=Random(2), at=at
    )


def settle(stage: Stage, at: datetime) -> int:
    return closing.settle_closed(stage.session, stage.catalogue, at=at)


def save(stage: Stage, attempt: Attempt, *, at: datetime) -> int:
    return answering.save_responses(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields={},
        base_version=attempt.saved_version,
        at=at,
    )


def test_the_platforms_dates_hold_for_their_own_person(stage: Stage) -> None:
    """One student's dates are told at a launch of theirs and hold for nobody else."""
    activity = stage.activity()
    ada, ben = stage.join("ada"), stage.join("ben")
    tell(stage, activity, ada, lock_at="2027-03-02T12:00:00Z", due_at="2027-03-01T18:00:00Z")

    own = terms.settings_for(stage.session, activity, ada)
    other = terms.settings_for(stage.session, activity, ben)

    assert (own.closes_at, own.due_at) == (NOON + DAY, NOON + timedelta(hours=6))
    assert (other.closes_at, other.due_at) == (None, None)


def test_the_platforms_dates_follow_the_platform(stage: Stage) -> None:
    """A date that moved or went away is moved or gone after the next launch."""
    activity, ada = stage.activity(), stage.join("ada")
    tell(stage, activity, ada, lock_at="2027-03-02T12:00:00Z")
    tell(stage, activity, ada, lock_at="2027-03-03T12:00:00Z")
    moved = terms.settings_for(stage.session, activity, ada).closes_at
    tell(stage, activity, ada, **UNEXPANDED)

    assert moved == NOON + 2 * DAY
    assert terms.settings_for(stage.session, activity, ada).closes_at is None


def test_a_platform_that_tells_nothing_leaves_nothing(stage: Stage) -> None:
    """Unexpanded and empty parameters make no row."""
    activity, ada = stage.activity(), stage.join("ada")
    tell(stage, activity, ada, **UNEXPANDED)
    tell(stage, activity, ada, due_at="", lock_at="")

    assert stage.session.scalars(select(LMSDates)).all() == []
    assert not terms.are_dates_told(stage.session, activity)


def test_nothing_is_begun_before_the_platform_opens_it(stage: Stage) -> None:
    """Before the opening the activity can be seen and not started; afterwards it can."""
    activity, ada = stage.activity(), stage.join("ada")
    tell(stage, activity, ada, unlock_at="2027-03-02T12:00:00Z")
    home = student_home.student_home(
        stage.session, stage.catalogue, activity=activity, membership=ada, at=NOON
    )
    with pytest.raises(AttemptClosed) as refused:
        start(stage, activity, ada)

    assert home.is_not_open_yet
    assert home.quiz is not None
    assert not home.quiz.may_start
    assert refused.value.reason == "activity.not_open_yet"
    assert start(stage, activity, ada, at=NOON + DAY).number == 1


def test_people_are_settled_at_the_close_that_the_platform_told(stage: Stage) -> None:
    """Each is handed in at their own time, once; whoever was told none goes on."""
    activity = stage.activity()
    ada, ben = stage.join("ada"), stage.join("ben")
    tell(stage, activity, ada, lock_at="2027-03-02T12:00:00Z")
    closed = take_quiz(stage, activity, ada, hand_in=False)
    goes_on = take_quiz(stage, activity, ben, hand_in=False)
    early = settle(stage, NOON + timedelta(hours=1))
    settle(stage, NOON + DAY)

    assert early == 0
    assert closed.state == AttemptState.GRADED
    assert grade_of(stage, ada).score == Decimal(10)
    assert goes_on.state == AttemptState.IN_PROGRESS
    assert settle(stage, NOON + DAY) == 0


def test_the_platforms_dates_get_force_when_the_tools_goes(stage: Stage) -> None:
    """Once the closing time is emptied the platform's dates hold, past ones too."""
    activity, ada = stage.activity(closes_at=NOON + 5 * DAY), stage.join("ada")
    tell(stage, activity, ada, lock_at="2027-03-02T12:00:00Z")
    attempt = take_quiz(stage, activity, ada, hand_in=False)
    later = NOON + 2 * DAY
    settle(stage, later)
    still_open = attempt.state
    settings = activities.activity_settings(activity)
    activities.change_settings(
        stage.session,
        stage.catalogue,
        activity=activity,
        settings=type(settings)(parts=settings.parts),
        module_id=activity.module_id,
        base_version=activity.version,
        actor=stage.people["instructor"],
        at=later,
    )
    settle(stage, later)

    assert still_open == AttemptState.IN_PROGRESS
    assert attempt.state == AttemptState.GRADED


def test_the_deadline_is_fixed_at_the_start(stage: Stage) -> None:
    """A time limit that is changed later touches no attempt under way."""
    activity, ada = stage.activity(time_limit_minutes=30), stage.join("ada")
    attempt = start(stage, activity, ada)
    activity.settings = {**activity.settings, "time_limit_minutes": 5}
    stage.session.flush()

    assert attempt.deadline_at == NOON + timedelta(minutes=30)
    save(stage, attempt, at=NOON + timedelta(minutes=20))


def test_what_was_on_its_way_is_taken(stage: Stage) -> None:
    """Within the grace saves are taken; after it they are refused."""
    activity, ada = stage.activity(time_limit_minutes=30), stage.join("ada")
    attempt = start(stage, activity, ada)
    end = NOON + timedelta(minutes=30)
    save(stage, attempt, at=end + GRACE)
    with pytest.raises(AttemptClosed) as refused:
        save(stage, attempt, at=end + GRACE + timedelta(seconds=1))

    assert refused.value.reason == "attempt.time_up"
    assert not attempts.is_open(stage.session, attempt, at=end)


def test_what_was_saved_in_time_counts(stage: Stage) -> None:
    """When the time is up the timetable hands in what was saved, once, and says so on record."""
    activity, ada = stage.activity(time_limit_minutes=30), stage.join("ada")
    attempt = take_quiz(stage, activity, ada, hand_in=False)
    end = NOON + timedelta(minutes=30)
    early = settle(stage, end + GRACE)
    count = settle(stage, end + GRACE + timedelta(seconds=1))
    recorded = stage.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "attempt.time_up")
    ).one()

    assert (early, count) == (0, 1)
    assert attempt.state == AttemptState.GRADED
    assert attempt.submitted_at == NOON + timedelta(minutes=5)
    assert grade_of(stage, ada).score == Decimal(10)
    assert recorded.object_id == attempt.id
    assert settle(stage, end + DAY) == 0


def test_the_next_attempt_waits_until_the_last_is_handed_in(stage: Stage) -> None:
    """Between the end of the time and the timetable no further attempt is started."""
    activity, ada = stage.activity(time_limit_minutes=30), stage.join("ada")
    start(stage, activity, ada)
    late = NOON + timedelta(minutes=31)
    with pytest.raises(AttemptClosed) as refused:
        start(stage, activity, ada, at=late)
    settle(stage, late)

    assert refused.value.reason == "attempt.time_up"
    assert start(stage, activity, ada, at=late).number == 2


def test_an_attempt_that_is_given_back_has_its_time_anew(stage: Stage) -> None:
    """With the old deadline it would be over at once."""
    activity, ada = stage.activity(time_limit_minutes=30), stage.join("ada")
    attempt = take_quiz(stage, activity, ada)
    attempt_corrections.reopen_attempt(
        stage.session, attempt=attempt, actor=stage.people["instructor"], at=NOON + DAY
    )

    assert attempt.deadline_at == NOON + DAY + timedelta(minutes=30)
    assert attempts.is_open(stage.session, attempt, at=NOON + DAY)
