"""A platform that fails is left alone, its backlog waits, and nobody else notices."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from lti_alliance.domain.circuits import CALLS_AT_ONCE, OPENS_AFTER
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.errors import PlatformError, PlatformRefused, PlatformUnavailable
from lti_alliance.models import PlatformCircuit, ScoreDelivery
from lti_alliance.services import circuits
from lti_alliance.services.score_claims import is_anything_due
from tests import factories
from tests.factories import NOW
from tests.services.scene import Scene


def down(endpoint: str = "service") -> PlatformError:
    error = PlatformUnavailable("platform_down", status=503)
    error.endpoint = endpoint
    return error


def backlog(scene: Scene, count: int) -> list[UUID]:
    with scene.acts() as session:
        course = factories.make_course(session)
        activity = factories.make_activity(session, factories.make_link(session, course))
        ids = []
        for _ in range(count):
            delivery = factories.want_shown(
                session, factories.make_grade(session, activity), at=scene.at
            )
            assert delivery is not None
            ids.append(delivery.id)
    return ids


def circuit_of(scene: Scene, endpoint: str = "service") -> PlatformCircuit:
    with scene.acts() as session:
        return session.scalars(
            select(PlatformCircuit).where(PlatformCircuit.endpoint == endpoint)
        ).one()


@pytest.mark.both_databases
@pytest.mark.parametrize("endpoint", ["service", "token"])
def test_a_platform_that_fails_is_left_alone(scene: Scene, endpoint: str) -> None:
    """Five failures in a row, and no call is made for half a minute; then one."""
    backlog(scene, 20)
    scene.gradebook.fail_before.extend(down(endpoint) for _ in range(OPENS_AFTER + 1))
    for _ in range(OPENS_AFTER):
        (delivery_id, *_) = scene.claim(limit=1)
        scene.step(delivery_id)

    assert scene.claim() == []
    with scene.acts() as session:
        assert not is_anything_due(session, at=scene.at)
        assert list(circuits.list_open(session, at=scene.at))
    assert circuit_of(scene, endpoint).failures_total == OPENS_AFTER

    scene.at += timedelta(seconds=31)
    probe = scene.claim()

    assert len(probe) == 1
    assert scene.claim(token="another") == []

    scene.step(probe[0])

    assert scene.claim() == []
    assert len(scene.gradebook.calls) == OPENS_AFTER + 1


@pytest.mark.both_databases
def test_the_backlog_drains_when_it_is_back(scene: Scene) -> None:
    """After the probe everything goes, a few at a time, whatever waits had grown meanwhile."""
    ids = backlog(scene, 30)
    scene.gradebook.fail_before.extend(down() for _ in range(OPENS_AFTER))
    for _ in range(OPENS_AFTER):
        (delivery_id, *_) = scene.claim(limit=1)
        scene.step(delivery_id)
    with scene.acts() as session:
        session.get_one(ScoreDelivery, ids[0]).next_at = scene.at + timedelta(hours=2)
    scene.at += timedelta(seconds=31)
    sizes = []
    while claimed := scene.claim():
        sizes.append(len(claimed))
        for delivery_id in claimed:
            scene.step(delivery_id)

    assert sizes[:3] == [1, 1, 1]
    assert all(scene.state(each) == (DeliveryState.DELIVERED, "") for each in ids)
    assert circuit_of(scene).failures == 0
    assert circuit_of(scene).allowance == CALLS_AT_ONCE


def test_other_platforms_notice_nothing(scene: Scene) -> None:
    """One platform's trouble holds up no other's scores."""
    backlog(scene, 20)
    for _ in range(OPENS_AFTER):
        scene.gradebook.fail_before.append(down())
        (delivery_id, *_) = scene.claim(limit=1)
        scene.step(delivery_id)
    other = scene.grade()
    scene.work()

    assert scene.state(other) == (DeliveryState.DELIVERED, "")


def test_throttling_slows_the_registration_down(scene: Scene) -> None:
    """One answer of 429 pauses every score of the registration for as long as was asked."""
    ids = backlog(scene, 8)
    scene.gradebook.fail_before.append(
        PlatformUnavailable("rate_limited", status=429, retry_after_s=90)
    )
    (delivery_id, *_) = scene.claim(limit=1)
    scene.step(delivery_id)
    scene.at += timedelta(seconds=89)

    assert scene.claim() == []

    scene.at += timedelta(seconds=1)
    scene.work()

    assert {scene.state(each) for each in ids} == {(DeliveryState.DELIVERED, "")}


def test_an_unknown_client_keeps_its_backlog(scene: Scene) -> None:
    """A token endpoint that does not know us is asked now and then, not for every score."""
    error = PlatformRefused("token_refused", status=401)
    error.endpoint = "token"
    ids = backlog(scene, 10)
    scene.gradebook.fail_before.append(error)
    (delivery_id, *_) = scene.claim(limit=1)
    scene.step(delivery_id)

    assert scene.claim() == []
    assert circuit_of(scene, "token").reason == Reason.TOKEN_REFUSED
    assert {scene.state(each)[0] for each in ids} == {DeliveryState.DUE}


def test_a_refusal_counts_and_opens_nothing(scene: Scene) -> None:
    """A platform that says no is well; how often it does is counted for the operator."""
    backlog(scene, 10)
    for _ in range(OPENS_AFTER + 1):
        scene.gradebook.fail_before.append(PlatformRefused("refused", status=403))
        (delivery_id, *_) = scene.claim(limit=1)
        scene.step(delivery_id)

    assert circuit_of(scene).refusals_total == OPENS_AFTER + 1
    assert circuit_of(scene).open_until is None
    assert scene.claim() != []


def test_a_comparison_waits_for_the_platform_too(scene: Scene) -> None:
    """A column of a platform that is left alone is not read, and a reading may be the probe."""
    backlog(scene, 1)
    scene.work()
    with scene.acts() as session:
        registration_id = session.scalars(select(ScoreDelivery.registration_id)).one()
        for _ in range(OPENS_AFTER):
            circuits.note(session, registration_id, down(), at=scene.at, jitter=1.0)
    scene.at = NOW + timedelta(minutes=5)
    with scene.acts() as session:
        row = session.scalars(select(PlatformCircuit)).one()
        row.open_until = scene.at + timedelta(seconds=1)

    assert scene.compare_due() == 0

    scene.at += timedelta(seconds=1)

    assert scene.compare_due() == 1
    assert circuit_of(scene).open_until is None
