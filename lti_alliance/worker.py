"""The background process: scores on their way, and the timetable's jobs.

What is due is a row with a time; this process claims it, does it and looks again. Any number of
these processes may run, and any of them may die at any moment.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import delete, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lti_alliance.delivering import Deliverer, acts_of
from lti_alliance.draining import THREADS, Drain
from lti_alliance.lti import keys
from lti_alliance.models import AuditBatch, WorkerBeat, db
from lti_alliance.models.statements import insert_for
from lti_alliance.parts import Parts, parts
from lti_alliance.services import (
    audit,
    audit_sealing,
    closing,
    erasure_file,
    erasures,
    privacy,
    retention,
    score_tries,
    timetable,
)
from lti_alliance.services.ports import Gradebook
from lti_alliance.services.score_delivery import CHANNEL

log = structlog.get_logger(__name__)

JOB_LEASE = timedelta(minutes=10)
JOB_RETRY = timedelta(minutes=1)
BEAT = timedelta(seconds=10)
BEATS_KEPT = timedelta(days=1)
COURSES_AT_ONCE = 5
"""Courses whose time is up in one act: what goes of a great course takes a while."""
JOBS_LOOKED_AT = timedelta(seconds=1)
TURNS_APART_S = 0.05
"""Scores that come in one after the other, as in an exam, gather for so long and share a batch."""
LOOKS_APART_S = 1.0
"""Whether gradebooks, rosters or notices are due is looked up so often while scores keep going."""
LISTENING_POLL_S = 1.0
"""Where PostgreSQL tells of new work, looking is only for what becomes due by itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring job of the timetable; ``run`` works in one act."""

    every: timedelta
    run: Callable[[Session, Parts, datetime], Any]
    tell: Callable[[Any], None] | None = None
    """Told what ``run`` returned, once that is committed."""


def _settle_closed(session: Session, found: Parts, at: datetime) -> None:
    closing.settle_closed(session, found.catalogue, at=at)


def _retain(session: Session, found: Parts, at: datetime) -> None:
    retention.remove_due(session, found.periods, at=at, limit=COURSES_AT_ONCE)
    privacy.retain(session, at=at)
    score_tries.forget(session, at=at)


def _keep_erasures(session: Session, found: Parts, _at: datetime) -> None:
    if found.settings.erasures_file:
        path = Path(found.settings.erasures_file)
        erasure_file.keep(path, erasures.list_tombstones(session))


def _tend_keys(session: Session, found: Parts, at: datetime) -> None:
    rotated = keys.tend_keys(session, found.sealer, at=at)
    if rotated is not None:
        audit.record_key_rotation(session, rotated.id, at=at)


def _seal_audit(session: Session, _found: Parts, at: datetime) -> Sequence[AuditBatch]:
    return audit_sealing.seal_events(session, at=at)


def _tell_batches(batches: Sequence[AuditBatch]) -> None:
    # A log that is kept elsewhere holds the hashes out of reach of whoever changes the database.
    for batch in batches:
        log.info("audit_sealed", batch=batch.number, batch_hash=batch.hash, count=batch.event_count)


JOBS: Mapping[str, Job] = {
    "key_rotation": Job(timedelta(hours=1), _tend_keys),
    "audit_sealing": Job(timedelta(minutes=1), _seal_audit, tell=_tell_batches),
    "closing_times": Job(timedelta(seconds=30), _settle_closed),
    "retention": Job(timedelta(hours=1), _retain),
}
HOST_JOBS: Mapping[str, Job] = {"erasures": Job(timedelta(minutes=1), _keep_erasures)}
"""What each worker does for the host that it runs on: another host's file does not help this one's.
These stand in no timetable."""


def run(app: Flask, *, stop: threading.Event) -> None:
    """Work until ``stop`` is set and the calls under way have ended."""
    Worker(app).run(stop)


def serve(app: Flask) -> None:
    """Work until the process is told to end (SIGTERM, SIGINT)."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(app, stop=stop)


class Worker:
    """One worker of the application; ``gradebook`` stands in for the platforms in tests."""

    def __init__(self, app: Flask, *, gradebook: Gradebook | None = None) -> None:
        self._app = app
        with app.app_context():
            self._parts = parts()
            self._listens = db.engine.dialect.name == "postgresql"
        self._act = acts_of(app)
        self._deliverer = Deliverer(app, gradebook=gradebook)
        self._id = f"{socket.gethostname()[:30]}:{os.getpid()}:{token_hex(4)}"
        self._woken = threading.Event()
        self._drain = Drain(self._deliverer, self._woken.set)
        self._jobs: Future[None] | None = None
        self._check: Future[None] | None = None
        self._roster: Future[None] | None = None
        self._subscription: Future[None] | None = None
        self._has_news = True
        self._looked_at = 0.0
        self._beaten_at: datetime | None = None
        self._jobs_seen_at: datetime | None = None
        self._host_jobs_due: dict[str, datetime] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, then let what is under way end."""
        log.info("worker_started", worker_id=self._id)
        pause_s = self._parts.settings.delivery_poll_s
        if self._listens:
            pause_s = max(pause_s, LISTENING_POLL_S)
            threading.Thread(target=self._listen, args=(stop,), daemon=True).start()
        # One thread more for each of the timetable, gradebooks, rosters and notices.
        with ThreadPoolExecutor(THREADS + 4, thread_name_prefix="worker") as pool:
            while not stop.is_set():
                # Cleared before looking: what becomes due while looking wakes the next look.
                self._woken.clear()
                try:
                    self._turn(pool)
                except SQLAlchemyError:
                    # The database may be restarting; leases hold what was claimed until it is back.
                    log.exception("worker_turn_failed", worker_id=self._id)
                if not self._drain.has_backlog:
                    stop.wait(TURNS_APART_S)
                if not self._woken.wait(pause_s):
                    self._has_news = True
        self._leave()
        log.info("worker_stopped", worker_id=self._id)

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
        self._run_host_jobs()

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        at = self._parts.now()
        if self._beaten_at is None or at - self._beaten_at >= BEAT:
            self._beat(at)
        is_free = self._jobs is None or self._jobs.done()
        if is_free and (self._jobs_seen_at is None or at - self._jobs_seen_at >= JOBS_LOOKED_AT):
            self._jobs_seen_at = at
            self._jobs = pool.submit(self._try_jobs)
        has_news, self._has_news = self._has_news, False
        now = time.monotonic()
        if has_news or now - self._looked_at >= LOOKS_APART_S:
            self._looked_at = now
            self._look_around(pool)
        self._drain.go_on(pool, has_news=has_news)

    def _look_around(self, pool: ThreadPoolExecutor) -> None:
        """Begin what else is due: one comparison, one roster and one subscription at a time."""
        if self._check is None or self._check.done():
            self._check = self._begin_check(pool)
        if self._roster is None or self._roster.done():
            self._roster = self._begin_roster(pool)
        if self._subscription is None or self._subscription.done():
            self._subscription = self._begin_subscription(pool)

    def _begin_check(self, pool: ThreadPoolExecutor) -> Future[None] | None:
        claimed = self._deliverer.claim_check()
        if claimed is None:
            return None
        future = pool.submit(self._deliverer.compare, *claimed)
        # Another may be waiting, and what was found lost is due at once.
        future.add_done_callback(lambda _: self._wake())
        return future

    def _begin_roster(self, pool: ThreadPoolExecutor) -> Future[None] | None:
        claimed = self._deliverer.claim_roster()
        if claimed is None:
            return None
        future = pool.submit(self._deliverer.read_roster, *claimed)
        future.add_done_callback(lambda _: self._wake())
        return future

    def _begin_subscription(self, pool: ThreadPoolExecutor) -> Future[None] | None:
        step = self._deliverer.claim_subscription()
        if step is None:
            return None
        future = pool.submit(self._deliverer.subscribe, step)
        future.add_done_callback(lambda _: self._wake())
        return future

    def _wake(self) -> None:
        """Have the next turn look at everything, now."""
        self._has_news = True
        self._woken.set()

    def _try_jobs(self) -> None:
        try:
            self.run_due_jobs()
        except SQLAlchemyError:
            log.exception("jobs_failed", worker_id=self._id)

    def _run_host_jobs(self) -> None:
        for name, job in HOST_JOBS.items():
            at = self._parts.now()
            if at >= self._host_jobs_due.get(name, at):
                self._host_jobs_due[name] = at + self._try_job(name, job)

    def _try_job(self, name: str, job: Job) -> timedelta:
        """Run a job, and return after how long it is due again."""
        try:
            with self._act() as session:
                outcome = job.run(session, self._parts, self._parts.now())
            if job.tell is not None:
                job.tell(outcome)
        except Exception:
            log.exception("job_failed", job=name)
            return min(job.every, JOB_RETRY)
        return job.every

    def _run_job(self, name: str, job: Job, token: str) -> None:
        pause = self._try_job(name, job)
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
            self._wake()
            try:
                while not stop.is_set():
                    for _ in driver.notifies(timeout=LISTENING_POLL_S, stop_after=1):
                        self._wake()
            finally:
                # A pooled connection must not go on listening for somebody else.
                connection.invalidate()
