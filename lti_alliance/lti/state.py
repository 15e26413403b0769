"""Login state: what the tool remembers of a login until its launch, signed, without a row.

Security Framework 1.0 section 5.1.1.2 (https://www.imsglobal.org/spec/security/v1p0). The state
names the registration, the target and the nonce of one login and is bound to one browser by the
digest of a secret that only a cookie (or the platform's storage) of that browser holds. It is
consumed by the unique ``state_id`` of the launch session.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from lti_alliance.errors import LaunchRejected

LIFETIME = timedelta(minutes=10)
_SKEW = timedelta(minutes=1)
_SECRET_BYTES = 32
_MAX_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class LoginState:
    """One login: ``id`` and ``nonce`` are 256 random bits each."""

    id: str
    registration_id: UUID
    nonce: str
    target_link_uri: str
    browser_digest: str
    issued_at: datetime
    storage_target: str = ""
    """The frame of the platform that keeps the secret, beside the cookie; empty for none."""


def new_browser_secret() -> str:
    """Make the secret that binds a login to the browser that keeps it."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def mint(
    secret_key: str,
    *,
    registration_id: UUID,
    target_link_uri: str,
    browser_secret: str,
    at: datetime,
    storage_target: str = "",
) -> tuple[LoginState, str]:
    """Make the state of a new login, and the signed token that carries it."""
    state = LoginState(
        id=secrets.token_urlsafe(_SECRET_BYTES),
        registration_id=registration_id,
        nonce=secrets.token_urlsafe(_SECRET_BYTES),
        target_link_uri=target_link_uri,
        browser_digest=_digest(browser_secret),
        issued_at=at,
        storage_target=storage_target,
    )
    fields = [
        state.id,
        state.registration_id.hex,
        state.nonce,
        state.target_link_uri,
        state.browser_digest,
        at.timestamp(),
        state.storage_target,
    ]
    return state, str(_serializer(secret_key).dumps(fields))


def read(secret_key: str, token: str, *, at: datetime) -> LoginState:
    """Read a state that this tool signed in the last ten minutes.

    Raises ``LaunchRejected`` with ``launch.state_unknown`` or ``launch.state_expired``. Whether it
    is this browser's is for ``is_bound`` to say, and whether it is spent for the launch session.
    """
    try:
        # A token that is too long is cut, which its signature does not survive.
        cut = token[:_MAX_LENGTH]
        fields = _serializer(secret_key).loads(cut)
        state_id, registration, nonce, target, digest, moment, storage_target = fields
        issued_at = datetime.fromtimestamp(moment, UTC)
        registration_id = UUID(hex=registration)
    except (BadData, TypeError, ValueError):
        raise LaunchRejected("launch.state_unknown", status=401) from None
    age = at - issued_at
    if age > LIFETIME or age < -_SKEW:
        raise LaunchRejected("launch.state_expired", status=401)
    return LoginState(state_id, registration_id, nonce, target, digest, issued_at, storage_target)


def is_bound(state: LoginState, browser_secret: str) -> bool:
    """Say whether this is the secret of the browser that began the login."""
    return hmac.compare_digest(state.browser_digest, _digest(browser_secret))


def _digest(browser_secret: str) -> str:
    return sha256(browser_secret.encode(errors="replace")).hexdigest()


def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        secret_key,
        salt="lti_alliance.lti.state",
        signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
    )
