"""The tool with one registered platform on a network of the test's own."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from lti_alliance.app import create_app
from lti_alliance.models import db
from lti_alliance.settings import Settings
from tests.platforms import Network, World


@pytest.fixture
def network() -> Network:
    """The internet, with nothing on it."""
    return Network()


@pytest.fixture
def world(settings: Settings, session: Session, now, network: Network) -> Iterator[World]:
    """The tool and its platform."""
    app = create_app(settings, sessions=network.session, now=now)
    world = World(app, session, now, network, base_url=settings.base_url)
    world.add(world.platform)
    yield world
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
