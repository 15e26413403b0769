"""The answer to a deep linking request, signed on the server and posted by the browser.

Deep Linking 2.0 section 5, https://www.imsglobal.org/spec/lti-dl/v2p0. The audience is the
platform's issuer and the issuer is the client id; Canvas takes nothing that is older than five
minutes.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import jwt

from lti_alliance.domain.gradebook import Family
from lti_alliance.lti import quirks
from lti_alliance.lti.claims import CLAIM, LINK_TYPE
from lti_alliance.lti.keys import SigningKey
from lti_alliance.lti.tool_description import VARIABLES

RESPONSE = "LtiDeepLinkingResponse"
DL_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"
VALID_FOR = timedelta(minutes=5)
TAG = quirks.OWN_TAG
_NONCE_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLink:
    """One activity as the platform is asked to add it."""

    id: str
    """Opaque; travels in `custom` and in `resourceId`, and survives a copy of the course."""
    title: str
    text: str
    maximum: Decimal | None
    """Points of its gradebook column; nothing where no column is to be made."""
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Whom the answer goes to."""

    issuer: str
    client_id: str
    deployment_id: str
    family: str
    data: str | None


def response_token(
    answering: Answering,
    links: Sequence[PlacedLink],
    *,
    key: SigningKey,
    launch_url: str,
    message: str = "",
    at: datetime,
) -> str:
    """Sign the answer; no links cancel the request."""
    claims: dict[str, Any] = {
        "iss": answering.client_id,
        "aud": [answering.issuer],
        "iat": int(at.timestamp()),
        "exp": int((at + VALID_FOR).timestamp()),
        "nonce": secrets.token_urlsafe(_NONCE_BYTES),
        f"{CLAIM}deployment_id": answering.deployment_id,
        f"{CLAIM}message_type": RESPONSE,
        f"{CLAIM}version": "1.3.0",
        f"{DL_CLAIM}content_items": [
            content_item(link, family=answering.family, launch_url=launch_url) for link in links
        ],
    }
    # A request without data is answered without: a null is something else to a strict platform.
    if answering.data is not None:
        claims[f"{DL_CLAIM}data"] = answering.data
    if message:
        claims[f"{DL_CLAIM}msg"] = message
    return jwt.encode(claims, key.private_key, algorithm="RS256", headers={"kid": key.kid})


def content_item(link: PlacedLink, *, family: str, launch_url: str) -> dict[str, Any]:
    """Return one link as a content item (section 3.2)."""
    item: dict[str, Any] = {
        "type": LINK_TYPE,
        "title": link.title,
        "text": link.text,
        "url": launch_url,
        "custom": {"activity": link.id, **_variables(family)},
    }
    if link.maximum is not None:
        item["lineItem"] = {
            "label": link.title,
            "scoreMaximum": quirks.as_number(link.maximum),
            "resourceId": link.id,
            "tag": TAG,
        }
    if link.closes_at is not None:
        # Canvas takes the end of the submission for the due date, and what it calls available for
        # its lock; Moodle leaves both out.
        end = link.closes_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        item["submission"] = {"endDateTime": end}
        item["available"] = {"endDateTime": end}
    return item


def _variables(family: str) -> Mapping[str, str]:
    """Return the variables that a link asks for, in case the registration does not."""
    canvas_only = ("Canvas.", "com.instructure.")
    return {
        name: f"${variable}"
        for name, variable in VARIABLES.items()
        if family == Family.CANVAS or not variable.startswith(canvas_only)
    }
