"""Statements that decide something in the database, the same on SQLite and PostgreSQL."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    JSON,
    CursorResult,
    Insert,
    Table,
    TableValuedAlias,
    Text,
    bindparam,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key
from sqlalchemy.sql.dml import Delete, Update

from lti_alliance.models.base import Base


def insert_for(session: Session, table: type[Base]) -> Any:
    """Return the dialect's INSERT for ``table``, with its ``on_conflict_…`` methods."""
    return _insert_into(session.get_bind().dialect.name, table)


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


def keep(row: Base, **values: Any) -> None:
    """Set what differs: a row that stays as it is costs the session's next flush nothing."""
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def write_now(session: Session, row: Base, **values: Any) -> None:
    """Write columns of one row at once, and let its object have them; no flush is needed for it."""
    rows_matched(session, type(row), {"id": row.id}, values)  # type: ignore[attr-defined]
    take_over(row, values)


def take_over(row: Base, values: Mapping[str, Any]) -> None:
    """Let an object have what a statement has just written to its row."""
    for name, value in values.items():
        set_committed_value(row, name, value)


def forget_loaded(session: Session, table: type[Base], ids: Iterable[Any]) -> None:
    """Let the objects of these rows, where there are any, be read anew when they are next used."""
    for each in ids:
        found = session.identity_map.get(identity_key(table, each))
        if found is not None:
            session.expire(found)


def insert_row(session: Session, table: type[Base], values: Mapping[str, Any]) -> None:
    """Insert a row that nobody reads again in this act."""
    session.connection().execute(_insert(table, tuple(values)), dict(values))


def upsert_rows(
    session: Session,
    table: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    unique: tuple[str, ...],
) -> None:
    """Insert rows, all with the same columns, or change those with the same ``unique`` columns.

    Objects already loaded are left as they were.
    """
    if rows:
        dialect = session.get_bind().dialect.name
        statement = _upsert(dialect, table, tuple(rows[0]), unique)
        session.connection().execute(statement, [dict(row) for row in rows])


Change = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What a row's columns have to equal, `id` among them, and what is written there."""


def update_each(session: Session, table: type[Base], changes: Sequence[Change]) -> set[Any]:
    """Update rows, each by values of its own, and return the ids of those that were.

    All changes name the same columns. PostgreSQL gets one statement, however many they are. Objects
    already loaded are left as they were.
    """
    if not changes:
        return set()
    if session.get_bind().dialect.name != "postgresql":
        return {
            where["id"]
            for where, values in changes
            if rows_matched(session, table, where, values) == 1
        }
    where, values = (tuple(names) for names in changes[0])
    parameters = _arrays("is", where, [each for each, _ in changes])
    parameters |= _arrays("new", values, [each for _, each in changes])
    statement = _update_each(table, where, values)
    return set(session.connection().scalars(statement, parameters))


def insert_rows(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that have the same columns and that nobody reads again in this act."""
    if not rows:
        return
    names = tuple(rows[0])
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_insert_each(table, names), _arrays("new", names, rows))
        return
    session.connection().execute(_insert(table, names), [dict(row) for row in rows])


def insert_once(
    session: Session, table: type[Base], values: Mapping[str, Any], *, unique: str
) -> bool:
    """Insert a row unless another has the same value in a unique column; say whether it was."""
    statement = _insert_once(session.get_bind().dialect.name, table, tuple(values), unique)
    return session.connection().execute(statement, dict(values)).first() is not None


def _arrays(
    prefix: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    return {f"{prefix}_{name}": [row[name] for row in rows] for name in names}


@cache
def _update_each(table: type[Base], where: tuple[str, ...], values: tuple[str, ...]) -> Any:
    columns = cast("Table", table.__table__).c
    told = _told(table, is_=where, new=values)
    return (
        update(cast("Table", table.__table__))
        .where(*(columns[name] == told.c[f"is_{name}"] for name in where))
        .values({name: told.c[f"new_{name}"] for name in values})
        .returning(columns.id)
    )


@cache
def _insert_each(table: type[Base], names: tuple[str, ...]) -> Insert:
    told = _told(table, new=names)
    rows = select(*(told.c[f"new_{name}"] for name in names))
    return insert(cast("Table", table.__table__)).from_select(
        list(names), rows, include_defaults=False
    )


def _told(table: type[Base], **names: tuple[str, ...]) -> TableValuedAlias:
    """Return PostgreSQL's table of rows that come in as one array for each column."""
    columns = cast("Table", table.__table__).c
    types = {
        f"{prefix.rstrip('_')}_{name}": columns[name].type
        for prefix, listed in names.items()
        for name in listed
    }
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()]
    named = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*named, name="told").render_derived()


@cache
def _insert_once(dialect: str, table: type[Base], values: tuple[str, ...], unique: str) -> Any:
    columns = cast("Table", table.__table__)
    return (
        _insert_into(dialect, columns)
        .values({name: bindparam(name) for name in values})
        .on_conflict_do_nothing(index_elements=[unique])
        # What the drivers count differs; what comes back does not.
        .returning(columns.c[unique])
    )


@cache
def _upsert(
    dialect: str, table: type[Base], values: tuple[str, ...], unique: tuple[str, ...]
) -> Any:
    statement = _insert_into(dialect, cast("Table", table.__table__)).values(
        {name: bindparam(name) for name in values}
    )
    return statement.on_conflict_do_update(
        index_elements=list(unique),
        set_={name: statement.excluded[name] for name in values if name not in unique},
    )


def _insert_into(dialect: str, table: type[Base] | Table) -> Any:
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


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


def texts_as_rows(session: Session, texts: Sequence[str]) -> TableValuedAlias:
    """Return texts as a table with one column, ``value``, to be joined with.

    For many of them. Given as a list of parameters they are compared one by one once PostgreSQL
    keeps a plan for the statement, which it does after a few times.
    """
    if session.get_bind().dialect.name == "postgresql":
        rows = func.unnest(sql_cast(list(texts), ARRAY(Text)))
        return rows.table_valued("value", name="given").render_derived()
    return func.json_each(json.dumps(list(texts))).table_valued("value", name="given")


def ids_in(session: Session, document: Any, name: str) -> Any:
    """Return the ids of the objects in a list of a JSON document, read out by the database.

    The documents of a great class are long, and their ids short.
    """
    if session.get_bind().dialect.name == "postgresql":
        path = sql_cast(f"$.{name}[*].id", postgresql.JSONPATH)
        found = func.jsonb_path_query_array(sql_cast(document, postgresql.JSONB), path)
        return sql_cast(found, JSON)
    each = func.json_each(document, f"$.{name}").table_valued("value")
    ids = func.json_group_array(func.json_extract(each.c.value, "$.id"), type_=JSON())
    return select(ids).select_from(each).scalar_subquery()


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """Run a conditional statement and count the rows it changed.

    Not for INSERT … ON CONFLICT, whose count the drivers do not agree on: use RETURNING there.
    Objects already loaded are left as they were: refresh those that are read afterwards.
    """
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount
