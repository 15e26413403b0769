"""The tool and the practice LMS, each behind a socket of its own, and what one asked of the other.

People's browsers are Flask's test clients; every call of a service, and every look at published
keys, goes over HTTP by the tool's and the LMS's own clients.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt
import requests
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from werkzeug.serving import make_server
from werkzeug.test import TestResponse, run_wsgi_app
from werkzeug.wrappers import Request

from lti_alliance.app import create_app
from lti_alliance.lti import keys
from lti_alliance.models import db
from lti_alliance.parts import EXTENSION
from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.settings import PracticeSettings
from lti_alliance.settings import Settings
from tests.certification.evidence import Line, Log
from tests.conftest import DATA_KEY, SECRET_KEY, Clock
from tests.platforms import Browser, Network, Platform, World
from tests.ports import free_port
from tests.web.test_practice_launch import School


@dataclass(frozen=True)
class Heard:
    """One request that came over the socket, and its answer."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    form: dict[str, str]
    status: int
    answer: str


class Recorder:
    """Notes what comes over a socket before the application sees it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.heard: list[Heard] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer as the application does."""
        body = Request(environ).get_data(cache=False)
        environ["wsgi.input"] = io.BytesIO(body)
        chunks, status, headers = run_wsgi_app(self._app.wsgi_app, environ, buffered=True)
        answer = b"".join(chunks)
        environ["wsgi.input"] = io.BytesIO(body)
        request = Request(environ)
        self.heard.append(
            Heard(
                method=request.method,
                path=request.path,
                query=request.query_string.decode(),
                headers=dict(request.headers),
                body=body.decode(),
                form=request.form.to_dict(),
                status=int(status.split()[0]),
                answer=answer.decode(),
            )
        )
        start_response(status, headers.to_wsgi_list())
        return [answer]


@dataclass
class ServedSchool(School):
    """A platform of the practice LMS whose services are called over HTTP."""

    recorder: Recorder
    log: Log
    claims: dict[str, Any] = field(default_factory=dict)
    """Of the message that the platform sent last."""
    lines: dict[str, list[Line]] = field(default_factory=dict)
    """What the tool logged at each step."""
    logged: str = ""
    """The whole text of it."""

    @property
    def course(self) -> Any:
        """The platform's first course."""
        return next(iter(self.platform.state.courses.values()))

    def person(self, role: str) -> str:
        """Name somebody with that role in the course."""
        return next(key for key, each in self.course.enrolments.items() if each.role == role)

    def message(self, client: Any, location: str) -> dict[str, str]:
        """Return the platform's form, and keep what it says."""
        fields = super().message(client, location)
        self.claims = jwt.decode(fields["id_token"], options={"verify_signature": False})
        return fields

    def answer_login(self, browser: Browser, client: Any, fields: dict[str, str]) -> TestResponse:
        """Walk from the platform's login request to the tool's answer to its message."""
        location = self.begin(browser, fields)
        return browser.post("/lti/launch", data=self.message(client, location))

    @contextmanager
    def step(self, name: str, *endpoints: str) -> Iterator[None]:
        """Keep what is logged in this block of these endpoints and of calls to the platform."""
        self.log.begin()
        yield
        self.lines[name] = self.log.lines(*endpoints)
        self.logged += self.log.text

    def fresh(self) -> Session:
        """Return the test's own session as it sees what the tool has committed."""
        self.world.session.rollback()
        self.world.session.expire_all()
        return self.world.session


@contextmanager
def served(
    name: str, database_url: str, *, templates: FileSystemBytecodeCache
) -> Iterator[ServedSchool]:
    """Serve the tool and one platform of the practice LMS, each registered with the other."""
    tool_port, lms_port = free_port(), free_port()
    base_url = f"http://localhost:{tool_port}"
    clock = Clock(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    stderr, sessions = io.StringIO(), []

    def new_session() -> requests.Session:
        sessions.append(requests.Session())
        return sessions[-1]

    def read() -> str:
        text = stderr.getvalue()
        stderr.seek(0)
        stderr.truncate()
        return text

    with ExitStack() as stack:
        stack.enter_context(redirect_stderr(stderr))
        tool = create_app(
            Settings(
                environment="development",
                secret_key=SECRET_KEY,
                data_key=DATA_KEY,
                base_url=base_url,
                database_url=database_url,
                log_level="debug",
                log_format="json",
            ),
            sessions=new_session,
            now=clock,
        )
        tool.jinja_env.bytecode_cache = templates
        lms = create_practice_lms(
            PracticeSettings(
                base_url=f"http://127.0.0.1:{lms_port}",
                tool_url=base_url,
                now=lambda: clock().timestamp(),
                http=stack.enter_context(closing(requests.Session())),
            )
        )
        recorder = Recorder(lms)
        stack.enter_context(_on_port(tool_port, tool.wsgi_app))
        stack.enter_context(_on_port(lms_port, recorder))
        engine = create_engine(database_url)
        stack.callback(engine.dispose)
        session = stack.enter_context(Session(engine, expire_on_commit=False))
        world = World(tool, session, clock, Network(), base_url)
        school = ServedSchool(world, lms, name, recorder, Log(read))
        state = school.platform.state
        world.platform = Platform(
            issuer=state.issuer,
            client_id=state.tool.client_id,
            deployment_id=state.tool.deployment_id,
        )
        keys.ensure_keys(session, tool.extensions[EXTENSION].sealer, at=clock())
        school.register()
        yield school
        for each in sessions:
            each.close()
        with tool.app_context():
            db.engine.dispose()


@contextmanager
def _on_port(port: int, app: Any) -> Iterator[None]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
