"""Login state: signed, short-lived, bound to one browser, never the same twice."""

import random
import string
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.state import LoginState, is_bound, mint, new_browser_secret, read

KEY = "a secret that only the tests know, 32 characters at least"
NOW = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
SECRET = "the browser's"
TARGET = "https://tool.example/lti/launch?activity=abc"
# Written out: two versions of the tool that run side by side read each other's states.
SIGNER = URLSafeSerializer(
    KEY,
    salt="lti_alliance.lti.state",
    signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
)


def minted(**changes: object) -> tuple[LoginState, str]:
    given = {"registration_id": uuid4(), "target_link_uri": TARGET, "browser_secret": SECRET}
    return mint(KEY, **{**given, "at": NOW, **changes})


def refusal(token: str, *, at: datetime = NOW, key: str = KEY) -> tuple[str, int]:
    with pytest.raises(LaunchRejected) as refused:
        read(key, token, at=at)
    return refused.value.code, refused.value.status


def test_what_is_minted_can_be_read() -> None:
    """The token carries the whole state."""
    state, token = minted(storage_target="_parent")

    assert state.storage_target == "_parent"
    assert (state.target_link_uri, state.issued_at) == (TARGET, NOW)
    assert asdict(read(KEY, token, at=NOW)) == asdict(state)


def test_a_login_without_a_frame_names_none() -> None:
    """The platform keeps nothing for the tool then: the cookie is all."""
    state, token = minted()

    assert state.storage_target == read(KEY, token, at=NOW).storage_target == ""
    assert LoginState("i", uuid4(), "n", TARGET, "d", NOW).storage_target == ""


def test_the_token_is_a_signed_list() -> None:
    """In this order, signed with HMAC and SHA-256."""
    state, token = minted(storage_target="_parent")

    assert SIGNER.loads(token) == [
        state.id,
        state.registration_id.hex,
        state.nonce,
        TARGET,
        sha256(SECRET.encode()).hexdigest(),
        NOW.timestamp(),
        "_parent",
    ]


@pytest.mark.parametrize(
    "content",
    [
        5,
        None,
        [],
        ["i", "not hex", "n", TARGET, "d", NOW.timestamp(), ""],
        ["i", uuid4().hex, "n", TARGET, "d", "noon", ""],
        ["i", uuid4().hex, "n", TARGET, "d", NOW.timestamp()],
    ],
)
def test_a_state_of_another_version_is_unknown(content: Any) -> None:
    """What is signed with our key and yet has another shape asks for a new login."""
    assert refusal(SIGNER.dumps(content)) == ("launch.state_unknown", 401)


def test_a_token_has_a_longest_length() -> None:
    """4096 characters are read, one more is unknown."""
    letters = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=5000))
    tokens = {}
    # What is random in a state makes one a little longer than another.
    for length in (*range(3700, 3900), *range(3700, 3900), *range(3700, 3900)):
        token = minted(target_link_uri=letters[:length])[1]
        tokens[len(token)] = token

    assert read(KEY, tokens[4096], at=NOW).browser_digest
    assert refusal(tokens[4097]) == ("launch.state_unknown", 401)


def test_ids_and_nonces_are_long_and_never_the_same() -> None:
    """256 random bits each, and fresh for every login."""
    states = [minted()[0] for _ in range(50)]

    assert len({s.id for s in states} | {s.nonce for s in states}) == 100
    assert all(len(text) == 43 for s in states for text in (s.id, s.nonce))
    assert len(new_browser_secret()) == 43
    assert len({new_browser_secret() for _ in range(50)}) == 50


def test_the_token_does_not_tell_the_browsers_secret() -> None:
    """The state travels in addresses; the secret stays in the browser."""
    state, token = minted()

    assert SECRET not in token
    assert SECRET not in repr(state)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=10), timedelta(minutes=-1)])
def test_ten_minutes_are_enough(age: timedelta) -> None:
    """A state is good for ten minutes, and for clocks that differ by one at most."""
    state, token = minted()

    assert read(KEY, token, at=NOW + age).id == state.id


@pytest.mark.parametrize("age", [timedelta(minutes=10, seconds=1), timedelta(seconds=-61)])
def test_an_old_state_is_expired(age: timedelta) -> None:
    """Older states, and states of a later time, are refused."""
    _, token = minted()

    assert refusal(token, at=NOW + age) == ("launch.state_expired", 401)


def test_another_key_signs_nothing_of_ours() -> None:
    """A state that another tool signed is unknown."""
    _, token = minted()

    assert refusal(token, key="another key of at least thirty-two characters") == (
        "launch.state_unknown",
        401,
    )


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_no_changed_token_is_known(place: int, other: str) -> None:
    """Any change to any character makes it unknown."""
    _, token = minted()
    # The last character of a base64 text has bits that nobody reads.
    place %= len(token) - 1
    changed = token[:place] + other + token[place + 1 :]
    assume(changed != token)

    assert refusal(changed) == ("launch.state_unknown", 401)


@pytest.mark.parametrize("token", ["", ".", "a.b", "é.x", "\0", "x" * 100_000, "W10.AAAA"])
def test_rubbish_is_unknown(token: str) -> None:
    """Anything else that is sent as a state is unknown, and nothing but that."""
    assert refusal(token) == ("launch.state_unknown", 401)


def test_only_its_own_browser_is_bound() -> None:
    """A state is worth nothing to a browser with another secret, or with none."""
    state, _ = minted()

    assert is_bound(state, SECRET)
    assert not any(is_bound(state, other) for other in ("", "another", SECRET + " ", "\udce4"))
