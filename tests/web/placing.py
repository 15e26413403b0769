"""An instructor in the LMS's add-activity dialog, on the test's own network."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import jwt
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_alliance.lti import keys
from lti_alliance.lti.claims import CLAIM, DEEP_LINKING_SETTINGS
from lti_alliance.lti.deep_linking import DL_CLAIM
from lti_alliance.models import ContentItem
from lti_alliance.parts import EXTENSION
from tests.platforms import INSTRUCTOR, MISSING, World, replaced

RETURN = "https://lms.test/courses/77/deep_linking_response?data=eyJ0eXAi.e30.x"


def request_claims(**settings: Any) -> dict[str, Any]:
    """Return the claims that make a launch a deep linking request."""
    told = {
        "deep_link_return_url": RETURN,
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe", "window"],
        "accept_multiple": False,
    }
    return {
        f"{CLAIM}message_type": "LtiDeepLinkingRequest",
        f"{CLAIM}resource_link": MISSING,
        f"{CLAIM}roles": [INSTRUCTOR],
        DEEP_LINKING_SETTINGS: replaced(told, settings),
    }


class Placing:
    """One request, its dialog, and the answers that the LMS gets."""

    def __init__(
        self, world: World, *, claims: Mapping[str, Any] | None = None, **settings: Any
    ) -> None:
        self.world = world
        keys.ensure_keys(world.session, world.app.extensions[EXTENSION].sealer, at=world.now())
        world.session.commit()
        self.browser = world.browser()
        launched = self.browser.launch(**request_claims(**settings) | dict(claims or {}))
        assert launched.status_code == 303, launched.text
        self.home = self.browser.get(launched.location)
        self.handle = self.home.request.path.split("/")[2]
        self.page = self.get("")

    def get(self, path: str) -> TestResponse:
        return self.browser.get(f"/launches/{self.handle}/picker/{path}")

    def post(self, path: str, form: Any = None) -> TestResponse:
        data = dict(form or {}) | {"csrf_token": self.csrf_token}
        return self.browser.post(f"/launches/{self.handle}/picker/{path}", data=data)

    @property
    def csrf_token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page.text)
        assert found, self.page.text
        return found[1]

    def fields(self, path: str) -> dict[str, Any]:
        """Return the fields of a settings form as a browser would send them untouched."""
        return form_fields(self.get(path).text)

    def answer(self, page: TestResponse) -> dict[str, Any]:
        """Verify the signed answer on a page as the LMS does, and return its claims."""
        token = form_fields(page.text)["JWT"][0]
        published = jwt.PyJWKSet.from_dict(keys.public_key_set(self.world.session))
        key = published[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=self.world.platform.issuer,
            issuer=self.world.platform.client_id,
            options={"verify_exp": False, "verify_iat": False},
        )
        return claims

    def items(self, page: TestResponse) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.answer(page)[f"{DL_CLAIM}content_items"]
        return found

    @property
    def kept(self) -> list[ContentItem]:
        self.world.session.rollback()
        return list(self.world.session.scalars(select(ContentItem)))


def form_fields(html: str) -> dict[str, list[str]]:
    """Read what the forms of a page would send: inputs with values, checked boxes, choices."""
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", html):
        attributes = dict(re.findall(r'([\w.-]+)="([^"]*)"', tag))
        if attributes.get("type") in ("checkbox", "radio") and not re.search(r"\bchecked\b", tag):
            continue
        if "name" in attributes:
            value = unescape(attributes.get("value", "on"))
            fields.setdefault(unescape(attributes["name"]), []).append(value)
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)"[^>]*\bselected\b', body)
        if chosen:
            fields[name] = [unescape(chosen[1])]
    return fields
