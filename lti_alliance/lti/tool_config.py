"""PyLTI1p3's configuration, read from one registration of ours."""

from collections.abc import MutableMapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pylti1p3.deployment import Deployment as LibraryDeployment
from pylti1p3.registration import Registration as LibraryRegistration
from pylti1p3.tool_config.abstract import ToolConfAbstract

from lti_alliance.models import DeploymentState, Registration


def library_registration(
    registration: Registration, *, private_key: RSAPrivateKey | None = None
) -> LibraryRegistration:
    """Return the registration as PyLTI1p3 wants it.

    ``private_key`` is a loaded key object: PyLTI1p3 hands it to PyJWT as it is, which would take
    fifty milliseconds to load the same key from its text each time.
    """
    made = LibraryRegistration()
    made.set_issuer(registration.issuer)
    made.set_client_id(registration.client_id)
    made.set_auth_login_url(registration.auth_login_url)
    made.set_auth_token_url(registration.auth_token_url)
    made.set_auth_audience(registration.auth_audience or registration.auth_token_url)
    made.set_key_set_url(registration.jwks_url)
    if private_key is not None:
        made.set_tool_private_key(private_key)  # type: ignore[arg-type]
    return made


class RegistrationConfig(ToolConfAbstract[Any]):
    """A tool configuration that knows exactly one registration, and no default one.

    Which registration that is has been decided before, by issuer and client id at the login and by
    the signed state at the launch.
    """

    # PyLTI1p3 keeps one dictionary for all configuration classes of the process.
    issuers_relation_types: MutableMapping[str, str] = {}  # noqa: RUF012

    def __init__(self, registration: Registration) -> None:
        self._registration = registration

    def check_iss_has_one_client(self, iss: str) -> bool:
        """Say no: an issuer may have several clients, and none is the default."""
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        """Say yes, for every issuer."""
        return True

    def find_registration_by_issuer(self, iss: str, *args: Any, **kwargs: Any) -> Any:
        """Find nothing: an issuer alone names no registration."""
        return None

    def find_registration_by_params(
        self, iss: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Any:
        """Return the registration if these are its issuer and client id."""
        return library_registration(self._registration) if self._is(iss, client_id) else None

    def find_deployment(self, iss: str, deployment_id: str) -> Any:
        """Find nothing: a deployment id is unique only inside a registration."""
        return None

    def find_deployment_by_params(
        self, iss: str, deployment_id: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Any:
        """Return the deployment if it is an approved one of this registration."""
        if not self._is(iss, client_id):
            return None
        approved = {
            deployment.deployment_id
            for deployment in self._registration.deployments
            if deployment.state == DeploymentState.APPROVED
        }
        if deployment_id not in approved:
            return None
        return LibraryDeployment().set_deployment_id(deployment_id)

    def _is(self, issuer: str, client_id: str) -> bool:
        return (self._registration.issuer, self._registration.client_id) == (issuer, client_id)
