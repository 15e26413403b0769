"""Access tokens: asked for rightly, kept, renewed, and never a reason to crash."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import jwt
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.tokens import DEPLOYMENT_CLAIM, PlatformConnector, ServiceTokens
from lti_alliance.models import AccessToken, Registration, ToolKey
from tests import factories
from tests.factories import NOW, SEALER
from tests.fakes import Call, ScriptedPlatform

SERVICE = "https://lms.test/service"
JSON = {"Content-Type": "application/json"}
Answer = tuple[int, dict[str, str], str]


class Bench:
    """One registration, a platform whose answers the test writes, and a clock."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.at = NOW
        self.token_answers: list[Answer] = []
        self.service_answers: list[Answer] = []
        self.issued = 0
        self.platform = ScriptedPlatform(self._answer)
        with self.act() as session:
            registration = factories.make_registration(session)
            factories.make_tool_key(session)
            self.registration_id = registration.id

    @contextmanager
    def act(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield session
            session.commit()

    def _answer(self, call: Call) -> Answer:
        if call.url.endswith("/token"):
            self.issued += 1
            if self.token_answers:
                return self.token_answers.pop(0)
            body = {"access_token": f"token-{self.issued}", "expires_in": 3600}
            return 200, {"Content-Type": "text/html"}, json.dumps(body)
        return self.service_answers.pop(0) if self.service_answers else (200, JSON, "{}")

    def connector(self) -> PlatformConnector:
        tokens = ServiceTokens(
            http=PlatformHTTP(5.0, self.platform.session),
            acts=self.act,
            sealer=SEALER,
            now=lambda: self.at,
        )
        return tokens.connector(self.registration_id, deployment_id="deployment-1")

    def request(self, **changes: Any) -> Any:
        wanted = {"scopes": [GradeScope.SCORE], "accept": "application/json"}
        return self.connector().request("GET", SERVICE, **wanted | changes)

    @property
    def token_calls(self) -> list[Call]:
        return [call for call in self.platform.calls if call.url.endswith("/token")]

    @property
    def bearers(self) -> list[str]:
        return [
            call.headers["Authorization"] for call in self.platform.calls if call.url == SERVICE
        ]


@pytest.fixture
def bench(engine: Engine) -> Bench:
    return Bench(engine)


def test_the_assertion_says_who_we_are(bench: Bench) -> None:
    """A signed assertion with every claim that a platform asks for, in a form."""
    bench.request()
    (call,) = bench.token_calls
    with bench.act() as session:
        key = session.scalars(select(ToolKey).where(ToolKey.state == "current")).one()
        client_id = session.scalars(select(Registration.client_id)).one()
    assertion = call.form["client_assertion"]
    claims = jwt.decode(
        assertion,
        jwt.PyJWK(key.public_jwk),
        algorithms=["RS256"],
        audience="https://lms.test/token",
        options={"verify_exp": False, "verify_iat": False},
    )

    assert jwt.get_unverified_header(assertion)["kid"] == key.kid
    assert (claims["iss"], claims["sub"]) == (client_id, client_id)
    assert claims["iat"] == int(NOW.timestamp()) - 5
    assert claims["exp"] == claims["iat"] + 300
    assert claims[DEPLOYMENT_CLAIM] == "deployment-1"
    assert call.form["grant_type"] == "client_credentials"
    assert call.form["scope"] == GradeScope.SCORE
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_every_assertion_has_an_id_of_its_own(bench: Bench) -> None:
    """A platform that remembers assertion ids never sees one twice."""
    bench.request()
    bench.request(scopes=[GradeScope.RESULT])
    ids = {
        jwt.decode(call.form["client_assertion"], options={"verify_signature": False})["jti"]
        for call in bench.token_calls
    }

    assert len(ids) == 2


@pytest.mark.both_databases
def test_a_token_is_kept_until_a_minute_before_its_end(bench: Bench) -> None:
    """One token serves all calls of its life, in every process, and is renewed in time."""
    bench.request()
    bench.at += timedelta(seconds=3600 - 61)
    bench.request()
    bench.at += timedelta(seconds=2)
    bench.request()

    assert bench.bearers == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_the_kept_token_is_sealed(bench: Bench) -> None:
    """The database does not hold a token in clear."""
    bench.request()
    with bench.act() as session:
        kept = session.scalars(select(AccessToken)).one()

    assert b"token-1" not in kept.sealed_token


def test_each_service_has_its_own_token(bench: Bench) -> None:
    """Scopes are asked for by service: a platform may refuse their union."""
    bench.request()
    bench.request(scopes=[GradeScope.RESULT])

    assert [call.form["scope"] for call in bench.token_calls] == [
        GradeScope.SCORE,
        GradeScope.RESULT,
    ]


def test_a_token_that_is_not_taken_is_renewed_once(bench: Bench) -> None:
    """A 401 leads to a new token and one more call."""
    bench.request()
    bench.service_answers = [(401, JSON, "{}")]
    bench.request()

    assert bench.bearers == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_second_401_is_a_refusal(bench: Bench) -> None:
    """A platform that takes no token at all refuses."""
    bench.service_answers = [(401, JSON, "{}")] * 3
    with pytest.raises(PlatformRefused) as caught:
        bench.request()

    assert caught.value.status == 401
    assert len(bench.bearers) == 2


@pytest.mark.parametrize(
    "expires_in", [None, 0, -1, "3600", True, [], 1e400, 10**12], ids=lambda value: repr(value)[:9]
)
def test_any_lifetime_is_understood(bench: Bench, expires_in: object) -> None:
    """A lifetime that is absent or nonsense counts as five minutes, a long one as an hour."""
    body = json.dumps({"access_token": "short", "expires_in": expires_in})
    bench.token_answers = [(200, JSON, body)]
    bench.request()
    with bench.act() as session:
        life = session.scalars(select(AccessToken)).one().expires_at - NOW

    is_long = expires_in in (1e400, 10**12)
    assert life == timedelta(seconds=3600 if is_long else 300)


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "null", "{}", '{"access_token": ""}', '{"access_token": 5}']
)
def test_an_answer_without_a_token_is_a_failure(bench: Bench, body: str) -> None:
    """Whatever comes instead of a token, the call fails and can be tried again."""
    bench.token_answers = [(200, JSON, body)]
    with pytest.raises(PlatformUnavailable) as caught:
        bench.request()

    assert caught.value.code == "token_malformed"


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ((400, JSON, '{"error": "invalid_scope"}'), PlatformRefused, "scope_refused"),
        ((400, JSON, '{"error": "invalid_client"}'), PlatformRefused, "token_refused"),
        ((401, JSON, '{"error": "invalid_client"}'), PlatformRefused, "token_refused"),
        ((400, JSON, '{"error" : ""kid" invalid"}'), PlatformRefused, "token_refused"),
        ((404, JSON, ""), PlatformRefused, "token_refused"),
        ((429, JSON, ""), PlatformUnavailable, "rate_limited"),
        (
            (403, {"Content-Type": "text/plain"}, "403 Forbidden (Rate Limit Exceeded)"),
            PlatformUnavailable,
            "rate_limited",
        ),
        ((500, JSON, ""), PlatformUnavailable, "platform_down"),
        ((504, JSON, ""), PlatformUnavailable, "platform_down"),
        ((302, {"Location": "https://evil.test/"}, ""), PlatformRefused, "redirected"),
    ],
)
def test_token_failures_have_their_codes(
    bench: Bench, answer: Answer, kind: type[PlatformError], code: str
) -> None:
    """Each failure at the token endpoint says what it is, and none leaves a score unclear."""
    bench.token_answers = [answer]
    with pytest.raises(PlatformError) as caught:
        bench.request()

    assert (type(caught.value), caught.value.code) == (kind, code)
    assert bench.bearers == []


def test_a_clock_that_is_wrong_is_corrected_once(bench: Bench) -> None:
    """An assertion refused by a platform with another time is signed again with its time."""
    there = datetime(2026, 3, 2, 12, 7, tzinfo=UTC)
    refusal = '{"error": "invalid_request", "error_description": "assertion expired"}'
    bench.token_answers = [(400, JSON | {"Date": format_datetime(there, usegmt=True)}, refusal)]
    bench.request()
    issued = [
        jwt.decode(call.form["client_assertion"], options={"verify_signature": False})["iat"]
        for call in bench.token_calls
    ]

    assert issued == [int(NOW.timestamp()) - 5, int(there.timestamp()) - 5]


@pytest.mark.both_databases
def test_workers_that_ask_at_once_do_not_fail(bench: Bench) -> None:
    """Two processes that fetch at the same moment both go on, and one token is kept."""
    start = threading.Barrier(2)
    faults: list[BaseException] = []
    answer = bench._answer

    def together(call: Call) -> Answer:
        if call.url.endswith("/token"):
            start.wait(5)
        return answer(call)

    bench.platform.script = together

    def work() -> None:
        try:
            bench.request()
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    with bench.act() as session:
        assert session.scalar(select(func.count()).select_from(AccessToken)) == 1


def test_threads_of_one_process_ask_once(bench: Bench) -> None:
    """Threads that need the same token wait for the one that asks."""
    connector = bench.connector()
    threads = [
        threading.Thread(target=connector.get_access_token, args=([GradeScope.SCORE],))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(bench.token_calls) == 1


def test_a_foreign_host_gets_no_token(bench: Bench) -> None:
    """Only hosts of the registration are called."""
    with pytest.raises(PlatformRefused) as caught:
        bench.connector().request(
            "GET", "https://evil.test/x", scopes=[GradeScope.SCORE], accept="*/*"
        )

    assert caught.value.code == "address_refused"
    assert bench.platform.calls == []


@pytest.mark.parametrize(
    ("answer", "kind", "code", "wait"),
    [
        ((429, {"Retry-After": "30"}, ""), PlatformUnavailable, "rate_limited", 30.0),
        (
            (429, {"Retry-After": "Mon, 02 Mar 2026 12:01:00 GMT"}, ""),
            PlatformUnavailable,
            "rate_limited",
            60.0,
        ),
        ((429, {"Retry-After": "soon"}, ""), PlatformUnavailable, "rate_limited", None),
        ((403, {"X-Rate-Limit-Remaining": "0.0"}, ""), PlatformUnavailable, "rate_limited", None),
        ((403, {"X-Rate-Limit-Remaining": "512.4"}, ""), PlatformRefused, "refused", None),
        ((503, {"Retry-After": "5"}, ""), PlatformUnavailable, "platform_down", 5.0),
        ((502, {}, ""), PlatformUnclear, "no_answer", None),
        (
            (200, {"Content-Type": "text/html"}, "\n<!doctype html><title>Sign in</title>"),
            PlatformUnavailable,
            "unexpected_answer",
            None,
        ),
    ],
)
def test_service_failures_have_their_codes(
    bench: Bench, answer: Answer, kind: type[PlatformError], code: str, wait: float | None
) -> None:
    """An answer that is no success says which failure it is and how long to wait."""
    bench.service_answers = [answer]
    with pytest.raises(PlatformError) as caught:
        bench.request()

    error = caught.value
    assert (type(error), error.code, error.retry_after_s) == (kind, code, wait)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"errors": {"type": "not_found", "message": "Context not found"}}', "Context not found"),
        ('{"errors": [{"message": "does not exist"}]}', "does not exist"),
        ('{"error": "bad", "error_description": "why"}', "bad: why"),
        ('{"errors": []}', ""),
        ("<html>secret</html>", ""),
        ("[]", ""),
    ],
)
def test_the_platforms_own_sentence_is_kept(bench: Bench, body: str, detail: str) -> None:
    """Only sentences of known shapes are kept of a refusal."""
    bench.service_answers = [(404, JSON, body)]
    with pytest.raises(PlatformRefused) as caught:
        bench.request()

    assert caught.value.detail == detail


def test_without_a_key_nothing_is_sent(bench: Bench) -> None:
    """A tool that has no key yet waits for one."""
    with bench.act() as session:
        for key in session.scalars(select(ToolKey)):
            session.delete(key)
    with pytest.raises(PlatformUnavailable):
        bench.request()

    assert bench.platform.calls == []


def test_a_refused_token_takes_no_newer_one_with_it(bench: Bench) -> None:
    """Two threads whose token was refused fetch one new token between them."""
    bench.request()
    connector = bench.connector()
    with bench.act() as session:
        registration = session.get_one(Registration, bench.registration_id)
    connector._kept.drop(registration, GradeScope.SCORE, "token-1")
    newer = connector.get_access_token([GradeScope.SCORE])
    connector._kept.drop(registration, GradeScope.SCORE, "token-1")

    assert newer == "token-2"
    assert connector.get_access_token([GradeScope.SCORE]) == "token-2"
    assert bench.issued == 2


def test_what_was_just_read_is_not_read_again(bench: Bench) -> None:
    """A batch of calls reads registration and token once; a refusal still renews the token."""
    acts = 0

    @contextmanager
    def counted() -> Iterator[Session]:
        nonlocal acts
        acts += 1
        with bench.act() as session:
            yield session

    tokens = ServiceTokens(
        http=PlatformHTTP(5.0, bench.platform.session),
        acts=counted,
        sealer=SEALER,
        now=lambda: bench.at,
        kept_for_s=60.0,
    )

    def call() -> None:
        connector = tokens.connector(bench.registration_id, deployment_id="1")
        connector.request("GET", SERVICE, scopes=[GradeScope.SCORE], accept="application/json")

    call()
    call()
    before = acts
    for _ in range(5):
        call()

    assert acts == before

    bench.service_answers.append((401, JSON, "{}"))
    call()

    assert bench.bearers[-2:] == ["Bearer token-1", "Bearer token-2"]


def test_failures_of_the_token_endpoint_are_told_apart(bench: Bench) -> None:
    """Whoever counts failures learns which of the two services failed."""
    bench.token_answers.append((500, {}, ""))
    with pytest.raises(PlatformUnavailable) as at_token:
        bench.request()
    bench.service_answers.append((500, {}, ""))
    with pytest.raises(PlatformUnavailable) as at_service:
        bench.request()

    assert (at_token.value.endpoint, at_service.value.endpoint) == ("token", "service")


def test_a_new_token_can_be_asked_for(bench: Bench) -> None:
    """A check asks the platform itself, whatever is kept, and keeps what it gets."""
    bench.request()

    assert bench.connector().ask_for_token([GradeScope.SCORE]) == timedelta(seconds=3600)

    bench.request()

    assert bench.bearers == ["Bearer token-1", "Bearer token-2"]
