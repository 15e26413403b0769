"""What stands in the yard: two web hosts, two worker hosts, one for Redis; database and LMS beside.

The tool's settings are those of an installation on several hosts: one PostgreSQL, one Redis, the
same secrets everywhere, and nothing else that the hosts share.
"""

import http.client
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bench.balancer import Balancer
from bench.yard import YARD_ADDRESS, Host
from lti_alliance.app import create_app
from lti_alliance.demo import course
from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.demo.course import Placement
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import GUNICORN_CONFIG, ROOT, act
from lti_alliance.demo.stage import Stage, prepare_folder, register_platforms
from lti_alliance.domain.activities import Part
from lti_alliance.domain.modules import Keep
from lti_alliance.lti import keys
from lti_alliance.models import Registration
from lti_alliance.parts import EXTENSION, parts, utc_now
from lti_alliance.settings import load
from tests.failures.private_postgres import PrivatePostgres

WEB = ("web1", "web2")
WORKERS = ("worker1", "worker2")
REDIS = "redis1"
HALTED = "halted"
"""A host that is cut off in the middle of a transaction, while the others work."""
HOSTS = (*WEB, *WORKERS, REDIS, HALTED)
ACTIVITY, MODULE, COURSE, QUESTIONS, COLUMN = "taster", "taster", "77", 3, 5
"""The column of the course is worth five points, whatever the quiz is worth in itself."""
QUIZ = Placement(
    ACTIVITY, MODULE, frozenset({Part.QUIZ}), keep=Keep.LATEST, quiz_points=Decimal(QUESTIONS)
)
LEASE_S = 6
PLATFORM_TIMEOUT_S = 2
_PORT, _LMS_PORT, _REDIS_PORT = 8000, 8001, 6379
_START_WITHIN_S = 90


class FromAddress(urllib.request.HTTPHandler):
    """Opens connections from an address of its own, so that a balancer knows its visitor."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def http_open(self, request: urllib.request.Request) -> Any:
        """Open one address, as the standard handler does."""
        opened: Any = partial(http.client.HTTPConnection, source_address=(self._address, 0))
        return self.do_open(opened, request)


class YardStage(Stage):
    """A stage whose LMS every host can reach."""

    @property
    def lms_url(self) -> str:
        """The practice LMS's address on the bridge."""
        return f"http://{YARD_ADDRESS}:{self.lms_port}"


class Scene:
    """The running installation; nobody has launched yet, and no worker runs."""

    def __init__(
        self, folder: Path, hosts: dict[str, Host], postgres: PrivatePostgres, *, processes: int
    ) -> None:
        self.hosts = hosts
        self._processes = processes
        self.stage = YardStage(folder=folder, port=_PORT, lms_port=_LMS_PORT)
        self.processes = Processes(folder / "logs")
        self.postgres = postgres
        self.postgres_url = postgres.create_database("alliance")
        self.env = {
            **self.stage.env(),
            "ALLIANCE_DATABASE_URL": self.postgres_url.replace("127.0.0.1", YARD_ADDRESS),
            "ALLIANCE_LIMITER_URL": f"redis://{hosts[REDIS].address}:{_REDIS_PORT}/0",
            "ALLIANCE_DELIVERY_LEASE_S": str(LEASE_S),
            "ALLIANCE_PLATFORM_TIMEOUT_S": str(PLATFORM_TIMEOUT_S),
            "ALLIANCE_LOG_FORMAT": "json",
        }
        prepare_folder(self.stage, reset=False)
        self.balancer = Balancer(_PORT, [(hosts[name].address, _PORT) for name in WEB])

    def start(self) -> None:
        """Start everything but the workers, and let the instructor set up the activity."""
        upgrade = self.alliance("upgrade", WEB[0], "db", "upgrade")
        redis = ("redis-server", "--bind", self.hosts[REDIS].address, "--protected-mode", "no")
        self.run_on(REDIS, "redis", (*redis, "--save", "", "--port", str(_REDIS_PORT)))
        lms = ("-m", "lti_alliance.practice_lms", "--host", "0.0.0.0")
        self.processes.start(
            "lms",
            python(*lms, "--port", str(_LMS_PORT), "--base-url", self.stage.lms_url),
            env=self.env,
            cwd=ROOT,
        )
        if upgrade.wait(_START_WITHIN_S) != 0:
            raise RuntimeError(self.log("upgrade"))
        for name in WEB:
            self._start_web(name)
        self.balancer.start()
        for address in (f"{self.stage.lms_url}/", *map(self._health, WEB)):
            wait_until_up(address, self.processes, seconds=_START_WITHIN_S)
        with self.act() as session:
            keys.ensure_keys(session, parts().sealer, at=utc_now())
            register_platforms(session, self.stage, at=utc_now())
        with self.app.app_context():
            course.set_up(
                self.act,
                parts().catalogue,
                self.stage,
                platform="canvas",
                placements=(QUIZ,),
                at=utc_now(),
                browser=ScriptedBrowser(FromAddress("127.0.0.2")),
            )

    def start_workers(self) -> None:
        """Start a worker on each worker host."""
        for name in WORKERS:
            self.alliance(name, name, "worker")
            wait_for(f"the start of {name}", lambda name=name: "worker_started" in self.log(name))

    def stop(self) -> None:
        """End every process."""
        self.processes.stop()
        self.balancer.stop()

    def alliance(self, name: str, host: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of the tool on a host."""
        return self.run_on(host, name, python("-m", "lti_alliance", *arguments))

    def log(self, name: str) -> str:
        """Return what a process has written."""
        return (self.processes.logs / f"{name}.log").read_text(errors="replace")

    def _start_web(self, name: str) -> None:
        bind = f"{self.hosts[name].address}:{_PORT}"
        size = ("--workers", str(self._processes), "--threads", "4")
        command = ("-m", "gunicorn", "--config", str(GUNICORN_CONFIG), *size, "--bind", bind)
        self.run_on(name, name, python(*command, "wsgi:app"))

    def run_on(self, host: str, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a program on a host."""
        command = self.hosts[host].command(command)
        return self.processes.start(name, command, env=self.env, cwd=ROOT, is_brief=True)

    def _health(self, name: str) -> str:
        return f"http://{self.hosts[name].address}:{_PORT}/healthz"

    # The database and the LMS, as somebody who looks on sees them

    @cached_property
    def app(self) -> Any:
        """The application in this process, which serves nobody."""
        return create_app(load({**self.env, "ALLIANCE_LIMITER_URL": "memory://"}))

    @contextmanager
    def act(self) -> Iterator[Session]:
        """Carry out one act on the tool's database."""
        with self.app.app_context(), act() as session:
            yield session

    def registration(self, session: Session) -> Registration:
        """Return the registration of the class's platform."""
        return session.scalars(select(Registration).where(Registration.family == "canvas")).one()

    def key_ids(self, name: str) -> list[str]:
        """Return the ids of the keys that a web host publishes."""
        address = self._health(name).replace("/healthz", "/.well-known/jwks.json")
        with urllib.request.urlopen(address, timeout=10) as answer:
            return [key["kid"] for key in json.loads(answer.read())["keys"]]

    def server_version(self) -> str:
        """Return what the database server calls its release."""
        with self.act() as session:
            return str(session.scalar(text("SHOW server_version"))).split()[0]

    def right_answers(self, count: int) -> dict[str, str]:
        """Return fields that answer so many questions rightly and the others wrongly."""
        items = self.app.extensions[EXTENSION].catalogue.get(MODULE).quiz.items
        return {
            f"response.{item.id}": next(
                option.id for option in item.options if option.correct == (number < count)
            )
            for number, item in enumerate(items)
        }

    def ask(self, path: str, value: object = None, *, method: str | None = None) -> Any:
        """Ask the practice LMS something, or tell it a value."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{_LMS_PORT}/_practice/{path}",
            data=None if value is None else json.dumps(value).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def enrol(self, count: int) -> list[dict[str, str]]:
        """Enrol students, each with their person and their ``sub``."""
        return list(self.ask(f"courses/canvas/{COURSE}/people", {"count": count})["people"])

    def book(self) -> dict[str, dict[str, Any]]:
        """Return the column of the gradebook by ``sub``, with the history of each cell."""
        query = f"gradebook/canvas/{COURSE}?history=1&activity={ACTIVITY}"
        return {cell["sub"]: cell for cell in self.ask(query)["cells"]}


def wait_for(
    what: str, check: Callable[[], Any], *, within_s: float = 120.0, every_s: float = 0.05
) -> Any:
    """Wait until the check returns something true, and return that."""
    deadline = time.monotonic() + within_s
    while not (found := check()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen in {within_s:.0f} s")
        time.sleep(every_s)
    return found
