"""The tool's own signing keys: made, published, used and replaced.

Security Framework 1.0 section 6.3 (https://www.imsglobal.org/spec/security/v1p0). Platforms cache a
key set for hours, so a key is published a day before it signs anything and stays published a week
after. Its ``kid`` is the thumbprint of RFC 7638, which no other key can have.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.errors import Conflict, NotFound
from lti_alliance.models import ToolKey, ToolKeyState
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer

PUBLISHED_BEFORE_USE = timedelta(hours=24)
PUBLISHED_AFTER_USE = timedelta(days=7)
USED_FOR = timedelta(days=90)

_BITS = 2048
_EXPONENT = 65537
_PUBLIC_MEMBERS = ("kty", "n", "e", "alg", "use", "kid")
_PUBLISHED = (ToolKeyState.NEXT, ToolKeyState.CURRENT, ToolKeyState.PREVIOUS)

# Loading a private key checks its primes, which takes fifty milliseconds; a kid names one key.
_loaded: dict[str, RSAPrivateKey] = {}
_LOADED_MOST = 2
"""The key that signs and the one before it: another process's rotation takes older ones away."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now, loaded, and the id that its signatures carry."""

    kid: str
    private_key: RSAPrivateKey


def create_key(session: Session, sealer: Sealer, *, state: ToolKeyState, at: datetime) -> ToolKey:
    """Make a key pair and store it, its private half sealed."""
    private_key = generate_private_key(_EXPONENT, _BITS)
    numbers = private_key.public_key().public_numbers()
    members = {"e": _base64url(numbers.e), "kty": "RSA", "n": _base64url(numbers.n)}
    # The thumbprint is the digest of exactly these members, sorted and without blanks.
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    kid = base64.urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
    private = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = ToolKey(
        kid=kid,
        sealed_private_key=sealer.seal(private, purpose=_purpose(kid)),
        public_jwk=members | {"alg": "RS256", "use": "sig", "kid": kid},
        state=state,
        created_at=at,
        current_from=at if state == ToolKeyState.CURRENT else None,
    )
    session.add(key)
    session.flush()
    return key


def signing_key(session: Session, sealer: Sealer) -> SigningKey:
    """Return the current key; raise ``NotFound`` when no key has been made yet."""
    key = _newest(session, ToolKeyState.CURRENT)
    if key is None:
        raise NotFound("keys.none")
    return _load(key, sealer)


def previous_key(session: Session, sealer: Sealer) -> SigningKey | None:
    """Return the key that signed before the current one, while it is still published."""
    key = _newest(session, ToolKeyState.PREVIOUS)
    return _load(key, sealer) if key else None


def public_key_set(session: Session) -> dict[str, Any]:
    """Return the JWKS (RFC 7517): the next, the current and the previous keys, public halves."""
    return {
        "keys": [
            {name: key.public_jwk[name] for name in _PUBLIC_MEMBERS}
            for key in list_keys(session)
            if key.state in _PUBLISHED
        ]
    }


def list_keys(session: Session) -> Sequence[ToolKey]:
    """Return all keys, the oldest first."""
    keys = select(ToolKey).order_by(ToolKey.created_at, ToolKey.kid)
    return session.scalars(keys.execution_options(populate_existing=True)).all()


def ensure_keys(session: Session, sealer: Sealer, *, at: datetime) -> None:
    """Make the current and the next key where one is missing."""
    for state in (ToolKeyState.CURRENT, ToolKeyState.NEXT):
        if _newest(session, state) is None:
            create_key(session, sealer, state=state, at=at)


def rotate(session: Session, sealer: Sealer, *, at: datetime, force: bool = False) -> ToolKey:
    """Let the next key sign from now on, and publish the one after it; return the new current key.

    Raises ``Conflict`` (``keys.next_too_young``) while the next key has not been published for a
    day, unless ``force``: platforms that hold an older key set then refuse the tool for a while,
    which is right when the current key has leaked.
    """
    ensure_keys(session, sealer, at=at)
    incoming = _newest(session, ToolKeyState.NEXT)
    assert incoming is not None
    if not force and at - incoming.created_at < PUBLISHED_BEFORE_USE:
        raise Conflict("keys.next_too_young")
    moved = rows_changed(
        session,
        update(ToolKey)
        .where(ToolKey.id == incoming.id, ToolKey.state == ToolKeyState.NEXT)
        .values(state=ToolKeyState.CURRENT, current_from=at),
    )
    if not moved:
        raise Conflict("keys.already_rotated")
    rows_changed(
        session,
        update(ToolKey)
        .where(ToolKey.id != incoming.id, ToolKey.state == ToolKeyState.CURRENT)
        .values(state=ToolKeyState.PREVIOUS),
    )
    create_key(session, sealer, state=ToolKeyState.NEXT, at=at)
    retire_keys(session, at=at)
    return incoming


def tend_keys(session: Session, sealer: Sealer, *, at: datetime) -> ToolKey | None:
    """Do what is due: make missing keys, rotate a key used for long enough, retire old ones.

    Returns the key that signs from now on where that has changed.
    """
    ensure_keys(session, sealer, at=at)
    current = _newest(session, ToolKeyState.CURRENT)
    incoming = _newest(session, ToolKeyState.NEXT)
    assert current is not None
    assert incoming is not None
    assert current.current_from is not None
    is_used_up = at - current.current_from >= USED_FOR
    rotated = None
    if is_used_up and at - incoming.created_at >= PUBLISHED_BEFORE_USE:
        rotated = rotate(session, sealer, at=at)
    retire_keys(session, at=at)
    return rotated


def retire_keys(session: Session, *, at: datetime) -> int:
    """Withdraw the keys that stopped signing a week ago and destroy their private halves.

    Returns how many there were.
    """
    used = [key for key in list_keys(session) if key.current_from is not None]
    used.sort(key=lambda key: cast("datetime", key.current_from))
    retired = 0
    for key, successor in pairwise(used):
        stopped_at = cast("datetime", successor.current_from)
        if key.state == ToolKeyState.PREVIOUS and at - stopped_at >= PUBLISHED_AFTER_USE:
            key.state = ToolKeyState.RETIRED
            key.retired_at = at
            key.sealed_private_key = b""
            _loaded.pop(key.kid, None)
            retired += 1
    session.flush()
    return retired


def reseal(session: Session, sealer: Sealer) -> int:
    """Seal the private keys with the data key that seals now; count those that were not."""
    count = 0
    for key in list_keys(session):
        sealed = key.sealed_private_key
        if sealed and not sealer.is_newest(sealed):
            plain = sealer.open(sealed, purpose=_purpose(key.kid))
            anew = sealer.seal(plain, purpose=_purpose(key.kid))
            # A key that was retired meanwhile has none any more, and gets none back.
            count += rows_changed(
                session,
                update(ToolKey)
                .where(ToolKey.id == key.id, ToolKey.sealed_private_key == sealed)
                .values(sealed_private_key=anew),
            )
    return count


def _load(key: ToolKey, sealer: Sealer) -> SigningKey:
    if key.kid not in _loaded:
        plain = sealer.open(key.sealed_private_key, purpose=_purpose(key.kid))
        loaded = cast("RSAPrivateKey", load_der_private_key(plain, password=None))
        _loaded[key.kid] = loaded
        while len(_loaded) > _LOADED_MOST:
            _loaded.pop(next(iter(_loaded)), None)
        return SigningKey(key.kid, loaded)
    return SigningKey(key.kid, _loaded[key.kid])


def _newest(session: Session, state: ToolKeyState) -> ToolKey | None:
    found = [key for key in list_keys(session) if key.state == state]
    # Two processes that start on an empty database may each make a pair: both are published, and
    # the newest signs.
    return max(found, key=lambda key: (key.current_from or key.created_at, key.kid), default=None)


def _purpose(kid: str) -> str:
    return f"tool-key:{kid}"


def _base64url(number: int) -> str:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
