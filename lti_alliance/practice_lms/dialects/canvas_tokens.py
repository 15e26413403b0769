"""Canvas's token endpoint: client credentials with a signed assertion.

LTI Security Framework 1.0, section 4: https://www.imsglobal.org/spec/security/v1p0/
"""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

import jwt
from flask import Response, request

from lti_alliance.practice_lms import keys
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.services import answer, refuse

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "jti")
OLDEST_S = 5 * 60
AHEAD_S = 30
LIFE_S = 3600
BAD_SIGNATURE = "JWS signature invalid."


def issue(platform: Platform) -> Response:
    """Check the assertion as Canvas does and answer with an access token, itself a JWT."""
    form = request.form
    if form.get("grant_type") != "client_credentials":
        _fail("unsupported_grant_type", "The grant_type you requested is not currently supported")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        _fail("invalid_request", "client_assertion_type is not supported")
    claims = verified_claims(platform, form.get("client_assertion", ""))
    faults = claim_faults(claims, now=platform.now(), audience=platform.settings.host)
    if faults:
        _fail("invalid_request", " | ".join(faults))
    scopes = form.get("scope", "").split()
    refused = [each for each in scopes if each not in platform.state.tool.scopes]
    if refused or not scopes:
        _fail(
            "invalid_scope", "A requested scope is invalid, unknown or malformed: " + str(refused)
        )
    return answer(
        {
            "access_token": access_token(platform, scopes),
            "token_type": "Bearer",
            "expires_in": LIFE_S,
            "scope": " ".join(scopes),
        }
    )


def access_token(platform: Platform, scopes: list[str], **changed: Any) -> str:
    """Return an access token for these scopes."""
    now = int(platform.now())
    claims = {
        "iss": "https://canvas.instructure.com",
        "sub": platform.state.tool.client_id,
        "aud": f"{platform.root}/login/oauth2/token",
        "iat": now,
        "exp": now + LIFE_S,
        "jti": str(uuid.uuid4()),
        "scopes": " ".join(scopes),
        **changed,
    }
    return jwt.encode(claims, platform.state.secret, algorithm="HS256")


def verified_claims(platform: Platform, assertion: str) -> dict[str, Any]:
    """Return the payload once the tool's own key, fetched live, has verified it."""
    header = keys.unverified_header(assertion)
    claimed = keys.unverified_claims(assertion)
    client = claimed.get("sub")
    if not header or client != platform.state.tool.client_id:
        _fail("invalid_request", BAD_SIGNATURE)
    return check_signature(platform, assertion)


def check_signature(platform: Platform, token: str) -> dict[str, Any]:
    """Verify a token of the tool with the key that its `kid` names."""
    settings, tool = platform.settings, platform.state.tool
    try:
        key_set = keys.fetch_tool_keys(settings.http, tool.jwks_url, agent="Canvas (practice)")
        jwk = keys.find_jwk(key_set, keys.unverified_header(token).get("kid"))
        key = jwt.PyJWK(jwk, algorithm="RS256") if jwk else None
    except (keys.KeysUnavailable, jwt.PyJWTError) as error:
        _fail("invalid_request", f"JWK Error: {error}")
    if key is None:
        _fail("invalid_request", BAD_SIGNATURE)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
    except jwt.PyJWTError:
        _fail("invalid_request", BAD_SIGNATURE)
    return dict(claims)


def claim_faults(claims: dict[str, Any], *, now: float, audience: str) -> list[str]:
    """Return every fault of the assertion's claims, not only the first."""
    faults = []
    missing = [name for name in REQUIRED if claims.get(name) in (None, "")]
    if missing:
        faults.append("the following assertions are missing: " + ",".join(missing))
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    accepted = f"://{audience}/canvas/login/oauth2/token"
    if "aud" not in missing and not any(str(each).endswith(accepted) for each in audiences):
        faults.append("the 'aud' is invalid")
    return faults + time_faults(claims, now=now)


def time_faults(claims: dict[str, Any], *, now: float) -> list[str]:
    """Return what is wrong with `iat` and `exp`."""
    faults = []
    issued, expires = claims.get("iat"), claims.get("exp")
    if isinstance(expires, (int, float)) and expires <= now:
        faults.append("the JWT has expired")
    if isinstance(issued, (int, float)):
        if issued < now - OLDEST_S:
            faults.append("the 'iat' must be less than 300 seconds old")
        if issued > now + AHEAD_S:
            faults.append("the 'iat' must not be in the future")
    return faults


def _fail(error: str, description: str) -> NoReturn:
    refuse(answer({"error": error, "error_description": description}, status=400))
