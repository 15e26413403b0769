"""Run migrations on the application's database, or on the connection that a caller hands in."""

from typing import Any

import click
from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from lti_alliance.models import Base, db
from lti_alliance.schema import plain_type

# A migration waits this long for a table that requests are using, then gives up and changes
# nothing, instead of making every later request queue behind it.
POSTGRES_LOCK_TIMEOUT = "5s"
POSTGRES_STATEMENT_TIMEOUT = "15min"
# Any number will do; it only has to be the same for everybody who migrates.
POSTGRES_ADVISORY_LOCK = 7_261_984


def tell_step(*, step: Any, **_facts: Any) -> None:
    """Say which migration has just been applied or taken back."""
    word = "applied" if step.is_upgrade else "took back"
    revision = step.up_revision if step.is_upgrade else step.source_revisions[0]
    click.echo(f"{word} {revision.revision} {revision.doc}")


def migrate(connection: Connection) -> None:
    """Bring the schema behind ``connection`` to the wanted revision, in one transaction."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # Batch mode rebuilds a table under another name; with the checks on, dropping the old one
        # would empty its children. The switch works outside a transaction only.
        _set_sqlite_foreign_keys(connection, on=False)
        connection = connection.execution_options(sqlite_begin="IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=is_sqlite,
        render_item=plain_type,
        compare_type=True,
        compare_server_default=True,
        # True on SQLite as well, because models.base begins transactions itself.
        transactional_ddl=True,
        on_version_apply=tell_step,
    )
    try:
        with context.begin_transaction():
            if not is_sqlite:
                _guard_postgres(connection)
            context.run_migrations()
            if is_sqlite and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
                raise RuntimeError(f"the migration left {len(broken)} rows without their parents")
    finally:
        if is_sqlite:
            _set_sqlite_foreign_keys(connection, on=True)


def _set_sqlite_foreign_keys(connection: Connection, *, on: bool) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _guard_postgres(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL statement_timeout = '{POSTGRES_STATEMENT_TIMEOUT}'"))
    # Two servers that start together take turns, and the second finds nothing left to do.
    connection.execute(text(f"SELECT pg_advisory_xact_lock({POSTGRES_ADVISORY_LOCK})"))
    connection.execute(text(f"SET LOCAL lock_timeout = '{POSTGRES_LOCK_TIMEOUT}'"))


if context.is_offline_mode():
    raise click.ClickException("Migrations read what they change: run them on the database itself.")

if (handed_in := context.config.attributes.get("connection")) is not None:
    migrate(handed_in)
else:
    assert current_app
    with db.engine.connect() as own:
        migrate(own)
