"""The id token: one envelope, one signature, one decoding, and the times and parties it names.

Security Framework 1.0 section 5.1.3 (https://www.imsglobal.org/spec/security/v1p0). Each check has
a code of its own: they are what an administrator searches for.
"""

import hmac
import json
import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from lti_alliance.errors import LaunchRejected
from lti_alliance.models import Registration

ALGORITHM = "RS256"
# Canvas sends an assignment's whole description along.
MAX_TOKEN_CHARS = 400_000
LEEWAY_S = 60
MAX_AGE_S = 600
MAX_LIFETIME_S = 3600

_SEGMENT = re.compile(r"[A-Za-z0-9_-]*")
# Moments beyond the year 9999 are no moments.
_MOMENTS = range(253_402_300_800)


def read_header(token: str) -> Mapping[str, Any]:
    """Return the header of a token whose envelope is sound, before anything in it is believed."""
    segments = token.split(".")
    if len(token) > MAX_TOKEN_CHARS or len(segments) != 3:
        _refuse("token.malformed", status=400)
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        _refuse("token.malformed", status=400)
    header = _object(_decoded(segments[0]))
    _object(_decoded(segments[1]))
    return header


def key_id(header: Mapping[str, Any]) -> str:
    """Return the id of the key that the token says it was signed with.

    Everything else in a header that names a key is ignored: an address in a message is never
    fetched.
    """
    if header.get("alg") != ALGORITHM:
        _refuse("token.alg_not_allowed")
    if "crit" in header or "b64" in header:
        # Extensions that a receiver must understand (RFC 7515 section 4.1.11); none is known here.
        _refuse("token.crit_unknown")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        _refuse("token.kid_missing")
    return kid


def unverified_claims(token: str) -> Mapping[str, Any]:
    """Return what a token says before anything in it is believed: to find whose key to ask."""
    return _object(_decoded(token.split(".")[1]))


def verified_claims(token: str, key: RSAPublicKey) -> Mapping[str, Any]:
    """Return what the token says, if the key signed it (RFC 7515 section 5.2, RS256)."""
    signed, _, signature = token.rpartition(".")
    try:
        key.verify(_decoded(signature), signed.encode("ascii"), PKCS1v15(), SHA256())
    except InvalidSignature:
        _refuse("token.signature_invalid")
    return _object(_decoded(signed.partition(".")[2]))


def check_parties(claims: Mapping[str, Any], registration: Registration) -> None:
    """Check who sent the token and for whom it was made."""
    if not claims.get("iss"):
        _refuse("claim.iss_missing")
    if claims["iss"] != registration.issuer:
        _refuse("claim.iss_mismatch")
    own = registration.client_id
    audiences = _audiences(claims.get("aud"))
    if own not in audiences:
        _refuse("claim.aud_mismatch")
    if not set(audiences) <= {own, *registration.trusted_audiences}:
        _refuse("claim.aud_untrusted")
    party = claims.get("azp")
    if party is None and len(audiences) > 1:
        _refuse("claim.azp_missing")
    if party is not None and party != own:
        _refuse("claim.azp_invalid")


def check_times(claims: Mapping[str, Any], *, at: datetime) -> None:
    """Check that the token was made just now and does not live for long.

    A minute of leeway covers clocks that differ; Moodle's tokens live no longer than that.
    """
    now = at.timestamp()
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if now > expires + LEEWAY_S:
        _refuse("claim.expired")
    if issued > now + LEEWAY_S:
        _refuse("claim.iat_future")
    if issued < now - MAX_AGE_S:
        _refuse("claim.iat_stale")
    if expires - issued > MAX_LIFETIME_S + LEEWAY_S:
        _refuse("claim.exp_too_far")
    if claims.get("nbf") is not None and _moment(claims, "nbf") > now + LEEWAY_S:
        _refuse("claim.nbf_future")


def check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    """Check that the token answers this login and no other."""
    given = claims.get("nonce")
    if not isinstance(given, str) or not given:
        _refuse("claim.nonce_missing")
    if not hmac.compare_digest(given.encode(errors="replace"), nonce.encode()):
        _refuse("claim.nonce_mismatch")


def _audiences(named: object) -> list[str]:
    listed = [named] if isinstance(named, str) else named
    if not isinstance(listed, list) or not listed:
        _refuse("claim.aud_invalid")
    if not all(isinstance(each, str) and each for each in listed):
        _refuse("claim.aud_invalid")
    return listed


def _moment(claims: Mapping[str, Any], name: str) -> int:
    if name not in claims:
        _refuse(f"claim.{name}_missing")
    value = claims[name]
    # A boolean is an int to Python, and a text of digits one to PyJWT.
    if type(value) is not int or value not in _MOMENTS:
        _refuse(f"claim.{name}_invalid")
    return value


def _decoded(segment: str) -> bytes:
    try:
        return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except NotBase64:
        _refuse("token.malformed", status=400)


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        _refuse("token.malformed", status=400)
    return value


def _refuse(code: str, *, status: int = 401) -> NoReturn:
    raise LaunchRejected(code, status=status)
