"""Batches: one claim and one record for several scores, and nothing lost when one goes wrong."""

import dataclasses
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from lti_alliance import delivering, worker
from lti_alliance.delivering import BATCH, Deliverer, acts_of
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.errors import PlatformRefused, PlatformUnavailable
from lti_alliance.models import Grade, GradebookCheck, PlatformCircuit, ScoreDelivery, db
from lti_alliance.services import score_delivery, score_records
from lti_alliance.services.score_steps import Step
from lti_alliance.settings import Settings
from tests import factories
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeGradebook, FakeRoster
from tests.statements import statements_of

DOWN = PlatformUnavailable("connect_failed")
BUSY = PlatformUnavailable("platform_down", status=503)
ENOUGH = Settings().delivery_calls * BATCH
"""So many that each of the calls which a platform gets at once has a whole batch to make."""


def class_of(
    app: Flask, size: int, *, family: str = "canvas", members_url: str = "", **changes: object
) -> list[UUID]:
    with acts_of(app)() as session:
        registration = factories.make_registration(session, family=family)
        course = factories.make_course(session, registration, memberships_url=members_url)
        activity = factories.make_activity(session, factories.make_link(session, course))
        ids = []
        for _ in range(size):
            grade = factories.make_grade(session, activity, **changes)
            delivery = factories.want_shown(session, grade, at=NOW)
            assert delivery is not None
            ids.append(delivery.id)
        return ids


def rows(app: Flask) -> list[ScoreDelivery]:
    with acts_of(app)() as session:
        return list(session.scalars(select(ScoreDelivery)))


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def gradebook() -> FakeGradebook:
    return FakeGradebook()


@pytest.mark.both_databases
def test_a_batch_is_claimed_and_recorded_together(app: Flask, gradebook: FakeGradebook) -> None:
    """A class of waiting scores goes out in batches, in few transactions."""
    class_of(app, ENOUGH)
    deliverer = Deliverer(app, gradebook=gradebook)
    batch = deliverer.claim()
    assert batch is not None
    deliverer.deliver(batch)

    assert len(batch.steps) == BATCH
    assert sum(row.state == DeliveryState.DELIVERED for row in rows(app)) == BATCH


def test_a_class_refused_as_a_whole_is_looked_up_once(app: Flask, gradebook: FakeGradebook) -> None:
    """Moodle gives no reason; its roster is read once for a batch, not once for each score."""
    class_of(app, ENOUGH, family="moodle", members_url="https://lms.test/members")
    roster = FakeRoster()
    gradebook.fail_before.extend([PlatformRefused("refused", status=400)] * BATCH)
    deliverer = Deliverer(app, gradebook=gradebook, roster=roster)
    batch = deliverer.claim()
    assert batch is not None
    deliverer.deliver(batch)

    assert len(gradebook.calls) == BATCH
    assert len(roster.calls) == 1
    assert sum(row.reason == Reason.NOT_IN_COURSE for row in rows(app)) == BATCH


def test_the_first_failure_of_the_platform_ends_a_batch(
    app: Flask, gradebook: FakeGradebook
) -> None:
    """What has not been called is given back as if it had never been claimed."""
    class_of(app, 3 * BATCH, comment="Feedback is in the activity.")
    gradebook.fail_before.extend([None, DOWN])
    deliverer = Deliverer(app, gradebook=gradebook)
    batch = deliverer.claim()
    assert batch is not None
    deliverer.deliver(batch)
    given_back = [row for row in rows(app) if row.state == "due" and not row.reason]

    assert gradebook.calls == ["post_score"] * 2
    assert len(given_back) == 3 * BATCH - 2
    assert {(row.told_version, row.told_comment_digest, row.told_url) for row in given_back} == {
        (0, "", "")
    }

    deliverer.deliver_due()

    assert {score.comment_is_new for _, score in gradebook.posts} == {True}


@pytest.mark.both_databases
def test_single_failures_cost_a_call_and_open_no_circuit(
    app: Flask, gradebook: FakeGradebook
) -> None:
    """One in ten answered with 503: all arrive within their batch, and nobody waits."""
    class_of(app, ENOUGH)
    gradebook.fail_before.extend(([None] * 9 + [BUSY]) * 4)
    deliverer = Deliverer(app, gradebook=gradebook)
    batch = deliverer.claim()
    assert batch is not None
    deliverer.deliver(batch)
    done = [row for row in rows(app) if row.state == DeliveryState.DELIVERED]

    assert len(done) == len(batch.steps) == BATCH
    assert {row.tries for row in done} == {0}
    assert len(gradebook.calls) == BATCH + 4
    with acts_of(app)() as session:
        assert session.scalars(select(PlatformCircuit)).all() == []


@pytest.mark.both_databases
def test_each_call_has_a_time_of_its_own(app: Flask, gradebook: FakeGradebook) -> None:
    """Made again or not, a call for a person comes a second after the one before at least."""
    ids = class_of(app, 1)
    gradebook.fail_before.extend([None, BUSY, BUSY, None])
    deliverer = Deliverer(app, gradebook=gradebook)
    for score in (1, 2, 3):
        with acts_of(app)() as session:
            grade = session.get_one(Grade, session.get_one(ScoreDelivery, ids[0]).grade_id)
            grade.score, grade.submitted_at = Decimal(score), NOW + timedelta(minutes=score)
            session.flush()
            score_delivery.mirror(session, grade, at=NOW)
        deliverer.deliver_due()
    given = [score.score_given for score in gradebook.asked]
    times = [score.timestamp for score in gradebook.asked]

    assert given == [1, 2, 2, 2, 3]
    assert all(later - sooner >= timedelta(seconds=1) for sooner, later in pairwise(times))


def test_a_success_before_a_failure_is_counted_as_one(app: Flask, gradebook: FakeGradebook) -> None:
    """Batches that each end with a failure after successes are no failures in a row."""
    class_of(app, 30)
    deliverer = Deliverer(app, gradebook=gradebook)
    for _ in range(6):
        gradebook.fail_before.extend([None, DOWN])
        batch = deliverer.claim()
        assert batch is not None
        deliverer.deliver(batch)
    with acts_of(app)() as session:
        circuit = session.scalars(select(PlatformCircuit)).one()

    assert (circuit.failures, circuit.open_until) == (1, None)


@pytest.mark.both_databases
def test_a_newer_grade_is_sent_after_the_one_under_way(
    app: Flask, gradebook: FakeGradebook
) -> None:
    """Of a batch that is recorded together, what has moved on meanwhile is due again."""
    ids = class_of(app, ENOUGH)
    deliverer = Deliverer(app, gradebook=gradebook)
    batch = deliverer.claim()
    assert batch is not None
    moved = batch.steps[1].delivery_id
    assert moved in ids
    with acts_of(app)() as session:
        delivery = session.get_one(ScoreDelivery, moved)
        grade = session.get_one(Grade, delivery.grade_id)
        grade.score = Decimal(3)
        session.flush()
        score_delivery.mirror(session, grade, at=NOW)
    deliverer.deliver(batch)
    states = {row.id: row.state for row in rows(app) if row.told_version}

    assert states.pop(moved) == DeliveryState.DUE
    assert set(states.values()) == {DeliveryState.DELIVERED}

    deliverer.deliver_due()

    assert sum(score.score_given == Decimal(3) for _, score in gradebook.posts) == 1


@pytest.mark.needs_postgres
def test_a_batch_costs_the_same_whatever_its_size(
    settings: Settings, gradebook: FakeGradebook, now: Clock
) -> None:
    """On PostgreSQL no statement is made for each score; the calls are all that grows."""
    from lti_alliance.app import create_app

    app = create_app(dataclasses.replace(settings, delivery_calls=1), now=now)
    deliverer = Deliverer(app, gradebook=gradebook)
    counts = []
    for size in (2, 20):
        class_of(app, size)
        with app.app_context():
            engine = db.engine
        with statements_of(engine) as sent:
            batch = deliverer.claim()
            assert batch is not None
            deliverer.deliver(batch)
        assert len(batch.steps) == size
        counts.append(len(sent))
    engine.dispose()

    assert counts[0] == counts[1] <= 14


@pytest.mark.both_databases
def test_a_platform_gets_as_many_calls_as_the_settings_say(
    settings: Settings, gradebook: FakeGradebook, now: Clock
) -> None:
    """With two calls at once a third thread finds nothing to do until one of them is back."""
    from lti_alliance.app import create_app

    app = create_app(dataclasses.replace(settings, delivery_calls=2), now=now)
    class_of(app, 3 * BATCH)
    deliverer = Deliverer(app, gradebook=gradebook)
    first, second = deliverer.claim(), deliverer.claim()
    assert first is not None
    assert second is not None
    none_left = (deliverer.claim(), deliverer.claim(looks_first=False))
    deliverer.deliver(first)
    third = deliverer.claim(looks_first=False)
    with app.app_context():
        db.engine.dispose()

    assert none_left == (None, None)
    assert first.is_full
    assert third is not None


def test_a_batch_ends_before_its_lease_does(
    settings: Settings, gradebook: FakeGradebook, now: Clock
) -> None:
    """A thread that has been slow leaves the rest of its batch to the others."""
    from lti_alliance.app import create_app

    app = create_app(dataclasses.replace(settings, delivery_lease_s=1.0), now=now)
    class_of(app, 3 * BATCH)
    post = gradebook.post_score
    gradebook.post_score = lambda *args: time.sleep(0.2) or post(*args)  # type: ignore[method-assign]
    deliverer = Deliverer(app, gradebook=gradebook)
    batch = deliverer.claim()
    assert batch is not None
    deliverer.deliver(batch)

    assert len(batch.steps) > 2
    assert len(gradebook.posts) == 2
    assert {row.lease_token for row in rows(app)} == {""}


def test_a_worker_held_up_after_its_claim_sends_nothing(
    app: Flask, gradebook: FakeGradebook, settings: Settings
) -> None:
    """A host that stood still, or waited for its network, may have lost what it claimed: it calls
    nobody, gives back what is still its own, and leaves alone what another has taken over."""
    class_of(app, 2 * BATCH)
    deliverer, other = Deliverer(app, gradebook=gradebook), Deliverer(app, gradebook=gradebook)
    batch = deliverer.claim()
    assert batch is not None
    taken = batch.steps[0].delivery_id
    with acts_of(app)() as session:
        row = session.get_one(ScoreDelivery, taken)
        row.lease_token = "another"
        row.lease_until = NOW + timedelta(minutes=2)
    held_up = dataclasses.replace(batch, began=batch.began - settings.delivery_lease_s - 1)
    deliverer.deliver(held_up)
    tokens = {row.id: row.lease_token for row in rows(app)}
    held = {key: token for key, token in tokens.items() if token}
    calls = list(gradebook.calls)
    other.deliver_due()

    assert len(batch.steps) > 1
    assert calls == []
    assert held == {taken: "another"}
    assert sum(row.state == DeliveryState.DELIVERED for row in rows(app)) == 2 * BATCH - 1


def test_one_record_that_fails_spoils_no_other(
    app: Flask, gradebook: FakeGradebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that cannot be recorded is put off alone; the others of its batch are delivered."""
    class_of(app, 2 * BATCH)
    deliverer = Deliverer(app, gradebook=gradebook)
    batch = deliverer.claim()
    assert batch is not None
    poisoned = batch.steps[1].delivery_id

    def record_all(session: object, heard: list[tuple[Step, object]], **facts: object) -> int:
        if any(step.delivery_id == poisoned for step, _ in heard):
            raise ZeroDivisionError
        return score_records.record_all(session, heard, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(delivering, "record_all", record_all)
    deliverer.deliver(batch)
    states = {row.id: (row.state, row.reason) for row in rows(app)}

    assert states[poisoned] == (DeliveryState.UNCLEAR, Reason.INTERNAL_ERROR)
    assert {states[step.delivery_id] for step in batch.steps} - {states[poisoned]} == {
        (DeliveryState.DELIVERED, "")
    }


def test_a_row_that_cannot_be_prepared_is_put_off_alone(
    app: Flask, gradebook: FakeGradebook
) -> None:
    """F42: bad data in one row holds up no other."""
    poisoned, *healthy = class_of(app, 4)
    with acts_of(app)() as session:
        session.get_one(ScoreDelivery, poisoned).desired_score = Decimal(-5)
    Deliverer(app, gradebook=gradebook).deliver_due()
    states = {row.id: (row.state, row.reason) for row in rows(app)}

    assert states.pop(poisoned) == (DeliveryState.DUE, Reason.INTERNAL_ERROR)
    assert set(states) == set(healthy)
    assert set(states.values()) == {(DeliveryState.DELIVERED, "")}


@pytest.mark.both_databases
def test_a_worker_compares_and_mends_by_itself(
    app: Flask, gradebook: FakeGradebook, now: Clock
) -> None:
    """Minutes after a delivery the column is read, and a score that is gone is sent again."""
    class_of(app, 2)
    stop = threading.Event()
    thread = threading.Thread(target=worker.Worker(app, gradebook=gradebook).run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: len(gradebook.posts) == 2)
        wait_until(lambda: all(row.state == DeliveryState.DELIVERED for row in rows(app)))
        next(iter(gradebook.cells.values())).score = None
        now.move(minutes=6)
        wait_until(lambda: len(gradebook.posts) == 3)
    finally:
        stop.set()
        thread.join(20)
    with acts_of(app)() as session:
        check = session.scalars(select(GradebookCheck)).one()

    assert check.findings["mended"] == 1
    assert [cell.score for cell in gradebook.cells.values()] == [7, 7]
    assert check.next_at > NOW + timedelta(minutes=6)
