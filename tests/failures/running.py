"""The tool and the practice LMS as real processes, for tests that kill what they are made of."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from flask import Flask
from sqlalchemy.orm import Session

from lti_alliance.app import create_app
from lti_alliance.demo.browser import Form, Page, ScriptedBrowser
from lti_alliance.demo.launching import Opened, launch
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import GUNICORN_CONFIG, ROOT, act
from lti_alliance.demo.stage import Stage, prepare_folder, register_platforms
from lti_alliance.lti import keys
from lti_alliance.models import db
from lti_alliance.parts import EXTENSION, parts, utc_now
from lti_alliance.settings import load
from tests.ports import free_port

COURSES = {"canvas": "77", "moodle": "3"}
LEASE_S = 2
WAIT_S = 90.0
CARRIED = {"csrf_token", "saved_version"}
GUNICORN = ("--config", str(GUNICORN_CONFIG), "--workers", "1", "--threads", "4")


class Practice:
    """The practice LMS at work, and students who launch the tool from it."""

    stage: Stage

    # The practice LMS

    def ask(self, path: str, value: object = None, *, method: str | None = None) -> Any:
        """Ask the practice LMS something, or tell it a value."""
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(
            f"{self.stage.lms_url}/_practice/{path}",
            data=body,
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def enrol(self, platform: str, count: int) -> list[dict[str, Any]]:
        """Enrol students with made-up names."""
        path = f"courses/{platform}/{COURSES[platform]}/people"
        return list(self.ask(path, {"count": count})["people"])

    def cells(self, platform: str, **filters: str) -> list[dict[str, Any]]:
        """Return cells of the gradebook with the history of each."""
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        path = f"gradebook/{platform}/{COURSES[platform]}?history=1&{query}"
        return list(self.ask(path)["cells"])

    def stats(self, platform: str) -> dict[str, Any]:
        """Return what the practice LMS has counted."""
        return dict(self.ask(f"stats/{platform}"))

    def forget_stats(self, platform: str) -> None:
        """Let the practice LMS count from nought again."""
        self.ask(f"stats/{platform}", method="DELETE")

    # Students

    def open_quiz(self, person: str, activity: str, answers: dict[str, str]) -> "Student":
        """Launch as a student of the Canvas-manner course, and answer without handing in."""
        opened = launch(self.stage, platform="canvas", person=person, activity=activity)
        browser = opened.browser
        quiz = press(browser, opened.page, "/attempts", {})
        review = press(browser, quiz, "/responses", answers, query="?then=review")
        return Student(person, browser, find_form(review, "/submission"), quiz.url)

    def open_reflection(self, person: str, activity: str) -> "Student":
        """Launch as a student of the Canvas-manner course, and begin to write."""
        opened = self.open_reflection_page(person, activity)
        return Student(person, opened.browser, find_form(opened.page, "/draft"), opened.page.url)

    def open_reflection_page(self, person: str, activity: str) -> Opened:
        """Launch as a student of the Canvas-manner course, and go to the reflection."""
        opened = launch(self.stage, platform="canvas", person=person, activity=activity)
        (link,) = {part for part in opened.page.text.split('"') if "/reflections/" in part}
        return replace(opened, page=opened.browser.get(urljoin(opened.page.url, link)))


class Running(Practice):
    """The practice LMS and the tool's web process; workers come and go.

    ``web`` is what runs gunicorn. The test's own process has the application too, on the same
    database: for rows, and for services that a student's click would have called.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        web: tuple[str, ...] = ("-m", "gunicorn"),
        lease_s: int = LEASE_S,
    ) -> None:
        self.stage = Stage(folder=folder, port=free_port(), lms_port=free_port())
        self.processes = Processes(folder / "logs")
        self.env = {
            **self.stage.env(),
            "ALLIANCE_DATABASE_URL": database_url,
            "ALLIANCE_DELIVERY_LEASE_S": str(lease_s),
        }
        self._web = web
        prepare_folder(self.stage, reset=False)
        try:
            self._start()
        except BaseException:
            self.processes.stop()
            raise

    def _start(self) -> None:
        lms = self.stage.lms_url
        upgrade = self.alliance("upgrade", "db", "upgrade")
        self.start(
            "lms",
            *("-m", "lti_alliance.practice_lms", "--port", str(self.stage.lms_port)),
            *("--base-url", lms, "--tool", self.stage.tool_url),
        )
        assert upgrade.wait(60) == 0, self.log("upgrade")
        self.tool = self.start_tool()
        self.app = create_app(load(self.env))
        wait_until_up(f"{lms}/", self.processes)
        wait_until_up(f"{self.stage.tool_url}/healthz", self.processes)
        with self.act() as session:
            keys.ensure_keys(session, parts().sealer, at=utc_now())
            register_platforms(session, self.stage, at=utc_now())

    def stop(self) -> None:
        """End every process and every connection."""
        self.processes.stop()
        self.disconnect()

    # Processes

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a Python program."""
        return self.processes.start(name, python(*arguments), env=self.env, cwd=ROOT, is_brief=True)

    def alliance(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of the tool."""
        return self.start(name, "-m", "lti_alliance", *arguments)

    def start_tool(self) -> subprocess.Popen[bytes]:
        """Start the web process."""
        bind = ("--bind", f"127.0.0.1:{self.stage.port}")
        return self.start("tool", *self._web, *GUNICORN, *bind, "wsgi:app")

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        """Start an ordinary worker."""
        return self.alliance(name, "worker")

    def log(self, name: str) -> str:
        """Return what a process has logged."""
        return (self.processes.logs / f"{name}.log").read_text(errors="replace")

    def pids(self) -> list[int]:
        """List the processes and those that they have started."""
        parents = {
            int(stat.parent.name): int(stat.read_text().rpartition(")")[2].split()[1])
            for stat in Path("/proc").glob("[0-9]*/stat")
        }
        own = {process.pid for process in self.processes.running.values()}
        return [pid for pid, parent in parents.items() if pid in own or parent in own]

    # The database, from the test's own process

    def disconnect(self) -> None:
        """Close the connections of the test's own process."""
        with self.app.app_context():
            db.engine.dispose()

    @contextmanager
    def act(self) -> Iterator[Session]:
        """Carry out one act on the tool's database, with the application's services at hand."""
        with self.app.app_context(), act() as session:
            yield session


@dataclass(frozen=True, slots=True)
class Student:
    """A student with a form open: one press of its button, and it is sent."""

    person: str
    browser: ScriptedBrowser
    form: Form
    page: str
    """The address that it leads to."""

    def hand_in(self) -> Page:
        """Press the button."""
        return self.browser.post(self.form.action, self.form.fields)


def find_form(page: Page, ending: str) -> Form:
    """Return the form of a page whose address ends so."""
    return next(each for each in page.forms if each.action.partition("?")[0].endswith(ending))


def press(
    browser: ScriptedBrowser, page: Page, ending: str, fields: dict[str, str], *, query: str = ""
) -> Page:
    """Send a form of a page with these fields and what every form carries."""
    form = find_form(page, ending)
    carried = {name: form.fields[name] for name in CARRIED & form.fields.keys()}
    return browser.post(form.action + query, carried | fields)


def right_answers(app: Flask, module_id: str, count: int) -> dict[str, str]:
    """Return fields that answer the first questions of a quiz rightly."""
    quiz = app.extensions[EXTENSION].catalogue.get(module_id).quiz
    return {
        f"response.{item.id}": next(each.id for each in item.options if each.correct)
        for item in quiz.items[:count]
    }


def wait_for(what: str, check: Callable[[], Any], *, within_s: float = WAIT_S) -> Any:
    """Wait until the check returns something true, and return that."""
    deadline = time.monotonic() + within_s
    while not (found := check()):
        assert time.monotonic() < deadline, f"{what} did not happen in {within_s:.0f} s"
        time.sleep(0.05)
    return found


def is_up(url: str) -> bool:
    """Say whether an address answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
