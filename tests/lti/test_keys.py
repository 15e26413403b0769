"""The tool's own keys: published before they sign and after, and never told in private."""

import base64
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt
import pytest
from jwt import PyJWK
from sqlalchemy.orm import Session

from lti_alliance.errors import Conflict, NotFound
from lti_alliance.lti.keys import (
    create_key,
    ensure_keys,
    list_keys,
    public_key_set,
    rotate,
    signing_key,
    tend_keys,
)
from lti_alliance.models import ToolKey, ToolKeyState
from lti_alliance.sealing import SealBroken, Sealer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"thirty-two bytes for the tests..")


def states(session: Session) -> list[str]:
    return [key.state for key in list_keys(session)]


def verifies(token: str, key_set: dict[str, Any]) -> bool:
    """Check a signature as a platform does, with nothing but the published set."""
    kid = jwt.get_unverified_header(token)["kid"]
    found = [jwk for jwk in key_set["keys"] if jwk["kid"] == kid]
    return bool(found) and bool(jwt.decode(token, PyJWK(found[0]), algorithms=["RS256"]))


def signed(session: Session, sealer: Sealer) -> str:
    key = signing_key(session, sealer)
    return jwt.encode({"a": 1}, key.private_key, "RS256", headers={"kid": key.kid})


def test_a_signature_verifies_with_the_published_set(session: Session, sealer: Sealer) -> None:
    """The two halves belong together and are found by their kid."""
    ensure_keys(session, sealer, at=NOW)

    assert verifies(signed(session, sealer), public_key_set(session))


def test_the_kid_is_the_thumbprint(session: Session, sealer: Sealer) -> None:
    """RFC 7638: the digest of the required members, in order and without blanks."""
    jwk = create_key(session, sealer, state=ToolKeyState.CURRENT, at=NOW).public_jwk
    text = json.dumps({n: jwk[n] for n in ("e", "kty", "n")}, separators=(",", ":"))
    digest = base64.urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")

    assert jwk["kid"] == digest


def test_the_set_never_holds_a_private_member(session: Session, sealer: Sealer) -> None:
    """What is published is the public half, as Moodle and Canvas want it."""
    ensure_keys(session, sealer, at=NOW)

    for jwk in public_key_set(session)["keys"]:
        assert jwk.keys() == {"kty", "n", "e", "alg", "use", "kid"}
        assert (jwk["kty"], jwk["alg"], jwk["use"]) == ("RSA", "RS256", "sig")


def test_the_private_half_is_sealed_for_its_own_row(session: Session, sealer: Sealer) -> None:
    """A dump of the database holds no key that signs, and rows cannot be swapped."""
    key = create_key(session, sealer, state=ToolKeyState.CURRENT, at=NOW)
    other = create_key(session, sealer, state=ToolKeyState.NEXT, at=NOW)

    assert b"PRIVATE" not in key.sealed_private_key
    with pytest.raises(SealBroken):
        sealer.open(key.sealed_private_key, purpose=f"tool-key:{other.kid}")


def test_no_key_is_no_signature(session: Session, sealer: Sealer) -> None:
    """Before the tool is set up there is nothing to sign with."""
    with pytest.raises(NotFound) as missing:
        signing_key(session, sealer)

    assert missing.value.code == "keys.none"


def test_keys_are_made_once(session: Session, sealer: Sealer) -> None:
    """Making sure twice makes no more than one current and one next key."""
    ensure_keys(session, sealer, at=NOW)
    ensure_keys(session, sealer, at=NOW)

    assert sorted(states(session)) == ["current", "next"]


def test_a_young_key_does_not_sign(session: Session, sealer: Sealer) -> None:
    """Platforms that cached the set have not seen it yet."""
    ensure_keys(session, sealer, at=NOW)
    kid = signing_key(session, sealer).kid
    with pytest.raises(Conflict) as refused:
        rotate(session, sealer, at=NOW + DAY - timedelta(seconds=1))

    assert refused.value.reason == "keys.next_too_young"
    assert signing_key(session, sealer).kid == kid


def test_rotation_moves_every_key_one_place(session: Session, sealer: Sealer) -> None:
    """The next signs, the current stays published, and a new one waits."""
    ensure_keys(session, sealer, at=NOW)
    before = {key.state: key.kid for key in list_keys(session)}
    rotate(session, sealer, at=NOW + DAY)
    after = {key.state: key.kid for key in list_keys(session)}

    assert after["previous"] == before["current"]
    assert after["current"] == before["next"] == signing_key(session, sealer).kid
    assert len(public_key_set(session)["keys"]) == 3


def test_a_platform_with_yesterdays_set_still_verifies(session: Session, sealer: Sealer) -> None:
    """A set cached before the rotation holds the key that signs after it."""
    ensure_keys(session, sealer, at=NOW)
    cached = public_key_set(session)
    queued = signed(session, sealer)
    rotate(session, sealer, at=NOW + DAY)

    assert verifies(signed(session, sealer), cached)
    assert verifies(queued, public_key_set(session))


def test_a_leaked_key_can_be_replaced_at_once(session: Session, sealer: Sealer) -> None:
    """Force does not wait for the day."""
    ensure_keys(session, sealer, at=NOW)
    kid = signing_key(session, sealer).kid
    rotate(session, sealer, at=NOW, force=True)

    assert signing_key(session, sealer).kid != kid


def test_an_old_key_is_withdrawn_and_destroyed(session: Session, sealer: Sealer) -> None:
    """A week after it stopped signing, and not earlier."""
    ensure_keys(session, sealer, at=NOW)
    old = signing_key(session, sealer).kid
    rotate(session, sealer, at=NOW + DAY)
    tend_keys(session, sealer, at=NOW + 8 * DAY - timedelta(seconds=1))
    kept = [jwk["kid"] for jwk in public_key_set(session)["keys"]]
    tend_keys(session, sealer, at=NOW + 8 * DAY)
    row = session.query(ToolKey).filter_by(kid=old).one()

    assert old in kept
    assert old not in [jwk["kid"] for jwk in public_key_set(session)["keys"]]
    assert (row.state, row.sealed_private_key, row.retired_at) == (
        ToolKeyState.RETIRED,
        b"",
        NOW + 8 * DAY,
    )


def test_tending_rotates_when_it_is_time(session: Session, sealer: Sealer) -> None:
    """Every ninety days, and nothing in between."""
    tend_keys(session, sealer, at=NOW)
    kid = signing_key(session, sealer).kid
    tend_keys(session, sealer, at=NOW + 89 * DAY)
    still = signing_key(session, sealer).kid
    tend_keys(session, sealer, at=NOW + 90 * DAY)

    assert still == kid
    assert signing_key(session, sealer).kid != kid


@pytest.mark.both_databases
def test_two_rotations_at_once_are_one(session: Session, sealer: Sealer) -> None:
    """A process that looked before another rotated does not rotate again."""
    ensure_keys(session, sealer, at=NOW)
    session.commit()
    with Session(session.get_bind()) as other:
        rotate(other, sealer, at=NOW + DAY)
        other.commit()
    session.rollback()
    with pytest.raises(Conflict) as refused:
        rotate(session, sealer, at=NOW + DAY)

    assert refused.value.reason == "keys.next_too_young"
