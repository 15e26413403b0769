"""A short transaction of its own beside the act's: for what must survive the act's rollback."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from lti_alliance.models.base import begins_write
from lti_alliance.models.platforms import Registration


@contextmanager
def apart(session: Session) -> Iterator[Session]:
    """Open a second session on the same database, which commits when the block ends well.

    A refused launch is rolled back by the edge, yet two things it taught must stay: that a
    platform's keys were asked for, and that a deployment waits for approval. On SQLite the calling
    transaction must not hold the write lock, since this one would wait for its own caller; it
    raises ``RuntimeError`` then.
    """
    bind = session.get_bind(Registration)
    if bind.dialect.name == "sqlite" and session.in_transaction() and begins_write(session):
        raise RuntimeError("this has to be called before the act begins to write")
    with Session(bind, expire_on_commit=False) as own, own.begin():
        own.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        yield own
