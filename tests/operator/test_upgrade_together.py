"""An upgrade while a course works: old program, migration, both programs, new program.

The old program is this one. The new one is a copy of it with one more migration, of the kind that a
release may have: a column for a table that every launch writes to, and a table. That every
migration there is leaves alone what the program before it uses is shown by
`tests/migrations/test_old_program.py`.
"""

import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from lti_alliance import schema
from lti_alliance.app import create_app
from lti_alliance.demo import course
from lti_alliance.demo.course import Placement
from lti_alliance.demo.processes import DemoError, Processes, python, wait_until_up
from lti_alliance.demo.run import act
from lti_alliance.demo.stage import Stage, prepare_folder, register_platforms
from lti_alliance.domain.activities import Part
from lti_alliance.lti import keys
from lti_alliance.models import db
from lti_alliance.parts import parts, utc_now
from lti_alliance.settings import load
from tests.failures.running import Practice, right_answers, wait_for
from tests.operator.machine import APP, copy_program, own_environment
from tests.operator.page import ROOT
from tests.operator.services import Services
from tests.ports import free_port

pytestmark = [
    pytest.mark.processes,
    pytest.mark.needs_postgres,
    pytest.mark.timeout(600),
]

QUIZ = Placement("taster", "taster", frozenset({Part.QUIZ}), attempts=None)
SCORE = pytest.approx(5 * 2 / 3, abs=0.01)
"""Two of three questions right, in a column of five points."""
STUDENTS = 3
FAILURES = (OSError, HTTPException, DemoError, AssertionError, StopIteration, ValueError)
"""No answer, none that can be read, or another page than the one that was due."""
NEW = f"{int(schema.newest_revision()) + 1:04d}"
MIGRATION = f'''
"""A column and a table that only the new program knows."""

import sqlalchemy as sa
from alembic import op

revision = "{NEW}"
down_revision = "{schema.newest_revision()}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("launch_sessions", sa.Column("tried", sa.String(40), nullable=True))
    op.create_table("tried", sa.Column("id", sa.Uuid(), primary_key=True))


def downgrade() -> None:
    op.drop_table("tried")
    op.drop_column("launch_sessions", "tried")
'''
TELLING = """

@app.after_request
def _tell(response):
    response.headers["X-Program"] = "{name}"
    return response
"""


@dataclass
class Upgrade(Practice):
    """Two programs in folders of their own, one socket, one database, one practice LMS."""

    root: Path
    database_url: str
    asked: list[tuple[float, str]] = field(default_factory=list)
    """When somebody was answered, and by which program."""
    failed: list[str] = field(default_factory=list)
    handed_in: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Put both programs down, and systemd's stand-in beside them."""
        self.stage = Stage(folder=self.root / "demo", port=free_port(), lms_port=free_port())
        prepare_folder(self.stage, reset=False)
        self.env = {
            **own_environment(),
            **self.stage.env(),
            "ALLIANCE_DATABASE_URL": self.database_url,
            "GUNICORN_CMD_ARGS": "--workers 2 --threads 4",
        }
        self.processes = Processes(self.root / "logs")
        (self.root / "units").mkdir()
        self.services = Services(self.root, self.root / "units", self.env)
        for name in ("old", "new"):
            self._install(name)
        migrations = self.root / "new" / "migrations"
        (migrations / "HEAD").write_text(NEW + "\n")
        (migrations / "versions" / f"{NEW}_tried.py").write_text(MIGRATION)
        # One socket, whoever answers.
        self.services.start("old-web.socket")
        self.services.sockets["new-web.socket"] = self.services.sockets["old-web.socket"]

    def _install(self, name: str) -> None:
        app = self.root / name
        copy_program(app)
        (app / ".venv").symlink_to(sys.prefix)
        with (app / "wsgi.py").open("a") as wsgi:
            wsgi.write(TELLING.format(name=name))
        for unit in ("web.socket", "web.service", "worker.service"):
            text = (ROOT / "config" / "systemd" / f"alliance-{unit}").read_text()
            for there, here in (
                ("alliance-web.socket", f"{name}-web.socket"),
                ("127.0.0.1:8000", f"127.0.0.1:{self.stage.port}"),
                ("alliance-web\n", f"{name}-web\n"),
                ("/run/alliance-web", f"/run/{name}-web"),
                ("/run/", f"{self.root}/run/"),
                (APP, str(app)),
                ("/etc/alliance/alliance.toml", str(self.stage.settings_file)),
                ("[Service]\n", f"[Service]\nEnvironment=PYTHONPATH={app}\n"),
            ):
                text = text.replace(there, here)
            (self.root / "units" / f"{name}-{unit}").write_text(text)

    def migrate(self, name: str) -> None:
        """Migrate with one of the programs, as the page says."""
        done = subprocess.run(
            [sys.executable, "-m", "lti_alliance", "db", "upgrade"],
            cwd=self.root / name,
            env={**self.services.env, "PYTHONPATH": str(self.root / name)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def begin(self) -> None:
        """Let the old program serve a course with a quiz."""
        lms = ("--port", str(self.stage.lms_port), "--base-url", self.stage.lms_url)
        self.processes.start(
            "lms",
            python("-m", "lti_alliance.practice_lms", *lms, "--tool", self.stage.tool_url),
            env=self.env,
            cwd=ROOT,
        )
        self.migrate("old")
        app = create_app(load(self.env))
        with app.app_context():
            with act() as session:
                keys.ensure_keys(session, parts().sealer, at=utc_now())
            self.services.systemctl("start", "old-web", "old-worker")
            wait_until_up(f"{self.stage.lms_url}/", self.processes)
            with act() as session:
                register_platforms(session, self.stage, at=utc_now())
            course.set_up(
                act,
                parts().catalogue,
                self.stage,
                platform="canvas",
                placements=(QUIZ,),
                at=utc_now(),
            )
            self.answers = right_answers(app, "taster", 2)
            db.session.remove()
            db.engine.dispose()
        self.people = [each["person"] for each in self.enrol("canvas", STUDENTS)]

    # Who works meanwhile

    def take_quiz(self, person: str) -> None:
        """Launch, answer, hand in."""
        result = self.open_quiz(person, "taster", self.answers).hand_in()
        assert result.status == 200, f"handing in answered {result.status}"
        self.handed_in[person] += 1
        # People read; and the tests of others run on this machine as well.
        time.sleep(0.3)

    def ask_who(self) -> None:
        """Ask for the keys, as platforms do, and note which program answers."""
        url = f"{self.stage.tool_url}/.well-known/jwks.json"
        with urllib.request.urlopen(url, timeout=60) as answer:
            assert answer.status == 200
            self.asked.append((time.monotonic(), answer.headers["X-Program"]))
        time.sleep(0.1)

    def answered_by(self, name: str, *, since: float) -> bool:
        """Say whether a program has answered since a moment."""
        return any(by == name and at > since for at, by in self.asked)

    def has_handed_in_again(self) -> Callable[[], bool]:
        """Return a check whether everybody has handed in anew since now."""
        before = Counter(self.handed_in)
        return lambda: all(self.handed_in[each] > before[each] for each in self.people)


@pytest.fixture
def upgrade(empty_database_url: str, tmp_path: Path) -> Iterator[Upgrade]:
    """A course at work on the old program."""
    made = Upgrade(tmp_path, empty_database_url)
    try:
        made.begin()
        yield made
    finally:
        made.processes.stop()
        for process in made.services.running.values():
            process.kill()
            process.wait()
        for held in made.services.sockets.values():
            held.close()
        shutil.rmtree(tmp_path / "new", ignore_errors=True)


class Crowd:
    """Threads that do something again and again until they are told to stop."""

    def __init__(self, upgrade: Upgrade) -> None:
        self._stop = threading.Event()
        self._upgrade = upgrade
        acts = [lambda p=person: upgrade.take_quiz(p) for person in upgrade.people]
        self._threads = [
            threading.Thread(target=self._repeat, args=(each,)) for each in (*acts, upgrade.ask_who)
        ]

    def _repeat(self, what: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                what()
            except FAILURES as error:
                self._upgrade.failed.append(repr(error))

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_nobody_notices(upgrade: Upgrade) -> None:
    """Students launch and hand in all the while; no request fails, and every score arrives.

    The old program serves after the migration has run, both serve side by side, the old one ends
    and the new one is restarted, as `systemctl restart` does.
    """
    services, moments = upgrade.services, {}
    with Crowd(upgrade):
        wait_for("work", upgrade.has_handed_in_again())
        upgrade.migrate("new")
        moments["migrated"] = time.monotonic()
        wait_for("work of the old program", upgrade.has_handed_in_again())
        moments["worked"] = time.monotonic()
        services.systemctl("start", "new-web", "new-worker")
        moments["both"] = time.monotonic()
        wait_for("the new one", lambda: upgrade.answered_by("new", since=moments["both"]))
        wait_for("the old one", lambda: upgrade.answered_by("old", since=moments["both"]))
        wait_for("work of both", upgrade.has_handed_in_again())
        services.systemctl("stop", "old-web", "old-worker")
        moments["alone"] = time.monotonic()
        wait_for("work of the new program", upgrade.has_handed_in_again())
        services.systemctl("restart", "new-web")
        wait_for("work after a restart", upgrade.has_handed_in_again())
    wait_for("the scores", lambda: _scores(upgrade) == [SCORE] * STUDENTS)
    old_alone = [by for at, by in upgrade.asked if moments["migrated"] < at < moments["worked"]]

    assert upgrade.failed == []
    assert set(old_alone) == {"old"}
    assert not upgrade.answered_by("old", since=moments["alone"])
    assert sum(upgrade.handed_in.values()) >= 5 * STUDENTS
    assert _columns(upgrade.database_url) >= {"tried", "handle"}


def _scores(upgrade: Upgrade) -> list[float | None]:
    cells = [upgrade.cells("canvas", person=each, activity="taster") for each in upgrade.people]
    return [cell["score"] for (cell,) in cells]


def _columns(url: str) -> set[str]:
    engine = create_engine(url)
    names = {column["name"] for column in inspect(engine).get_columns("launch_sessions")}
    engine.dispose()
    return names
