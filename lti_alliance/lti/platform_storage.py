"""The secret of a login, kept in the platform's window where the browser keeps no cookies.

LTI Client Side postMessages, OIDC Login with Client Side postMessages and Platform Storage 0.1
(https://www.imsglobal.org/spec/lti-cs-oidc/v0p1). A script of the tool puts the secret there before
the platform is asked to sign the launch, and gets it back afterwards; this room says where it lies.
"""

from dataclasses import dataclass

from lti_alliance.domain.addresses import origin_of
from lti_alliance.lti.state import LoginState
from lti_alliance.models import Registration


@dataclass(frozen=True, slots=True)
class StoragePlace:
    """Where the secret of one login lies.

    ``origin`` is the only one that is ever told the secret, whichever frame ``frame`` turns out to
    name.
    """

    frame: str
    origin: str
    key: str


def place_of(state: LoginState, registration: Registration) -> StoragePlace:
    """Return where a login's secret lies: with whoever answers for the authorization endpoint."""
    return StoragePlace(
        frame=state.storage_target,
        origin=origin_of(registration.auth_login_url),
        key=f"lti_state_{state.id}",
    )
