"""The tool under test: a real worker process, and a course whose scores become due at one blow.

The scores are recorded while the platform is disabled, so that the worker stands idle; enabling the
platform is one commit that makes all of them due.
"""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from flask import Flask

from bench.children import end_all
from bench.cpu import tree_seconds
from bench.databases import Database
from bench.lms import Column, GradedClass, Scores
from bench.profiles import sampling
from bench.rows import PLATFORM_NAME, add_activity, let_in, record_grade, register
from bench.senders import SenderFailed, Sending
from lti_alliance.app import create_app
from lti_alliance.demo.processes import Processes, python
from lti_alliance.demo.run import ROOT, act
from lti_alliance.demo.stage import Stage, prepare_folder
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.lti import keys
from lti_alliance.models import db
from lti_alliance.parts import parts, utc_now
from lti_alliance.services import platforms, score_delivery
from lti_alliance.settings import load

_TOOL_PORT = 8000
"""Only named in addresses: no web server takes part."""
_UPGRADE_WITHIN_S = 120
_START_WITHIN_S = 60
_IDLE_AFTER_S = 2.0
SETTLE_WITHIN_S = 60.0


@dataclass
class Tool:
    """One installation of the tool, with the class in its database."""

    name: str
    app: Flask
    database: Database
    processes: Processes
    env: dict[str, str]
    workers: int
    context_id: UUID
    members: dict[str, UUID] = field(default_factory=dict)
    """Membership by ``sub``."""
    profile: Path | None = None
    """Where py-spy writes what the first worker does; nothing where nobody asked."""

    @contextmanager
    def ready(self, column: Column, scores: Scores) -> Iterator[Sending]:
        """Record the scores and start the worker, which finds nothing to do."""
        with self.app.app_context():
            activity_id = self.record(column, scores)
        with self.working(column.activity_id) as running:
            meter = self.database.meter()
            watched = sampling(running[0].pid, self.profile) if self.profile else nullcontext()
            with watched:
                yield Sending(
                    go=self.enable,
                    look=partial(_look, running),
                    settle=partial(self.settle, activity_id, len(scores)),
                    cpu_s=lambda: sum(tree_seconds(process.pid) for process in running),
                    database_s=meter.used_s,
                )

    @contextmanager
    def working(self, label: str) -> Iterator[list[subprocess.Popen[bytes]]]:
        """Run the worker processes until the block ends."""
        running: list[subprocess.Popen[bytes]] = []
        try:
            self._start_workers(label, running)
            yield running
        finally:
            end_all(running)

    def record(self, column: Column, scores: Scores) -> UUID:
        """Record the scores of a column, which stay where they are until ``enable``."""
        at = utc_now()
        with act() as session:
            platforms.disable(session, platforms.get_registration(session, PLATFORM_NAME), at=at)
            activity = add_activity(session, self.context_id, column)
            for sub, score in scores.items():
                record_grade(session, activity, self.members[sub], score)
        return activity.id

    def _start_workers(self, label: str, running: list[subprocess.Popen[bytes]]) -> None:
        for number in range(self.workers):
            name = f"worker {self.name} {label} {number}"
            command = python("-m", "lti_alliance", "worker")
            process = self.processes.start(name, command, env=self.env, cwd=ROOT, is_brief=True)
            running.append(process)
            _wait_for_line(self.processes.logs / f"{name}.log", "worker_started", process)
        # The first look at the timetable, and what it finds to do, is over by then.
        time.sleep(_IDLE_AFTER_S)

    def enable(self) -> float:
        """Let the platform have what waits, and return the monotonic time of that moment."""
        with self.app.app_context(), act() as session:
            platforms.enable(
                session, platforms.get_registration(session, PLATFORM_NAME), at=utc_now()
            )
            session.flush()
            return time.monotonic()

    def settle(self, activity_id: UUID, count: int, *, within_s: float = SETTLE_WITHIN_S) -> None:
        """Wait until the tool counts so many as delivered; ``SenderFailed`` when it never does."""
        deadline = time.monotonic() + within_s
        while True:
            with self.app.app_context():
                states = score_delivery.summary_by_state(db.session(), activity_id=activity_id)
            if states[DeliveryState.DELIVERED] == count:
                return
            if time.monotonic() > deadline:
                raise SenderFailed(f"the tool counts {states} although the gradebook is full")
            time.sleep(0.1)


def install(
    name: str,
    database: Database,
    lms: GradedClass,
    *,
    processes: Processes,
    folder: Path,
    workers: int,
    calls: int,
) -> Tool:
    """Prepare a database, register the platform and let its class in.

    ``calls`` is how many calls the platform gets at once.
    """
    stage = Stage(folder=folder, port=_TOOL_PORT, lms_port=lms.port)
    prepare_folder(stage, reset=False)
    env = {
        **stage.env(),
        "ALLIANCE_DATABASE_URL": database.url,
        "ALLIANCE_DELIVERY_CALLS": str(calls),
    }
    upgrade = processes.start(
        f"upgrade {name} {lms.people}",
        python("-m", "lti_alliance", "db", "upgrade"),
        env=env,
        cwd=ROOT,
        is_brief=True,
    )
    if upgrade.wait(_UPGRADE_WITHIN_S) != 0:
        raise SenderFailed(f"the database could not be prepared: see {processes.logs}")
    app = create_app(load({**env, "ALLIANCE_DATABASE_URL": database.own_url}))
    with app.app_context(), act() as session:
        keys.ensure_keys(session, parts().sealer, at=utc_now())
        lms.trust(keys.public_key_set(session))
        context = register(session, lms)
        members = let_in(session, context, lms.subs())
    return Tool(
        name=name,
        app=app,
        database=database,
        processes=processes,
        env=env,
        workers=workers,
        context_id=context.id,
        members=members,
    )


def _wait_for_line(log: Path, word: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while word not in log.read_text(encoding="utf-8", errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SenderFailed(f"the worker did not start:\n{_tail(log)}")
        time.sleep(0.1)


def _look(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in running:
        if process.poll() is not None:
            raise SenderFailed(f"a worker ended with {process.returncode}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
