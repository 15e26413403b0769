"""What PyLTI1p3 is told of a registration: that one, its approved deployments, and no default."""

import pytest
from pylti1p3.tool_config.abstract import ToolConfAbstract

from lti_alliance.lti.tool_config import RegistrationConfig, library_registration
from lti_alliance.models import Deployment, DeploymentState, Registration
from tests.platforms import rsa_key


@pytest.fixture
def registration() -> Registration:
    return Registration(
        issuer="https://lms.example",
        client_id="client-1",
        auth_login_url="https://lms.example/auth",
        auth_token_url="https://lms.example/token",
        auth_audience="",
        jwks_url="https://lms.example/jwks",
        deployments=[
            Deployment(deployment_id="1", state=DeploymentState.APPROVED),
            Deployment(deployment_id="2", state=DeploymentState.PENDING),
        ],
    )


def test_only_issuer_and_client_together_name_the_registration(registration: Registration) -> None:
    """An issuer alone, or another client, finds nothing."""
    config = RegistrationConfig(registration)
    found = config.find_registration_by_params("https://lms.example", "client-1")

    assert (found.get_issuer(), found.get_client_id()) == ("https://lms.example", "client-1")
    assert config.find_registration_by_params("https://lms.example", "client-2") is None
    assert config.find_registration_by_params("https://other.example", "client-1") is None
    assert config.find_registration("https://lms.example") is None
    assert not config.check_iss_has_one_client("https://lms.example")
    assert config.check_iss_has_many_clients("https://lms.example")


def test_only_approved_deployments_are_found(registration: Registration) -> None:
    """A deployment that waits for approval is as good as none."""
    config = RegistrationConfig(registration)
    own = "https://lms.example"

    assert config.find_deployment_by_params(own, "1", "client-1").get_deployment_id() == "1"
    assert config.find_deployment_by_params(own, "2", "client-1") is None
    assert config.find_deployment_by_params(own, "3", "client-1") is None
    assert config.find_deployment_by_params(own, "1", "client-2") is None
    assert config.find_deployment(own, "1") is None


def test_the_relations_are_not_shared_with_other_configurations() -> None:
    """PyLTI1p3 keeps one dictionary for all classes of the process; this class has its own."""
    assert RegistrationConfig.issuers_relation_types is not ToolConfAbstract.issuers_relation_types


def test_the_audience_is_the_token_address_unless_told(registration: Registration) -> None:
    """Canvas and Moodle want their token address as audience."""
    told = library_registration(registration)
    registration.auth_audience = "https://audience.example"

    assert told.get_auth_audience() == "https://lms.example/token"
    assert library_registration(registration).get_auth_audience() == "https://audience.example"


def test_the_key_is_handed_on_as_an_object(registration: Registration) -> None:
    """A loaded key signs fifty times faster than its text."""
    key = rsa_key("tool")

    assert library_registration(registration, private_key=key).get_tool_private_key() is key
    assert library_registration(registration).get_tool_private_key() is None
