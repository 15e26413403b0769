"""Rows with all that hangs on them: counted, and deleted from the leaves inward."""

from collections import Counter
from collections.abc import Collection, Iterator

from sqlalchemy import Column, ColumnElement, Table, delete, func, select
from sqlalchemy.orm import Session

from lti_alliance.models import Base
from lti_alliance.models.statements import rows_changed


def delete_rows(
    session: Session, table: Table, which: ColumnElement[bool], *, spared: Collection[str] = ()
) -> Counter[str]:
    """Delete rows, those that refer to them first, whatever tables there are; count by table.

    Tables named in ``spared`` are left alone: the caller has seen to what in them refers here.
    """
    counts = Counter[str]()
    for child, key, target in _referring(table, spared):
        hanging = key.in_(select(target).where(which))
        counts += delete_rows(session, child, hanging, spared=spared)
    counts[table.name] += rows_changed(session, delete(table).where(which))
    return counts


def count_rows(
    session: Session, table: Table, which: ColumnElement[bool], *, spared: Collection[str] = ()
) -> Counter[str]:
    """Count what `delete_rows` would delete, and change nothing."""
    counts = Counter[str]()
    for child, key, target in _referring(table, spared):
        counts += count_rows(session, child, key.in_(select(target).where(which)), spared=spared)
    counted = select(func.count()).select_from(table).where(which)
    counts[table.name] += session.scalar(counted) or 0
    return counts


def _referring(
    table: Table, spared: Collection[str]
) -> Iterator[tuple[Table, Column[object], Column[object]]]:
    """Yield each table that refers to this one, with the columns of both ends."""
    for child in Base.metadata.sorted_tables:
        if child is table or child.name in spared:
            continue
        for key in child.foreign_keys:
            if key.column.table is table:
                yield child, key.parent, key.column
