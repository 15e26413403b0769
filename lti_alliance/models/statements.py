"""Statements that decide something in the database, the same on SQLite and PostgreSQL."""

from typing import Any, cast

from sqlalchemy import CursorResult
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Delete, Update

from lti_alliance.models.base import Base


def insert_for(session: Session, table: type[Base]) -> Any:
    """Return the dialect's INSERT for ``table``, with its ``on_conflict_…`` methods."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """Run a conditional statement and count the rows it changed.

    Not for INSERT … ON CONFLICT, whose count the drivers do not agree on: use RETURNING there.
    Objects already loaded are left as they were: refresh those that are read afterwards.
    """
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount
