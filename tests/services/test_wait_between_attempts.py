"""The wait between attempts: from handing in, for everybody, and what an instructor may do."""

import random
from datetime import datetime, timedelta

import pytest

from lti_alliance.domain.accommodations import Accommodation
from lti_alliance.errors import AttemptClosed
from lti_alliance.models import Activity, Attempt, Membership
from lti_alliance.services import (
    accommodation_views,
    accommodations,
    answering,
    attempt_corrections,
    attempts,
    student_home,
)
from lti_alliance.services.student_home import QuizCard
from tests.stage import NOON, Stage

DAY = timedelta(days=1)


@pytest.fixture
def student(stage: Stage) -> Membership:
    return stage.join("student")


@pytest.fixture
def activity(stage: Stage) -> Activity:
    return stage.activity(attempts=3, wait_minutes=1440, closes_at=NOON + 3 * DAY)


def start(stage: Stage, activity: Activity, student: Membership, at: datetime) -> Attempt:
    return attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=random.Random(1),
        at=at,
    )


def hand_in(stage: Stage, attempt: Attempt, at: datetime) -> None:
    answering.submit_attempt(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields={},
        base_version=attempt.saved_version,
        at=at,
    )


def card(stage: Stage, activity: Activity, student: Membership, at: datetime) -> QuizCard:
    home = student_home.student_home(
        stage.session, stage.catalogue, activity=activity, membership=student, at=at
    )
    assert home.quiz is not None
    return home.quiz


def test_the_next_attempt_opens_after_the_wait(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """It counts from handing in and not from the start; the page knows the moment."""
    handed_in = NOON + timedelta(hours=2)
    hand_in(stage, start(stage, activity, student, NOON), handed_in)
    early = handed_in + DAY - timedelta(seconds=1)
    with pytest.raises(AttemptClosed, match=r"attempt\.wait"):
        start(stage, activity, student, early)
    waiting = card(stage, activity, student, early)
    ready = card(stage, activity, student, handed_in + DAY)

    assert (waiting.may_start, waiting.why_not) == (False, "attempt.wait")
    assert waiting.next_opens_at == handed_in + DAY
    assert waiting.opens_in_time
    assert ready.may_start
    assert ready.next_opens_at is None
    assert start(stage, activity, student, handed_in + DAY).number == 2


def test_a_wait_that_the_close_cuts_off_is_known(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """The page can say that there will be no further attempt in time."""
    late = NOON + timedelta(days=2, hours=1)
    hand_in(stage, start(stage, activity, student, late), late)

    assert not card(stage, activity, student, late).opens_in_time


def test_more_attempts_do_not_shorten_the_wait(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """What is granted is more attempts and more time, and the wait is for everybody alike."""
    accommodations.grant_accommodation(
        stage.session,
        None,
        person=accommodation_views.get_person(stage.session, stage.context.id, student.id),
        activity=activity,
        granted=Accommodation(extra_attempts=2, extra_minutes=60),
        note="",
        base_version=0,
        actor=stage.people["instructor"],
        at=NOON,
    )
    hand_in(stage, start(stage, activity, student, NOON), NOON)

    assert card(stage, activity, student, NOON + timedelta(hours=1)).why_not == "attempt.wait"


def test_an_attempt_that_counts_for_nothing_makes_nobody_wait(
    stage: Stage, activity: Activity, student: Membership
) -> None:
    """An instructor lets somebody try again at once by making the last attempt void."""
    attempt = start(stage, activity, student, NOON)
    hand_in(stage, attempt, NOON)
    attempt_corrections.void_attempt(
        stage.session, attempt=attempt, actor=stage.people["instructor"], at=NOON
    )

    assert start(stage, activity, student, NOON).number == 2
