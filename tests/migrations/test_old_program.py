"""A migration leaves alone what the program before it uses, so that both may run together."""

from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, create_engine, select
from sqlalchemy.exc import DBAPIError

from lti_alliance import schema
from tests.migrations.rows import a_row, tables_of

pytestmark = pytest.mark.both_databases

BEFORE_THE_PROMISE = {"0001", "0006"}
"""The first has no program before it; the sixth was written before anybody ran the tool."""


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[Connection]:
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def revisions(connection: Connection) -> list[str]:
    """Return the migrations in their order."""
    scripts = ScriptDirectory.from_config(schema.alembic_config(connection))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def use_as_before(connection: Connection, table: Table, *, number: int) -> str:
    """Insert, change and read as a program does that knows the table as it was; say what failed."""
    row = a_row(table, number=number)
    try:
        with connection.begin_nested():
            connection.execute(table.insert().values(row))
            keys = [column == row[column.name] for column in table.primary_key]
            found = connection.execute(select(table).where(*keys)).one()
            if not table.name.startswith("audit_"):
                connection.execute(table.update().where(*keys).values(row))
    except DBAPIError as error:
        return f"{table.name}: {str(error.orig).splitlines()[0]}"
    return "" if set(found._mapping) == set(table.c.keys()) else f"{table.name}: other columns"


def test_the_program_before_goes_on(connection: Connection) -> None:
    """After each migration rows of the shape before it can be written, changed and read.

    What a row must have is written; so a migration that removes or renames a column or a table, or
    that wants a value which the program before it does not give, is found.
    """
    failed = {}
    for number, revision in enumerate(revisions(connection), start=1):
        before = MetaData()
        before.reflect(connection)
        connection.rollback()
        schema.upgrade(connection, to=revision)
        if revision not in BEFORE_THE_PROMISE:
            faults = (use_as_before(connection, t, number=number) for t in tables_of(before))
            failed[revision] = [fault for fault in faults if fault]
            connection.commit()

    assert {revision: found for revision, found in failed.items() if found} == {}
    assert len(failed) >= 21


def test_rows_of_before_are_kept(connection: Connection) -> None:
    """The newest migration loses no row that was there."""
    newest = revisions(connection)
    schema.upgrade(connection, to=newest[-2])
    before = MetaData()
    before.reflect(connection)
    for table in tables_of(before):
        connection.execute(table.insert().values(a_row(table)))
    connection.commit()
    schema.upgrade(connection)
    kept = [table.name for table in tables_of(before) if connection.execute(select(table)).all()]

    assert kept == [table.name for table in tables_of(before)]
