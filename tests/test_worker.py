"""The background process: it delivers, keeps its timetable, and ends cleanly."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_alliance import worker
from lti_alliance.app import create_app
from lti_alliance.delivering import Deliverer, acts_of
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.models import (
    AccessToken,
    Activity,
    AuditBatch,
    AuditEvent,
    Erasure,
    LaunchSession,
    Profile,
    ScoreDelivery,
    TimetableEntry,
    ToolKey,
    WorkerBeat,
)
from lti_alliance.services import audit, erasure_file, timetable
from lti_alliance.services.audit_checking import verify
from lti_alliance.settings import Settings
from tests import factories
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeGradebook


def want_score(app: Flask, **changes: object) -> UUID:
    """Make a grade and want it shown, as a request does."""
    with acts_of(app)() as session:
        grade = factories.make_grade(session, **changes)
        delivery = factories.want_shown(session, grade, at=NOW)
        assert delivery is not None
        return delivery.id


def state_of(app: Flask, delivery_id: UUID) -> tuple[str, str]:
    with acts_of(app)() as session:
        row = session.get_one(ScoreDelivery, delivery_id)
        return row.state, row.reason


def wait_until(true: Callable[[], bool], *, seconds: float = 10.0) -> float:
    """Wait for something and return how long it took."""
    start = time.monotonic()
    while not true():
        took = time.monotonic() - start
        assert took < seconds, "it did not happen in time"
        time.sleep(0.005)
    return time.monotonic() - start


@contextmanager
def running(app: Flask, gradebook: FakeGradebook) -> Iterator[threading.Event]:
    """Run a worker in a thread for the block."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.Worker(app, gradebook=gradebook).run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def gradebook() -> FakeGradebook:
    return FakeGradebook()


@pytest.mark.both_databases
def test_a_score_leaves_within_half_a_second(app: Flask, gradebook: FakeGradebook) -> None:
    """From the commit of the grade to the call, with an idle worker."""
    with running(app, gradebook):
        wait_until(lambda: beats(app) == 1)
        time.sleep(0.3)
        took = []
        for number in range(3):
            want_score(app)
            took.append(wait_until(lambda: len(gradebook.posts) == number + 1))  # noqa: B023
            time.sleep(0.1)

    assert sorted(took)[1] < 0.5


def beats(app: Flask) -> int:
    with acts_of(app)() as session:
        return session.scalar(select(func.count()).select_from(WorkerBeat)) or 0


@pytest.mark.both_databases
def test_two_workers_share_the_work(app: Flask) -> None:
    """Everything is delivered once, however many workers there are."""
    wanted = [want_score(app) for _ in range(20)]
    first, second = FakeGradebook(), FakeGradebook()
    with running(app, first), running(app, second):
        wait_until(lambda: all(state_of(app, each)[0] == "delivered" for each in wanted))

    assert len(first.posts) + len(second.posts) == 20


def test_an_error_in_one_row_stops_nothing(app: Flask, gradebook: FakeGradebook) -> None:
    """A row that fails inside the tool is put off, and the others go."""
    gradebook.fail_before.append(ZeroDivisionError("a fault of ours"))
    poisoned, healthy = want_score(app), want_score(app)
    deliverer = Deliverer(app, gradebook=gradebook)
    deliverer.deliver_due()
    states = {state_of(app, each) for each in (poisoned, healthy)}

    assert states == {
        (DeliveryState.UNCLEAR, Reason.INTERNAL_ERROR),
        (DeliveryState.DELIVERED, ""),
    }


def test_a_database_that_is_away_is_waited_for(
    app: Flask, gradebook: FakeGradebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop goes on after a turn that the database refused."""
    with acts_of(app)() as session:
        session.connection().exec_driver_sql("ALTER TABLE score_deliveries RENAME TO away")
    with running(app, gradebook):
        wait_until(lambda: beats(app) == 1)
        time.sleep(0.3)
        with acts_of(app)() as session:
            session.connection().exec_driver_sql("ALTER TABLE away RENAME TO score_deliveries")
        want_score(app)
        wait_until(lambda: len(gradebook.posts) == 1)


def test_a_call_under_way_ends_before_the_worker(app: Flask, gradebook: FakeGradebook) -> None:
    """A worker that is told to stop records what it was doing."""
    delivery_id = want_score(app)
    called, go_on = threading.Event(), threading.Event()
    post = gradebook.post_score

    def slow(*args: object) -> int:
        called.set()
        assert go_on.wait(10)
        return post(*args)  # type: ignore[arg-type]

    gradebook.post_score = slow  # type: ignore[method-assign]
    with running(app, gradebook) as stop:
        assert called.wait(10)
        stop.set()
        time.sleep(0.2)
        go_on.set()

    assert state_of(app, delivery_id) == (DeliveryState.DELIVERED, "")
    assert beats(app) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly(settings: Settings, number: int) -> None:
    """SIGTERM and SIGINT end the worker with status 0 and take its beat back."""
    code = (
        "from lti_alliance.app import create_app\n"
        "from lti_alliance.worker import serve\n"
        "serve(create_app())\n"
    )
    environment = os.environ | {
        "ALLIANCE_DATABASE_URL": settings.database_url,
        "ALLIANCE_SECRET_KEY": settings.secret_key,
        "ALLIANCE_DATA_KEY": settings.data_key,
    }
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as process:
        from lti_alliance.app import create_app

        app = create_app(settings)
        wait_until(lambda: beats(app) == 1, seconds=60)
        process.send_signal(number)
        status = process.wait(20)

    assert status == 0
    assert beats(app) == 0


# The timetable


def entry(app: Flask, name: str) -> TimetableEntry:
    with acts_of(app)() as session:
        return session.get_one(TimetableEntry, name)


def enter_jobs(app: Flask) -> None:
    with acts_of(app)() as session:
        timetable.ensure_jobs(session, worker.JOBS, at=NOW)


def test_every_job_runs_when_it_is_due(app: Flask, now: Clock, gradebook: FakeGradebook) -> None:
    """Jobs run at the start and again when their time has come."""
    enter_jobs(app)
    worker.Worker(app, gradebook=gradebook).run_due_jobs()
    first = {name: entry(app, name) for name in worker.JOBS}

    assert {each.finished_at for each in first.values()} == {now()}
    assert {name: each.next_at - now() for name, each in first.items()} == {
        name: job.every for name, job in worker.JOBS.items()
    }

    now.move(seconds=31)
    worker.Worker(app, gradebook=gradebook).run_due_jobs()

    assert entry(app, "closing_times").finished_at == now()
    assert entry(app, "retention").finished_at == NOW


def test_each_host_keeps_its_own_erasures(
    settings: Settings, now: Clock, gradebook: FakeGradebook, tmp_path: Path
) -> None:
    """Each worker keeps the file of its own host, whichever of them does the timetable's jobs; a
    host that never came first would else have a file that lacks what was erased."""
    apps = [
        create_app(replace(settings, erasures_file=str(tmp_path / name)), now=now)
        for name in ("here", "there")
    ]
    enter_jobs(apps[0])
    with acts_of(apps[0])() as session:
        session.add(Erasure(person_digest="d" * 64, erased_at=NOW))
    here, there = (worker.Worker(each, gradebook=gradebook) for each in apps)
    here.run_due_jobs()
    there.run_due_jobs()
    first = [erasure_file.read(tmp_path / name) for name in ("here", "there")]
    with acts_of(apps[0])() as session:
        session.add(Erasure(person_digest="e" * 64, erased_at=NOW))
    there.run_due_jobs()
    too_soon = erasure_file.read(tmp_path / "there")
    now.move(minutes=1)
    there.run_due_jobs()

    assert [len(stones) for stones in first] == [1, 1]
    assert len(too_soon) == 1
    assert len(erasure_file.read(tmp_path / "there")) == 2


@pytest.mark.both_databases
def test_a_job_is_held_by_one_worker(app: Flask) -> None:
    """Of several that claim a job, one gets it; a lease that ran out frees it."""
    enter_jobs(app)
    lease = timedelta(minutes=1)

    def claim(token: str, *, at: timedelta = timedelta()) -> bool:
        with acts_of(app)() as session:
            return timetable.claim_job(session, "retention", at=NOW + at, lease=lease, token=token)

    won: list[bool] = []
    threads = [threading.Thread(target=lambda n=n: won.append(claim(f"w{n}"))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False, False, False, True]
    assert claim("later", at=lease)
    with acts_of(app)() as session:
        assert not timetable.finish_job(session, "retention", at=NOW, next_at=NOW, token="w0")


def test_a_job_that_fails_is_tried_again_soon(
    app: Flask, gradebook: FakeGradebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing job leaves nothing half done, hinders no other, and comes back in a minute."""

    def fail(session: Session, *_: object) -> None:
        session.add(WorkerBeat(worker_id="half done", seen_at=NOW))
        session.flush()
        raise ZeroDivisionError

    failing = worker.Job(timedelta(hours=1), fail)
    monkeypatch.setattr(worker, "JOBS", {"failing": failing, **worker.JOBS})
    enter_jobs(app)
    worker.Worker(app, gradebook=gradebook).run_due_jobs()

    assert entry(app, "failing").next_at == NOW + timedelta(minutes=1)
    assert entry(app, "retention").finished_at == NOW
    assert beats(app) == 0


def test_keys_are_made_at_the_start(app: Flask, gradebook: FakeGradebook) -> None:
    """A new tool has a key that signs and one that is published for later."""
    enter_jobs(app)
    worker.Worker(app, gradebook=gradebook).run_due_jobs()
    with acts_of(app)() as session:
        states = set(session.scalars(select(ToolKey.state)))

    assert states == {"current", "next"}


def test_what_has_outlived_its_use_is_deleted(app: Flask, gradebook: FakeGradebook) -> None:
    """Old launch sessions, names and tokens go; what is still of use stays."""
    with acts_of(app)() as session:
        course = factories.make_course(session)
        registration_id = course.deployment.registration_id
        for name, age in (("olga", timedelta(days=1, seconds=1)), ("nina", timedelta(hours=23))):
            member = factories.make_member(session, course, sub=name)
            ended = NOW - age
            session.add(
                LaunchSession(
                    handle=name,
                    state_id=name,
                    token_digest="",
                    cookie_digest="",
                    registration_id=registration_id,
                    user_id=member.user_id,
                    role="learner",
                    frame_ancestors=[],
                    created_at=ended,
                    seen_at=ended,
                    expires_at=ended,
                )
            )
            is_old = name == "olga"
            ends = NOW + timedelta(seconds=-1 if is_old else 1)
            session.add(Profile(user_id=member.user_id, name=name, expires_at=ends))
            session.add(
                AccessToken(
                    registration_id=registration_id,
                    token_host=name,
                    scopes="",
                    sealed_token=b"",
                    expires_at=ends,
                )
            )
    enter_jobs(app)
    worker.Worker(app, gradebook=gradebook).run_due_jobs()
    with acts_of(app)() as session:
        kept = [
            session.scalars(select(column)).all()
            for column in (LaunchSession.handle, Profile.name, AccessToken.token_host)
        ]

    assert kept == [["nina"], ["nina"], ["nina"]]


def test_closing_times_are_kept(app: Flask, now: Clock, gradebook: FakeGradebook) -> None:
    """An activity whose time has come is settled by the worker."""
    with acts_of(app)() as session:
        settings = ActivitySettings(
            parts=frozenset({Part.QUIZ}), closes_at=NOW + timedelta(minutes=1)
        )
        link = factories.make_link(session, factories.make_course(session))
        activity_id = factories.make_activity(session, link, settings=settings).id
    enter_jobs(app)
    moments = []
    for _ in range(3):
        worker.Worker(app, gradebook=gradebook).run_due_jobs()
        with acts_of(app)() as session:
            moments.append(session.get_one(Activity, activity_id).closed_at)
        now.move(seconds=40)

    assert moments == [None, None, NOW + timedelta(seconds=80)]


@pytest.mark.both_databases
def test_the_worker_seals_the_audit_trail(
    app: Flask, now: Clock, gradebook: FakeGradebook, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was recorded is in a batch at the next turn, and the log has the batch's hash."""
    enter_jobs(app)
    worker.Worker(app, gradebook=gradebook).run_due_jobs()
    with acts_of(app)() as session:
        audit.record(session, "reflection.read", at=now())
    now.move(minutes=1)
    capsys.readouterr()
    worker.Worker(app, gradebook=gradebook).run_due_jobs()
    with acts_of(app)() as session:
        batch = session.scalars(select(AuditBatch)).one()
        checked = verify(session)

    assert (checked.events, checked.unsealed, checked.first_break) == (1, 0, None)
    assert f"batch_hash={batch.hash}" in capsys.readouterr().err


def test_a_key_that_the_worker_rotates_is_on_record(
    app: Flask, now: Clock, gradebook: FakeGradebook
) -> None:
    """After ninety days the next key signs, and the audit trail says since when."""
    enter_jobs(app)
    worker.Worker(app, gradebook=gradebook).run_due_jobs()
    now.move(days=91)
    worker.Worker(app, gradebook=gradebook).run_due_jobs()
    with acts_of(app)() as session:
        current = session.scalars(select(ToolKey).where(ToolKey.state == "current")).one()
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "key.rotated"))

        assert [(event.object_id, event.at) for event in events] == [(current.id, now())]
