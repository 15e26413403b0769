"""Moodle's token endpoint: its checks, its texts, and its JSON that sometimes is none.

LTI Security Framework 1.0, section 4: https://www.imsglobal.org/spec/security/v1p0/
"""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime
from typing import Any, NoReturn

import jwt
from flask import Response, g, make_response, request

from lti_alliance.practice_lms import keys
from lti_alliance.practice_lms.dialects.moodle_gates import hashed
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.services import refuse

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE_S = 3600
HTML = "text/html; charset=utf-8"


def issue(platform: Platform) -> Response:
    """Check the assertion as Moodle does and answer with an opaque token."""
    form = request.form
    names = ("client_assertion", "client_assertion_type", "grant_type", "scope")
    if request.method != "POST" or not all(form.get(name) for name in names):
        _fail("invalid_request")
    if form["client_assertion_type"] != ASSERTION_TYPE:
        _fail("invalid_request")
    if form["grant_type"] != "client_credentials":
        _fail("unsupported_grant_type")
    assertion = form["client_assertion"]
    claims = _payload(assertion)
    if not claims.get("sub"):
        _fail("invalid_request")
    tool = platform.state.tool
    if claims["sub"] != tool.client_id or not platform.state.switches.key_on:
        _fail("invalid_client")
    fault = verification_fault(platform, assertion)
    if fault:
        _fail(fault)
    granted = [each for each in form["scope"].split() if each in tool.scopes]
    if not granted:
        _fail("invalid_scope")
    token = new_token(platform, granted)
    scope = " ".join(granted)
    g.answered = {"access_token": token, "expires_in": LIFE_S, "scope": scope}
    return _html(
        json.dumps(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": LIFE_S,
                "scope": scope,
            },
            indent=2,
        )
    )


def new_token(platform: Platform, scopes: list[str]) -> str:
    """Make and remember an access token; earlier ones stay valid."""
    token = secrets.token_hex(16)
    now = platform.now()
    with platform.store.lock:
        kept = platform.state.access_tokens
        platform.state.access_tokens = {
            name: each for name, each in kept.items() if each["until"] > now
        }
        platform.state.access_tokens[hashed(token)] = {"scopes": scopes, "until": now + LIFE_S}
    platform.store.changed()
    return token


def verification_fault(platform: Platform, token: str) -> str | None:
    """Verify with the remembered keys, and once more with fresh ones if that fails."""
    remembered = platform.state.cached_tool_keys
    if remembered and _fault_with(remembered, token, platform.now()) is None:
        return None
    try:
        fresh = keys.fetch_tool_keys(
            platform.settings.http, platform.state.tool.jwks_url, agent="MoodleBot/4.3"
        )
    except keys.KeysUnavailable:
        return "error/Error: no keys found in the key set"
    with platform.store.lock:
        platform.state.cached_tool_keys = fresh
    if "kid" not in keys.unverified_header(token):
        return "error/Error: kid must be provided in JWT header."
    return _fault_with(fresh, token, platform.now())


def _fault_with(key_set: dict[str, Any], token: str, now: float) -> str | None:
    header = keys.unverified_header(token)
    jwk = keys.find_jwk(key_set, header.get("kid"))
    if jwk is None:
        return '"kid" invalid, unable to lookup correct key'
    if header.get("alg") != jwk.get("alg", "RS256"):
        return "Incorrect key for this algorithm"
    try:
        claims = jwt.decode(
            token,
            jwt.PyJWK(jwk),
            algorithms=["RS256"],
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except jwt.PyJWTError:
        return "Signature verification failed"
    for name in ("nbf", "iat"):
        if isinstance(claims.get(name), (int, float)) and claims[name] > int(now):
            moment = datetime.fromtimestamp(claims[name], UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
            return f"Cannot handle token with {name} prior to {moment}"
    if isinstance(claims.get("exp"), (int, float)) and int(now) >= claims["exp"]:
        return "Expired token"
    return None


def _payload(assertion: str) -> dict[str, Any]:
    parts = assertion.split(".")
    if len(parts) != 3:
        return {}
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _fail(error: str) -> NoReturn:
    # The text is put between quotation marks as it is, so one with quotation marks is no JSON.
    g.answered = error
    refuse(_html('{\n  "error" : "' + error + '"\n}', 400))


def _html(body: str, status: int = 200) -> Response:
    response = make_response(body, status)
    response.headers["Content-Type"] = HTML
    return response
