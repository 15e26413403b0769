"""All that a database holds, as text: every column of every table, sealed values opened."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from lti_alliance.models import Base


def dump(session: Session) -> dict[str, str]:
    """Return by ``table.column`` everything that is in the database, as it is stored."""
    found = {}
    for table in Base.metadata.sorted_tables:
        rows = session.execute(select(table)).all()
        for place, column in enumerate(table.columns):
            found[f"{table.name}.{column.name}"] = "\n".join(_words(row[place] for row in rows))
    return found


def places_of(session: Session, words: list[str]) -> dict[str, list[str]]:
    """Say where any of these words is to be found."""
    return {
        place: hits
        for place, text in dump(session).items()
        if (hits := [word for word in words if word.casefold() in text.casefold()])
    }


def file_bytes(engine: Engine) -> bytes:
    """Return the bytes of a SQLite database after VACUUM, its write-ahead log included."""
    path = Path(str(engine.url.database))
    engine.dispose()
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def _words(values: Iterator[object]) -> Iterator[str]:
    for value in values:
        yield value.decode("latin-1") if isinstance(value, bytes) else str(value)
