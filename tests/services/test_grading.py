"""Grading: parts together, wordings accepted, activities settled at their close."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import ActivitySettings, MissingParts, Part
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.items import ShortItem, response_field
from lti_alliance.errors import InvalidInput, Stale
from lti_alliance.models import Activity, Attempt, Grade, Membership, ScoreDelivery
from lti_alliance.sealing import Sealer
from lti_alliance.services import activities, attempts, grading, reflections
from tests.stage import NOON, Stage

BOTH = frozenset({Part.QUIZ, Part.REFLECTION})


def take_quiz(
    stage: Stage,
    activity: Activity,
    student: Membership,
    *,
    wording: str = "",
    hand_in: bool = True,
) -> Attempt:
    attempt = attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=random.Random(2),
        at=NOON,
    )
    sheet = attempts.get_sheet(stage.session, stage.catalogue, attempt)
    fields = {
        response_field(item.id): (
            [wording or item.accepted[0].text]
            if isinstance(item, ShortItem)
            else [option.id for option in item.options if option.correct]
        )
        for item in sheet.items
    }
    act = attempts.submit_attempt if hand_in else attempts.save_responses
    act(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields=fields,
        base_version=0,
        at=NOON + timedelta(minutes=5),
    )
    return attempt


def write(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, text: str = "One word."
) -> None:
    reflections.submit_reflection(
        stage.session,
        sealer,
        activity=activity,
        membership=student,
        prompt_id=activity.settings["prompt_ids"][0],
        text=text,
        base_version=0,
        at=NOON + timedelta(hours=1),
    )


def grade_of(stage: Stage, student: Membership) -> Grade:
    return stage.session.scalars(select(Grade).where(Grade.membership_id == student.id)).one()


def delivery_of(stage: Stage, student: Membership) -> ScoreDelivery:
    return stage.session.scalars(
        select(ScoreDelivery).where(ScoreDelivery.membership_id == student.id)
    ).one()


def test_the_score_waits_for_the_last_part(stage: Stage, sealer: Sealer) -> None:
    """With a part missing there is no score to send; with all parts it is the sum."""
    student = stage.join("student")
    activity = stage.activity(parts=BOTH, prompt_ids=("fo-r1",))
    take_quiz(stage, activity, student)

    assert grade_of(stage, student).score is None
    assert grade_of(stage, student).parts["quiz"]["score"] == "10.00"

    write(stage, sealer, activity, student)

    assert grade_of(stage, student).score == Decimal(20)
    assert delivery_of(stage, student).desired_score == Decimal(20)


def test_an_unmatched_answer_counts_as_wrong_until_it_is_accepted(stage: Stage) -> None:
    """The score goes out at once; accepting the wording regrades everybody who gave it."""
    activity = stage.activity()
    students = [stage.join(f"student {n}") for n in range(2)]
    for student, wording in zip(students, ("The  closeness!", "closeness"), strict=True):
        take_quiz(stage, activity, student, wording=wording)
    before = [grade_of(stage, student).score for student in students]
    unmatched = grading.list_unmatched(stage.session, stage.catalogue, activity)
    by_wording = {(u.item_id, u.wording): u.count for u in unmatched}

    changed = grading.accept_wording(
        stage.session,
        stage.catalogue,
        activity=activity,
        item_id="fo-05",
        wording="closeness",
        share=Decimal(1),
        actor=stage.people["instructor"],
        at=NOON + timedelta(days=1),
    )
    after = [grade_of(stage, student).score for student in students]

    assert by_wording["fo-05", "closeness"] == 1
    assert changed == 2
    assert after[1] is not None
    assert before[1] is not None
    assert after[1] > before[1]
    assert delivery_of(stage, students[1]).desired_score == after[1]


@pytest.mark.parametrize(("wording", "share"), [("  …", "1"), ("bond", "0"), ("bond", "1.5")])
def test_a_wording_that_cannot_be_accepted(stage: Stage, wording: str, share: str) -> None:
    """An empty wording and a share outside 0 to 1 are refused."""
    activity = stage.activity()

    with pytest.raises(InvalidInput):
        grading.accept_wording(
            stage.session,
            stage.catalogue,
            activity=activity,
            item_id="fo-05",
            wording=wording,
            share=Decimal(share),
            actor=stage.people["instructor"],
            at=NOON,
        )


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
    early = grading.settle_closed(stage.session, stage.catalogue, at=NOON)

    assert early == 0
    assert grading.settle_closed(stage.session, stage.catalogue, at=late) == 1
    assert grading.settle_closed(stage.session, stage.catalogue, at=late) == 0
    assert kept.state == AttemptState.GRADED
    assert kept.submitted_at == NOON + timedelta(minutes=5)
    assert grade_of(stage, working).score == Decimal(10)
    assert empty.state == AttemptState.EXPIRED
    assert grade_of(stage, idle).score is None


def test_a_missing_part_counts_zero_at_the_close(stage: Stage) -> None:
    """By the activity's setting the quiz alone goes out once the reflection can no longer come."""
    student = stage.join("student")
    activity = stage.activity(
        parts=BOTH,
        prompt_ids=("fo-r1",),
        closes_at=NOON + timedelta(days=1),
        missing_parts=MissingParts.ZERO,
    )
    take_quiz(stage, activity, student)
    before = grade_of(stage, student).score
    grading.settle_closed(stage.session, stage.catalogue, at=NOON + timedelta(days=1))

    assert before is None
    assert grade_of(stage, student).score == Decimal(10)
    assert grade_of(stage, student).maximum == Decimal(20)


def test_changed_points_change_every_grade(stage: Stage) -> None:
    """A change of settings reaches grades and gradebook in the same transaction."""
    student = stage.join("student")
    activity = stage.activity()
    take_quiz(stage, activity, student)
    changed = ActivitySettings(parts=frozenset({Part.QUIZ}), quiz_points=Decimal(40))

    def change(base_version: int) -> None:
        activities.change_settings(
            stage.session,
            stage.catalogue,
            activity=activity,
            settings=changed,
            module_id=activity.module_id,
            base_version=base_version,
            actor=stage.people["instructor"],
            at=NOON + timedelta(days=1),
        )

    change(1)

    assert grade_of(stage, student).score == Decimal(40)
    assert delivery_of(stage, student).desired_maximum == Decimal(40)
    with pytest.raises(Stale):
        change(1)
