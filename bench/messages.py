"""Launch messages as Canvas makes them, signed ahead of the moment they are needed."""

import json
import time
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwt.algorithms import RSAAlgorithm

_KEY_BITS = 2048
_KID = "bench"
_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
_AGS = "https://purl.imsglobal.org/spec/lti-ags/"
_NRPS = "https://purl.imsglobal.org/spec/lti-nrps/"
_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/"
SCOPES = (
    f"{_AGS}scope/lineitem",
    f"{_AGS}scope/result.readonly",
    f"{_AGS}scope/score",
)


@dataclass(frozen=True)
class Issuer:
    """A platform as launches name it; ``base_url`` is where its services answer."""

    base_url: str
    private_key: RSAPrivateKey
    client_id: str = "10000000000001"
    deployment_id: str = "1:bench"
    context_id: str = "bench-course"
    link_id: str = "bench-link"
    role: str = "Learner"
    """What everybody is in the course."""
    padding_chars: int = 0
    """How much longer than usual its tokens are."""

    @property
    def issuer(self) -> str:
        """Return what stands in `iss`."""
        return self.base_url

    @cached_property
    def jwks(self) -> dict[str, Any]:
        """Return the key set to publish."""
        public = json.loads(RSAAlgorithm.to_jwk(self.private_key.public_key()))
        return {"keys": [public | {"kid": _KID, "alg": "RS256", "use": "sig"}]}

    def private_pem(self) -> str:
        """Return the private key as a PEM text."""
        return self.private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()

    def sign(self, *, sub: str, nonce: str, launch_url: str) -> str:
        """Return the id token of one student's launch."""
        return jwt.encode(
            self._claims(sub, nonce, launch_url),
            self.private_key,
            algorithm="RS256",
            headers={"kid": _KID},
        )

    def _claims(self, sub: str, nonce: str, launch_url: str) -> dict[str, Any]:
        now = int(time.time())
        services = f"{self.base_url}/courses/1"
        return {
            "iss": self.issuer,
            "aud": self.client_id,
            "azp": self.client_id,
            "sub": sub,
            "nonce": nonce,
            "iat": now,
            "exp": now + 3600,
            "name": f"Student {sub}",
            "given_name": "Student",
            "family_name": sub,
            "email": f"{sub}@school.example",
            "picture": f"{self.base_url}/images/messages/avatar-50.png",
            "locale": "en",
            "errors": {"errors": {}},
            f"{_CLAIM}message_type": "LtiResourceLinkRequest",
            f"{_CLAIM}version": "1.3.0",
            f"{_CLAIM}deployment_id": self.deployment_id,
            f"{_CLAIM}target_link_uri": launch_url,
            f"{_CLAIM}lti1p1": {"user_id": sub, "validation_context": None},
            f"{_CLAIM}resource_link": {
                "id": self.link_id,
                "title": "The alliance: a first look",
                "description": "<p>Read, answer, reflect.</p>" + "x" * self.padding_chars,
            },
            f"{_CLAIM}context": {
                "id": self.context_id,
                "label": "COUN-5100",
                "title": "The Helping Relationship",
                "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
            },
            f"{_CLAIM}tool_platform": {
                "guid": "bench:canvas-lms",
                "name": "Bench College",
                "version": "cloud",
                "product_family_code": "canvas",
                "validation_context": None,
            },
            f"{_CLAIM}launch_presentation": {
                "document_target": "iframe",
                "return_url": f"{services}/external_content/success/external_tool_redirect",
                "locale": "en",
                "height": 400,
                "width": 800,
            },
            f"{_CLAIM}roles": [
                f"{_ROLE}institution/person#Student",
                f"{_ROLE}membership#{self.role}",
                f"{_ROLE}system/person#User",
            ],
            f"{_CLAIM}custom": {
                "points": "100",
                "sections": "301",
                "time_zone": "America/Denver",
                "context_history": "",
            },
            f"{_AGS}claim/endpoint": {
                "scope": list(SCOPES),
                "lineitems": f"{services}/line_items",
                "lineitem": f"{services}/line_items/1",
            },
            f"{_NRPS}claim/namesroleservice": {
                "context_memberships_url": f"{self.base_url}/members",
                "service_versions": ["2.0"],
            },
        }


def new_issuer(base_url: str, *, padding_chars: int = 0) -> Issuer:
    """Make an issuer with a key of its own."""
    key = generate_private_key(65537, _KEY_BITS)
    return Issuer(base_url, key, padding_chars=padding_chars)


def login_form(issuer: Issuer, *, sub: str, launch_url: str) -> dict[str, str]:
    """Return the form that begins a login."""
    return {
        "iss": issuer.issuer,
        "client_id": issuer.client_id,
        "login_hint": sub,
        "lti_message_hint": uuid.uuid4().hex,
        "target_link_uri": launch_url,
        "lti_deployment_id": issuer.deployment_id,
    }
