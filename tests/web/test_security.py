"""Headers on every answer, and the proof that a form came from a page of its launch."""

from dataclasses import replace

import pytest

from lti_alliance.models import AuditEvent
from lti_alliance.settings import Settings
from lti_alliance.web.static_files import STATIC, tree_version
from tests.platforms import Browser, World
from tests.web.conftest import make_world
from tests.web.test_access import code_of, launched


def policy_of(answer) -> dict[str, str]:
    """Return the content security policy by directive."""
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}


def token(browser: Browser, path: str) -> dict[str, str]:
    """Return the form field that proves where a form came from."""
    return {"csrf_token": browser.get(path).json["csrf_token"]}


PATHS = ["/healthz", "/.well-known/jwks.json", "/lti/login", "/lti/launch", "/nothing", "/metrics"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers(world: World, path: str) -> None:
    """No answer goes out without its headers, refusals included."""
    answer = world.browser().get(path)
    policy = policy_of(answer)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "X-Frame-Options" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["base-uri"] == policy["object-src"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_pages_are_framed_by_their_platform(world: World) -> None:
    """A launch's pages may be framed by its platform and the tool, and by nobody else."""
    browser, path = launched(world)
    ancestors = policy_of(browser.get(path))["frame-ancestors"].split()

    assert ancestors == ["'self'", "https://lms.test"]


def test_refusals_inside_stay_framed(world: World) -> None:
    """A refusal inside a launch shows in the same frame as its pages."""
    browser, path = launched(world)
    refused = browser.get(f"{path}/teach")
    world.now.move(hours=2)
    ended = browser.get(path)

    for answer in (refused, ended):
        assert policy_of(answer)["frame-ancestors"] == "'self' https://lms.test"


@pytest.mark.parametrize("path", ["/healthz", "/.well-known/jwks.json", "/metrics", "/readyz"])
def test_answers_for_machines_are_never_framed(world: World, path: str) -> None:
    """What no person looks at cannot be framed."""
    assert policy_of(world.browser().get(path))["frame-ancestors"] == "'none'"


def test_refusals_before_a_launch_show_anywhere(world: World) -> None:
    """Before anything is verified nobody knows the school's hosts: the page does nothing."""
    answer = world.browser().post("/lti/launch")

    assert policy_of(answer)["frame-ancestors"] == "*"


def test_the_form_to_a_new_tab_may_reach_the_platform(world: World) -> None:
    """A form's redirects are judged by its page's policy, and a platform redirects further."""
    browser = world.browser()
    path = browser.start().location
    browser.client.delete_cookie("__Host-alliance-probe")

    assert "https:" in policy_of(browser.get(path))["form-action"].split()
    assert policy_of(browser.get("/nothing"))["form-action"] == "'self'"


def test_a_form_needs_its_token(world: World) -> None:
    """A form without the launch's token, or with another launch's, is refused."""
    browser, path = launched(world)
    _, other = launched(world, browser)
    own, foreign = token(browser, path), token(browser, other)

    assert browser.post(path, data=own).status_code == 200
    for data in ({}, {"csrf_token": ""}, foreign, {"csrf_token": "é"}):
        answer = browser.post(path, data=data)
        assert answer.status_code == 403
        assert code_of(answer) == "csrf"


def test_a_script_sends_the_token_as_a_header(world: World) -> None:
    """A script may send the token in its header instead of a field."""
    browser, path = launched(world)
    headers = {"X-CSRF-Token": token(browser, path)["csrf_token"]}

    assert browser.post(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}, 200),
        # What browsers send with a form of ours, because the page sends no referrer.
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "http://localhost:8000.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_a_form_comes_from_here(world: World, headers: dict[str, str], status: int) -> None:
    """The browser's word on where a request comes from is heard even with a right token."""
    browser, path = launched(world)

    assert browser.post(path, data=token(browser, path), headers=headers).status_code == status


def test_open_forms_look_at_the_origin(world: World) -> None:
    """A route for anybody takes no forms from other sites either."""
    browser = world.browser()

    assert browser.post("/test/open").status_code == 200
    refused = browser.post("/test/open", headers={"Origin": "https://evil.example"})
    assert code_of(refused) == "csrf"


@pytest.mark.parametrize(
    "data", [{"text": "x" * 1_100_000}, {f"field-{n}": "x" for n in range(2_001)}]
)
def test_forms_have_a_size(world: World, data: dict[str, str]) -> None:
    """A form larger than any page's, or with more fields, is refused before it is looked at."""
    browser, path = launched(world)
    for address in (path, "/lti/launch", "/lti/login"):
        answer = browser.post(address, data=data)
        assert answer.status_code == 413
        assert code_of(answer) == "request_too_large"


def test_static_files_are_kept_for_long(world: World) -> None:
    """A file at its current address is kept for a year; at an older one it is not."""
    browser = world.browser()
    with world.app.test_request_context():
        from flask import url_for

        current = url_for("static", filename="app.css")
    new = browser.get(current)
    old = browser.get("/static/older/app.css")

    assert new.status_code == old.status_code == 200
    assert new.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in old.headers["Cache-Control"]
    assert tree_version(STATIC) in current
    new.close()
    old.close()


@pytest.mark.parametrize("path", ["/static/x/../__init__.py", "/static/x/%2e%2e/app.py"])
def test_static_files_end_at_their_folder(world: World, path: str) -> None:
    """Nothing outside the folder is served."""
    assert world.browser().get(path).status_code == 404


def test_redirects_ignore_the_host_header(world: World) -> None:
    """A redirect that Flask makes by itself stays on the host that the browser used."""
    answer = world.browser().client.get("/launches/x", base_url="http://evil.example")

    assert answer.status_code == 308
    assert answer.location == "/launches/x/"


def test_machines_inside_may_ask_without_tls(settings: Settings, session, now, network) -> None:
    """Health checks come past the proxy that speaks TLS; people do not."""
    secure = replace(settings, base_url="https://tool.example")
    for world in make_world(secure, session, now, network):
        client = world.app.test_client()

        assert client.get("/healthz", base_url="http://10.0.0.5").status_code == 200
        assert client.get("/lti/login", base_url="http://10.0.0.5").status_code == 400


@pytest.mark.parametrize(
    ("how", "status", "kept"), [("well", 200, 1), ("fail", 500, 0), ("conflict", 409, 0)]
)
def test_an_act_is_whole(world: World, how: str, status: int, kept: int) -> None:
    """An act is stored as a whole, or not at all."""
    browser, path = launched(world)
    answer = browser.post(f"{path}/write/{how}", data=token(browser, path))
    world.session.rollback()

    assert answer.status_code == status
    assert world.session.query(AuditEvent).filter_by(action="test").count() == kept
