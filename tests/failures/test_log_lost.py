"""A log that cannot be written costs the log, and not the request: row F39 of the matrix."""

import io
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import GUNICORN_CONFIG, ROOT
from lti_alliance.demo.stage import Stage, prepare_folder
from tests.failures.running import is_up
from tests.ports import free_port


class FullDisk(io.StringIO):
    """A file that takes nothing more."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def closed() -> io.StringIO:
    """Return a file that somebody has closed."""
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [FullDisk(), closed(), None], ids=["full", "closed", "none"])
def test_a_lost_log_line_costs_no_request(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None
) -> None:
    """Whatever becomes of standard error, requests are answered."""
    monkeypatch.setattr(sys, "stderr", stream)
    answer = client.get("/nothing-here")

    assert answer.status_code == 404
    assert 'data-error-code="not_found"' in answer.text


@pytest.mark.processes
def test_a_web_process_serves_without_a_log(tmp_path: Path, database_url: str) -> None:
    """With its log on a full disk from the start, the web process starts and serves."""
    stage = Stage(folder=tmp_path / "tool", port=free_port(), lms_port=free_port())
    prepare_folder(stage, reset=False)
    processes = Processes(tmp_path / "logs")
    env = {**stage.env(), "ALLIANCE_DATABASE_URL": database_url}
    stamp = processes.start("stamp", python("-m", "lti_alliance", "db", "stamp"), env=env, cwd=ROOT)
    assert stamp.wait(60) == 0
    bind = ("--bind", f"127.0.0.1:{stage.port}", "wsgi:app")
    serve = python("-m", "gunicorn", "--config", str(GUNICORN_CONFIG), "--workers", "1", *bind)
    processes.brief.update({"stamp", "tool"})
    tool = processes.start(
        "tool", ["sh", "-c", f"exec {' '.join(serve)} >/dev/full 2>&1"], env=env, cwd=ROOT
    )
    try:
        wait_until_up(f"{stage.tool_url}/healthz", processes)
        answers = [is_up(f"{stage.tool_url}/.well-known/jwks.json") for _ in range(3)]
        is_alive = tool.poll() is None
    finally:
        processes.stop()

    assert answers == [True] * 3
    assert is_alive
