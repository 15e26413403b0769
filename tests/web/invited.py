"""An LMS that registers the tool by an invitation, on the test's own network."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.roster import MEMBERSHIP_SCOPE
from lti_alliance.lti.platform_configuration import PLATFORM
from lti_alliance.lti.registration import TOOL
from lti_alliance.lti.tool_description import NOTICE_SCOPE
from lti_alliance.models import Registration
from lti_alliance.services import invitations
from tests.platforms import MISSING, World, replaced

LMS = "https://moodle.school.test"
SCHOOL = "https://school.instructure.com"
TOKEN = "one-time-token"


def moodle(**changes: Any) -> dict[str, Any]:
    """Return the description of a Moodle, with some of it changed or missing."""
    document = {
        "issuer": LMS,
        "authorization_endpoint": f"{LMS}/mod/lti/auth.php",
        "token_endpoint": f"{LMS}/mod/lti/token.php",
        "jwks_uri": f"{LMS}/mod/lti/certs.php",
        "registration_endpoint": f"{LMS}/mod/lti/openid-registration.php",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["id_token"],
        "scopes_supported": [*GradeScope, MEMBERSHIP_SCOPE, "openid"],
        PLATFORM: {
            "product_family_code": "moodle",
            "version": "4.3 (Build: 20231009)",
            "messages_supported": [
                {"type": "LtiResourceLinkRequest"},
                {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
            ],
            "variables": ["Context.id", "Context.id.history", "Person.address.timezone"],
        },
    }
    return replaced(document, changes)


def canvas(**changes: Any) -> dict[str, Any]:
    """Return the description of a school's Canvas at Instructure."""
    issuer, signer = "https://canvas.instructure.com", "https://sso.canvaslms.com"
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{signer}/api/lti/authorize_redirect",
        "token_endpoint": f"{signer}/login/oauth2/token",
        "jwks_uri": f"{signer}/api/lti/security/jwks",
        "registration_endpoint": f"{SCHOOL}/api/lti/registrations",
        "authorization_server": "canvas.instructure.com",
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": [*GradeScope, MEMBERSHIP_SCOPE, NOTICE_SCOPE],
        PLATFORM: {
            "product_family_code": "canvas",
            "version": "vCloud",
            "messages_supported": [
                {"type": "LtiResourceLinkRequest", "placements": ["course_navigation"]},
                {
                    "type": "LtiDeepLinkingRequest",
                    "placements": [
                        "https://canvas.instructure.com/lti/assignment_selection",
                        "link_selection",
                        "editor_button",
                    ],
                },
            ],
            "variables": ["Context.id.history", "Canvas.assignment.dueAt.iso8601"],
            "https://canvas.instructure.com/lti/account_name": "Test University",
        },
    }
    return replaced(document, changes)


class Invited:
    """Somebody with an invitation, at an LMS whose answers the test writes."""

    def __init__(self, world: World, *, name: str = "school", **options: Any) -> None:
        self.world = world
        self.client = world.app.test_client()
        self.code = invitations.invite(world.session, name=name, at=world.now(), **options)
        world.session.commit()
        self.address = f"{LMS}/mod/lti/openid-configuration.php"

    def describe(self, document: Any, *, address: str = "", status: int = 200) -> None:
        """Let the LMS describe itself."""
        self.address = address or self.address
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"}
        self.world.network.pages[self.address] = lambda: (status, headers, body)

    def answer(self, body: Any, *, status: int = 200, url: str = "") -> None:
        """Let the LMS answer the registration."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = url or f"{LMS}/mod/lti/openid-registration.php"
        headers = {"Content-Type": "application/json"}
        self.world.network.pages[url] = lambda: (status, headers, text)

    def fields(self, **changes: Any) -> dict[str, str]:
        fields = {
            "invitation": self.code,
            "openid_configuration": self.address,
            "registration_token": TOKEN,
        }
        return replaced(fields, changes)

    def open(self, **changes: Any) -> TestResponse:
        return self.client.get(f"/lti/register?{urlencode(self.fields(**changes))}")

    def send(self, **changes: Any) -> TestResponse:
        return self.client.post("/lti/register", data=self.fields(**changes))

    def register(self, document: Mapping[str, Any] | None = None, **answer: Any) -> TestResponse:
        """Go through all of it with a Moodle that agrees."""
        self.describe(document or moodle())
        own = {"deployment_id": "7", "messages": []}
        self.answer(replaced({"client_id": "client-7", "scope": "", TOOL: own}, answer))
        return self.send(names="yes")

    @property
    def registration(self) -> Registration | None:
        self.world.session.rollback()
        return self.world.session.scalar(
            select(Registration).where(Registration.name.startswith("school"))
        )


def later(world: World, **time: float) -> None:
    """Let time pass."""
    world.now.move(seconds=timedelta(**time).total_seconds())


__all__ = ["LMS", "MISSING", "SCHOOL", "TOKEN", "Invited", "canvas", "later", "moodle"]
