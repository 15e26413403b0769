"""Notices as a platform posts them, for the tests."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from werkzeug.test import TestResponse

from tests.platforms import LTI, World, replaced, rsa_key, signed


def notice_claims(
    world: World,
    *,
    kind: str = "LtiContextCopyNotice",
    notice_id: str = "",
    context: str = "course-2",
    origins: Sequence[str] = ("course-1",),
) -> dict[str, Any]:
    """Return what a notice says, of a copied course unless told otherwise."""
    platform, now = world.platform, int(world.now().timestamp())
    return {
        "iss": platform.issuer,
        "aud": platform.client_id,
        "azp": platform.client_id,
        "iat": now,
        "exp": now + 3600,
        "nonce": uuid4().hex,
        f"{LTI}deployment_id": platform.deployment_id,
        f"{LTI}version": "1.3.0",
        f"{LTI}notice": {
            "id": notice_id or uuid4().hex,
            "timestamp": "2027-03-01T12:00:00Z",
            "type": kind,
        },
        f"{LTI}context": {"id": context},
        f"{LTI}origin_contexts": list(origins),
    }


def notice_token(
    world: World,
    *,
    kind: str = "LtiContextCopyNotice",
    notice_id: str = "",
    context: str = "course-2",
    origins: Sequence[str] = ("course-1",),
    key: str | None = None,
    header: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Sign a notice with changed claims; LTI's own are named by their last word."""
    platform = world.platform
    claims = notice_claims(world, kind=kind, notice_id=notice_id, context=context, origins=origins)
    own = ("iss", "aud", "azp", "iat", "exp", "nonce")
    named = {name if name in own else f"{LTI}{name}": value for name, value in changes.items()}
    head = replaced({"kid": platform.kid, "typ": "JWT"}, header or {})
    return signed(replaced(claims, named), key=rsa_key(key or platform.key), header=head)


def send_notices(world: World, *tokens: str) -> TestResponse:
    """Post notices to the tool."""
    body = {"notices": [{"jwt": token} for token in tokens]}
    return world.browser().post("/lti/notices", json=body)
