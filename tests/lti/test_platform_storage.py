"""Where the secret of a login lies at its platform."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from lti_alliance.lti.platform_storage import place_of
from lti_alliance.lti.state import mint
from lti_alliance.models import Registration


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://sso.canvaslms.com/api/lti/authorize_redirect", "https://sso.canvaslms.com"),
        ("https://LMS.example:443/auth?tenant=a", "https://lms.example"),
        ("http://127.0.0.1:8001/canvas/auth", "http://127.0.0.1:8001"),
    ],
)
def test_only_who_answers_for_the_login_is_told(address: str, origin: str) -> None:
    """The secret goes to the origin of the authorization endpoint, as browsers compare origins."""
    state, _ = mint(
        "a secret that only the tests know, 32 characters at least",
        registration_id=uuid4(),
        target_link_uri="https://tool.example/lti/launch",
        browser_secret="the browser's",
        at=datetime(2026, 11, 22, tzinfo=UTC),
        storage_target="post_message_forwarding",
    )
    place = place_of(state, Registration(auth_login_url=address))

    assert (place.frame, place.origin) == ("post_message_forwarding", origin)
    assert place.key == f"lti_state_{state.id}"
