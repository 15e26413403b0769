"""The disk under the database is full: row F39 of the matrix."""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from lti_alliance.demo import course
from lti_alliance.demo.course import TASTER
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.models import Attempt, Draft, Grade, Reflection, Response, ScoreDelivery
from lti_alliance.parts import parts, utc_now
from tests.failures.classroom import open_classroom
from tests.failures.running import LEASE_S, Running, right_answers, wait_for
from tests.failures.small_disk import GrowthBan, SmallDisk, small_disk

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("disk-full"),
]

WROTE = 'It was "both" – <and> then some.\r\nTwo lines of it.'
SLOW_S = 3
WORK = (Attempt, Response, Reflection, Draft, Grade, ScoreDelivery)


@dataclass
class Scene:
    """An installation whose database is alone on a small disk."""

    running: Running
    disk: SmallDisk | GrowthBan
    database: Path

    def fill(self) -> None:
        """Fill the disk up, to the last byte that the database could use."""
        with sqlite3.connect(self.database) as connection:
            # What is in SQLite's log already it could write over without asking for space.
            wait_for("an empty log", lambda: is_emptied(connection))
        connection.close()
        self.disk.fill(self.running.pids())

    def work(self) -> dict[str, int]:
        """Count the rows of students' work, and the attempts that are graded."""
        with self.running.act() as session:
            found = {table.__name__: select(func.count()).select_from(table) for table in WORK}
            graded = select(func.count()).where(Attempt.state == AttemptState.GRADED)
            counts = {**found, "graded": graded}
            return {name: session.scalar(each) or 0 for name, each in counts.items()}


def is_emptied(connection: sqlite3.Connection) -> bool:
    (is_busy, _pages, _moved) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


@pytest.fixture(scope="session")
def scene(tmp_path_factory) -> Iterator[Scene]:
    """An installation with the taster set up."""
    folder = tmp_path_factory.mktemp("disk-full")
    with small_disk(folder / "disk") as disk:
        database = disk.folder / "alliance.sqlite3"
        running = Running(folder, f"sqlite:///{database}")
        with running.app.app_context():
            course.set_up(
                running.act,
                parts().catalogue,
                running.stage,
                platform="canvas",
                placements=(TASTER,),
                at=utc_now(),
            )
        yield Scene(running, disk, database)
        running.stop()


def test_a_submission_on_a_full_disk(scene: Scene) -> None:
    """The student is told that nothing was saved and nothing is; when there is space again the
    same form goes through."""
    student = scene.running.open_quiz(
        "amara.okafor", "taster", right_answers(scene.running.app, "taster", 2)
    )
    before = scene.work()
    scene.fill()
    refused = student.hand_in()
    during = scene.work()
    (form,) = refused.forms
    scene.disk.free()
    page = student.browser.post(form.action, form.fields)
    after = scene.work()

    assert (refused.status, code_of(refused)) in SORRY[type(scene.disk)]
    assert form.fields == student.form.fields
    assert during == before
    assert (page.status, page.url) == (200, student.page)
    assert after == before | {"Grade": before["Grade"] + 1, "graded": before["graded"] + 1}


SORRY = {
    SmallDisk: {(503, "service_unavailable")},
    # For another error than a full disk SQLite does not say what became of the commit.
    GrowthBan: {(503, "service_unavailable"), (503, "service_unclear")},
}


def test_a_text_on_a_full_disk(scene: Scene) -> None:
    """What a student wrote stays on the page, to be sent again as it is, or to be copied."""
    student = scene.running.open_reflection("mateo.quispe", "taster")
    before = scene.work()
    typed = {**student.form.fields, "text": WROTE}
    scene.fill()
    refused = student.browser.post(student.form.action, typed)
    during = scene.work()
    (form,) = refused.forms
    scene.disk.free()
    page = student.browser.post(form.action, form.fields)

    assert (refused.status, code_of(refused)) in SORRY[type(scene.disk)]
    assert form.fields == typed
    assert during == before
    assert page.status == 200
    assert "Two lines of it." in page.text


def test_a_score_that_cannot_be_recorded(scene: Scene) -> None:
    """A score that the platform took while the tool could not write that down shows once."""
    great = open_classroom(scene.running, "canvas", 1)
    (sub,) = great.subs
    slow = {"platform": "canvas", "endpoint": "score", "kind": "delay", "seconds": SLOW_S}
    scene.running.ask("faults", slow | {"only_sub": sub})
    worker = scene.running.worker("worker")
    great.want({sub: 70})
    wait_for("the call", lambda: scene.running.stats("canvas")["in_flight"])
    scene.fill()
    wait_for("the score at the platform", lambda: great.book()[sub]["score"])
    time.sleep(LEASE_S)
    between = great.states()
    scene.disk.free()
    wait_for("the record", lambda: great.are_all_delivered(1))
    worker.kill()
    worker.wait(10)
    cell = great.book()[sub]

    assert between == {"unclear": 1}
    assert (cell["score"], cell["attempts"], len(cell["history"])) == (70, 1, 1)
    assert great.leased() == 0


def code_of(page: Any) -> str:
    return str(page.text.split('data-error-code="')[1].split('"')[0])
