"""The demonstration over HTTPS: the same programs, each behind a proxy that ends TLS."""

import json
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from lti_alliance.app import create_app
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import GUNICORN_CONFIG, ROOT, prepare_tasters
from lti_alliance.demo.stage import Stage, prepare_folder
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.settings import load
from tests.engines.proxy import Proxy
from tests.engines.served import AUTHORITY
from tests.ports import free_port

UPGRADE_WAIT_S = 60


@dataclass(frozen=True)
class SecureStage(Stage):
    """A stage whose two servers are reached through proxies; the ports of ``Stage`` are theirs."""

    tool_proxy_port: int
    lms_proxy_port: int
    authority: Path
    """The certificate that vouches for both."""

    @property
    def tool_url(self) -> str:
        """The tool's address: another site than the LMS's, as in the plain demonstration."""
        return f"https://localhost:{self.tool_proxy_port}"

    @property
    def lms_url(self) -> str:
        """The practice LMS's address."""
        return f"https://127.0.0.1:{self.lms_proxy_port}"

    def env(self) -> dict[str, str]:
        """Return what every program finds in its environment."""
        return super().env() | {"ALLIANCE_TRUSTED_PROXIES": "1", AUTHORITY: str(self.authority)}


@dataclass(frozen=True)
class SecureDemo:
    """A running demonstration, without its history."""

    stage: SecureStage
    tool: Proxy
    lms: Proxy

    @property
    def folder(self) -> Path:
        """Where it lives; the logs are here."""
        return self.stage.folder

    def switch(self, **moods: object) -> None:
        """Change how the practice LMS in Canvas's manner keeps values for the tool."""
        self._tell("switches/canvas", moods)

    def enrol(self) -> str:
        """Enrol a student who has not begun anything, and return who it is."""
        return str(self._tell("courses/canvas/77/people", {"count": 1})["people"][0]["person"])

    def _tell(self, path: str, value: object) -> Any:
        request = urllib.request.Request(
            # Not through the proxy: it is no browser that asks.
            f"http://127.0.0.1:{self.stage.lms_port}/_practice/{path}",
            data=json.dumps(value).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def secure_demo(folder: Path) -> Iterator[SecureDemo]:
    """Run the demonstration in a folder until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
    port, lms_port = free_port(), free_port()
    with ExitStack() as stack:
        tool = stack.enter_context(Proxy(upstream=port, tls=tls))
        lms = stack.enter_context(Proxy(upstream=lms_port, tls=tls))
        stage = SecureStage(
            folder,
            port,
            lms_port,
            tool_proxy_port=tool.server_port,
            lms_proxy_port=lms.server_port,
            authority=folder / "authority.pem",
        )
        processes = Processes(folder / "logs")
        stack.callback(processes.stop)
        # The scripted people who set the stage speak TLS as Python does by itself.
        stack.enter_context(pytest.MonkeyPatch.context()).setenv(
            "SSL_CERT_FILE", str(stage.authority)
        )
        _start(stage, processes)
        _set_the_stage(stage)
        yield SecureDemo(stage, tool, lms)
        processes.check()


def _start(stage: SecureStage, processes: Processes) -> None:
    prepare_folder(stage, reset=False)
    env = stage.env()
    upgrade = processes.start(
        "upgrade", _alliance("db", "upgrade"), env=env, cwd=ROOT, is_brief=True
    )
    processes.start(
        "practice LMS",
        python(
            *("-m", "lti_alliance.practice_lms", "--port", str(stage.lms_port)),
            *("--base-url", stage.lms_url, "--tool", stage.tool_url),
        ),
        env=env,
        cwd=ROOT,
    )
    assert upgrade.wait(UPGRADE_WAIT_S) == 0
    processes.start(
        "tool",
        python(
            *("-m", "gunicorn", "--config", str(GUNICORN_CONFIG)),
            *("--bind", f"127.0.0.1:{stage.port}", "--workers", "1", "--threads", "16"),
            *("--max-requests", "0"),
            "tests.engines.served:serve()",
        ),
        env=env,
        cwd=ROOT,
    )
    wait_until_up(f"http://127.0.0.1:{stage.lms_port}/", processes)
    wait_until_up(f"http://127.0.0.1:{stage.port}/healthz", processes)


def _set_the_stage(stage: SecureStage) -> None:
    app = create_app(load(stage.env()))
    with app.app_context():
        prepare_tasters(stage, parts())
        db.session().close()
        for engine in db.engines.values():
            engine.dispose()


def _alliance(*arguments: str) -> list[str]:
    return python("-m", "lti_alliance", *arguments)
