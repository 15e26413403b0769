"""Grading: parts put together, every grade worked out anew when a setting changes."""

from datetime import timedelta
from decimal import Decimal

import pytest

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.errors import Stale
from lti_alliance.sealing import Sealer
from lti_alliance.services import activities
from tests.services.work import delivery_of, grade_of, take_quiz, write
from tests.stage import NOON, Stage

BOTH = frozenset({Part.QUIZ, Part.REFLECTION})


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
