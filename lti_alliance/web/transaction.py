"""The unit of work at the edge: one act, one transaction, one commit."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g, request
from sqlalchemy.orm import Session

from lti_alliance.models import begin_write, db

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def begin() -> None:
    """Begin the request's transaction before anything is read in it.

    A request that may change something takes SQLite's write lock here, so that what it reads while
    finding out who is asking is still true when it writes.
    """
    if request.method not in READING_METHODS:
        begin_write()


@contextmanager
def act() -> Iterator[Session]:
    """Carry out one act: commit once at the end, roll everything back on any exception.

    What the request has read so far belongs to the act when the request began as a writing one. A
    reading request that turns out to write ends its reading first and starts afresh.
    """
    if g.get("acting", False):
        raise RuntimeError("an act inside an act would commit half of the outer one")
    session = db.session()
    if session.in_transaction() and not _is_writing(session):
        if session.new or session.dirty or session.deleted:
            raise RuntimeError("changes were made outside an act")
        session.commit()
    if not session.in_transaction():
        begin_write()
    g.acting = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        g.acting = False


def _is_writing(session: Session) -> bool:
    return session.connection().get_execution_options().get("sqlite_begin") == "IMMEDIATE"
