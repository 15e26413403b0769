"""A platform inside the test process: keys, tokens good and bad, and a browser's walk through it.

Small on purpose and free to send what no real platform would: for how a real one behaves there is
the practice LMS.
"""

import base64
import io
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from flask import Flask
from flask.testing import FlaskClient
from jwt.api_jws import PyJWS
from requests.adapters import BaseAdapter
from sqlalchemy.orm import Session
from urllib3 import HTTPResponse
from werkzeug.test import TestResponse

from lti_alliance.models import Registration
from lti_alliance.services.platforms import add_registration

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
LEARNER = f"{MEMBERSHIP}Learner"
INSTRUCTOR = f"{MEMBERSHIP}Instructor"

MISSING: Any = object()
"""A claim, header or parameter with this value is left out."""


@cache
def rsa_key(name: str) -> RSAPrivateKey:
    """Return a key that stays the same for the whole run."""
    return generate_private_key(65537, 2048)


def base64url(data: bytes) -> str:
    """Encode as JOSE wants it, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_jwk(name: str, kid: str) -> dict[str, str]:
    """Return the public half of a key as a JWK."""
    numbers = rsa_key(name).public_key().public_numbers()
    n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    e = numbers.e.to_bytes(3, "big")
    return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid} | {
        "n": base64url(n),
        "e": base64url(e),
    }


def signed(payload: Any, *, key: Any, alg: str = "RS256", header: Mapping[str, Any]) -> str:
    """Sign any payload: what is not bytes becomes JSON first."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return PyJWS().encode(body, key, algorithm=alg, headers=dict(header))


def replaced(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with changes, ``MISSING`` ones left out."""
    return {k: v for k, v in {**values, **changes}.items() if v is not MISSING}


class Network(BaseAdapter):
    """The internet as the tool sees it: addresses with answers, and a list of who was called."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Callable[[], tuple[int, Mapping[str, str], bytes]]] = {}
        self.calls: list[str] = []
        self.requests: list[requests.PreparedRequest] = []
        """What was called, with headers and body."""

    def session(self) -> requests.Session:
        """Make a session that reaches this network and nothing else."""
        session = requests.Session()
        session.mount("https://", self)
        session.mount("http://", self)
        return session

    def serve_json(self, url: str, read: Callable[[], Any]) -> None:
        """Answer an address with JSON that is made at each call."""
        self.pages[url] = lambda: (
            200,
            {"Content-Type": "application/json"},
            json.dumps(read()).encode(),
        )

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:
        """Answer one call."""
        assert request.url is not None
        self.calls.append(request.url)
        self.requests.append(request)
        if request.url not in self.pages:
            raise requests.ConnectionError(f"nothing at {request.url}")
        status, headers, body = self.pages[request.url]()
        raw = HTTPResponse(
            body=io.BytesIO(body), headers=headers, status=status, preload_content=False
        )
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.raw = raw
        response.url = request.url
        response.request = request
        return response

    def close(self) -> None:
        """Hold nothing open."""


@dataclass
class Platform:
    """A platform with one registration of the tool."""

    issuer: str = "https://lms.test"
    client_id: str = "client-1"
    kid: str = "key-1"
    key: str = "platform"
    deployment_id: str = "1"
    name: str = "LMS"
    registration: Registration = field(init=False)

    @property
    def jwks_url(self) -> str:
        """Where the platform publishes its keys."""
        return f"{self.issuer}/jwks"

    @property
    def jwks(self) -> dict[str, Any]:
        """What it publishes."""
        return {"keys": [public_jwk(self.key, self.kid)]}

    def register(self, session: Session, *, at: datetime, **fields: Any) -> Registration:
        """Register the tool at this platform, with its one deployment approved."""
        given: dict[str, Any] = {"deployment_ids": [self.deployment_id]} | fields
        self.registration = add_registration(
            session,
            name=self.name,
            issuer=self.issuer,
            client_id=self.client_id,
            auth_login_url=f"{self.issuer}/auth",
            auth_token_url=f"{self.issuer}/token",
            jwks_url=self.jwks_url,
            at=at,
            **given,
        )
        session.commit()
        return self.registration

    def claims(self, login: "Login", *, at: datetime) -> dict[str, Any]:
        """Return the claims of a student's launch."""
        now = int(at.timestamp())
        return {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "student-1",
            "nonce": login.nonce,
            "iat": now,
            "exp": now + 300,
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": self.deployment_id,
            f"{LTI}target_link_uri": login.target_link_uri,
            f"{LTI}roles": [LEARNER],
            f"{LTI}context": {"id": "course-1", "label": "COUN 501", "title": "Helping Skills"},
            f"{LTI}resource_link": {"id": "link-1", "title": "Alliance"},
        }

    def token(
        self,
        login: "Login",
        *,
        at: datetime,
        header: Mapping[str, Any] | None = None,
        key: str | None = None,
        **claims: Any,
    ) -> str:
        """Sign a launch with changed claims; LTI's own are named by their last word."""
        changes = {_claim_name(name): value for name, value in claims.items()}
        payload = replaced(self.claims(login, at=at), changes)
        head = replaced({"kid": self.kid, "typ": "JWT"}, header or {})
        return signed(payload, key=rsa_key(key or self.key), header=head)


_REGISTERED = frozenset(
    {"iss", "aud", "azp", "sub", "nonce", "iat", "exp", "nbf", "name", "given_name", "family_name"}
    | {"email", "locale"}
)


def _claim_name(name: str) -> str:
    return name if name in _REGISTERED or ":" in name else f"{LTI}{name}"


@dataclass(frozen=True)
class Login:
    """One login, up to the platform's authorization endpoint."""

    platform: Platform
    target_link_uri: str
    location: str
    state: str
    nonce: str


@dataclass
class Browser:
    """A browser with its own cookies, walking between a platform and the tool."""

    world: "World"
    client: FlaskClient

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open an address of the tool."""
        return self.client.get(path, base_url=self.world.base_url, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        """Send a form to the tool."""
        return self.client.post(path, base_url=self.world.base_url, **options)

    def start(self, platform: Platform | None = None, **changes: Any) -> TestResponse:
        """Send the platform's login request."""
        return self.post("/lti/login", data=self.world.login_fields(platform, **changes))

    def begin(self, platform: Platform | None = None, **changes: Any) -> Login:
        """Walk from the platform's login request to its authorization endpoint."""
        platform = platform or self.world.platform
        answer = self.start(platform, **changes)
        if answer.status_code == 303:
            answer = self.get(answer.location)
        assert answer.status_code == 302, answer.text
        sent = parse_qs(urlsplit(answer.location).query, keep_blank_values=True)
        fields = self.world.login_fields(platform, **changes)
        return Login(
            platform=platform,
            target_link_uri=fields["target_link_uri"],
            location=answer.location,
            state=sent["state"][0],
            nonce=sent["nonce"][0],
        )

    def send(self, login: Login, token: str, **fields: Any) -> TestResponse:
        """Post the platform's answer to the tool."""
        form = replaced({"id_token": token, "state": login.state}, fields)
        return self.post("/lti/launch", data=form)

    def launch(self, platform: Platform | None = None, **changes: Any) -> TestResponse:
        """Walk the whole way with a token that has these changes."""
        login = self.begin(platform)
        return self.send(login, self.world.token(login, **changes))

    def open(self, platform: Platform | None = None, **changes: Any) -> TestResponse:
        """Launch, and return the first page."""
        answer = self.launch(platform, **changes)
        assert answer.status_code == 303, answer.text
        return self.get(answer.location)


@dataclass
class World:
    """The tool, a platform that it knows, the network between them, and a clock."""

    app: Flask
    session: Session
    now: Callable[[], datetime]
    network: Network
    base_url: str
    platform: Platform = field(default_factory=Platform)

    def add(self, platform: Platform, **fields: Any) -> Platform:
        """Register one more platform and put its keys on the network."""
        platform.register(self.session, at=self.now(), **fields)
        self.network.serve_json(platform.jwks_url, lambda: platform.jwks)
        return platform

    def browser(self) -> Browser:
        """Open a browser without any cookie."""
        return Browser(self, self.app.test_client())

    def login_fields(self, platform: Platform | None = None, **changes: Any) -> dict[str, Any]:
        """Return the fields of a login request."""
        platform = platform or self.platform
        fields = {
            "iss": platform.issuer,
            "client_id": platform.client_id,
            "login_hint": "hint-1",
            "lti_message_hint": "message-1",
            "target_link_uri": f"{self.base_url}/lti/launch",
            "lti_deployment_id": platform.deployment_id,
        }
        return replaced(fields, changes)

    def token(self, login: Login, **changes: Any) -> str:
        """Sign the launch of a login, now."""
        return login.platform.token(login, at=self.now(), **changes)

    def payload(self, login: Login) -> dict[str, Any]:
        """Return the unsigned claims of a login's launch."""
        return deepcopy(login.platform.claims(login, at=self.now()))
