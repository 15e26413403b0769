"""Statements that decide something in the database, the same on SQLite and PostgreSQL."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, Insert, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Delete, Update

from lti_alliance.models.base import Base


def insert_for(session: Session, table: type[Base]) -> Any:
    """Return the dialect's INSERT for ``table``, with its ``on_conflict_…`` methods."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def rows_matched(
    session: Session, table: type[Base], where: Mapping[str, Any], values: Mapping[str, Any]
) -> int:
    """Update the rows whose columns equal ``where``, and count them.

    For statements that are made by the thousand: each shape of one is put together once. Objects
    already loaded are left as they were.
    """
    statement = _update(table, tuple(where), tuple(values))
    parameters = {f"where_{name}": value for name, value in where.items()}
    return session.connection().execute(statement, parameters | dict(values)).rowcount


def insert_row(session: Session, table: type[Base], values: Mapping[str, Any]) -> None:
    """Insert a row that nobody reads again in this act."""
    session.connection().execute(_insert(table, tuple(values)), dict(values))


@cache
def _update(table: type[Base], where: tuple[str, ...], values: tuple[str, ...]) -> Update:
    columns = cast("Table", table.__table__)
    return (
        update(columns)
        .where(*(columns.c[name] == bindparam(f"where_{name}") for name in where))
        .values({name: bindparam(name) for name in values})
    )


@cache
def _insert(table: type[Base], values: tuple[str, ...]) -> Insert:
    return insert(cast("Table", table.__table__)).values({name: bindparam(name) for name in values})


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """Run a conditional statement and count the rows it changed.

    Not for INSERT … ON CONFLICT, whose count the drivers do not agree on: use RETURNING there.
    Objects already loaded are left as they were: refresh those that are read afterwards.
    """
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount
