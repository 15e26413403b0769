"""Databases of test runs that were killed are put away by the next run, and no others."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import drop_left_databases, find_postgres

pytestmark = pytest.mark.needs_postgres


@pytest.fixture
def connection() -> Iterator[psycopg.Connection]:
    with psycopg.connect(find_postgres(), autocommit=True) as connection:
        yield connection


def is_there(connection: psycopg.Connection, name: str) -> bool:
    query = "SELECT 1 FROM pg_database WHERE datname = %s"
    return connection.execute(query, [name]).fetchone() is not None


def test_only_databases_without_an_owner_are_dropped(connection: psycopg.Connection) -> None:
    """A database stays as long as the run that made it is connected, and goes afterwards."""
    run = f"alliance_test_{secrets.token_hex(4)}_gw0"
    name = f"{run}_0"
    with psycopg.connect(find_postgres(), autocommit=True, application_name=run) as owner:
        owner.execute(f'CREATE DATABASE "{name}"')
        drop_left_databases(connection)
        while_connected = is_there(connection, name)
        [[pid]] = owner.execute("SELECT pg_backend_pid()").fetchall()
    # The server ends a connection a moment after the client has closed it.
    while connection.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
        pass
    drop_left_databases(connection)

    assert while_connected
    assert not is_there(connection, name)
