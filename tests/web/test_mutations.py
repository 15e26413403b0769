"""Good messages spoiled at random: each is refused in words or taken as it is, and nothing breaks.

The examples are few and always the same, so that a run is short and repeatable. More of them, and
others each time: ``ALLIANCE_TEST_EXAMPLES=2000``.
"""

import json
import os
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from lti_alliance.models import Base, LaunchSession
from lti_alliance.web.limits import EXTENSION
from lti_alliance.web.problems import PROBLEMS
from tests.mutations import (
    EVIL,
    ODD_TEXTS,
    ODD_VALUES,
    Spoiling,
    as_fields,
    spoiled,
    spoilings,
    writings,
    written,
)
from tests.platforms import LTI, World, base64url, rsa_key, signed
from tests.web.course import Course, open_course
from tests.web.invited import LMS, Invited, moodle
from tests.web.noticing import notice_claims
from tests.web.placing import Placing, request_claims
from tests.web.test_access import code_of
from tests.web.test_negative_inputs import services_at

EXAMPLES = int(os.environ.get("ALLIANCE_TEST_EXAMPLES", "0"))
FEW = 8
# Answered with the form itself: the fault stands beside the field, and nothing typed is lost.
KEPT_FORMS = {"response.invalid", "reflection.invalid"}
# What a refusal may write: keys that were fetched to check a signature.
KEPT_BY_REFUSALS = {"platform_key_sets"}

at_random = settings(
    max_examples=EXAMPLES or FEW,
    derandomize=not EXAMPLES,
    database=None,
    # A failure is told as it was found: to make it smaller takes longer than to read it.
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def rows(engine: Engine) -> dict[str, list[str]]:
    """Return everything that is stored."""
    with engine.connect() as connection:
        return {
            table.name: sorted(repr(row) for row in connection.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if table.name not in KEPT_BY_REFUSALS
        }


def check(
    app: Flask, engine: Engine, send: Callable[[], TestResponse], *, lms_answers: bool = False
) -> TestResponse:
    """Send something spoiled: a refusal has a code that is known, and stores nothing.

    With ``lms_answers`` it may be the LMS's answer to the tool that is spoiled, and be called so.
    """
    app.extensions[EXTENSION].reset()
    before = rows(engine)
    answer = send()
    assert answer.status_code < 500 or (lms_answers and answer.status_code == 502), answer.text
    assert "Traceback" not in answer.text
    assert "<script>alert" not in answer.text
    assert EVIL not in answer.headers.get("Location", "")
    assert EVIL not in answer.headers["Content-Security-Policy"]
    assert "evil" not in "".join(answer.headers.getlist("Set-Cookie"))
    if answer.status_code >= 400:
        assert code_of(answer) in PROBLEMS.keys() | KEPT_FORMS
        assert "eyJ" not in answer.text
        assert rows(engine) == before
        cookies = "".join(answer.headers.getlist("Set-Cookie"))
        assert "alliance-" not in cookies
    return answer


def assert_still_open(world: World) -> None:
    """A good launch is let in as if nothing had happened, and no host was called but the LMS's."""
    world.app.extensions[EXTENSION].reset()
    assert world.browser().open(sub="nobody-else").status_code == 200
    assert {urlsplit(url).hostname for url in world.network.calls} <= {"lms.test"}


def sessions(session: Session) -> int:
    """Count the sessions that launches opened, and keep nothing locked."""
    session.rollback()
    count = session.scalar(select(func.count()).select_from(LaunchSession)) or 0
    session.rollback()
    return count


@pytest.fixture
def full_claims() -> dict[str, Any]:
    """Everything that a platform may tell beside what a launch needs."""
    return {
        "azp": "client-1",
        "name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "email": "ada@school.test",
        "locale": "de-DE",
        f"{LTI}custom": {"activity": "abc", "history": "1,2", "zone": "Europe/Berlin"},
        f"{LTI}launch_presentation": {
            "document_target": "iframe",
            "return_url": "https://lms.test/back",
            "locale": "de",
        },
        f"{LTI}tool_platform": {"product_family_code": "canvas", "name": "LMS", "version": "1"},
        f"{LTI}role_scope_mentor": ["student-2"],
        f"{LTI}lti1p1": {"user_id": "old"},
        f"{LTI}lis": {"person_sourcedid": "7"},
        **services_at("https://lms.test/service"),
    }


@at_random
@given(ways=spoilings(), is_get=st.booleans())
def test_logins(world: World, engine: Engine, ways: list[Spoiling], is_get: bool) -> None:
    """A login leads to its own platform or is refused; neither leaves a trace."""
    before = rows(engine)
    fields = as_fields(spoiled(world.login_fields(), ways))
    browser = world.browser()
    browser.client.set_cookie("__Host-alliance-probe", "1")

    def send() -> TestResponse:
        query = urlencode(fields)
        # What fits no address goes in a form.
        if is_get and len(query) < 8_000:
            return browser.get("/lti/login", query_string=query)
        return browser.post(
            "/lti/login", data=query, content_type="application/x-www-form-urlencoded"
        )

    answer = check(world.app, engine, send)
    if answer.status_code < 400:
        assert answer.location.startswith("https://lms.test/auth?")
    assert rows(engine) == before
    assert_still_open(world)


@at_random
@given(ways=spoilings(), writing=writings())
def test_claims(
    world: World,
    engine: Engine,
    full_claims: dict[str, Any],
    ways: list[Spoiling],
    writing: dict[str, Any],
) -> None:
    """A signed message with spoiled claims opens one session for its own sender, or none."""
    browser = world.browser()
    login = browser.begin()
    claims = spoiled(world.payload(login) | full_claims, ways)
    token = signed(
        written(claims, **writing), key=rsa_key("platform"), header={"kid": "key-1", "typ": "JWT"}
    )
    before = sessions(world.session)
    answer = check(world.app, engine, lambda: browser.send(login, token))
    assert sessions(world.session) == before + (answer.status_code == 303)
    if answer.status_code == 303:
        opened = world.session.scalars(
            select(LaunchSession).order_by(LaunchSession.created_at.desc())
        ).first()
        assert opened.registration_id == world.platform.registration.id
        world.session.rollback()
        page = browser.get(answer.location, follow_redirects=True)
        assert page.status_code < 500
        assert "<script>alert" not in page.text
        assert EVIL not in page.text.replace("https://evil.example/", "")
        world.now.move(seconds=1)
    assert_still_open(world)


@at_random
@given(
    header=spoilings(),
    piece=st.integers(0, 2),
    cut=st.integers(0, 5_000),
    text=st.sampled_from(("", "A", "é", "=", "+/", "\x00", "x" * 70_000, ".", "%ff", "\ud7ff")),
)
def test_envelopes(
    world: World, engine: Engine, header: list[Spoiling], piece: int, cut: int, text: str
) -> None:
    """A token whose header, payload or signature is not what was signed opens nothing."""
    browser = world.browser()
    login = browser.begin()
    head = spoiled({"alg": "RS256", "kid": "key-1", "typ": "JWT", "jku": f"https://{EVIL}"}, header)
    pieces = world.token(login).split(".")
    changed = pieces.copy()
    at = cut % (len(pieces[piece]) + 1)
    changed[piece] = pieces[piece][:at] + text + pieces[piece][at + 1 :]
    forged = signed(world.payload(login), key=rsa_key("evil"), header={"kid": "key-1"}).split(".")
    forged[0] = base64url(json.dumps(head).encode())
    before = sessions(world.session)
    for token in (".".join(changed), ".".join(forged)):
        if token == ".".join(pieces):
            continue
        assert (
            check(world.app, engine, lambda token=token: browser.send(login, token)).status_code
            >= 400
        )
    assert sessions(world.session) == before
    assert_still_open(world)


@at_random
@given(ways=spoilings(), body=st.sampled_from(("form", "json", "multipart", "bytes")))
def test_launch_forms(world: World, engine: Engine, ways: list[Spoiling], body: str) -> None:
    """The form around a token is spoiled: a state, a token or an error of any kind."""
    browser = world.browser()
    login = browser.begin()
    form = {
        "id_token": world.token(login),
        "state": login.state,
        "lti_storage_target": "_parent",
        "utf8": "✓",
    }
    fields = as_fields(spoiled(form, ways))
    kinds: dict[str, dict[str, Any]] = {
        "form": {"data": urlencode(fields)},
        "json": {"data": json.dumps(dict(fields)), "content_type": "application/json"},
        "multipart": {"data": urlencode(fields), "content_type": "multipart/form-data; boundary=x"},
        "bytes": {"data": urlencode(fields).encode() + b"&\xff\xfe=%ff%fe&state"},
    }
    options = {"content_type": "application/x-www-form-urlencoded"} | kinds[body]
    check(world.app, engine, lambda: browser.post("/lti/launch", **options))
    assert_still_open(world)


@at_random
@given(ways=spoilings(), writing=writings())
def test_deep_linking_requests(
    world: World, engine: Engine, ways: list[Spoiling], writing: dict[str, Any]
) -> None:
    """A spoiled request to add an activity opens its dialog, or is refused."""
    browser = world.browser()
    login = browser.begin()
    asked = {
        name: value
        for name, value in {
            **world.payload(login),
            **request_claims(data="909708", auto_create=True),
        }.items()
        if not name.endswith("claim/resource_link")
    }
    claims = spoiled(asked, ways)
    token = signed(written(claims, **writing), key=rsa_key("platform"), header={"kid": "key-1"})
    answer = check(world.app, engine, lambda: browser.send(login, token))
    if answer.status_code == 303:
        page = browser.get(answer.location, follow_redirects=True)
        assert page.status_code < 500
        assert "<script>alert" not in page.text
    assert_still_open(world)


@at_random
@given(ways=spoilings(), where=st.sampled_from(("modules/taster", "course", "cancel")))
def test_deep_linking_posts(world: World, engine: Engine, ways: list[Spoiling], where: str) -> None:
    """The dialog's forms come back spoiled: what is answered to the LMS is well formed, or not."""
    world.app.extensions[EXTENSION].reset()
    placing = Placing(world, accept_multiple=True)
    fields = {} if where == "cancel" else placing.fields(where)
    sent = as_fields(spoiled({**fields, "csrf_token": [placing.csrf_token]}, ways))
    answer = check(
        world.app,
        engine,
        lambda: placing.browser.post(
            f"/launches/{placing.handle}/picker/{where}",
            data=urlencode(sent),
            content_type="application/x-www-form-urlencoded",
        ),
    )
    if answer.status_code == 200 and 'name="JWT"' in answer.text:
        for item in placing.items(answer):
            assert item["type"] == "ltiResourceLink"
            assert item["url"].startswith(world.base_url)
    assert_still_open(world)


@at_random
@given(
    described=spoilings(),
    answered=st.one_of(st.just([]), spoilings()),
    fields=st.one_of(st.just([]), spoilings(1)),
    writing=writings(),
)
def test_registrations(
    world: World,
    engine: Engine,
    described: list[Spoiling],
    answered: Sequence[Spoiling],
    fields: Sequence[Spoiling],
    writing: dict[str, Any],
) -> None:
    """A spoiled description of an LMS, or a spoiled answer of it, registers nothing half."""
    world.app.extensions[EXTENSION].reset()
    world.network.calls.clear()
    invited = Invited(world, name=f"school {len(rows(engine)['invitations'])}")
    invited.describe(written(spoiled(moodle(), described), **writing))
    good = {"client_id": f"client {invited.code[:9]}", "scope": "", "redirect_uris": []}
    invited.answer(written(spoiled(good, answered), **writing))
    form = spoiled(invited.fields(names="yes"), fields)
    before = rows(engine)["registrations"]
    answer = check(
        world.app,
        engine,
        lambda: invited.client.post(
            "/lti/register",
            data=urlencode(as_fields(form)),
            content_type="application/x-www-form-urlencoded",
        ),
        lms_answers=True,
    )
    assert {urlsplit(url).hostname for url in world.network.calls} <= {urlsplit(LMS).hostname}
    added = len(rows(engine)["registrations"]) - len(before)
    assert added == (answer.status_code == 200)
    world.network.calls.clear()
    assert_still_open(world)


@at_random
@given(
    ways=spoilings(),
    writing=writings(),
    envelope=st.one_of(st.just([]), st.just([]), spoilings(2)),
)
def test_notices(
    world: World,
    engine: Engine,
    ways: list[Spoiling],
    writing: dict[str, Any],
    envelope: Sequence[Spoiling],
) -> None:
    """Spoiled notices are taken for what they are, or all of them are refused."""
    claims = spoiled(notice_claims(world), ways)
    token = signed(written(claims, **writing), key=rsa_key("platform"), header={"kid": "key-1"})
    body = written(spoiled({"notices": [{"jwt": token}]}, envelope), **writing)
    browser = world.browser()
    check(
        world.app,
        engine,
        lambda: browser.post("/lti/notices", data=body, content_type="application/json"),
    )
    assert_still_open(world)


@pytest.fixture
def course(app, session, now) -> Course:
    """A course with an attempt that is open."""
    opened = open_course(app, session, now)
    session.commit()
    return opened


@at_random
@given(ways=spoilings(), then=st.sampled_from(("responses", "submission", "checks/ta-01")))
def test_answers(course: Course, engine: Engine, ways: list[Spoiling], then: str) -> None:
    """Whatever comes as answers is kept as answers of this attempt, or not at all."""
    session = course.fresh()
    link = f"link {sessions(session)}"
    activity = course.stage.activity(link, module_id="taster")
    attempt = course.open_quiz("ada", activity)
    ada = course.visit("ada", activity)
    fields: dict[str, Any] = {
        "csrf_token": ada.csrf,
        "saved_version": "0",
        "response.ta-01": ["a"],
        "response.ta-02": ["a", "b"],
        "response.ta-03": "something",
    }
    check(
        course.app,
        engine,
        lambda: ada.client.post(
            f"{ada.home}attempts/{attempt.id}/{then}",
            data=urlencode(as_fields(spoiled(fields, ways))),
            content_type="application/x-www-form-urlencoded",
            base_url="http://localhost:8000",
        ),
    )
    assert ada.get(f"attempts/{attempt.id}").status_code == 200


@at_random
@given(text=st.sampled_from(ODD_TEXTS), field=st.sampled_from(("text", "saved_version", "extra")))
def test_reflections(course: Course, engine: Engine, text: str, field: str) -> None:
    """Whatever comes as a reflection is kept as text, or refused with what was typed."""
    link = f"link {sessions(course.fresh())}"
    activity = course.stage.activity(
        link, module_id="taster", parts=frozenset({"reflection"}), prompt_ids=("ta-r1",)
    )
    ada = course.visit("ada", activity)
    fields = {"csrf_token": ada.csrf, "saved_version": "0", "text": "I stayed."} | {field: text}
    answer = check(
        course.app,
        engine,
        lambda: ada.client.post(
            f"{ada.home}reflections/ta-r1/draft",
            data=urlencode(as_fields(fields)),
            content_type="application/x-www-form-urlencoded",
            base_url="http://localhost:8000",
        ),
    )
    assert answer.status_code in (303, 409, 413, 422)
    assert ada.get("reflections/ta-r1").status_code == 200


def test_odd_values_are_of_every_kind() -> None:
    """The list of odd values has every kind that JSON knows."""
    assert {type(value) for value in ODD_VALUES} >= {type(None), bool, int, float, str, list, dict}
