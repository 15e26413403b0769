"""Killing the worker between submission and delivery loses nothing: with real processes."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.demo.launching import launch
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import GUNICORN_CONFIG, ROOT
from lti_alliance.demo.stage import Stage, prepare_folder
from tests.ports import free_port

pytestmark = pytest.mark.processes

PERSON = "mateo.quispe"
WAIT_S = 30


class Running:
    """The tool and the practice LMS, each a process; workers come and go."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.stage = Stage(folder=folder, port=free_port(), lms_port=free_port())
        self.processes = Processes(folder / "logs")
        self.env = {
            **self.stage.env(),
            "ALLIANCE_DATABASE_URL": database_url,
            "ALLIANCE_DELIVERY_LEASE_S": "2",
        }
        prepare_folder(self.stage, reset=False)
        self.alliance("upgrade", "db", "upgrade").wait(60)
        lms, tool = self.stage.lms_url, self.stage.tool_url
        self.start(
            "lms",
            *("-m", "lti_alliance.practice_lms", "--port", str(self.stage.lms_port)),
            *("--base-url", lms, "--tool", tool, "--data", str(folder / "lms")),
        )
        self.start(
            "tool",
            *("-m", "gunicorn", "--config", str(GUNICORN_CONFIG), "--workers", "1"),
            *("--bind", f"127.0.0.1:{self.stage.port}", "wsgi:app"),
        )
        wait_until_up(f"{lms}/", self.processes)
        wait_until_up(f"{tool}/healthz", self.processes)
        options = ["--folder", str(folder), "--port", str(self.stage.port)]
        options += ["--lms-port", str(self.stage.lms_port)]
        assert self.alliance("setting up", "demo", *options, "stage").wait(60) == 0

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        return self.processes.start(name, python(*arguments), env=self.env, cwd=ROOT, is_brief=True)

    def alliance(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        return self.start(name, "-m", "lti_alliance", *arguments)

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        return self.alliance(name, "worker")

    def ask(self, path: str, value: object = None) -> Any:
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(
            f"{self.stage.lms_url}/_practice/{path}",
            data=body,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def cell(self) -> dict[str, Any]:
        cells = self.ask("gradebook/canvas/77")["cells"]
        return next(c for c in cells if (c["person"], c["activity"]) == (PERSON, "taster"))

    def calls(self, part: str) -> int:
        return sum(part in json.dumps(message) for message in self.ask("messages"))

    def hand_in_taster(self) -> None:
        """Take the quiz and write the reflection, as a browser without scripts does."""
        opened = launch(self.stage, platform="canvas", person=PERSON, activity="taster")
        browser, home = opened.browser, opened.page.url
        page = self._press(browser, home, "/attempts")
        page = self._press(browser, page.url + "/review", "/submission")
        assert "/attempts/" in page.url
        (link,) = {part for part in browser.get(home).text.split('"') if "/reflections/" in part}
        writing = f"{self.stage.tool_url}{link}" if link.startswith("/") else link
        draft = next(f for f in browser.get(writing).forms if "/draft" in f.action)
        browser.post(draft.action, {**draft.fields, "text": "Forty words would be more. " * 8})
        page = self._press(browser, writing.split("#")[0] + "/review", "/submission")
        assert page.status == 200

    @staticmethod
    def _press(browser: ScriptedBrowser, url: str, action: str) -> Any:
        form = next(f for f in browser.get(url).forms if f.action.endswith(action))
        return browser.post(form.action, form.fields)


@pytest.fixture
def running(tmp_path: Path, empty_database_url: str) -> Iterator[Running]:
    started = Running(tmp_path, empty_database_url)
    yield started
    started.processes.stop()


def wait_for(running: Running, what: str, check: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while not check():
        assert time.monotonic() < deadline, f"{what} did not happen in {WAIT_S} s"
        time.sleep(0.1)


@pytest.mark.both_databases
@pytest.mark.parametrize("endpoint", ["token", "score"])
def test_a_killed_worker_loses_nothing(running: Running, endpoint: str) -> None:
    """Killed in the middle of a call, the score is brought by the next worker, once."""
    slow = {"platform": "canvas", "endpoint": endpoint, "kind": "delay", "seconds": 4, "times": 1}
    running.ask("faults", slow)
    first = running.worker("first worker")
    running.hand_in_taster()
    path = {"token": "/login/oauth2/token", "score": "/scores"}[endpoint]
    wait_for(running, "the call", lambda: fault_was_met(running))
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    running.worker("second worker")
    wait_for(running, "the score", lambda: running.cell()["score"] is not None)
    cell = running.cell()

    assert cell["score"] >= 2
    assert cell["attempts"] == 1
    assert cell["comments"] == []
    assert running.calls(path) >= 1


def fault_was_met(running: Running) -> bool:
    """Say whether the platform is in the middle of the slow call."""
    return not running.ask("faults")["canvas"]["faults"]
