"""Headers on every route of the application, whoever asks and whatever the answer is."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lti_alliance.models import LaunchSession
from lti_alliance.web import access
from lti_alliance.web.security import allow_framing
from tests.platforms import World
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.test_security import policy_of
from tests.web.test_two_worlds import HOST, methods, path
from tests.web.visits import Visitor

NOBODY = "00000000-0000-0000-0000-000000000000"
IDS = dict.fromkeys(
    (
        "activity_id",
        "attempt_id",
        "authored_id",
        "comment_id",
        "delivery_id",
        "membership_id",
        "planned_id",
        "preset_id",
        "question_id",
        "reflection_id",
        "set_id",
    ),
    NOBODY,
)
OUTSIDE = {"version": "x", "filename": "app.css"}
# What may be kept: files whose address changes with them, and keys that platforms fetch.
KEPT = {"static", "lti.jwks"}
# What no person looks at, and the page that an invitation opens before any host is known.
NEVER_FRAMED = {
    "health.healthz",
    "health.metrics",
    "health.readyz",
    "lti.jwks",
    "registering.canvas_configuration",
    "static",
}
LMS = "https://lms.example"


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def visitors(course: Course) -> list[Visitor]:
    """A teacher and a student, whose LMS is at a host of the school's own."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    found = [course.visit(name, activity, frame_ancestors=[LMS]) for name in ("instructor", "ada")]
    course.session.commit()
    return found


def inside(app: Flask, visitor: Visitor) -> Iterator[tuple[str, TestResponse]]:
    """Ask every route of a launch, by every method, and once without the form's proof."""
    for rule in app.url_map.iter_rules():
        if "handle" not in rule.arguments:
            continue
        address = path(rule, visitor.handle, IDS)
        for method in methods(rule):
            proofs = [{}] if method == "GET" else [{}, {"csrf_token": visitor.csrf}]
            for proof in proofs:
                answer = visitor.client.open(address, method=method, data=proof, base_url=HOST)
                yield rule.endpoint, answer


def outside(app: Flask) -> Iterator[tuple[str, TestResponse]]:
    """Ask every other route as a stranger."""
    for rule in app.url_map.iter_rules():
        address = rule.rule
        if "handle" in rule.arguments:
            address = path(rule, "nobody", IDS)
        for name, value in OUTSIDE.items():
            address = re.sub(rf"<(?:\w+:)?{name}>", value, address)
        for method in methods(rule):
            yield rule.endpoint, app.test_client().open(address, method=method, base_url=HOST)


def assert_headers(endpoint: str, answer: TestResponse) -> None:
    """Every answer has each of these, and nothing that would undo them."""
    policy, headers = policy_of(answer), answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff", endpoint
    assert headers["Referrer-Policy"] == "no-referrer", endpoint
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", endpoint
    assert "camera=()" in headers["Permissions-Policy"], endpoint
    assert headers["X-Request-ID"], endpoint
    assert not {"X-Frame-Options", "Access-Control-Allow-Origin"} & set(headers.keys()), endpoint
    assert policy.pop("form-action").startswith("'self'"), endpoint
    assert policy.pop("frame-ancestors"), endpoint
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "base-uri": "'none'",
        "object-src": "'none'",
    }, endpoint
    if endpoint not in KEPT or answer.status_code >= 400:
        assert headers["Cache-Control"] == "no-store", endpoint
    for cookie in headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-alliance-"), endpoint
        for flag in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
            assert flag in cookie.split("; "), endpoint


def assert_no_inline_code(endpoint: str, answer: TestResponse) -> None:
    """Scripts come from files alone, so that the policy needs no nonce and forgives no markup."""
    if answer.mimetype != "text/html":
        return
    assert re.findall(r"<script(?![^>]*\ssrc=)", answer.text) == [], endpoint
    assert re.findall(r"<style\b|<[a-z][^>]*\s(?:style|on[a-z]+)=", answer.text) == [], endpoint
    assert "javascript:" not in answer.text, endpoint


def test_pages_of_a_launch(app: Flask, visitors: list[Visitor]) -> None:
    """Inside a launch every answer, refusals included, is framed by the registration's hosts."""
    endpoints = set()
    for visitor in visitors:
        for endpoint, answer in inside(app, visitor):
            assert_headers(endpoint, answer)
            assert_no_inline_code(endpoint, answer)
            assert policy_of(answer)["frame-ancestors"] == f"'self' {LMS}", endpoint
            endpoints.add(endpoint)

    asked = {each.endpoint for each in app.url_map.iter_rules() if "handle" in each.arguments}
    assert endpoints == asked


def test_answers_to_strangers(app: Flask) -> None:
    """Without a launch every route answers with the headers; what machines read is not framed."""
    for endpoint, answer in outside(app):
        assert_headers(endpoint, answer)
        assert_no_inline_code(endpoint, answer)
        ancestors = policy_of(answer)["frame-ancestors"]
        if endpoint in NEVER_FRAMED and answer.status_code < 400:
            assert ancestors == "'none'", endpoint
        # A refusal before anything is verified has nothing to click, and shows wherever it is.
        elif ancestors == "*":
            assert answer.status_code >= 300, endpoint
            assert "<form" not in answer.text, endpoint
        answer.close()


def test_no_route_but_the_known_is_framed_by_all(app: Flask) -> None:
    """A route that any page may frame is one that platforms send people to before a launch."""
    framed = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if not access.rule_of(app, rule.endpoint).needs_visit
        and access.rule_of(app, rule.endpoint).is_framed
    }

    assert framed == {"lti.login", "lti.continue_login", "lti.launch", "notices.take"}


def test_frames_follow_the_registration(world: World) -> None:
    """Hosts are the platform's own and those that the registration names, and no pattern."""
    browser = world.browser()
    answer = browser.launch()
    ancestors = policy_of(browser.get(answer.location))["frame-ancestors"].split()
    kept = world.session.query(LaunchSession).one().frame_ancestors

    assert ancestors == ["'self'", *kept]
    assert "https://lms.test" in kept
    assert all("*" not in each and each.startswith("https://") for each in kept)


def test_framing_is_written_as_it_is_told(app: Flask) -> None:
    """Nothing but the tool itself is added to the origins that a registration has."""
    with app.test_request_context():
        from flask import g

        allow_framing(["https://a.example", "https://b.example"])
        found = g.frame_ancestors

    assert found == "'self' https://a.example https://b.example"
