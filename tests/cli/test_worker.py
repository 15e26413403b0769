"""`alliance worker` as a process: it starts, gives signs of life, and ends when told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from lti_alliance import schema
from lti_alliance.models import TimetableEntry, WorkerBeat
from lti_alliance.worker import JOBS
from tests.conftest import DATA_KEY, SECRET_KEY

pytestmark = pytest.mark.processes


class Process:
    """A worker on a database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        environ = {k: v for k, v in os.environ.items() if not k.startswith("ALLIANCE_")}
        secrets = {"ALLIANCE_SECRET_KEY": SECRET_KEY, "ALLIANCE_DATA_KEY": DATA_KEY}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "lti_alliance", "worker"],
            env={**environ, **secrets, "ALLIANCE_DATABASE_URL": url},
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.popen.send_signal(number)
        _, said = self.popen.communicate(timeout=30)
        return self.popen.returncode, said


@pytest.fixture
def start(empty_database_url: str, tmp_path: Path) -> Iterator[type[Process]]:
    """Start workers on a new database; none survives the test."""
    started: list[Process] = []

    def start_it() -> Process:
        started.append(Process(empty_database_url, tmp_path))
        return started[-1]

    yield start_it  # type: ignore[misc]
    for process in started:
        process.popen.kill()
        process.popen.communicate()


def migrate(url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        schema.upgrade(connection)
    engine.dispose()


def beats(url: str) -> int:
    engine = create_engine(url)
    with Session(engine) as session:
        count = len(session.scalars(select(WorkerBeat)).all())
    engine.dispose()
    return count


def wait_for_beats(url: str, wanted: int) -> None:
    deadline = time.monotonic() + 30
    while beats(url) != wanted:
        assert time.monotonic() < deadline, f"{beats(url)} workers instead of {wanted}"
        time.sleep(0.1)


@pytest.mark.both_databases
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_comes_and_goes(start, empty_database_url: str, number: signal.Signals) -> None:
    """It is seen while it works, and takes its sign of life away when it is told to end."""
    migrate(empty_database_url)
    process = start()
    wait_for_beats(empty_database_url, 1)
    status, said = process.end(number)

    assert status == 0, said
    assert "Traceback" not in said
    assert beats(empty_database_url) == 0


def test_the_timetable_is_set_up(start, empty_database_url: str) -> None:
    """Two workers that start together set up one timetable."""
    migrate(empty_database_url)
    for process in (start(), start()):
        assert process.popen.poll() is None
    wait_for_beats(empty_database_url, 2)
    engine = create_engine(empty_database_url)
    with Session(engine) as session:
        jobs = session.scalars(select(TimetableEntry.job)).all()
    engine.dispose()

    assert sorted(jobs) == sorted(JOBS)


def test_a_worker_refuses_a_database_of_another_version(start) -> None:
    """A worker that starts before the migration says so instead of failing in the middle."""
    process = start()
    _, said = process.popen.communicate(timeout=30)

    assert process.popen.returncode == 1
    assert "alliance db upgrade" in said
