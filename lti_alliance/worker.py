"""The background process: scores on their way, and the timetable's jobs.

What is due is a row with a time; this process claims it, does it and looks again. Any number of
these processes may run, and any of them may die at any moment.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from uuid import UUID

import structlog
from flask import Flask
from sqlalchemy import delete, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lti_alliance.lti import keys
from lti_alliance.lti.grade_services import GradeServices
from lti_alliance.lti.tokens import ServiceTokens
from lti_alliance.models import WorkerBeat, begin_write, db
from lti_alliance.models.statements import insert_for
from lti_alliance.parts import Parts, parts
from lti_alliance.services import closing, gradebook_checks, privacy, score_tries, timetable
from lti_alliance.services.ports import Acts, Gradebook
from lti_alliance.services.score_claims import claim_due, is_anything_due
from lti_alliance.services.score_delivery import CHANNEL
from lti_alliance.services.score_records import put_off, record
from lti_alliance.services.score_sending import call, draw_jitter, prepare
from lti_alliance.services.score_steps import Step

log = structlog.get_logger(__name__)

THREADS = 16
"""Calls under way at once in one process; a few slow platforms leave room for the others."""
CHECK_LEASE = timedelta(minutes=15)
REGISTRATIONS_KEPT_S = 2.0
"""How old what this process knows of a registration may be."""
JOB_LEASE = timedelta(minutes=10)
JOB_RETRY = timedelta(minutes=1)
BEAT = timedelta(seconds=10)
BEATS_KEPT = timedelta(days=1)
JOBS_LOOKED_AT = timedelta(seconds=1)
LISTENING_POLL_S = 1.0
"""Where PostgreSQL tells of new work, looking is only for what becomes due by itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring job of the timetable; ``run`` works in one act."""

    every: timedelta
    run: Callable[[Session, Parts, datetime], object]


def _settle_closed(session: Session, found: Parts, at: datetime) -> None:
    closing.settle_closed(session, found.catalogue, at=at)


def _retain(session: Session, _found: Parts, at: datetime) -> None:
    privacy.retain(session, at=at)
    score_tries.forget(session, at=at)


def _tend_keys(session: Session, found: Parts, at: datetime) -> None:
    keys.tend_keys(session, found.sealer, at=at)


JOBS: Mapping[str, Job] = {
    "key_rotation": Job(timedelta(hours=1), _tend_keys),
    "closing_times": Job(timedelta(seconds=30), _settle_closed),
    "retention": Job(timedelta(hours=1), _retain),
}


def run(app: Flask, *, stop: threading.Event) -> None:
    """Work until ``stop`` is set and the calls under way have ended."""
    Worker(app).run(stop)


def serve(app: Flask) -> None:
    """Work until the process is told to end (SIGTERM, SIGINT)."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(app, stop=stop)


def deliver_due(app: Flask) -> int:
    """Make every step that is due now, one after the other, and count the steps."""
    return Worker(app).deliver_due()


def check_due(app: Flask) -> int:
    """Make every comparison with a gradebook that is due now, and count them."""
    return Worker(app).check_due()


def acts_of(app: Flask) -> Acts:
    """Return what begins an act of the worker: a session and a transaction of its own."""

    @contextmanager
    def act() -> Iterator[Session]:
        with app.app_context():
            begin_write()
            session = db.session()
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    return act


class Worker:
    """One worker of the application; ``gradebook`` stands in for the platforms in tests."""

    def __init__(self, app: Flask, *, gradebook: Gradebook | None = None) -> None:
        self._app = app
        with app.app_context():
            self._parts = parts()
            self._listens = db.engine.dialect.name == "postgresql"
        self._act = acts_of(app)
        self._gradebook = gradebook or GradeServices(
            ServiceTokens(
                http=self._parts.http,
                acts=self._act,
                sealer=self._parts.sealer,
                now=self._parts.now,
                kept_for_s=REGISTRATIONS_KEPT_S,
            )
        )
        self._id = f"{socket.gethostname()[:30]}:{os.getpid()}:{token_hex(4)}"
        self._woken = threading.Event()
        self._under_way: set[Future[None]] = set()
        self._jobs: Future[None] | None = None
        self._check: Future[None] | None = None
        self._beaten_at: datetime | None = None
        self._jobs_seen_at: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, then let what is under way end."""
        log.info("worker_started", worker_id=self._id)
        pause_s = self._parts.settings.delivery_poll_s
        if self._listens:
            pause_s = max(pause_s, LISTENING_POLL_S)
            threading.Thread(target=self._listen, args=(stop,), daemon=True).start()
        # One thread more for the timetable, and one for the comparison of gradebooks.
        with ThreadPoolExecutor(THREADS + 2, thread_name_prefix="worker") as pool:
            while not stop.is_set():
                # Cleared before looking: what becomes due while looking wakes the next look.
                self._woken.clear()
                try:
                    self._turn(pool)
                except SQLAlchemyError:
                    # The database may be restarting; leases hold what was claimed until it is back.
                    log.exception("worker_turn_failed", worker_id=self._id)
                self._woken.wait(pause_s)
        self._leave()
        log.info("worker_stopped", worker_id=self._id)

    def deliver_due(self) -> int:
        """Make every step that is due now, one after the other, and count the steps."""
        steps = 0
        while (claimed := self._claim(limit=1)) is not None:
            for step in claimed:
                self._deliver(step)
            steps += 1
        return steps

    def check_due(self) -> int:
        """Make every comparison with a gradebook that is due now, and count them."""
        checks = 0
        while claimed := self._claim_check():
            self._compare(*claimed)
            checks += 1
        return checks

    def run_due_jobs(self) -> None:
        """Run the timetable's jobs whose time has come and that no other worker holds."""
        with self._reading() as session:
            due = timetable.list_due(session, JOBS, at=self._parts.now())
        for name in due:
            token = token_hex(8)
            with self._act() as session:
                at = self._parts.now()
                is_ours = timetable.claim_job(session, name, at=at, lease=JOB_LEASE, token=token)
            if is_ours:
                self._run_job(name, JOBS[name], token)

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        at = self._parts.now()
        if self._beaten_at is None or at - self._beaten_at >= BEAT:
            self._beat(at)
        is_free = self._jobs is None or self._jobs.done()
        if is_free and (self._jobs_seen_at is None or at - self._jobs_seen_at >= JOBS_LOOKED_AT):
            self._jobs_seen_at = at
            self._jobs = pool.submit(self._try_jobs)
        if self._check is None or self._check.done():
            self._check = self._begin_check(pool)
        while (free := THREADS - len(self._under_way)) > 0:
            claimed = self._claim(limit=free)
            if claimed is None:
                return
            for step in claimed:
                future = pool.submit(self._deliver, step)
                self._under_way.add(future)
                future.add_done_callback(self._ended)

    def _begin_check(self, pool: ThreadPoolExecutor) -> Future[None] | None:
        claimed = self._claim_check()
        if claimed is None:
            return None
        future = pool.submit(self._compare, *claimed)
        # Another may be waiting, and what was found lost is due at once.
        future.add_done_callback(lambda _: self._woken.set())
        return future

    def _ended(self, future: Future[None]) -> None:
        self._under_way.discard(future)
        self._woken.set()

    def _claim(self, *, limit: int) -> list[Step] | None:
        """Claim and prepare what is due; nothing when there is nothing.

        An empty list means that what was claimed needed no call.
        """
        at, token = self._parts.now(), token_hex(8)
        with self._reading() as session:
            if not is_anything_due(session, at=at):
                return None
        with self._act() as session:
            lease = timedelta(seconds=self._parts.settings.delivery_lease_s)
            claimed = claim_due(session, at=at, limit=limit, lease=lease, token=token)
            if not claimed:
                return None
            return prepare(
                session,
                claimed,
                token=token,
                launch_url=self._parts.settings.launch_url,
                at=at,
            )

    def _deliver(self, step: Step) -> None:
        try:
            heard = call(self._gradebook, step)
            with self._act() as session:
                record(session, step, heard, at=self._parts.now(), jitter=draw_jitter())
        except Exception:
            log.exception("delivery_failed", delivery_id=str(step.delivery_id))
            self._put_off(step.delivery_id, step.token)

    def _claim_check(self) -> tuple[UUID, str] | None:
        at, token = self._parts.now(), token_hex(8)
        with self._reading() as session:
            if not gradebook_checks.is_any_due(session, at=at):
                return None
        with self._act() as session:
            activity_id = gradebook_checks.claim_check(
                session, at=at, lease=CHECK_LEASE, token=token
            )
        return (activity_id, token) if activity_id else None

    def _compare(self, activity_id: UUID, token: str) -> None:
        try:
            with self._act() as session:
                step = gradebook_checks.prepare_check(
                    session, activity_id, token=token, at=self._parts.now()
                )
            if step is None:
                return
            heard = gradebook_checks.call_check(self._gradebook, step)
            with self._act() as session:
                gradebook_checks.record_check(
                    session, step, heard, at=self._parts.now(), jitter=draw_jitter()
                )
        except Exception:
            # The lease runs out by itself, and the comparison is made again.
            log.exception("check_failed", activity_id=str(activity_id))

    def _put_off(self, delivery_id: UUID, token: str) -> None:
        at = self._parts.now()
        try:
            with self._act() as session:
                put_off(session, delivery_id, token=token, at=at, jitter=draw_jitter())
        except SQLAlchemyError:
            # The lease runs out by itself.
            log.exception("delivery_failed", delivery_id=str(delivery_id))

    def _try_jobs(self) -> None:
        try:
            self.run_due_jobs()
        except SQLAlchemyError:
            log.exception("jobs_failed", worker_id=self._id)

    def _run_job(self, name: str, job: Job, token: str) -> None:
        pause = job.every
        try:
            with self._act() as session:
                job.run(session, self._parts, self._parts.now())
        except Exception:
            log.exception("job_failed", job=name)
            pause = min(pause, JOB_RETRY)
        with self._act() as session:
            at = self._parts.now()
            timetable.finish_job(session, name, at=at, next_at=at + pause, token=token)

    def _beat(self, at: datetime) -> None:
        with self._act() as session:
            session.execute(
                insert_for(session, WorkerBeat)
                .values(worker_id=self._id, seen_at=at)
                .on_conflict_do_update(index_elements=["worker_id"], set_={"seen_at": at})
            )
            session.execute(delete(WorkerBeat).where(WorkerBeat.seen_at < at - BEATS_KEPT))
            if self._beaten_at is None:
                timetable.ensure_jobs(session, JOBS, at=at)
        self._beaten_at = at

    def _leave(self) -> None:
        try:
            with self._act() as session:
                session.execute(delete(WorkerBeat).where(WorkerBeat.worker_id == self._id))
        except SQLAlchemyError:
            log.exception("worker_turn_failed", worker_id=self._id)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._app.app_context():
            yield db.session()

    def _listen(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._hear(stop)
            except Exception:
                log.exception("listening_failed", worker_id=self._id)
                stop.wait(LISTENING_POLL_S)

    def _hear(self, stop: threading.Event) -> None:
        with self._app.app_context(), db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text(f"LISTEN {CHANNEL}"))
            driver = connection.connection.driver_connection
            assert driver is not None
            self._woken.set()
            try:
                while not stop.is_set():
                    for _ in driver.notifies(timeout=LISTENING_POLL_S, stop_after=1):
                        self._woken.set()
            finally:
                # A pooled connection must not go on listening for somebody else.
                connection.invalidate()
