"""Refusals in words: one table, one page, one kind of JSON, nothing leaked."""

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from lti_alliance import errors
from lti_alliance.web import errors as web_errors
from lti_alliance.web.problems import PROBLEMS
from tests.platforms import World
from tests.web.test_access import code_of, launched

PACKAGE = Path(errors.__file__).parent
RAISED = {"LaunchRejected", "NotAllowed", "SignedOut", "Conflict", "AttemptClosed"} | {
    "AlreadySubmitted",
    "_refuse",
}
# Raised for the command line only, which says them in its own words.
FOR_OPERATORS = {"keys.already_rotated", "keys.next_too_young", "deployment.course_in_both"}


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
