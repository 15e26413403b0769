"""What the database's schema is and ought to be: migrations applied, migrations wanted."""

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from lti_alliance.models.base import ExactDecimal, SharedUuid, UTCDateTime

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


@cache
def newest_revision() -> str:
    """Return the migration that this program was written for.

    Read once: while a release is being installed over it, a running program stays what it is.
    """
    return (MIGRATIONS / "HEAD").read_text(encoding="utf-8").strip()


def applied_revision(connection: Connection) -> str | None:
    """Return the migration that the database is at, or nothing for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(connection: Connection) -> bool:
    """Whether the database is at exactly the migration that the program was written for."""
    return applied_revision(connection) == newest_revision()


def is_served(connection: Connection) -> bool:
    """Whether this program can work on the database: it is migrated as far, or further.

    A release never removes what the release before uses, so that an old program goes on serving,
    and starts again, while a new one takes over. Migrations are numbered in their order.
    """
    applied = applied_revision(connection)
    return applied is not None and applied >= newest_revision()


def upgrade(connection: Connection, *, to: str = "head") -> None:
    """Apply migrations up to ``to``."""
    command.upgrade(alembic_config(connection), to)


def downgrade(connection: Connection, *, to: str) -> None:
    """Take back migrations down to ``to``."""
    command.downgrade(alembic_config(connection), to)


def stamp(connection: Connection) -> None:
    """Note that the tables, however made, are those of the newest migration."""
    command.stamp(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for the database behind ``connection``."""
    config = Config(str(MIGRATIONS / "alembic.ini"))
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def plain_type(kind: str, item: Any, _context: Any) -> str | bool:
    """Write our column types as the plain ones they rest on: a migration imports no model."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, ExactDecimal):
        return f"sa.{item.impl_instance!r}"
    if kind == "type" and isinstance(item, SharedUuid):
        return "sa.Uuid()"
    return False
