"""The id token, check by check: which codes it is refused with, and where each limit lies.

No database: what a whole message comes to is in ``test_launch.py``.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lti_alliance.errors import LaunchRejected
from lti_alliance.lti import id_token
from lti_alliance.models import Registration
from tests.platforms import rsa_key, signed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MOMENT = int(NOW.timestamp())
MALFORMED = ("token.malformed", 400)
OURS = Registration(issuer="https://lms.test", client_id="client-1", trusted_audiences=["trusted"])


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refusal(check: Any, *given: Any, **named: Any) -> tuple[str, int]:
    with pytest.raises(LaunchRejected) as refused:
        check(*given, **named)
    return refused.value.code, refused.value.status


# The envelope


def test_a_sound_envelope_gives_its_header() -> None:
    """Three segments, of which the first two are objects; the third is only looked at later."""
    assert id_token.read_header(f"{part({'alg': 'RS256'})}.{part({})}.x") == {"alg": "RS256"}
    assert id_token.read_header(f"{part({})}.{part({'a': 1})}.") == {}


@pytest.mark.parametrize(
    "token",
    [
        "",
        f"{part({})}.{part({})}",
        f"{part({})}.{part({})}.x.x",
        f"{part({})}.{part({})}.x=",
        f"{part({})}.{part({})}+.x",
        f"{part([])}.{part({})}.x",
        f"{part({})}.{part([])}.x",
        f"{part({})}.{part({})}x.x",
        f"A.{part({})}.x",
        "....",
    ],
)
def test_any_other_envelope_is_malformed(token: str) -> None:
    """Two segments, four, other letters, no objects."""
    assert refusal(id_token.read_header, token) == MALFORMED


def test_an_envelope_has_a_longest_length() -> None:
    """400,000 characters are let in, not one more."""
    start = f"{part({})}.{part({})}."

    assert id_token.read_header(start.ljust(400_000, "x")) == {}
    assert refusal(id_token.read_header, start.ljust(400_001, "x")) == MALFORMED


@pytest.mark.parametrize("text", ["{", "null", "[" * 100_000])
def test_a_payload_that_is_no_object_is_malformed(text: str) -> None:
    """However it fails to be one."""
    segment = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    assert refusal(id_token.read_header, f"{part({})}.{segment}.x") == MALFORMED


def test_claims_can_be_read_before_they_are_believed() -> None:
    """The second segment, of whatever length."""
    for value in ("", "a", "ab", "abc"):
        token = f"{part({})}.{part({'iss': value})}.x"
        assert id_token.unverified_claims(token) == {"iss": value}


# The key and the signature


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"kid": "k"}, "token.alg_not_allowed"),
        ({"kid": "k", "alg": "none"}, "token.alg_not_allowed"),
        ({"kid": "k", "alg": "RS256", "crit": ["exp"]}, "token.crit_unknown"),
        ({"kid": "k", "alg": "RS256", "b64": True}, "token.crit_unknown"),
        ({"alg": "RS256"}, "token.kid_missing"),
        ({"alg": "RS256", "kid": ""}, "token.kid_missing"),
        ({"alg": "RS256", "kid": 5}, "token.kid_missing"),
    ],
)
def test_a_header_that_names_no_key(header: dict[str, Any], code: str) -> None:
    """One algorithm, no extensions, an id."""
    assert refusal(id_token.key_id, header) == (code, 401)


def test_a_header_names_a_key() -> None:
    """By its id alone."""
    assert id_token.key_id({"alg": "RS256", "kid": "k", "jku": "https://evil.example"}) == "k"


def test_what_the_key_signed_is_verified() -> None:
    """And nothing that another key signed."""
    token = signed({"sub": "x"}, key=rsa_key("one"), header={"kid": "k"})

    assert id_token.verified_claims(token, rsa_key("one").public_key()) == {"sub": "x"}
    other = rsa_key("other").public_key()
    assert refusal(id_token.verified_claims, token, other) == ("token.signature_invalid", 401)


def test_a_signed_payload_is_an_object() -> None:
    """Whoever signed it."""
    token = signed([], key=rsa_key("one"), header={"kid": "k"})

    assert refusal(id_token.verified_claims, token, rsa_key("one").public_key()) == MALFORMED


# Parties


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": None}, "claim.iss_missing"),
        ({"iss": "https://evil.example"}, "claim.iss_mismatch"),
        ({"aud": None}, "claim.aud_invalid"),
        ({"aud": []}, "claim.aud_invalid"),
        ({"aud": ["client-1", ""]}, "claim.aud_invalid"),
        ({"aud": ["client-1", 5]}, "claim.aud_invalid"),
        ({"aud": {"client-1": 1}}, "claim.aud_invalid"),
        ({"aud": "trusted"}, "claim.aud_mismatch"),
        ({"aud": ["client-1", "evil"]}, "claim.aud_untrusted"),
        ({"aud": ["client-1", "trusted"]}, "claim.azp_missing"),
        ({"aud": ["client-1", "trusted"], "azp": "trusted"}, "claim.azp_invalid"),
        ({"azp": "trusted"}, "claim.azp_invalid"),
    ],
)
def test_parties_that_do_not_fit(changes: dict[str, Any], code: str) -> None:
    """Each with a code of its own."""
    claims = {"iss": "https://lms.test", "aud": "client-1"} | changes

    assert refusal(id_token.check_parties, claims, OURS) == (code, 401)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"azp": "client-1"},
        {"aud": ["client-1"]},
        {"aud": ["trusted", "client-1"], "azp": "client-1"},
    ],
)
def test_parties_that_fit(changes: dict[str, Any]) -> None:
    """Ours alone, or beside one that the registration trusts."""
    id_token.check_parties({"iss": "https://lms.test", "aud": "client-1"} | changes, OURS)


# Times


@pytest.mark.parametrize(
    ("exp", "iat", "nbf", "code"),
    [
        (-60, -100, None, ""),
        (-61, -100, None, "claim.expired"),
        (120, 60, None, ""),
        (120, 61, None, "claim.iat_future"),
        (60, -600, None, ""),
        (60, -601, None, "claim.iat_stale"),
        (3660, 0, None, ""),
        (3661, 0, None, "claim.exp_too_far"),
        (3060, -600, None, ""),
        (3061, -600, None, "claim.exp_too_far"),
        (60, 0, 60, ""),
        (60, 0, 61, "claim.nbf_future"),
        (60, 0, -1000, ""),
    ],
)
def test_a_token_was_made_just_now_and_ends_soon(
    exp: int, iat: int, nbf: int | None, code: str
) -> None:
    """To the second: a minute of leeway, ten minutes of age, an hour of life."""
    claims = {
        "exp": MOMENT + exp,
        "iat": MOMENT + iat,
        "nbf": None if nbf is None else MOMENT + nbf,
    }

    if code:
        assert refusal(id_token.check_times, claims, at=NOW) == (code, 401)
    else:
        id_token.check_times(claims, at=NOW)


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1", True, 1.0, -1, 253_402_300_800])
def test_a_moment_is_a_whole_number(name: str, value: Any) -> None:
    """Of seconds since 1970, up to the year 9999."""
    claims = {"exp": MOMENT, "iat": MOMENT} | {name: value}

    assert refusal(id_token.check_times, claims, at=NOW) == (f"claim.{name}_invalid", 401)


def test_the_first_and_the_last_moment() -> None:
    """They are moments, if no good ones."""
    ages = {"exp": 253_402_300_799, "iat": MOMENT}

    assert refusal(id_token.check_times, {"exp": 0, "iat": 0}, at=NOW) == ("claim.expired", 401)
    assert refusal(id_token.check_times, ages, at=NOW) == ("claim.exp_too_far", 401)


@pytest.mark.parametrize("name", ["exp", "iat"])
def test_two_moments_are_needed(name: str) -> None:
    """When it was made, and when it ends."""
    claims = {"exp": MOMENT, "iat": MOMENT}
    del claims[name]

    assert refusal(id_token.check_times, claims, at=NOW) == (f"claim.{name}_missing", 401)


# The nonce


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "claim.nonce_missing"),
        ("", "claim.nonce_missing"),
        (5, "claim.nonce_missing"),
        ("another", "claim.nonce_mismatch"),
        ("\ud800", "claim.nonce_mismatch"),
    ],
)
def test_another_nonce_answers_another_login(given: Any, code: str) -> None:
    """Or none at all."""
    assert refusal(id_token.check_nonce, {"nonce": given}, "ours") == (code, 401)


def test_our_nonce_answers_our_login() -> None:
    """To the letter."""
    id_token.check_nonce({"nonce": "ours"}, "ours")
