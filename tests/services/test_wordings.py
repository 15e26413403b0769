"""Wordings of short answers: grouped where no key knows them, accepted for everybody at once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.services import wordings
from tests.services.work import delivery_of, grade_of, take_quiz
from tests.stage import NOON, Stage


def test_an_unmatched_answer_counts_as_wrong_until_it_is_accepted(stage: Stage) -> None:
    """The score goes out at once; accepting the wording regrades everybody who gave it."""
    activity = stage.activity()
    students = [stage.join(f"student {n}") for n in range(2)]
    for student, wording in zip(students, ("The  closeness!", "closeness"), strict=True):
        take_quiz(stage, activity, student, wording=wording)
    before = [grade_of(stage, student).score for student in students]
    unmatched = wordings.list_unmatched(stage.session, stage.catalogue, activity)
    (item_id,) = {each.item_id for each in unmatched}
    counts = {each.wording: each.count for each in unmatched}

    changed = wordings.accept_wording(
        stage.session,
        stage.catalogue,
        activity=activity,
        item_id=item_id,
        wording="closeness",
        share=Decimal(1),
        actor=stage.people["instructor"],
        at=NOON + timedelta(days=1),
    )
    after = [grade_of(stage, student).score for student in students]

    assert counts["closeness"] == 1
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
        wordings.accept_wording(
            stage.session,
            stage.catalogue,
            activity=activity,
            item_id="fo-05",
            wording=wording,
            share=Decimal(share),
            actor=stage.people["instructor"],
            at=NOON,
        )


@pytest.mark.parametrize("item_id", ["fo-99", "fo-01"])
def test_only_short_items_of_the_activity_take_wordings(stage: Stage, item_id: str) -> None:
    """An unknown item, or one that is answered by choosing, is not found."""
    with pytest.raises(NotFound):
        wordings.accept_wording(
            stage.session,
            stage.catalogue,
            activity=stage.activity(),
            item_id=item_id,
            wording="bond",
            share=Decimal(1),
            actor=stage.people["instructor"],
            at=NOON,
        )
