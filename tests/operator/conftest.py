"""One machine on which the whole page is followed, for the tests that look at what came of it."""

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.conftest import MEND, find_postgres, find_redis
from tests.operator.machine import Machine
from tests.operator.story import Story, play


@pytest.fixture(scope="session")
def machine(_postgres_databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine without the tool; its databases go with it."""
    server, limiter = find_postgres(), find_redis()
    assert server, MEND["needs_postgres"]
    assert limiter, MEND["needs_redis"]
    names = [str(make_url(_postgres_databases()).database) for _ in range(3)]
    with psycopg.connect(server, autocommit=True) as owner:
        # The page makes these two itself; the fixture drops all of them in the end.
        for name in names[:2]:
            owner.execute(f'DROP DATABASE "{name}"')
    made = Machine(tmp_path_factory.mktemp("machine"), names, server, limiter)
    yield made
    with suppress(AssertionError):
        made.services.close()


@pytest.fixture(scope="session")
def story(machine: Machine) -> Iterator[Story]:
    """A term on one machine: everything that the page tells to do is done in its turn."""
    told = Story(machine)
    try:
        play(told)
        yield told
    finally:
        told.processes.stop()
