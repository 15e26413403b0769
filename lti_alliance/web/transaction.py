"""The unit of work at the edge: one act, one transaction, one commit; and what a failed one means.

A request is parsed, carried out as one act and rendered, so a request whose act certainly changed
nothing may be carried out once more from its beginning (`repeat`). What is certain is decided here.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lti_alliance.models import begin_read, begin_write, begins_write, db, may_turn_to_write

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

PAUSES_S = (0.05, 0.25, 1.0)
"""Before each repeat. The last outlasts the restart of a small database."""
PATIENCE_S = 5.0
"""No repeat begins later than this after the request: somebody is waiting for the page."""

# SQLSTATEs of PostgreSQL for which the next moment is likely to be better: serialization failure,
# deadlock, lock timeout, too many connections, a server that stops, has crashed or is starting.
_PASSING = frozenset({"40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03"})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# Answers to a COMMIT after which SQLite has certainly not committed; an I/O error is none of them,
# because the disk may have taken the commit and failed to say so.
_UNCOMMITTED = _BUSY | {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}


def begin_reading() -> None:
    """Begin the transaction of a request that only reads, whatever its method."""
    g.has_committed = False
    begin_read()


def begin() -> None:
    """Begin the request's transaction before anything is read in it.

    A request that may change something takes SQLite's write lock here, so that what it reads while
    finding out who is asking is still true when it writes.
    """
    if request.method in READING_METHODS:
        begin_reading()
        return
    g.has_committed = False
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
    if session.in_transaction() and not begins_write(session):
        if session.new or session.dirty or session.deleted:
            raise RuntimeError("changes were made outside an act")
        if not may_turn_to_write(session):
            session.commit()
    if not session.in_transaction():
        begin_write()
    g.acting = True
    try:
        yield session
        # Whatever the database refuses of the changes themselves is refused before the commit.
        session.flush()
        g.is_committing = True
        session.commit()
        g.is_committing = False
        g.has_committed = True
    except BaseException:
        session.rollback()
        raise
    finally:
        g.acting = False


def is_undone(error: SQLAlchemyError) -> bool:
    """Say whether it is certain that the failed request has changed nothing.

    Everything before the commit is undone. A connection that breaks during the commit leaves open
    which side of it the database was on; only an answer of the database itself settles that.
    """
    if g.get("has_committed", False):
        return False
    return not g.get("is_committing", False) or _is_refused_commit(error)


def may_repeat(error: SQLAlchemyError) -> bool:
    """Say whether the failed request may and should be carried out once more, by `repeat`."""
    if not is_undone(error) or not _is_passing(error):
        return False
    now = time.perf_counter()
    g.setdefault("patient_until", g.get("began", now) + PATIENCE_S)
    repeats: int = g.get("repeats", 0)
    return repeats < len(PAUSES_S) and now + PAUSES_S[repeats] < g.patient_until


def repeat() -> ResponseReturnValue:
    """Carry the request out once more from its beginning: who is asking, the act, the page.

    The act itself could not be run again, because what was read for it belongs to the transaction
    that failed.
    """
    pause_s = PAUSES_S[g.get("repeats", 0)]
    g.repeats = g.get("repeats", 0) + 1
    began = g.get("began", time.perf_counter())
    forget()
    time.sleep(pause_s)
    # Blueprints take arguments of the address out on the way to the view.
    if adapter := current_app.create_url_adapter(request):
        request.view_args = dict(adapter.match()[1])
    try:
        answer = current_app.preprocess_request()
    finally:
        # The log tells how long the person waited, over all repeats.
        g.began = began
    return current_app.dispatch_request() if answer is None else answer


def forget() -> None:
    """Drop the session with all that was read in it, so that nothing asks a failed one again."""
    db.session.remove()
    for name in ("visit", "has_committed", "is_committing"):
        g.pop(name, None)


def _is_passing(error: SQLAlchemyError) -> bool:
    original: Any = getattr(error, "orig", None)
    if isinstance(original, sqlite3.Error):
        return _code_of(original) in _BUSY
    if not hasattr(original, "sqlstate"):
        return False
    # Without a state it was no answer: the connection was refused or has broken.
    state: str | None = original.sqlstate
    return state is None or state in _PASSING or state.startswith("08")


def _is_refused_commit(error: SQLAlchemyError) -> bool:
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.Error):
        return _code_of(original) in _UNCOMMITTED
    # A server that is being stopped (57) may say so after the commit is on its disk.
    state: str | None = getattr(original, "sqlstate", None)
    return state is not None and not state.startswith(("08", "57"))


def _code_of(error: sqlite3.Error) -> int:
    # The lowest byte is the error, those above it tell the variety.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
