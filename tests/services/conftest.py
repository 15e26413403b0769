"""A course on the table for the tests of the services."""

import pytest
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.sealing import Sealer
from tests import stage as stages


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The shipped modules."""
    return Catalogue.load()


@pytest.fixture
def sealer() -> Sealer:
    """A sealer with a key that only the tests know."""
    return Sealer(b"thirty-two bytes for the tests..")


@pytest.fixture
def stage(session: Session, catalogue: Catalogue) -> stages.Stage:
    """One course with its instructor."""
    return stages.build(session, catalogue)
