"""Keys: the platforms' own signing keys, and the tool's public keys fetched over HTTP."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

FETCH_TIMEOUT_S = 5


class KeysUnavailable(Exception):
    """The tool's keys could not be fetched or read."""


def new_key_id(platform: str, now: float) -> str:
    """Return a key id in the platform's manner."""
    if platform == "moodle":
        return uuid.uuid4().hex[:20]
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{moment}_{uuid.uuid4()}"


def new_private_key() -> str:
    """Return a fresh RSA key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")


@lru_cache(maxsize=16)
def load_private_key(pem: str) -> rsa.RSAPrivateKey:
    """Parse a PEM once: parsing checks the key and takes fifty times longer than signing."""
    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the practice LMS signs with RSA keys only")
    return key


def public_jwk(kid: str, pem: str) -> dict[str, Any]:
    """Return the public half as a JSON Web Key."""
    jwk: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(load_private_key(pem).public_key()))
    jwk.pop("key_ops", None)
    return {**jwk, "kid": kid, "alg": "RS256", "use": "sig"}


def fetch_tool_keys(http: requests.Session, url: str, *, agent: str) -> dict[str, Any]:
    """Fetch the tool's key set now."""
    try:
        answer = http.get(url, timeout=FETCH_TIMEOUT_S, headers={"User-Agent": agent})
        answer.raise_for_status()
        key_set = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise KeysUnavailable(type(error).__name__) from error
    if not isinstance(key_set, dict) or not isinstance(key_set.get("keys"), list):
        raise KeysUnavailable("not a key set")
    return key_set


def find_jwk(key_set: dict[str, Any], kid: object) -> dict[str, Any] | None:
    """Return the key of that id."""
    return next(
        (each for each in key_set["keys"] if isinstance(each, dict) and each.get("kid") == kid),
        None,
    )


def unverified_header(token: str) -> dict[str, Any]:
    """Return a token's header, or nothing when it is no token."""
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        return {}


def unverified_claims(token: str) -> dict[str, Any]:
    """Return a token's payload unchecked, or nothing when it is no token."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
    return claims if isinstance(claims, dict) else {}
