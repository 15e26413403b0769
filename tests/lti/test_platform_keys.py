"""The platforms' keys: fetched seldom, kept long enough, and judged before they are believed."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from lti_alliance.errors import LaunchRejected, PlatformError
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.platform_keys import fetch_keys, platform_key
from lti_alliance.models import PlatformKeySet, Registration
from tests.platforms import Network, Platform, base64url, public_jwk, rsa_key

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class World:
    """A platform with keys on a network, and the tool's side of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.network = Network()
        self.http = PlatformHTTP(timeout_s=1, sessions=self.network.session)
        self.platform = Platform()
        self.platform.register(session, at=NOW)
        self.keys: Any = [public_jwk("platform", "key-1")]
        self.network.serve_json(self.platform.jwks_url, lambda: {"keys": self.keys})

    @property
    def registration(self) -> Registration:
        return self.platform.registration

    @property
    def fetches(self) -> int:
        return self.network.calls.count(self.platform.jwks_url)

    def ask(self, kid: str = "key-1", *, at: datetime = NOW) -> int:
        """Ask for a key as a launch does, and roll back as a refused one."""
        try:
            key = platform_key(self.session, self.http, self.registration, kid=kid, at=at)
        finally:
            self.session.rollback()
        return key.public_numbers().n

    def refusal(self, kid: str = "key-1", *, at: datetime = NOW) -> tuple[str, int]:
        with pytest.raises(LaunchRejected) as refused:
            self.ask(kid, at=at)
        return refused.value.code, refused.value.status

    def answer(self, status: int, body: bytes) -> None:
        self.network.pages[self.platform.jwks_url] = lambda: (status, {}, body)


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


def modulus(name: str) -> int:
    return rsa_key(name).public_key().public_numbers().n


UNKNOWN = ("token.kid_unknown", 401)
UNAVAILABLE = ("platform.keys_unavailable", 503)


@pytest.mark.both_databases
def test_keys_are_fetched_once_an_hour(world: World) -> None:
    """The set is kept in the database for the launches of the next hour, in every process."""
    found = [world.ask(at=NOW + age) for age in (0 * HOUR, 10 * MINUTE, HOUR - MINUTE)]

    assert found == [modulus("platform")] * 3
    assert world.fetches == 1
    assert world.ask(at=NOW + HOUR) == modulus("platform")
    assert world.fetches == 2


@pytest.mark.both_databases
def test_p9_a_new_key_is_fetched_at_once(world: World) -> None:
    """P9: a platform that has just rotated its keys loses no launch."""
    world.ask()
    world.keys = [public_jwk("next", "key-2"), public_jwk("platform", "key-1")]

    assert world.ask("key-2", at=NOW + 2 * MINUTE) == modulus("next")
    assert world.fetches == 2


@pytest.mark.both_databases
def test_n059_an_unknown_kid_fetches_once_a_minute_at_most(world: World) -> None:
    """N059: whatever tokens arrive, and although each refused launch is rolled back."""
    world.ask()
    at = NOW + 2 * MINUTE

    assert [world.refusal("imstester_66067", at=at) for _ in range(5)] == [UNKNOWN] * 5
    assert world.refusal("other", at=at + MINUTE / 2) == UNKNOWN
    assert world.fetches == 2
    assert world.refusal("other", at=at + MINUTE) == UNKNOWN
    assert world.fetches == 3


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1", "\0", "x" * 5000])
def test_n061_a_kid_is_only_ever_compared(world: World, kid: str) -> None:
    """N061: a kid names no file and no query."""
    assert world.refusal(kid) == UNKNOWN


BAD_ANSWERS: list[tuple[int, bytes]] = [
    (500, b'{"keys": []}'),
    (404, b""),
    (200, b"<html>"),
    (200, b"[]"),
    (200, b"null"),
    (200, b'{"keys": null}'),
    (200, b'{"keys": {"kid": "key-1"}}'),
    (200, b"[" * 100_000),
    (200, b" " * 300_000),
    (302, b""),
]


@pytest.mark.parametrize(("status", "body"), BAD_ANSWERS)
def test_n066_no_keys_is_the_platforms_trouble(world: World, status: int, body: bytes) -> None:
    """N066: unreachable, an error, no JSON, no key set or too large: 503, try again."""
    world.answer(status, body)

    assert world.refusal() == UNAVAILABLE


def test_n066_an_unreachable_platform_is_asked_once_a_minute(world: World) -> None:
    """The failed try is remembered although its launch is rolled back."""
    world.network.pages.clear()

    assert [world.refusal(at=NOW + age) for age in (0 * MINUTE, MINUTE / 2)] == [UNAVAILABLE] * 2
    assert world.fetches == 1
    world.refusal(at=NOW + MINUTE)
    assert world.fetches == 2


@pytest.mark.both_databases
def test_n067_kept_keys_serve_while_the_platform_is_down(world: World) -> None:
    """N067: stale for a day, and the failures in between lose nothing."""
    world.ask()
    world.network.pages.clear()

    assert world.ask(at=NOW + 2 * HOUR) == modulus("platform")
    assert world.ask(at=NOW + 23 * HOUR) == modulus("platform")
    assert world.refusal(at=NOW + 24 * HOUR) == UNAVAILABLE


def test_a_kid_that_a_stale_set_lacks_may_be_new(world: World) -> None:
    """While the platform is down nobody knows whether it has such a key."""
    world.ask()
    world.network.pages.clear()

    assert world.refusal("key-2", at=NOW + 2 * HOUR) == UNAVAILABLE


def test_a_withdrawn_key_is_forgotten(world: World) -> None:
    """What the platform no longer publishes signs nothing after the next fetch."""
    world.ask()
    world.keys = [public_jwk("next", "key-2")]

    assert world.refusal(at=NOW + HOUR) == UNKNOWN


def test_n068_a_redirect_is_not_followed(world: World) -> None:
    """N068: a key set that points elsewhere is no key set."""
    inside = "https://169.254.169.254/latest"
    world.network.pages[world.platform.jwks_url] = lambda: (302, {"Location": inside}, b"")

    assert world.refusal() == UNAVAILABLE
    assert inside not in world.network.calls


def small_key() -> dict[str, str]:
    """A key of 1024 bits; nobody signs with it."""
    return public_jwk("platform", "key-1") | {
        "n": base64url(modulus("platform").to_bytes(256)[:128])
    }


@pytest.mark.parametrize(
    "jwk",
    [
        public_jwk("platform", "key-1") | {"use": "enc"},
        public_jwk("platform", "key-1") | {"alg": "HS256"},
        public_jwk("platform", "key-1") | {"alg": "RS512"},
        public_jwk("platform", "key-1") | {"kty": "EC"},
        {"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"},
        public_jwk("platform", "key-1") | {"n": 5},
        public_jwk("platform", "key-1") | {"n": ""},
        public_jwk("platform", "key-1") | {"n": "not/base64url="},
        public_jwk("platform", "key-1") | {"n": "é"},
        public_jwk("platform", "key-1") | {"n": "x" * 4000},
        public_jwk("platform", "key-1") | {"e": "AA"},
        {"kty": "RSA", "kid": "key-1"},
        public_jwk("platform", "key-1") | {"kid": 1},
        small_key(),
        None,
        [],
        "key-1",
    ],
)
def test_an_unfit_key_is_as_good_as_none(world: World, jwk: Any) -> None:
    """Only RSA keys for signatures, of at least 2048 bits, are keys here; others do no harm."""
    world.keys = [jwk, public_jwk("next", "key-2")]

    assert world.refusal() == UNKNOWN
    assert world.ask("key-2") == modulus("next")


def test_optional_members_may_be_missing(world: World) -> None:
    """RFC 7517 leaves use and algorithm to the platform."""
    jwk = public_jwk("platform", "key-1")
    world.keys = [{name: jwk[name] for name in ("kty", "kid", "n", "e")}]

    assert world.ask() == modulus("platform")


def test_only_public_members_are_kept(world: World) -> None:
    """Whatever a platform publishes by mistake does not stay in our database."""
    world.keys = [public_jwk("platform", "key-1") | {"d": "private", "x5c": ["…"]}]
    world.ask()
    kept = world.session.get_one(PlatformKeySet, world.registration.id)

    assert kept.jwks["keys"][0].keys() == {"kty", "kid", "n", "e"}


def test_registrations_have_sets_of_their_own(world: World) -> None:
    """The same kid at two platforms is two keys."""
    other = Platform(issuer="https://other.test", client_id="client-2", key="other", name="Other")
    other.register(world.session, at=NOW)
    world.network.serve_json(other.jwks_url, lambda: other.jwks)
    key = platform_key(world.session, world.http, other.registration, kid="key-1", at=NOW)

    assert key.public_numbers().n == modulus("other")
    assert world.ask() == modulus("platform")


@pytest.mark.both_databases
def test_a_class_that_arrives_at_once_fetches_once(world: World, engine: Engine) -> None:
    """Launches that wait for the same fetch use what it found."""
    begun, go = threading.Event(), threading.Event()

    def slowly() -> tuple[int, dict[str, str], bytes]:
        begun.set()
        go.wait(5)
        return 200, {}, json.dumps({"keys": world.keys}).encode()

    world.network.pages[world.platform.jwks_url] = slowly
    found: list[int] = []

    def launch() -> None:
        with Session(engine) as session:
            registration = session.get_one(Registration, world.registration.id)
            key = platform_key(session, world.http, registration, kid="key-1", at=NOW)
            found.append(key.public_numbers().n)

    threads = [threading.Thread(target=launch) for _ in range(6)]
    for thread in threads:
        thread.start()
    assert begun.wait(5)
    go.set()
    for thread in threads:
        thread.join(10)

    assert found == [modulus("platform")] * 6
    assert world.fetches == 1


def test_it_says_so_when_the_act_has_begun_to_write(world: World) -> None:
    """SQLite has one writer: waiting for oneself would take ten seconds and fail."""
    session = world.session
    session.rollback()
    session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
    with pytest.raises(RuntimeError, match="before the act begins"):
        platform_key(session, world.http, world.registration, kid="key-1", at=NOW)
    session.rollback()


def test_the_fetch_itself_can_be_asked_for(world: World) -> None:
    """For checking a platform: what it publishes, or why that cannot be read."""
    keys = fetch_keys(world.http, world.registration)
    world.answer(418, b"")

    assert [key["kid"] for key in keys] == ["key-1"]
    with pytest.raises(PlatformError) as failed:
        fetch_keys(world.http, world.registration)
    assert (failed.value.code, failed.value.status) == ("keys_unreadable", 418)
