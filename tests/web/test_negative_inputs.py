"""Bad inputs of login and launch, row by row: what is answered, and what must not happen."""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from lti_alliance.app import create_app
from lti_alliance.lti.claims import CLAIM, DEEP_LINKING_SETTINGS
from lti_alliance.lti.deep_linking import DL_CLAIM
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.keys import create_key, signing_key
from lti_alliance.models import (
    Context,
    CourseCopy,
    LaunchSession,
    LineItem,
    Membership,
    Notice,
    Registration,
    RegistrationState,
    ResourceLink,
    ToolKeyState,
    User,
)
from lti_alliance.parts import EXTENSION
from lti_alliance.services import notices, platforms
from tests.lti.test_http import resolving
from tests.platforms import (
    INSTRUCTOR,
    LEARNER,
    MEMBERSHIP,
    MISSING,
    Browser,
    Platform,
    World,
    base64url,
    public_jwk,
    rsa_key,
    signed,
)
from tests.web.invited import Invited, moodle
from tests.web.noticing import notice_token, send_notices
from tests.web.placing import Placing, request_claims
from tests.web.test_platform_storage import bring_back, keep

ALL_ROWS = json.loads((Path(__file__).parent / "negative_inputs.json").read_text(encoding="utf-8"))
# What happens inside the tool is played in `test_negative_inputs_inside.py`.
ROWS = [row for row in ALL_ROWS if not row["group"].startswith("G ")]
Case = Callable[[World], Iterable[TestResponse]]
CASES: dict[str, Case] = {}

# Answered with the form itself, so that nothing typed is lost; the faults stand beside the fields.
KEPT_FORMS = {"N152"}


def case(row_id: str) -> Callable[[Case], Case]:
    """Name the function that plays a row."""

    def add(function: Case) -> Case:
        CASES[row_id] = function
        return function

    return add


def test_every_row_has_a_case() -> None:
    """No row of the list goes unplayed, and no case plays a row that is not on it."""
    assert {row["id"] for row in ROWS} == CASES.keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_row(row: dict[str, Any], world: World) -> None:
    """The answer has the row's status and code, tells nothing it should not, and names the case."""
    status, code = row["status"], row["code"]
    answers = list(CASES[row["id"]](world))

    assert answers, "the case sent nothing"
    for answer in answers:
        assert answer.status_code == status, (answer.status_code, answer.text)
        if code == "ok":
            continue
        assert f'data-error-code="{code}"' in answer.text
        if row["id"] not in KEPT_FORMS:
            assert_contract(answer)
        assert row["message"] in unescape(answer.text)


def assert_contract(answer: TestResponse) -> None:
    """Every refusal has one heading, a request id, no cookie of a session and no leak."""
    assert answer.text.count("<h1") == 1
    assert answer.headers["X-Request-ID"] in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert '<html lang="en"' in answer.text
    assert "eyJ" not in answer.text
    assert "Traceback" not in answer.text
    assert not [c for c in answer.headers.getlist("Set-Cookie") if "alliance-" in c]


# Group A: login initiation


def refused_logins(world: World, **changes: Any) -> Iterator[TestResponse]:
    """Send a login request by both methods."""
    fields = world.login_fields(**changes)
    yield world.browser().post("/lti/login", data=fields)
    yield world.browser().get("/lti/login", query_string=fields)


def one_of_each(world: World, name: str, values: Iterable[Any]) -> Iterator[TestResponse]:
    """Send one login request for each value of a field."""
    for value in values:
        for answer in refused_logins(world, **{name: value}):
            assert "evil" not in answer.headers.get("Location", "")
            yield answer


@case("N002")
def iss_empty(world: World) -> Iterator[TestResponse]:
    yield from one_of_each(world, "iss", ["", "   ", MISSING])


@case("N006")
def login_hint_absent(world: World) -> Iterator[TestResponse]:
    yield from one_of_each(world, "login_hint", [MISSING])


@case("N007")
def target_absent(world: World) -> Iterator[TestResponse]:
    yield from one_of_each(world, "target_link_uri", [MISSING])


@case("N008")
def target_on_a_foreign_host(world: World) -> Iterator[TestResponse]:
    yield from one_of_each(
        world, "target_link_uri", ["https://evil.example/", "http://evil.example/lti/launch"]
    )


@case("N009")
def target_is_a_script(world: World) -> Iterator[TestResponse]:
    yield from one_of_each(
        world, "target_link_uri", ["javascript:alert(1)", "data:text/html,<p>evil"]
    )


@case("N010")
def target_with_a_name_before_the_host(world: World) -> Iterator[TestResponse]:
    yield from one_of_each(
        world,
        "target_link_uri",
        ["http://localhost:8000@evil.example/", "https://tool.example@evil.example/lti/launch"],
    )


@case("N011")
def target_that_only_looks_relative(world: World) -> Iterator[TestResponse]:
    yield from one_of_each(
        world, "target_link_uri", ["//evil.example", "/\\evil.example", "https:/evil"]
    )


@case("N013")
def client_of_another_issuer(world: World) -> Iterator[TestResponse]:
    other = world.add(Platform("https://other.test", client_id="client-2", name="Other"))
    yield from one_of_each(world, "client_id", [other.client_id])


@case("N014")
def client_absent_and_ambiguous(world: World) -> Iterator[TestResponse]:
    world.add(Platform(client_id="client-2", name="Second"))
    yield from one_of_each(world, "client_id", [MISSING])


@case("N016")
def registration_off(world: World) -> Iterator[TestResponse]:
    world.platform.registration.state = RegistrationState.DISABLED
    world.session.commit()
    yield from refused_logins(world)


@case("N017")
def other_methods(world: World) -> Iterator[TestResponse]:
    for method in ("PUT", "DELETE", "PATCH"):
        answer = world.browser().client.open("/lti/login", method=method)
        assert answer.headers["Allow"] == "GET, POST"
        yield answer


@case("N019")
def control_characters(world: World) -> Iterator[TestResponse]:
    yield from one_of_each(world, "login_hint", ["a\r\nSet-Cookie: evil=1", "a\nb", "a\x00b"])


def started(world: World, **changes: Any) -> TestResponse:
    """Walk a login up to the redirect to the platform."""
    browser = world.browser()
    return browser.get(browser.start(**changes).location)


def sent_to_platform(answer: TestResponse) -> dict[str, str]:
    """Return the parameters that the platform gets."""
    assert answer.location.startswith("https://lms.test/auth?")
    sent = parse_qs(urlsplit(answer.location).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in sent.values())
    return {name: values[0] for name, values in sent.items()}


@case("N020")
def message_hint_as_moodle_sends_it(world: World) -> Iterator[TestResponse]:
    hint = '{"cmid":3,"launchid":"ltilaunch1_137","x":"a&b+c%20d é 漢"}'
    answer = started(world, lti_message_hint=hint)
    assert sent_to_platform(answer)["lti_message_hint"] == hint
    yield answer


@case("N021")
def storage_target_with_markup(world: World) -> Iterator[TestResponse]:
    answer = started(world, lti_storage_target='"><script>')
    assert "script" not in answer.text
    assert any("alliance-state-" in c for c in answer.headers.getlist("Set-Cookie"))
    yield answer


@case("N022")
def parameters_that_are_ours_to_choose(world: World) -> Iterator[TestResponse]:
    answer = started(world, redirect_uri="https://evil.example/", state="s", nonce="n")
    sent = sent_to_platform(answer)
    assert sent["redirect_uri"] == f"{world.base_url}/lti/launch"
    assert len(sent["state"]) > 40
    assert len(sent["nonce"]) > 40
    yield answer


def https_world(world: World, **settings: Any) -> World:
    """The same tool and database, reached over TLS."""
    found = replace(world.app.extensions[EXTENSION].settings, base_url="https://tool.example")
    app = create_app(replace(found, **settings), sessions=world.network.session, now=world.now)
    return World(
        app, world.session, world.now, world.network, "https://tool.example", world.platform
    )


@case("N023")
def plain_http(world: World) -> Iterator[TestResponse]:
    secure = https_world(world)
    fields = secure.login_fields()
    direct = secure.app.test_client()
    yield direct.post("/lti/login", data=fields, base_url="http://tool.example")
    forged = {"X-Forwarded-Proto": "https"}
    yield direct.post("/lti/login", data=fields, base_url="http://tool.example", headers=forged)
    behind = https_world(world, trusted_proxies=1)
    # The hop that the operator trusts is the last one; what came before it is anybody's word.
    chain = {"X-Forwarded-Proto": "https, http"}
    client = behind.app.test_client()
    yield client.post("/lti/login", data=fields, base_url="http://tool.example", headers=chain)
    honest = client.post(
        "/lti/login",
        data=fields,
        base_url="http://tool.example",
        headers={"X-Forwarded-Proto": "https"},
    )
    assert honest.status_code == 303


@case("N025")
def forwarded_headers_from_anybody(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    path = browser.start().location
    answer = browser.get(path, headers=headers)
    assert sent_to_platform(answer)["redirect_uri"] == f"{world.base_url}/lti/launch"
    yield answer


# Group B: the form of the authentication response


@case("N028")
def empty_body(world: World) -> Iterator[TestResponse]:
    yield world.browser().post("/lti/launch")
    yield world.browser().post("/lti/launch", data={})


@case("N029")
def json_body(world: World) -> Iterator[TestResponse]:
    yield world.browser().post("/lti/launch", json={"id_token": "x", "state": "y"})


@case("N031")
def error_description_with_markup(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    login = browser.begin()
    text = "<script>alert(1)</script>" + "x" * 300 + "END"
    for error in ("login_required", "launch_no_longer_valid", "anything"):
        answer = browser.post(
            "/lti/launch",
            data={"error": error, "error_description": text, "state": login.state},
        )
        assert "&lt;script&gt;" in answer.text
        assert "<script>alert" not in answer.text
        assert "END" not in answer.text
        yield answer


@case("N032")
def error_with_an_unknown_state(world: World) -> Iterator[TestResponse]:
    for state in ("nobody knows", ""):
        data = {"error": "login_required", "error_description": "no", "state": state}
        yield world.browser().post("/lti/launch", data=data)


@case("N034")
def parameter_twice(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    login = browser.begin()
    token = world.token(login)
    yield browser.post("/lti/launch", data={"id_token": [token, "x"], "state": login.state})
    yield browser.post("/lti/launch", data={"id_token": token, "state": [login.state] * 2})


@case("N035")
def token_in_the_query(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    login = browser.begin()
    query = {"id_token": world.token(login)}
    yield browser.post("/lti/launch", query_string=query, data={"state": login.state})


@case("N038")
def state_never_issued(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    login = browser.begin()
    token = world.token(login)
    changed = login.state[:-1] + ("A" if login.state[-1] != "A" else "B")
    for state in ("made-up", changed, login.state + "x", "\x00", "é" * 50):
        yield browser.send(login, token, state=state)


@case("N040")
def cookie_of_another_state(world: World) -> Iterator[TestResponse]:
    victim, attacker = world.browser(), world.browser()
    victim.begin()
    stolen = attacker.begin()
    yield victim.send(stolen, world.token(stolen))
    own = victim.begin()
    name = f"__Host-alliance-state-{_state_id(world, own)[:16]}"
    began = int(world.now().timestamp())
    victim.client.set_cookie(name, f"{began}.{'x' * 43}")
    yield victim.send(own, world.token(own))


def _state_id(world: World, login: Any) -> str:
    from lti_alliance.lti.state import read

    settings = world.app.extensions[EXTENSION].settings
    return read(settings.secret_key, login.state, at=world.now()).id


@case("N041")
def state_too_old(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    login = browser.begin()
    world.now.move(minutes=10, seconds=1)
    yield browser.send(login, world.token(login))


@case("N042")
def replay_elsewhere(world: World) -> Iterator[TestResponse]:
    browser, other, third = world.browser(), world.browser(), world.browser()
    login = browser.begin()
    token = world.token(login)
    assert browser.send(login, token).status_code == 303
    yield other.send(login, token)
    third.begin()
    yield third.send(login, token)
    # The right browser with another message: the state is spent all the same.
    yield browser.send(login, world.token(login, sub="student-2"))
    assert launch_count(world) == 1


@case("N043")
def second_click(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    login = browser.begin()
    token = world.token(login)
    first = browser.send(login, token)
    second = browser.send(login, token)
    assert first.location == second.location
    assert launch_count(world) == 1
    assert world.session.scalar(select(func.count()).select_from(Membership)) == 1
    yield second
    # The first answer never arrived: only the second brings the cookie, and it opens the pages.
    cut_off = world.browser()
    login = cut_off.begin()
    token = world.token(login)
    lost = cut_off.send(login, token)
    cut_off.client.delete_cookie(_session_cookie(lost))
    again = cut_off.send(login, token)
    assert cut_off.get(again.location).status_code == 200
    yield again


def _session_cookie(answer: TestResponse) -> str:
    handle = answer.location.split("/")[2]
    return f"__Host-alliance-{handle}"


@case("N046")
def verify_step(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    yield browser.post("/lti/launch/verify", data={"secret": "x"})
    # Not even with everything else in order.
    kept = keep(world, browser)
    form = bring_back(world, browser, kept) | {"secret": kept.secret}
    del form["ticket"]
    yield browser.post("/lti/launch/verify", data=form)
    assert launch_count(world) == 0


def launch_count(world: World) -> int:
    """Count the sessions that launches opened."""
    world.session.rollback()
    return world.session.scalar(select(func.count()).select_from(LaunchSession)) or 0


# Group C: the envelope


def refused_tokens(
    world: World, make: Callable[[World, Any], Iterable[str]]
) -> Iterator[TestResponse]:
    """Send every token that ``make`` builds for a login; none may open or store anything."""
    browser = world.browser()
    login = browser.begin()
    for token in make(world, login):
        yield browser.send(login, token)
    assert launch_count(world) == 0
    assert world.session.scalar(select(func.count()).select_from(User)) == 0
    # Whatever was forged meanwhile has not spent the state.
    assert browser.send(login, world.token(login)).status_code == 303


def refused_payloads(world: World, *payloads: Any) -> Iterator[TestResponse]:
    """Sign these payloads with the platform's own key and send them."""
    head = {"kid": world.platform.kid}
    yield from refused_tokens(
        world,
        lambda world, login: [
            signed(p(login) if callable(p) else p, key=rsa_key("platform"), header=head)
            for p in payloads
        ],
    )


@case("N047")
def not_a_jwt(world: World) -> Iterator[TestResponse]:
    yield from refused_tokens(
        world, lambda *_: ["abc", "", "a.b", "a.b.c.d", "a.b.c.d.e", ".", "..", " "]
    )


@case("N048")
def bad_base64(world: World) -> Iterator[TestResponse]:
    def make(world: World, login: Any) -> Iterator[str]:
        head, body, signature = world.token(login).split(".")
        yield f"{head}.{body[:-2]}!!.{signature}"
        yield f"!!!.{body}.{signature}"
        yield f"{head}.{body}.***"
        yield f"{head[:-1]}+/.{body}.{signature}"
        yield f"{head}.{body}.{'+/' * 170}=="

    yield from refused_tokens(world, make)


@case("N050")
def payload_is_no_object(world: World) -> Iterator[TestResponse]:
    yield from refused_payloads(world, b"[]", b"7", b'"text"', b"null", b"\xff\xfe", b"{")


@case("N054")
def signed_with_the_public_key(world: World) -> Iterator[TestResponse]:
    public = rsa_key("platform").public_key()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(public_jwk("platform", "key-1")).encode(),
    ]

    def make(world: World, login: Any) -> Iterator[str]:
        for secret in secrets:
            yield hs256(world.payload(login), secret, kid="key-1")
        yield unsigned(world.payload(login), {"alg": "none", "kid": "key-1"})

    yield from refused_tokens(world, make)


def hs256(payload: Any, secret: bytes, *, kid: str) -> str:
    """Sign with a shared secret, which no library does with a public key any more."""
    import hashlib
    import hmac

    head = base64url(json.dumps({"alg": "HS256", "kid": kid}).encode())
    body = base64url(json.dumps(payload).encode())
    mark = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64url(mark)}"


def unsigned(payload: Any, header: dict[str, Any]) -> str:
    """Write a token with any header and a signature that is none."""
    head = base64url(json.dumps(header).encode())
    return f"{head}.{base64url(json.dumps(payload).encode())}.{base64url(b'none')}"


@case("N056")
def no_algorithm(world: World) -> Iterator[TestResponse]:
    yield from refused_tokens(
        world, lambda world, login: [unsigned(world.payload(login), {"kid": "key-1"})]
    )


@case("N057")
def keys_in_the_header(world: World) -> Iterator[TestResponse]:
    evil = "https://evil.example/keys"
    jwk = public_jwk("evil", "evil")
    world.network.serve_json(evil, lambda: {"keys": [jwk]})
    headers = [{"jku": evil}, {"x5u": evil}, {"jwk": jwk}, {"x5c": ["MII"]}]

    def make(world: World, login: Any) -> Iterator[str]:
        for header in headers:
            yield world.token(login, key="evil", header={"kid": "evil"} | header)

    yield from refused_tokens(world, make)
    assert all(url == world.platform.jwks_url for url in world.network.calls)


@case("N058")
def no_key_id(world: World) -> Iterator[TestResponse]:
    yield from refused_tokens(
        world,
        lambda world, login: [
            world.token(login, header={"kid": MISSING}),
            world.token(login, header={"kid": MISSING, "badtestonly": "12345"}),
        ],
    )


@case("N059")
def unknown_key_id(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    login = browser.begin()
    header = {"kid": "imstester_66067"}
    yield browser.send(login, world.token(login, header=header))
    assert len(world.network.calls) == 1
    for _ in range(3):
        yield browser.send(login, world.token(login, header=header))
    assert len(world.network.calls) == 1
    world.now.move(seconds=61)
    yield browser.send(login, world.token(login, header=header))
    assert len(world.network.calls) == 2


@case("N061")
def key_id_as_an_attack(world: World) -> Iterator[TestResponse]:
    kids = ["../../etc/passwd", "' OR 1=1", "\x00", "a" * 5000]
    yield from refused_tokens(
        world, lambda world, login: [world.token(login, header={"kid": k}) for k in kids]
    )


@case("N063")
def broken_signature(world: World) -> Iterator[TestResponse]:
    def make(world: World, login: Any) -> Iterator[str]:
        head, body, signature = world.token(login).split(".")
        _, other_body, _ = world.token(login, roles=[INSTRUCTOR]).split(".")
        turned = ("B" if signature[9] == "A" else "A") + signature[10:]
        yield f"{head}.{body}.{signature[:9]}{turned}"
        yield f"{head}.{other_body}.{signature}"
        yield f"{head}.{body}."

    yield from refused_tokens(world, make)


@case("N064")
def key_of_another_platform(world: World) -> Iterator[TestResponse]:
    other = world.add(
        Platform("https://other.test", client_id="client-2", key="other", name="Other")
    )
    yield from refused_tokens(world, lambda world, login: [world.token(login, key=other.key)])


@case("N065")
def key_of_the_tool(world: World) -> Iterator[TestResponse]:
    sealer = world.app.extensions[EXTENSION].sealer
    create_key(world.session, sealer, state=ToolKeyState.CURRENT, at=world.now())
    world.session.commit()
    own = signing_key(world.session, sealer).private_key
    world.session.rollback()
    yield from refused_tokens(
        world,
        lambda world, login: [signed(world.payload(login), key=own, header={"kid": "key-1"})],
    )


BROKEN_KEY_SETS: list[tuple[int, dict[str, str], bytes]] = [
    (500, {}, b"oops"),
    (200, {"Content-Type": "text/html"}, b"<html>sign in</html>"),
    (200, {}, b" " * 10_000_000),
    (200, {}, b"[]"),
    (302, {"Location": "http://169.254.169.254/latest"}, b""),
    (302, {"Location": "https://evil.example/jwks"}, b""),
]


def with_key_sets(world: World, answers: Iterable[Any]) -> Iterator[TestResponse]:
    """Launch once for each of these answers to the call for keys."""
    for status_headers_body in answers:
        if status_headers_body is None:
            world.network.pages.pop(world.platform.jwks_url, None)
        else:
            world.network.pages[world.platform.jwks_url] = lambda a=status_headers_body: a
        yield world.browser().launch()
        world.now.move(seconds=61)


@case("N066")
def keys_unavailable(world: World) -> Iterator[TestResponse]:
    for answer in with_key_sets(world, [None, *BROKEN_KEY_SETS[:4]]):
        assert int(answer.headers["Retry-After"]) > 0
        yield answer


@case("N067")
def keys_unavailable_but_kept(world: World) -> Iterator[TestResponse]:
    assert world.browser().launch().status_code == 303
    world.now.move(hours=23)
    yield from with_key_sets(world, [None, *BROKEN_KEY_SETS[:4]])
    world.now.move(hours=1)
    assert world.browser().launch().status_code == 503


@case("N068")
def keys_moved_elsewhere(world: World) -> Iterator[TestResponse]:
    yield from with_key_sets(world, BROKEN_KEY_SETS[4:])
    assert all(url == world.platform.jwks_url for url in world.network.calls)


# Group D: registered claims


def refused_claims(world: World, name: str, *values: Any) -> Iterator[TestResponse]:
    """Send a launch for each value of a claim."""
    yield from refused_tokens(
        world, lambda world, login: [world.token(login, **{name: value}) for value in values]
    )


def changed_claims(world: World, *changes: dict[str, Any]) -> Iterator[TestResponse]:
    """Send a launch for each set of changed claims; none may be let in."""
    yield from refused_tokens(
        world, lambda world, login: [world.token(login, **each) for each in changes]
    )


def accepted_claims(world: World, *changes: dict[str, Any]) -> Iterator[TestResponse]:
    """Launch once for each set of changed claims."""
    for each in changes:
        yield world.browser().launch(**each)


def opened(world: World, *changes: dict[str, Any]) -> Iterator[TestResponse]:
    """Launch once for each set of changed claims, and open the first page."""
    for each in changes:
        yield world.browser().open(**each)


def seconds(world: World) -> int:
    """Return the present moment as tokens write it."""
    return int(world.now().timestamp())


@case("N073")
def audience_invalid(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "aud", MISSING, [], 7, None, {}, [7])


@case("N075")
def audience_with_a_stranger(world: World) -> Iterator[TestResponse]:
    yield from changed_claims(
        world, {"aud": ["client-1", "evil"]}, {"aud": ["client-1", "evil"], "azp": "client-1"}
    )


@case("N076")
def audience_with_a_stranger_first(world: World) -> Iterator[TestResponse]:
    yield from changed_claims(
        world, {"aud": ["evil", "client-1"]}, {"aud": ["evil", "client-1"], "azp": "client-1"}
    )


def trust(world: World, audience: str) -> None:
    """Let an audience stand beside ours."""
    world.session.get_one(Registration, world.platform.registration.id).trusted_audiences = [
        audience
    ]
    world.session.commit()


@case("N077")
def several_audiences_without_a_party(world: World) -> Iterator[TestResponse]:
    trust(world, "trusted")
    yield from refused_claims(world, "aud", ["client-1", "trusted"])
    both = {"aud": ["client-1", "trusted"], "azp": "client-1"}
    assert world.browser().launch(**both).status_code == 303


@case("N078")
def somebody_elses_party(world: World) -> Iterator[TestResponse]:
    trust(world, "trusted")
    yield from changed_claims(
        world, {"azp": "evil"}, {"aud": ["client-1", "trusted"], "azp": "evil"}, {"azp": 7}
    )


@case("N080")
def no_end(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "exp", MISSING)


@case("N081")
def ended(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "exp", seconds(world) - 61, seconds(world) - 500)


@case("N082")
def ended_within_the_leeway(world: World) -> Iterator[TestResponse]:
    yield from accepted_claims(world, {"exp": seconds(world) - 30})


@case("N083")
def end_is_no_moment(world: World) -> Iterator[TestResponse]:
    values = ["1700000000", True, None, -1, [], {}]

    def make(world: World, login: Any) -> Iterator[str]:
        yield from (world.token(login, exp=value) for value in values)
        payload = json.dumps(world.payload(login) | {"exp": 0})
        for text in ("1e400", "NaN", "Infinity"):
            body = payload.replace('"exp": 0', f'"exp": {text}').encode()
            yield signed(body, key=rsa_key("platform"), header={"kid": "key-1"})

    yield from refused_tokens(world, make)


@case("N085")
def no_beginning(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "iat", MISSING)


@case("N086")
def made_a_little_ahead(world: World) -> Iterator[TestResponse]:
    yield from accepted_claims(world, {"iat": seconds(world) + 30})


@case("N087")
def made_in_the_future(world: World) -> Iterator[TestResponse]:
    ahead = seconds(world) + 600
    yield from changed_claims(world, {"iat": ahead, "exp": ahead + 300})


@case("N088")
def made_long_ago(world: World) -> Iterator[TestResponse]:
    yield from changed_claims(world, {"iat": seconds(world) - 3600, "exp": seconds(world) + 60})


@case("N089")
def certification_times(world: World) -> Iterator[TestResponse]:
    yield from changed_claims(world, {"iat": 11111, "exp": 22222})


@case("N093")
def nonce_of_another_login(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    first, second = browser.begin(), browser.begin()
    yield browser.send(second, world.token(second, nonce=first.nonce))
    yield browser.send(second, world.token(second, nonce=second.nonce[:-1]))
    assert launch_count(world) == 0


@case("N095")
def twenty_at_once(world: World) -> Iterator[TestResponse]:
    browser = world.browser()
    login = browser.begin()
    token = world.token(login)
    senders = [browser, *(world.browser() for _ in range(19))]
    answers: list[TestResponse] = []
    gate = threading.Barrier(len(senders))

    def send(sender: Browser) -> None:
        gate.wait()
        answers.append(sender.send(login, token))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A stranger that was faster than the browser itself has no cookie; one that was slower also
    # finds the state spent.
    assert sorted(a.status_code for a in answers) == [303] + [401] * 19
    assert all(
        a.status_code == 303
        or 'data-error-code="launch.replayed"' in a.text
        or 'data-error-code="launch.browser_not_bound"' in a.text
        for a in answers
    )
    assert launch_count(world) == 1
    yield from (sender.send(login, token) for sender in senders[1:])


@case("N097")
def no_subject(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "sub", MISSING)


@case("N098")
def subject_unusable(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "sub", "", None, 7, [], "x" * 256, "a\nb", "a\x00b")


# Group E: LTI claims


@case("N099")
def no_version(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "version", MISSING)


@case("N100")
def other_versions(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "version", "11.3", "1.1", "LTI-1p3", 1.3, None, ["1.3.0"])


@case("N101")
def no_launch_at_all(world: World) -> Iterator[TestResponse]:
    yield from refused_payloads(world, {"name": "badltilaunch"}, {})


@case("N102")
def three_claims_absent(world: World) -> Iterator[TestResponse]:
    yield from changed_claims(
        world, {"message_type": MISSING, "roles": MISSING, "version": MISSING}
    )


@case("N103")
def no_message_type(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "message_type", MISSING)


@case("N104")
def unknown_message_types(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(
        world, "message_type", "LtiFoo", "basic-lti-launch-request", "ltiresourcelinkrequest"
    )


@case("N106")
def deployment_unusable(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "deployment_id", MISSING, "", "x" * 256, 7, None)


@case("N107")
def deployment_unknown(world: World) -> Iterator[TestResponse]:
    answer = world.browser().launch(deployment_id="99")
    for fact in ("https://lms.test", "client-1", "99"):
        assert f"<code>{fact}</code>" in answer.text
    yield answer


@case("N108")
def deployment_of_another_client(world: World) -> Iterator[TestResponse]:
    other = world.add(Platform(client_id="client-2", deployment_id="2", name="Second"))
    yield world.browser().launch(deployment_id=other.deployment_id)


@case("N109")
def no_target(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "target_link_uri", MISSING)


DEEP_LINKING: dict[str, Any] = {
    "message_type": "LtiDeepLinkingRequest",
    "resource_link": MISSING,
    "roles": [INSTRUCTOR],
    "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": {
        "deep_link_return_url": "https://lms.test/return",
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe"],
    },
}


@case("N110")
def deep_linking_without_target(world: World) -> Iterator[TestResponse]:
    yield Placing(world, claims={"target_link_uri": MISSING}).page


@case("N111")
def another_target_than_at_login(world: World) -> Iterator[TestResponse]:
    url = f"{world.base_url}/lti/launch?activity=abc"
    yield from refused_claims(world, "target_link_uri", url)


@case("N113")
def activity_of_another_tenant(world: World) -> Iterator[TestResponse]:
    foreign = foreign_activity(world)
    for name in (foreign, "00000000-0000-0000-0000-000000000000", "abc"):
        browser = world.browser()
        login = browser.begin(target_link_uri=f"{world.base_url}/lti/launch?activity={name}")
        answer = browser.send(login, world.token(login))
        assert answer.status_code == 303
        yield browser.get(answer.location)


def foreign_activity(world: World) -> str:
    """Set up an activity at another platform and return its id."""
    other = world.add(
        Platform("https://other.test", client_id="client-2", key="other", name="Other")
    )
    assert world.browser().launch(other).status_code == 303
    link = world.session.scalars(select(ResourceLink)).one()
    catalogue = world.app.extensions[EXTENSION].catalogue
    from lti_alliance.domain.activities import ActivitySettings, Part
    from lti_alliance.services.activities import set_up_activity

    actor = world.session.scalars(select(Membership)).one()
    activity = set_up_activity(
        world.session,
        catalogue,
        link=link,
        module_id=catalogue.list()[0].id,
        settings=ActivitySettings(parts=frozenset({Part.QUIZ})),
        actor=actor,
        at=world.now(),
    )
    world.session.commit()
    return str(activity.id)


@case("N114")
def no_resource_link(world: World) -> Iterator[TestResponse]:
    bad = [MISSING, {}, {"id": ""}, {"id": None}, {"id": "x" * 256}, "link", [], None, {"id": 7}]
    yield from refused_claims(world, "resource_link", *bad)


@case("N115")
def roles_unusable(world: World) -> Iterator[TestResponse]:
    yield from refused_claims(world, "roles", MISSING, None, "Instructor", {}, [None], [1])


def assert_role(world: World, role: str) -> None:
    """Every launch so far was in this role."""
    world.session.rollback()
    assert set(world.session.scalars(select(LaunchSession.role))) == {role}


@case("N116")
def no_role(world: World) -> Iterator[TestResponse]:
    yield from opened(world, {"roles": []}, {"roles": [""]})
    assert_role(world, "learner")


@case("N117")
def unknown_role(world: World) -> Iterator[TestResponse]:
    unknown = "http://purl.imsglobal.org/vocab/lis/v2/unknown/unknown#Helper"
    yield from opened(world, {"roles": [unknown]})
    assert_role(world, "learner")


@case("N118")
def learner_that_looks_like_a_teacher(world: World) -> Iterator[TestResponse]:
    role = "http://purl.imsglobal.org/vocab/lis/v2/membership/Learner#Instructor"
    yield from opened(world, {"roles": [role]})
    assert_role(world, "learner")


@case("N119")
def teacher_of_nothing(world: World) -> Iterator[TestResponse]:
    base = "http://purl.imsglobal.org/vocab/lis/v2/"
    yield from opened(
        world,
        {"roles": [f"{base}person#Instructor"]},
        {"roles": [f"{base}unknown/unknown#Instructor"]},
        {"roles": [f"{base}institution/person#Instructor"]},
    )
    assert_role(world, "learner")


@case("N122")
def mentor(world: World) -> Iterator[TestResponse]:
    world.browser().open(name="Own Student")
    world.browser().open(sub="student-2", name="Hidden Student")
    page = world.browser().open(
        sub="mentor-1", roles=[f"{MEMBERSHIP}Mentor"], role_scope_mentor=["student-1"]
    )
    assert 'data-page="observer"' in page.text
    assert "Own Student" in page.text
    assert "Hidden Student" not in page.text
    yield page


@case("N123")
def student_view(world: World) -> Iterator[TestResponse]:
    test_user = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
    yield from opened(world, {"roles": [LEARNER, test_user]})
    world.session.rollback()
    assert world.session.scalars(select(LaunchSession.is_test_user)).all() == [True]
    assert world.session.scalars(select(Membership.is_test_user)).all() == [True]


@case("N125")
def no_course(world: World) -> Iterator[TestResponse]:
    page = world.browser().open(context=MISSING, email="somebody@lms.test")
    assert 'data-page="no-course"' in page.text
    yield page


@case("N127")
def odd_custom_values(world: World) -> Iterator[TestResponse]:
    custom = {"a": None, "b": 7, "c": {"d": []}, "activity": ["x"]}
    yield from opened(world, {"custom": custom}, {"custom": "text"}, {"custom": None})
    world.session.rollback()
    assert set(world.session.scalars(select(LaunchSession.custom_activity))) == {""}


@case("N128")
def unresolved_variable(world: World) -> Iterator[TestResponse]:
    yield from opened(world, {"custom": {"activity": "$User.id"}})
    world.session.rollback()
    assert world.session.scalars(select(LaunchSession.custom_activity)).all() == [""]


@case("N129")
def markup_in_names(world: World) -> Iterator[TestResponse]:
    for text in ("<script>alert(1)</script>", "<svg onload=alert(1)>", "a\u202eb", "x" * 100_000):
        for claims in (
            {"name": text},
            {"context": {"id": "course-1", "title": text, "label": text[:99]}},
            {"resource_link": {"id": "link-1", "title": text}},
        ):
            page = world.browser().open(**claims)
            assert "<script>alert" not in page.text
            assert "<svg onload" not in page.text
            assert "\u202e" not in page.text
            assert len(page.text) < 50_000
            yield page


@case("N131")
def return_addresses(world: World) -> Iterator[TestResponse]:
    for url in ("javascript:alert(1)", "http://lms.test/course", "https://evil.example/"):
        page = world.browser().open(
            launch_presentation={"return_url": url, "document_target": "iframe"}
        )
        assert url not in page.text
        assert "evil.example" not in page.text
        assert "evil.example" not in page.headers["Content-Security-Policy"]
        yield page


# Canvas names its own address so behind a proxy: it is raised to https and never called plainly.
PLAIN_SERVICE = "http://lms.test/lineitem"
BAD_SERVICES = (
    "http://evil.example/lineitem",
    "https://10.0.0.1/lineitem",
    "https://evil.example/lineitem",
    "https://user@lms.test/lineitem",
    "https://lms.test@evil.example/lineitem",
)


def services_at(url: str) -> dict[str, Any]:
    """Return both service claims with the same address."""
    return {
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
            "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
            "lineitem": url,
            "lineitems": url,
        },
        "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
            "context_memberships_url": url,
            "service_versions": ["2.0"],
        },
    }


def opened_with_service(world: World, url: str) -> TestResponse:
    """Open a link and a course of their own, with services at this address."""
    course = {"id": f"course {url}", "title": "Course"}
    link = {"id": f"link {url}", "title": "Link"}
    page = world.browser().open(context=course, resource_link=link, **services_at(url))
    world.session.rollback()
    return page


@case("N133")
def grade_service_elsewhere(world: World) -> Iterator[TestResponse]:
    for url in BAD_SERVICES:
        yield opened_with_service(world, url)
        line_item = world.session.scalar(
            select(LineItem).join(ResourceLink).where(ResourceLink.lti_id == f"link {url}")
        )
        # Nothing is ever sent to a host that is held.
        assert line_item is None or line_item.held_host == "evil.example"
    yield opened_with_service(world, PLAIN_SERVICE)
    assert world.session.scalars(select(LineItem.url).where(LineItem.held_host == "")).all() == [
        PLAIN_SERVICE.replace("http:", "https:")
    ]
    assert set(world.network.calls) == {world.platform.jwks_url}


@case("N135")
def roster_service_elsewhere(world: World) -> Iterator[TestResponse]:
    for url in (*BAD_SERVICES, PLAIN_SERVICE):
        yield opened_with_service(world, url)
    known = set(world.session.scalars(select(Context.memberships_url)))
    assert known == {"", PLAIN_SERVICE.replace("http:", "https:")}
    assert set(world.network.calls) == {world.platform.jwks_url}


@case("N136")
def forged_migration_claim(world: World) -> Iterator[TestResponse]:
    yield from opened(
        world,
        {"lti1p1": {"user_id": "student-2", "oauth_consumer_key": "k"}},
        {"lti1p1": {"user_id": "student-2", "oauth_consumer_key_sign": "wrong"}},
        {"lti1p1": "text"},
    )
    world.session.rollback()
    assert world.session.scalars(select(User.sub)).all() == ["student-1"]


@case("N137")
def same_ids_elsewhere(world: World) -> Iterator[TestResponse]:
    other = world.add(
        Platform("https://other.test", client_id="client-2", key="other", name="Other")
    )
    registration = world.session.get_one(Registration, world.platform.registration.id)
    registration.accept_deployments = True
    world.session.commit()
    yield world.browser().open()
    yield world.browser().open(other)
    yield world.browser().open(deployment_id="2")
    world.session.rollback()
    counts = [
        world.session.scalar(select(func.count()).select_from(table))
        for table in (User, Context, ResourceLink)
    ]
    assert counts == [2, 3, 3]


@case("N138")
def same_email_elsewhere(world: World) -> Iterator[TestResponse]:
    other = world.add(
        Platform("https://other.test", client_id="client-2", key="other", name="Other")
    )
    yield world.browser().open(email="ana@school.test")
    yield world.browser().open(other, sub="student-9", email="ana@school.test")
    world.session.rollback()
    assert sorted(world.session.scalars(select(User.sub))) == ["student-1", "student-9"]


def review(**changes: Any) -> dict[str, Any]:
    """Return the claims of a submission review."""
    return {
        "message_type": "LtiSubmissionReviewRequest",
        "roles": [INSTRUCTOR],
        "for_user": {"user_id": "student-1"},
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
            "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
            "lineitem": "https://lms.test/lineitems/1",
        },
    } | changes


@case("N139")
def review_of_nobody(world: World) -> Iterator[TestResponse]:
    yield from changed_claims(world, review(for_user=MISSING), review(for_user={}))


@case("N140")
def review_of_no_column(world: World) -> Iterator[TestResponse]:
    service = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
    # The last names a column that no launch has told of, on a link that nobody has opened.
    yield from changed_claims(
        world, review(**{service: MISSING}), review(**{service: {}}), review()
    )


@case("N141")
def review_by_another_learner(world: World) -> Iterator[TestResponse]:
    yield from changed_claims(world, review(sub="student-2", roles=[LEARNER]))


@case("N142")
def review_without_submission(world: World) -> Iterator[TestResponse]:
    world.browser().launch(sub="student-1")
    browser = world.browser()
    answer = browser.launch(**review(sub="teacher-1"))
    yield browser.get(answer.location, follow_redirects=True)


# F: deep linking


@case("N143")
def placing_by_a_learner(world: World) -> Iterator[TestResponse]:
    for roles in ([LEARNER], [], [f"{MEMBERSHIP}#Mentor"]):
        yield world.browser().launch(**request_claims() | {f"{CLAIM}roles": roles})


@case("N144")
def no_settings(world: World) -> Iterator[TestResponse]:
    for settings in (MISSING, None, [], "x", 5):
        yield world.browser().launch(**request_claims() | {DEEP_LINKING_SETTINGS: settings})


@case("N145")
def unsafe_return(world: World) -> Iterator[TestResponse]:
    for url in (
        MISSING,
        "",
        7,
        "http://lms.test/return",
        "javascript:alert(1)",
        'https://lms.test/x"><script>alert(1)</script>',
        "https://lms.test/x'y",
        "https://10.0.0.1/return",
        "https://user@lms.test/return",
        "https://lms.test/" + "x" * 9000,
    ):
        yield world.browser().launch(**request_claims(deep_link_return_url=url))


@case("N147")
def types_that_are_no_list(world: World) -> Iterator[TestResponse]:
    for types in ("ltiResourceLink", MISSING, None, {}, [5]):
        yield world.browser().launch(**request_claims(accept_types=types))


@case("N150")
def no_line_item(world: World) -> Iterator[TestResponse]:
    placing = Placing(world, accept_lineitem=False)
    assert "makes no gradebook column" in placing.page.text
    page = placing.post("modules/taster", placing.fields("modules/taster"))
    assert "lineItem" not in placing.items(page)[0]
    yield page


@case("N152")
def items_that_cannot_be(world: World) -> Iterator[TestResponse]:
    placing = Placing(world)
    fields = placing.fields("modules/taster")
    for name, value in (
        ("title", "x" * 10_240),
        ("quiz_points", "-1"),
        ("quiz_points", "0"),
        ("quiz_points", "NaN"),
        ("quiz_points", "1e309"),
    ):
        yield placing.post("modules/taster", fields | {name: [value]})
    assert placing.kept == []


@case("N155")
def answered_twice(world: World) -> Iterator[TestResponse]:
    placing = Placing(world)
    fields = placing.fields("modules/taster")
    assert placing.post("modules/taster", fields).status_code == 200
    yield placing.post("modules/taster", fields)
    yield placing.post("cancel")


@case("N157")
def no_data(world: World) -> Iterator[TestResponse]:
    placing = Placing(world)
    page = placing.post("cancel")
    assert f"{DL_CLAIM}data" not in placing.answer(page)
    yield page


# H: dynamic registration


@case("N183")
def no_description(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for address in ("", "moodle.school.test", "https://", "/mod/lti", "https://a b.test/"):
        yield invited.send(openid_configuration=address)
    yield invited.open(openid_configuration="moodle.school.test")
    assert world.network.calls == []


@case("N184")
def description_elsewhere_than_https(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for scheme in ("http", "file", "gopher", "ftp", "data", "javascript"):
        yield invited.send(openid_configuration=f"{scheme}://moodle.school.test/x")
        yield invited.open(openid_configuration=f"{scheme}://moodle.school.test/x")
    assert world.network.calls == []


@case("N186")
def description_at_a_private_address(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for host in ("127.0.0.1", "10.1.2.3", "[::1]", "localhost", "lms.local", "2130706433"):
        yield invited.send(openid_configuration=f"https://{host}/x")
    assert world.network.calls == []

    world.app.extensions[EXTENSION] = replace(
        world.app.extensions[EXTENSION], http=PlatformHTTP(5.0)
    )
    for found in (["127.0.0.1"], ["10.0.0.9"], ["fd00::1"]):
        with patch.object(socket, "getaddrinfo", resolving(found)):
            yield invited.send(openid_configuration="https://lms.school.test/x")


@case("N188")
def description_with_extras(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for address in (
        "https://user@moodle.school.test/x",
        "https://user:word@moodle.school.test/x",
        "https://moodle.school.test:22/x",
        "https://moodle.school.test/x#part",
        "https://moodle.school.test:99999/x",
    ):
        yield invited.send(openid_configuration=address)
    assert world.network.calls == []


@case("N189")
def description_that_cannot_be_read(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for body in (b" " * 300_000, b"<html>", b"", b"[]", b"null", b"[" * 100_000, b"{}"):
        invited.describe(body)
        yield invited.send()
    for status in (301, 404, 500):
        invited.describe(moodle(), status=status)
        yield invited.send()
    del world.network.pages[invited.address]
    yield invited.send()


@case("N190")
def issuer_of_another_host(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for issuer in ("https://elsewhere.test", "https://moodle.school.test.evil.test"):
        invited.describe(moodle(issuer=issuer))
        yield invited.send()


@case("N192")
def no_rs256(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for algorithms in (MISSING, [], ["HS256"], ["none"], "RS256", None):
        invited.describe(moodle(id_token_signing_alg_values_supported=algorithms))
        yield invited.send()


@case("N194")
def no_client_id(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for client_id in (MISSING, "", None, [], {}, "x" * 256, "a\nb", True):
        yield invited.register(client_id=client_id)
    assert invited.registration is None


@case("N196")
def nobody_invited(world: World) -> Iterator[TestResponse]:
    invited = Invited(world)
    for code in ("", "x", invited.code[:-1], invited.code + "x", MISSING):
        yield invited.open(invitation=code)
        yield invited.send(invitation=code)
    assert world.network.calls == []


def test_nothing_is_kept_of_forged_messages(world: World) -> None:
    """A flood of forged tokens leaves no row behind."""
    browser = world.browser()
    login = browser.begin()
    for number in range(20):
        browser.send(login, world.token(login, key="evil", sub=f"student-{number}"))
    world.session.rollback()

    assert launch_count(world) == 0
    assert world.session.scalar(select(func.count()).select_from(User)) == 0


def test_state_lives_ten_minutes(world: World) -> None:
    """A student who thinks for nine minutes at the platform's sign-in still gets in."""
    browser = world.browser()
    login = browser.begin()
    world.now.move(seconds=timedelta(minutes=9, seconds=59).total_seconds())

    assert browser.send(login, world.token(login)).status_code == 303


# I: notices


def no_copies(world: World) -> None:
    """Nothing of a refused batch is kept."""
    world.session.rollback()
    assert world.session.scalars(select(CourseCopy)).all() == []
    assert world.session.scalars(select(Notice)).all() == []


@case("N199")
def notice_with_bad_signature(world: World) -> Iterator[TestResponse]:
    good = notice_token(world)
    for bad in (
        notice_token(world, key="another"),
        notice_token(world, header={"kid": "unknown"}),
        notice_token(world, header={"kid": MISSING}),
        good[:-8] + "AAAAAAAA",
        "no.token.atall",
    ):
        yield send_notices(world, good, bad)
        yield send_notices(world, bad, good)
    no_copies(world)


@case("N200")
def notice_of_a_stranger(world: World) -> Iterator[TestResponse]:
    world.add(Platform(issuer="https://other.test", client_id="other-1", name="Other"))
    for changes in (
        {"iss": "https://other.test"},
        {"iss": MISSING},
        {"aud": "other-1"},
        {"aud": MISSING},
        {"aud": ["client-1", "somebody-else"]},
        {"azp": "somebody-else"},
        {"deployment_id": "99"},
        {"deployment_id": MISSING},
    ):
        yield send_notices(world, notice_token(world, **changes))
    no_copies(world)


@case("N201")
def notice_of_unknown_kind(world: World) -> Iterator[TestResponse]:
    answer = send_notices(world, notice_token(world, kind="LtiSomethingElseNotice"))
    assert 'kind="unknown"' in world.browser().get("/metrics").text
    yield answer


@case("N203")
def notice_of_yesterday(world: World) -> Iterator[TestResponse]:
    now = int(world.now().timestamp())
    for changes in (
        {"iat": now - 3700, "exp": now - 100},
        {"exp": MISSING},
        {"iat": now + 3600, "exp": now + 7200},
        {"exp": now + 86400},
    ):
        yield send_notices(world, notice_token(world, **changes))
    no_copies(world)


@case("N204")
def notice_of_a_copy_from_elsewhere(world: World) -> Iterator[TestResponse]:
    registration = world.platform.registration
    platforms.approve_deployment(world.session, registration, "2", at=world.now())
    world.session.commit()
    # The course lives in deployment 1; deployment 2 says that its own new course is a copy of it.
    world.browser().launch()
    yield send_notices(world, notice_token(world, deployment_id="2", origins=["course-1"]))
    world.session.rollback()
    origin = world.session.scalars(select(Context)).one()
    other = Context(
        deployment_id=next(d.id for d in registration.deployments if d.deployment_id == "2"),
        lti_id="course-2",
        created_at=world.now(),
    )
    world.session.add(other)
    world.session.flush()
    assert not notices.is_told_copy(world.session, other, origin)
