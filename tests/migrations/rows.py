"""Rows for tables in whatever shape a migration has left them, whatever the models say today."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, MetaData, Table

MOMENT = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
BOOKKEEPING = "alembic_version"


def a_row(table: Table, *, number: int = 1) -> dict[str, Any]:
    """Return values for what a row must have; rows of one number refer to each other."""
    return {each.name: _some(each, number) for each in table.c if not each.nullable}


def tables_of(tables: MetaData) -> Iterable[Table]:
    """Return the tables that hold something, each after those that it refers to."""
    return [table for table in tables.sorted_tables if table.name != BOOKKEEPING]


def _some(column: Column[Any], number: int) -> object:
    kind = column.type.python_type
    if kind is UUID:
        return UUID(int=number)
    if kind is str:
        return str(number).zfill(32) if column.type.length == 32 else f"x{number}"
    return {int: number, bool: False, datetime: MOMENT, bytes: b"x"}.get(kind, {})
