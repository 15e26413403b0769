"""The database handle, constraint names, and the column types that every table shares."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry
from sqlalchemy.pool import ConnectionPoolEntry

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


_IDS_KEPT = 2048
POSTGRES_LOCK_TIMEOUT_S = 10
"""How long a statement waits for another's lock, as long as SQLite's busy timeout."""
POSTGRES_KEEPALIVES = {"idle": 10, "interval": 5, "count": 2}
"""Seconds of silence before one side asks whether the other is there, between two questions, and
how many stay unanswered until it is taken for gone.

A host that loses its network in the middle of a transaction keeps what it has locked until then,
and every worker waits for the lock of the claims: the system's own patience is two hours."""
POSTGRES_UNHEARD_S = 20
"""How long what was sent may stay unconfirmed; on Linux it also decides when unanswered questions
are enough, so it is as long as they take."""
POSTGRES_CONNECT_S = 10
"""How long a new connection may take."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC moment; a naive one is a mistake of the caller and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Hand back UTC, which SQLite forgets; PostgreSQL's connections speak of nothing else."""
        if dialect.name == "postgresql":
            return None
        return _read_moment


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal kept digit for digit on every database, as text (SQLite would make it a float)."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write the digits; anything that is not a finite number is a mistake."""
        if value is None:
            return None
        if not value.is_finite():
            raise ValueError("a score must be a finite number")
        return format(value.normalize(), "f")

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], Decimal | None]:
        """Read the digits back; great pages have tens of thousands of them."""
        return _read_decimal


def _read_moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _read_decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


class SharedUuid(Uuid[UUID]):
    """An id, read once however often it stands in what is read (SQLite keeps ids as text)."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Keep the latest two thousand: a great page names each of its people a dozen times."""
        read: Any = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return read and lru_cache(maxsize=_IDS_KEPT)(read)


class Base(DeclarativeBase):
    """The declarative base: one naming convention, one meaning per Python type."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: UTCDateTime(),
            Decimal: ExactDecimal(),
            dict[str, Any]: JSON(),
            list[str]: JSON(),
            UUID: SharedUuid(),
        },
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


class Keyed:
    """A row that other rows and addresses name by an unguessable id."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # SQLAlchemy's own BEGIN below needs the driver to leave transactions alone.
    connection.isolation_level = None
    cursor = connection.cursor()
    # The timeout comes first: the switch to WAL itself may have to wait for another process.
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


@event.listens_for(Engine, "connect")
def _prepare_postgres(connection: Any, _record: ConnectionPoolEntry) -> None:
    if not type(connection).__module__.startswith("psycopg"):
        return
    # A session that hangs with a lock held would otherwise make everybody wait without end. What is
    # set inside a transaction is forgotten with its rollback, hence outside of one.
    before, connection.autocommit = connection.autocommit, True
    settings = {
        # What moments are read in (`UTCDateTime`).
        "TimeZone": "UTC",
        "lock_timeout": f"{POSTGRES_LOCK_TIMEOUT_S}s",
        "tcp_user_timeout": f"{POSTGRES_UNHEARD_S}s",
        **{f"tcp_keepalives_{name}": value for name, value in POSTGRES_KEEPALIVES.items()},
    }
    connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
    connection.autocommit = before


@event.listens_for(Engine, "do_connect")
def _watch_postgres(
    dialect: Dialect, _record: ConnectionPoolEntry, _args: list[Any], parameters: dict[str, Any]
) -> None:
    if dialect.name != "postgresql":
        return
    # The same from this side; what the database's address says itself goes first.
    watched = {
        "connect_timeout": POSTGRES_CONNECT_S,
        "tcp_user_timeout": POSTGRES_UNHEARD_S * 1000,
        **{f"keepalives_{name}": value for name, value in POSTGRES_KEEPALIVES.items()},
    }
    for name, value in watched.items():
        parameters.setdefault(name, value)


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name != "sqlite":
        return
    # A read that later writes fails at once when another process wrote in between, whatever the
    # timeout says; an act that will write therefore asks for IMMEDIATE as its first statement.
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def begin_read() -> None:
    """Begin the session's transaction as one that only reads.

    Call before anything is read in it; a transaction that is open stays as it is. On PostgreSQL
    each statement then stands by itself, which spares a BEGIN and a ROLLBACK; two statements of a
    transaction see no more of one another there anyway (READ COMMITTED). SQLite reads what one
    transaction sees, as without this call.
    """
    session = db.session()
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


def begin_write() -> None:
    """Begin the session's transaction as one that will write.

    Call before anything is read in the transaction. It decides only on SQLite, where the write
    lock is then taken up front; elsewhere it changes nothing.
    """
    db.session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})


def begins_write(session: Session) -> bool:
    """Say whether the session's transaction was begun by `begin_write`."""
    return session.connection().get_execution_options().get("sqlite_begin") == "IMMEDIATE"


def may_turn_to_write(session: Session) -> bool:
    """Say whether a transaction that has only read so far may go on as one that writes."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return begins_write(session)
    return connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"


@event.listens_for(Session, "before_flush")
def _refuse_changes_while_reading(session: Session, _context: Any, _objects: Any) -> None:
    # They would be kept one by one, whatever becomes of the rest.
    options = session.connection().get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        raise RuntimeError("changes were made outside an act")
