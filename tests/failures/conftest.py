"""Running installations that several tests of one worker share: starting one takes seconds."""

from collections.abc import Callable, Iterator

import pytest

from tests.failures import private_postgres as postgres
from tests.failures.private_postgres import PrivatePostgres


@pytest.fixture(scope="session")
def database_for(request: pytest.FixtureRequest, tmp_path_factory) -> Callable[[str], str]:
    """Make an empty database on the engine that is named."""

    def make(engine: str) -> str:
        if engine == "postgresql":
            return request.getfixturevalue("_postgres_databases")()
        return f"sqlite:///{tmp_path_factory.mktemp('database') / 'alliance.sqlite3'}"

    return make


@pytest.fixture(scope="session")
def private_postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL cluster that nobody else uses."""
    if postgres.find_programs() is None:
        pytest.skip(postgres.MEND)
    cluster = PrivatePostgres()
    yield cluster
    cluster.remove()
