"""The platforms' keys: fetched, kept, and fetched again when a platform signs with a new one.

Security Framework 1.0 section 6.3 (https://www.imsglobal.org/spec/security/v1p0). Fetches are
bounded: one a minute for each registration whatever tokens arrive, five seconds each, and a set
that was good serves a day longer while its platform cannot be reached.
"""

import base64
import binascii
import threading
from collections import defaultdict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from sqlalchemy.orm import Session

from lti_alliance.errors import LaunchRejected, PlatformError
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.models import PlatformKeySet, Registration
from lti_alliance.models.apart import apart
from lti_alliance.models.statements import insert_for

FRESH_FOR = timedelta(hours=1)
STALE_FOR = timedelta(hours=24)
TRY_EVERY = timedelta(minutes=1)
WAIT_S = 5.0

_MAX_BYTES = 262_144
_MAX_KEYS = 100
_BITS = range(2048, 16_385)
_MEMBERS = ("kty", "kid", "n", "e")

# One fetch at a time for each registration; the launches that wait read what it found.
_locks: defaultdict[UUID, threading.Lock] = defaultdict(threading.Lock)


def platform_key(
    session: Session, http: PlatformHTTP, registration: Registration, *, kid: str, at: datetime
) -> RSAPublicKey:
    """Return the platform's key of that id, fetching the platform's key set when need be.

    What a fetch found, and that it was tried, is kept in a transaction of its own: the launch that
    asked may well be refused and rolled back. On SQLite it must therefore not hold the write lock.
    Raises ``LaunchRejected`` with ``platform.keys_unavailable`` or ``token.kid_unknown``.
    """
    kept = session.get(PlatformKeySet, registration.id)
    jwk = _find(kept, kid, at=at)
    if jwk is None or not _is_fresh(kept, at=at):
        kept = _refreshed(session, http, registration, at=at, wait_s=0 if jwk else WAIT_S) or kept
        jwk = _find(kept, kid, at=at)
    if jwk is not None:
        return _loaded(jwk["n"], jwk["e"])
    if kept is None or kept.fetched_at != kept.tried_at:
        raise LaunchRejected("platform.keys_unavailable", status=503)
    raise LaunchRejected("token.kid_unknown", status=401)


def fetch_keys(http: PlatformHTTP, registration: Registration) -> list[dict[str, str]]:
    """Fetch the platform's key set and return its usable keys, public members only.

    Raises ``PlatformError`` when the platform does not answer with a key set.
    """
    answer = http.request(
        "GET",
        registration.jwks_url,
        allow_local=registration.allow_local,
        headers={"Accept": "application/json"},
        deadline_s=WAIT_S,
        max_bytes=_MAX_BYTES,
    )
    try:
        keys = answer.json()["keys"] if answer.status == 200 else None
    except (ValueError, TypeError, KeyError):
        keys = None
    if not isinstance(keys, list):
        raise PlatformError("keys_unreadable", status=answer.status)
    return [{name: key[name] for name in _MEMBERS} for key in keys[:_MAX_KEYS] if _is_usable(key)]


def _refreshed(
    session: Session,
    http: PlatformHTTP,
    registration: Registration,
    *,
    at: datetime,
    wait_s: float,
) -> PlatformKeySet | None:
    lock = _locks[registration.id]
    if not lock.acquire(timeout=wait_s):
        return None
    try:
        # Read afresh: the caller's session, and SQLite's snapshot, are as old as its transaction.
        with Session(session.get_bind(PlatformKeySet)) as own:
            kept = own.get(PlatformKeySet, registration.id)
        if kept is not None and abs(at - kept.tried_at) < TRY_EVERY:
            return kept
        try:
            keys = fetch_keys(http, registration)
        except PlatformError:
            keys = None
        return _keep(session, registration.id, keys, at=at)
    finally:
        lock.release()


def _keep(
    session: Session, registration_id: UUID, keys: list[dict[str, str]] | None, *, at: datetime
) -> PlatformKeySet:
    with apart(session) as own:
        own.execute(
            insert_for(own, PlatformKeySet)
            .values(registration_id=registration_id, jwks={"keys": []}, tried_at=at)
            .on_conflict_do_nothing(index_elements=["registration_id"])
        )
        kept = own.get_one(PlatformKeySet, registration_id)
        kept.tried_at = at
        if keys is not None:
            kept.jwks, kept.fetched_at = {"keys": keys}, at
    return kept


def _is_fresh(kept: PlatformKeySet | None, *, at: datetime) -> bool:
    return kept is not None and kept.fetched_at is not None and at - kept.fetched_at < FRESH_FOR


def _find(kept: PlatformKeySet | None, kid: str, *, at: datetime) -> dict[str, str] | None:
    if kept is None or kept.fetched_at is None or at - kept.fetched_at >= STALE_FOR:
        return None
    return next((key for key in kept.jwks["keys"] if key["kid"] == kid), None)


def _is_usable(key: Any) -> bool:
    if not isinstance(key, dict) or key.get("kty") != "RSA":
        return False
    if key.get("use", "sig") != "sig" or key.get("alg", "RS256") != "RS256":
        return False
    if not all(isinstance(key.get(name), str) and key[name] for name in _MEMBERS):
        return False
    try:
        return _key(key).key_size in _BITS
    except ValueError:
        return False


@lru_cache(maxsize=1000)
def _loaded(modulus: str, exponent: str) -> RSAPublicKey:
    # Which keys are a platform's is asked anew for each launch; what a key is never changes.
    return _key({"n": modulus, "e": exponent})


def _key(jwk: dict[str, str]) -> RSAPublicKey:
    return RSAPublicNumbers(e=_number(jwk["e"]), n=_number(jwk["n"])).public_key()


def _number(text: str) -> int:
    padded = text + "=" * (-len(text) % 4)
    try:
        return int.from_bytes(base64.b64decode(padded.encode("ascii"), b"-_", validate=True), "big")
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64url") from None
