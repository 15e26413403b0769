"""Activities settled at their close, once."""

import random
from datetime import timedelta
from decimal import Decimal

from lti_alliance.domain.activities import MissingParts, Part
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.services import attempts, closing
from tests.services.work import grade_of, take_quiz
from tests.stage import NOON, Stage


def test_an_open_attempt_is_handed_in_at_the_close(stage: Stage) -> None:
    """What was saved counts; an attempt with nothing in it expires; it happens once."""
    activity = stage.activity(closes_at=NOON + timedelta(days=1))
    working, idle = stage.join("working"), stage.join("idle")
    kept = take_quiz(stage, activity, working, hand_in=False)
    empty = attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=idle,
        rng=random.Random(2),
        at=NOON,
    )
    late = NOON + timedelta(days=1, seconds=5)
    early = closing.settle_closed(stage.session, stage.catalogue, at=NOON)

    assert early == 0
    assert closing.settle_closed(stage.session, stage.catalogue, at=late) == 1
    assert closing.settle_closed(stage.session, stage.catalogue, at=late) == 0
    assert kept.state == AttemptState.GRADED
    assert kept.submitted_at == NOON + timedelta(minutes=5)
    assert grade_of(stage, working).score == Decimal(10)
    assert empty.state == AttemptState.EXPIRED
    assert grade_of(stage, idle).score is None


def test_a_missing_part_counts_zero_at_the_close(stage: Stage) -> None:
    """By the activity's setting the quiz alone goes out once the reflection can no longer come."""
    student = stage.join("student")
    activity = stage.activity(
        parts=frozenset({Part.QUIZ, Part.REFLECTION}),
        prompt_ids=("fo-r1",),
        closes_at=NOON + timedelta(days=1),
        missing_parts=MissingParts.ZERO,
    )
    take_quiz(stage, activity, student)
    before = grade_of(stage, student).score
    closing.settle_closed(stage.session, stage.catalogue, at=NOON + timedelta(days=1))

    assert before is None
    assert grade_of(stage, student).score == Decimal(10)
    assert grade_of(stage, student).maximum == Decimal(20)
