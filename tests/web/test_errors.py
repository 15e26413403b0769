"""Refusals in words: one table, one page, one kind of JSON, nothing leaked."""

import ast
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from lti_alliance import errors
from lti_alliance.models import AuditEvent, db
from lti_alliance.parts import parts
from lti_alliance.web import access, transaction
from lti_alliance.web import errors as web_errors
from lti_alliance.web.problems import PROBLEMS
from tests.platforms import Browser, World
from tests.web import visits
from tests.web.test_access import code_of, launched

PACKAGE = Path(errors.__file__).parent
RAISED = {"LaunchRejected", "NotAllowed", "SignedOut", "Conflict", "AttemptClosed"} | {
    "AlreadySubmitted",
    "_refuse",
}
# Raised for the command line only, which says them in its own words.
FOR_OPERATORS = {
    "course.unknown",
    "course_key.changing",
    "deployment.course_in_both",
    "keys.already_rotated",
    "keys.next_too_young",
}


def raised_codes() -> set[str]:
    """Find every code that the tool's rooms raise by name."""
    found = set()
    for room in ("domain", "lti", "services", "web"):
        for path in (PACKAGE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in RAISED:
                    first = node.args[0] if node.args else None
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found.add(first.value)
    return found


def test_every_code_has_words() -> None:
    """Whatever code a room raises, the table says in words what happened and what to do."""
    raised = raised_codes()

    assert len(raised) > 40
    assert raised - FOR_OPERATORS <= PROBLEMS.keys()


def test_every_problem_says_what_to_do(app) -> None:
    """Each entry has a refusing status, a title, a sentence and an advice, all ending well."""
    with app.test_request_context():
        for code, problem in PROBLEMS.items():
            assert 400 <= problem.status < 600, code
            assert str(problem.title), code
            assert str(problem.sentence).endswith("."), code
            assert str(problem.advice).endswith("."), code


def test_json_when_asked_for(world: World) -> None:
    """A program gets the code, the sentence and the request id as JSON."""
    answer = world.browser().post("/lti/launch", headers={"Accept": "application/json"})

    assert answer.status_code == 400
    assert answer.json == {
        "error": "launch.id_token_missing",
        "message": (
            "The launch did not arrive completely. "
            "Go back to your course and open the activity again."
        ),
        "request_id": answer.headers["X-Request-ID"],
    }
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
        ("", False),
        ("application/json", True),
        ("application/json, text/html;q=0.5", True),
    ],
)
def test_pages_for_browsers(world: World, accept: str, is_json: bool) -> None:
    """Browsers get a page, whatever else they would take."""
    answer = world.browser().get("/nothing", headers={"Accept": accept})

    assert answer.is_json is is_json


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/nothing", 404, "not_found"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("OPTIONS", "/lti/launch", 405, "method_not_allowed"),
        ("GET", "/test/stale", 409, "work.stale"),
        ("GET", "/test/invalid", 422, "input.invalid"),
        ("GET", "/test/unforeseen", 500, "internal"),
    ],
)
def test_each_failure_has_its_page(
    world: World, method: str, path: str, status: int, code: str
) -> None:
    """Every failure has a status, a code on `main`, one heading and a request id."""
    answer = world.browser().client.open(path, method=method, base_url=world.base_url)

    assert answer.status_code == status
    assert re.search(rf'<main[^>]* data-error-code="{re.escape(code)}"', answer.text)
    assert answer.text.count("<h1") == 1
    assert answer.headers["X-Request-ID"] in answer.text


def test_head_has_no_body(world: World) -> None:
    """HEAD gets the status alone."""
    answer = world.browser().client.head("/nothing", base_url=world.base_url)

    assert answer.status_code == 404
    assert answer.text == ""


def test_an_unforeseen_failure_tells_nothing(world: World, capsys) -> None:
    """The page of a failure says that nothing was lost; where it happened is in the log alone."""
    answer = world.browser().get("/test/unforeseen")
    log = capsys.readouterr().err

    assert "Something went wrong on our side. Nothing was lost." in answer.text
    for secret in ("ana@school.test", "eyJ", "Traceback", "RuntimeError", "conftest"):
        assert secret not in answer.text
    assert "RuntimeError" in log
    assert answer.headers["X-Request-ID"] in log
    assert "ana@school.test" not in log
    assert "eyJ" not in log


def test_a_broken_page_is_still_answered(world: World, monkeypatch) -> None:
    """When even the error page fails, a bare one takes its place."""

    def broken(*_args: object, **_values: object) -> str:
        raise OSError("no templates")

    monkeypatch.setattr(web_errors, "render_template", broken)
    answer = world.browser().get("/nothing")

    assert answer.status_code == 500
    assert 'data-error-code="internal"' in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_a_busy_database_asks_to_try_again(world: World, monkeypatch) -> None:
    """A database that cannot be reached is a 503 that promises nothing was saved."""
    browser, path = launched(world)

    def locked(*_args: object, **_values: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    monkeypatch.setattr("lti_alliance.web.access._find_visit", locked)
    answer = browser.get(path)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert code_of(answer) == "service_unavailable"


def test_help_is_named(world: World) -> None:
    """Every error page says whom to ask."""
    assert "Help:" in world.browser().get("/nothing").text


def test_an_administrator_can_copy_the_facts(world: World) -> None:
    """The refusal of an unknown installation carries what approves it, as JSON too."""
    browser = world.browser()
    login = browser.begin()
    answer = browser.post(
        "/lti/launch",
        data={"id_token": world.token(login, deployment_id="7"), "state": login.state},
        headers={"Accept": "application/json"},
    )

    assert answer.status_code == 403
    facts = {name: answer.json[name] for name in ("issuer", "client_id", "deployment_id")}
    assert facts == {"issuer": "https://lms.test", "client_id": "client-1", "deployment_id": "7"}


# A database that fails in the middle of a request

TEXT = 'She said: "not <now>".\r\nSo I waited.'
QUICK_MS = 100

Happening = Callable[[Session], None]


@dataclass
class Desk:
    """A page whose form is one act: it writes a row, and then something may happen."""

    world: World
    browser: Browser
    path: str
    token: str

    def hand_in(self) -> TestResponse:
        """Send the form as a browser does."""
        fields = {"csrf_token": self.token, "text": TEXT, "response.1": ["a", "b"]}
        return self.browser.post(f"{self.path}/act?then=review", data=fields)

    def kept(self) -> int:
        """Count how often the act has happened."""
        self.world.session.rollback()
        events = select(AuditEvent).where(AuditEvent.action == "test")
        return len(self.world.session.scalars(events).all())


def open_desk(world: World, happens: Happening) -> Desk:
    """Launch, and open the page."""

    @world.app.post("/launches/<handle>/test/act")
    @access.visitor
    def act(handle: str) -> str:
        with transaction.act() as session:
            session.add(AuditEvent(at=parts().now(), action="test"))
            session.flush()
            happens(session)
        return "handed in"

    browser, path = launched(world)
    return Desk(world, browser, path, browser.get(path).json["csrf_token"])


def once(happens: Happening) -> Happening:
    """Let something happen the first time only."""
    turns = iter([happens])
    return lambda session: next(turns, lambda _: None)(session)


def refuse(state: str) -> Happening:
    """Let the server itself refuse the transaction with this SQLSTATE."""
    refusal = text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")
    return lambda session: session.execute(refusal)


def break_off(session: Session) -> None:
    """Let the server end the transaction's connection before its next statement."""
    _end(session.get_bind(), session.scalar(text("SELECT pg_backend_pid()")))
    session.execute(text("SELECT 1"))


def break_off_in_the_commit(session: Session) -> None:
    """Let the connection end after the last statement and before the commit is answered."""
    bind, pid = session.get_bind(), session.scalar(text("SELECT pg_backend_pid()"))
    event.listen(session.connection(), "commit", lambda _: _end(bind, pid), once=True)


def _end(bind: Any, pid: int | None) -> None:
    other = create_engine(bind.engine.url)
    with other.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.dispose()


@pytest.mark.needs_postgres
@pytest.mark.parametrize(
    "happens",
    [refuse("40001"), refuse("40P01"), refuse("55P03"), break_off],
    ids=["serialization", "deadlock", "lock timeout", "connection"],
)
def test_a_passing_failure_is_never_seen(world: World, happens: Happening) -> None:
    """What a second try mends is mended unseen, and the act has happened once."""
    desk = open_desk(world, once(happens))
    answer = desk.hand_in()

    assert (answer.status_code, answer.text) == (200, "handed in")
    assert desk.kept() == 1


@pytest.mark.needs_postgres
def test_a_connection_that_broke_while_idle_is_never_seen(world: World) -> None:
    """After a restart of the database the first page of each connection is as good as any."""
    desk = open_desk(world, lambda _: None)
    with world.app.app_context():
        pooled = [db.engine.connect() for _ in range(db.engine.pool.checkedin())]
    pids = [each.scalar(text("SELECT pg_backend_pid()")) for each in pooled]
    for connection in pooled:
        connection.close()
    for pid in pids:
        _end(pooled[0], pid)
    answer = desk.browser.get(desk.path)

    assert answer.status_code == 200


@pytest.mark.needs_postgres
@pytest.mark.parametrize(
    "happens",
    [refuse("40P01"), refuse("53100"), break_off],
    ids=["deadlock", "disk full", "connection"],
)
def test_a_lasting_failure_keeps_the_form(world: World, happens: Happening) -> None:
    """What no try mends is a 503 that saved nothing and carries the whole form, to send again."""
    desk = open_desk(world, happens)
    answer = desk.hand_in()
    (form,) = visits.forms_of(answer)

    assert desk.kept() == 0
    assert answer.status_code == 503
    assert code_of(answer) == "service_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert "Nothing was saved this time." in answer.text
    assert form["action"] == f"{desk.path}/act?then=review"
    assert form["fields"] == [
        ("csrf_token", desk.token),
        ("text", TEXT),
        ("response.1", "a"),
        ("response.1", "b"),
    ]


@pytest.mark.needs_postgres
def test_the_kept_form_goes_through(world: World) -> None:
    """Sent again as it is, the form of the 503 page is what the person meant to send."""
    disk = ["full"]
    desk = open_desk(world, lambda session: refuse("53100")(session) if disk else None)
    (form,) = visits.forms_of(desk.hand_in())
    disk.clear()
    again = desk.browser.post(form["action"], data=MultiDict(form["fields"]))

    assert (again.status_code, again.text) == (200, "handed in")
    assert desk.kept() == 1


@pytest.mark.needs_postgres
def test_a_connection_lost_in_the_commit_is_not_called_unsaved(world: World) -> None:
    """Where nobody can know whether it was saved the page says so, and nothing is done twice."""
    desk = open_desk(world, break_off_in_the_commit)
    answer = desk.hand_in()

    assert answer.status_code == 503
    assert code_of(answer) == "service_unclear"
    assert "Nothing was saved" not in answer.text
    assert len(visits.forms_of(answer)) == 1
    assert desk.kept() <= 1


@pytest.mark.parametrize(("held_s", "status"), [(0.4, 200), (30, 503)])
def test_a_lock_is_waited_for(world: World, engine: Engine, held_s: float, status: int) -> None:
    """SQLite: a lock that ends within our patience is never seen, a lasting one is a 503."""
    desk = open_desk(world, lambda _: None)
    with world.app.app_context():
        event.listen(db.engine, "connect", hurry)
        db.engine.dispose()
    holder = engine.connect()
    holder.execution_options(sqlite_begin="IMMEDIATE").exec_driver_sql("SELECT 1")
    timer = threading.Timer(held_s, holder.close)
    timer.start()
    answer = desk.hand_in()
    timer.cancel()
    timer.join()
    holder.close()

    assert answer.status_code == status
    assert desk.kept() == (1 if status == 200 else 0)


def hurry(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {QUICK_MS}")


def unavailable(*_args: object, **_values: object) -> None:
    """Fail as a database that is away."""
    raise OperationalError("SELECT 1", {}, Exception("the database is away"))


def test_another_sites_form_is_not_kept(world: World, monkeypatch) -> None:
    """What another site sent is not put on a page of ours, one click away from being sent."""
    browser, path = launched(world)
    monkeypatch.setattr("lti_alliance.web.access._find_visit", unavailable)
    own = browser.post(path, data={"text": "mine"})
    foreign = browser.post(path, data={"text": "theirs"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert (own.status_code, foreign.status_code) == (503, 503)
    assert "mine" in own.text
    assert "theirs" not in foreign.text


def test_a_platforms_message_is_not_kept(world: World, monkeypatch) -> None:
    """A launch that met a failing database is not put on the page, where its token would stand."""
    browser = world.browser()
    login = browser.begin()
    monkeypatch.setattr("lti_alliance.services.launches.open_launch", unavailable)
    answer = browser.send(login, world.token(login))

    assert answer.status_code == 503
    assert visits.forms_of(answer) == []
    assert "eyJ" not in answer.text


def test_a_script_is_told_in_json(world: World, monkeypatch) -> None:
    """A save by script gets the code as JSON and keeps its text on the page itself."""
    browser, path = launched(world)
    monkeypatch.setattr("lti_alliance.web.access._find_visit", unavailable)
    answer = browser.post(path, data={"text": "mine"}, headers={"Accept": "application/json"})

    assert answer.status_code == 503
    assert answer.json["error"] == "service_unavailable"
    assert "mine" not in answer.text
