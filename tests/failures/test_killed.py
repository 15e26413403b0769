"""Processes killed with SIGKILL at each point of a score's way: nothing lost, nothing twice.

The rows F35 (K0 to K7) and F36 of the fault matrix, with a real submission over HTTP each. The
practice LMS and the web process are shared by the cases of one database; every case has a student
of its own.
"""

import contextlib
import itertools
import signal
import subprocess
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from lti_alliance.demo import course
from lti_alliance.demo.course import Placement
from lti_alliance.domain.activities import Part
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import AccessToken, Attempt, Membership, ScoreDelivery, User
from lti_alliance.parts import parts, utc_now
from tests.failures.running import LEASE_S, Running, Student, right_answers, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

QUIZ = Placement("taster", "taster", frozenset({Part.QUIZ}), quiz_points=Decimal(3))
RIGHT, QUESTIONS, COLUMN = 2, 3, 5
SCORE = COLUMN * RIGHT / QUESTIONS
"""The column of the course is worth five points, whatever the quiz is worth in itself."""
STUDENTS = 10


class Scene:
    """A running installation with a quiz, and students who have not begun it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.marks = folder / "marks"
        self.marks.mkdir()
        # The web process carries both of its points from the start, spent until a test arms them.
        for point in ("K0", "K1"):
            (self.marks / point).touch()
        killing = ("-m", "tests.failures.killing", "K0,K1", "web", str(self.marks))
        self.running = Running(folder, database_url, web=killing)
        with self.running.app.app_context():
            course.set_up(
                self.running.act,
                parts().catalogue,
                self.running.stage,
                platform="canvas",
                placements=(QUIZ,),
                at=utc_now(),
            )
        self.answers = right_answers(self.running.app, "taster", RIGHT)
        self.students = iter(self.running.enrol("canvas", STUDENTS))
        self.names = (f"worker {number}" for number in itertools.count(1))

    def open_quiz(self) -> tuple[Student, str]:
        """Let the next student answer two of three questions; return them and their id."""
        told = next(self.students)
        return self.running.open_quiz(told["person"], "taster", self.answers), told["sub"]

    def killed(self, point: str) -> bool:
        """Say whether a process has killed itself at the point."""
        return bool((self.marks / point).exists() and (self.marks / point).read_text())

    def start_killing_worker(self, point: str) -> Any:
        """Start a worker that dies at the point."""
        arguments = ("-m", "tests.failures.killing", point, "worker", str(self.marks))
        return self.running.start(next(self.names), *arguments)

    def attempts(self, sub: str) -> list[str]:
        """Return the states of a student's attempts."""
        with self.running.act() as session:
            states = select(Attempt.state).join(Membership).join(User).where(User.sub == sub)
            return list(session.scalars(states))

    def delivery(self, sub: str) -> ScoreDelivery | None:
        """Return what is known of the delivery of a student's score."""
        with self.running.act() as session:
            found = select(ScoreDelivery).join(Membership).join(User).where(User.sub == sub)
            return session.scalars(found).one_or_none()

    def forget_tokens(self) -> None:
        """Let the next call ask for a token first."""
        with self.running.act() as session:
            session.execute(delete(AccessToken))

    def cell(self, student: Student) -> dict[str, Any]:
        """Return the student's cell of the gradebook."""
        (found,) = self.running.cells("canvas", person=student.person, activity="taster")
        return found

    def deliver(self, sub: str, *, pause_s: float = 0) -> None:
        """Let an ordinary worker finish what is left, and end it in the hardest way."""
        worker = self.running.worker(next(self.names))
        wait_for("the delivery", lambda: is_settled(self.delivery(sub)))
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(pause_s)
        worker.kill()
        worker.wait(10)


def is_settled(row: ScoreDelivery | None) -> bool:
    return row is not None and row.state == DeliveryState.DELIVERED and not row.lease_token


@pytest.fixture(scope="session")
def scene_on(
    tmp_path_factory, database_for: Callable[[str], str]
) -> Iterator[Callable[..., Scene]]:
    """Return the scene of an engine; started once."""
    started: dict[str, Scene] = {}

    def find(engine: str) -> Scene:
        if engine not in started:
            started[engine] = Scene(tmp_path_factory.mktemp(engine), database_for(engine))
        return started[engine]

    yield find
    for scene in started.values():
        scene.running.stop()


def cases(**points: str) -> Any:
    """Parametrize by engine and point, all cases of an engine on one worker of the run."""
    marks = {
        "postgresql": [pytest.mark.needs_postgres, pytest.mark.xdist_group("killed-postgresql")],
        "sqlite": [pytest.mark.xdist_group("killed-sqlite")],
    }
    return pytest.mark.parametrize(
        ("engine", "point"),
        [
            pytest.param(engine, point, marks=marks[engine], id=f"{engine}-{point}")
            for engine, names in points.items()
            for point in names.split()
        ],
    )


@cases(postgresql="K0 K1", sqlite="K0 K1")
def test_a_killed_web_process_never_lies(
    scene_on: Callable[[str], Scene], engine: str, point: str
) -> None:
    """Before the commit nothing exists and nothing was promised; after it the same press of the
    button leads to the same result. Either way there is one attempt and one score."""
    scene = scene_on(engine)
    student, sub = scene.open_quiz()
    before = scene.attempts(sub)
    (scene.marks / point).unlink()
    with pytest.raises(OSError, match=r"(?i)closed|reset|refused"):
        student.hand_in()
    was_killed, between, wanted = scene.killed(point), scene.attempts(sub), scene.delivery(sub)
    page = student.hand_in()
    afterwards = scene.attempts(sub)
    scene.deliver(sub)
    cell = scene.cell(student)

    assert was_killed
    assert "SIGKILL" in scene.running.log("tool")
    assert before == ["in_progress"]
    assert between == (["in_progress"] if point == "K0" else ["graded"])
    assert (wanted is None) == (point == "K0")
    assert (page.status, page.url) == (200, student.page)
    assert afterwards == ["graded"]
    assert visible(cell) == VISIBLE


@cases(postgresql="K2 K3 K4 K5 K6 K7", sqlite="K2 K5")
def test_killed_at_any_point_nothing_is_lost(
    scene_on: Callable[[str], Scene], engine: str, point: str
) -> None:
    """Wherever the worker dies, the next one sees to it that the score shows once; where the
    platform has it already, it is told nothing."""
    scene = scene_on(engine)
    scene.forget_tokens()
    worker = scene.start_killing_worker(point)
    student, sub = scene.open_quiz()
    scene.running.forget_stats("canvas")
    student.hand_in()
    code = worker.wait(30)
    was_killed = scene.killed(point)
    if point in PLATFORM_HAS_IT:
        wait_for("the score at the platform", lambda: scene.cell(student)["score"] is not None)
    calls = scene.running.stats("canvas")["calls"].get("score", 0)
    left = scene.delivery(sub)
    scene.deliver(sub, pause_s=LEASE_S + 1 if point == "K7" else 0)
    calls_after = scene.running.stats("canvas")["calls"]["score"]

    assert code == -signal.SIGKILL
    assert was_killed
    assert is_settled(left) == (point == "K7")
    assert calls == (1 if point in PLATFORM_HAS_IT else 0)
    assert calls_after == 1
    assert visible(scene.cell(student)) == VISIBLE


PLATFORM_HAS_IT = ("K5", "K6", "K7")
VISIBLE: dict[str, Any] = {
    "score": pytest.approx(SCORE, abs=1e-5),
    "attempts": 1,
    "comments": 0,
    "changes": [["score", "attempts"]],
}
"""What a delivery that nothing disturbs looks like."""


def visible(cell: dict[str, Any]) -> dict[str, Any]:
    """Return what a reader of the gradebook sees, and what each accepted message changed of it."""
    return {
        "score": cell["score"],
        "attempts": cell["attempts"],
        "comments": len(cell["comments"]),
        "changes": [each["changed"] for each in cell["history"]],
    }
