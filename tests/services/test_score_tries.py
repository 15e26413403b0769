"""The history of a delivery: everything that happened, a week of the same on one row."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.errors import PlatformUnavailable, PlatformUnclear
from lti_alliance.models import DeliveryTry
from lti_alliance.services import score_tries
from tests.factories import NOW
from tests.services.scene import Scene

DOWN = PlatformUnavailable("platform_down", status=503)


def history(scene: Scene, delivery_id: object) -> list[DeliveryTry]:
    with scene.acts() as session:
        return list(reversed(score_tries.list_tries(session, delivery_id)))  # type: ignore[arg-type]


@pytest.mark.both_databases
def test_every_step_leaves_a_line(scene: Scene) -> None:
    """What was sent, what was read and what came of it can be told afterwards, in order."""
    delivery_id = scene.grade()
    scene.gradebook.fail_after.append(PlatformUnclear("no_answer", status=504))
    scene.work()
    scene.at += timedelta(minutes=1)
    scene.work()
    told = [
        (each.kind, each.score, each.maximum, each.state, each.reason, each.status)
        for each in history(scene, delivery_id)
    ]

    assert told == [
        ("post", 7, 10, DeliveryState.UNCLEAR, Reason.NO_ANSWER, 504),
        ("look", 7, 10, DeliveryState.DELIVERED, "", None),
    ]


@pytest.mark.both_databases
def test_the_same_failure_again_is_counted(scene: Scene) -> None:
    """An outage is one line with a beginning, an end and a number."""
    delivery_id = scene.grade()
    scene.gradebook.fail_before.extend([DOWN] * 3)
    for _ in range(4):
        scene.work()
        scene.at += timedelta(hours=1)
    outage, success = history(scene, delivery_id)

    assert (outage.count, outage.reason) == (3, Reason.PLATFORM_DOWN)
    assert (outage.at, outage.last_at) == (NOW, NOW + timedelta(hours=2))
    assert (success.count, success.state) == (1, DeliveryState.DELIVERED)


def test_successes_are_lines_of_their_own(scene: Scene) -> None:
    """Each score that was told can be told from the others."""
    delivery_id = scene.grade()
    for number in range(3):
        scene.regrade(
            delivery_id, score=Decimal(number), submitted_at=NOW + timedelta(hours=number)
        )
        scene.work()
        scene.at += timedelta(minutes=1)
    scores = [each.score for each in history(scene, delivery_id) if each.kind == "post"]

    assert scores == [0, 1, 2]


def test_history_is_kept_for_a_year_and_a_bit(scene: Scene) -> None:
    """What is older than any complaint about a grade is deleted."""
    scene.grade()
    scene.work()
    with scene.acts() as session:
        early = score_tries.forget(session, at=NOW + score_tries.KEPT)
        late = score_tries.forget(session, at=NOW + score_tries.KEPT + timedelta(seconds=1))
        left = session.scalar(select(func.count()).select_from(DeliveryTry))

    assert (early, late, left) == (0, 1, 0)
