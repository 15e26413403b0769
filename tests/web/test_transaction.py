"""One act, one transaction: begun as it will be used, committed once, never half."""

import sqlite3
import time

import psycopg
import pytest
from flask import Flask, g
from psycopg.pq import TransactionStatus
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from lti_alliance.models import AuditEvent, Registration, db
from lti_alliance.parts import parts
from lti_alliance.web import transaction


def note() -> AuditEvent:
    """Make an event of the test."""
    return AuditEvent(at=parts().now(), action="test")


def noted(session) -> int:
    """Count what another connection sees."""
    session.rollback()
    return len(session.scalars(select(AuditEvent)).all())


def mode() -> str:
    """Return how the transaction at hand was begun on SQLite."""
    options = db.session.connection().get_execution_options()
    return options.get("sqlite_begin", "DEFERRED")


@pytest.mark.both_databases
def test_a_reading_request_may_turn_to_writing(app: Flask, session) -> None:
    """An act in a request that began by reading has a writing transaction of its own."""
    with app.test_request_context(method="GET"):
        transaction.begin()
        db.session.scalars(select(Registration)).all()
        with transaction.act() as inside:
            inside.add(note())

    assert noted(session) == 1


@pytest.mark.parametrize(("method", "expected"), [("GET", "DEFERRED"), ("POST", "IMMEDIATE")])
def test_a_transaction_begins_as_it_is_used(app: Flask, method: str, expected: str) -> None:
    """A form's transaction takes the write lock before its first read, a page's never does."""
    with app.test_request_context(method=method):
        transaction.begin()
        found = mode()
        with transaction.act():
            inside = mode()

    assert (found, inside) == (expected, "IMMEDIATE")


@pytest.mark.needs_postgres
@pytest.mark.parametrize(
    ("method", "reading"), [("GET", TransactionStatus.IDLE), ("POST", TransactionStatus.INTRANS)]
)
def test_a_page_leaves_the_server_no_transaction(
    app: Flask, session, method: str, reading: TransactionStatus
) -> None:
    """What only reads spares its BEGIN; an act is one transaction, however its request began."""

    def status() -> TransactionStatus:
        return db.session.connection().connection.dbapi_connection.info.transaction_status

    with app.test_request_context(method=method):
        transaction.begin()
        db.session.scalars(select(Registration)).all()
        before = status()
        with transaction.act() as inside:
            inside.add(note())
            inside.flush()
            during, seen = status(), noted(session)

    assert (before, during) == (reading, TransactionStatus.INTRANS)
    assert (seen, noted(session)) == (0, 1)


@pytest.mark.needs_postgres
def test_a_page_writes_no_object(app: Flask, session) -> None:
    """What a page changed by mistake is not kept when its next query comes."""
    with app.test_request_context(method="GET"):
        transaction.begin()
        db.session.add(note())
        with pytest.raises(RuntimeError, match="outside an act"):
            db.session.scalars(select(Registration)).all()

    assert noted(session) == 0


@pytest.mark.needs_postgres
def test_a_connection_of_a_page_serves_an_act_next(app: Flask, session) -> None:
    """What a page was read with goes back to the pool as it was: the next act is a whole one."""
    for method in ("GET", "POST", "GET"):
        with app.test_request_context(method=method):
            transaction.begin()
            db.session.scalars(select(Registration)).all()
            with pytest.raises(ZeroDivisionError):
                failing()
            db.session.remove()

    assert noted(session) == 0


def test_what_was_read_belongs_to_the_act(app: Flask) -> None:
    """In a writing request the act goes on in the transaction that found out who is asking."""
    with app.test_request_context(method="POST"):
        transaction.begin()
        before = db.session().get_transaction()
        with transaction.act() as session:
            after = session.get_transaction()

    assert before is after


def test_acts_do_not_nest(app: Flask, session) -> None:
    """An act inside an act would commit half of the outer one, so it is refused."""

    def nested() -> None:
        with transaction.act() as outer:
            outer.add(note())
            with transaction.act():
                pass

    with (
        app.test_request_context(method="POST"),
        pytest.raises(RuntimeError, match="inside an act"),
    ):
        nested()

    assert noted(session) == 0


def test_changes_outside_an_act_are_a_mistake(app: Flask, session) -> None:
    """What a reading request changed before its act is not slipped into it."""
    with app.test_request_context(method="GET"):
        transaction.begin()
        db.session.scalars(select(Registration)).all()
        db.session.add(note())
        with pytest.raises(RuntimeError, match="outside an act"), transaction.act():
            pass

    assert noted(session) == 0


def failing() -> None:
    """Write, then fail before the end."""
    with transaction.act() as session:
        session.add(note())
        session.flush()
        raise ZeroDivisionError


def test_acts_follow_each_other(app: Flask, session) -> None:
    """Two acts in one request are two transactions: the first stays when the second fails."""
    with app.test_request_context(method="POST"):
        with transaction.act() as first:
            first.add(note())
        with pytest.raises(ZeroDivisionError):
            failing()

    assert noted(session) == 1


# What a failed act means


def failure(state: str | None) -> OperationalError:
    """Make an error of PostgreSQL's with this SQLSTATE; none where the connection broke."""
    original = psycopg.OperationalError("failed")
    if state is not None:
        original = psycopg.errors.lookup(state)("failed")
    return OperationalError("UPDATE", {}, original)


def sqlite_failure(code: int) -> OperationalError:
    """Make an error of SQLite's."""
    original = sqlite3.OperationalError("failed")
    original.sqlite_errorcode = code
    return OperationalError("UPDATE", {}, original)


SERIALIZATION, DEADLOCK, LOCK_TIMEOUT = "40001", "40P01", "55P03"
DISK_FULL, STOPPED, STARTING, SYNTAX = "53100", "57P01", "57P03", "42601"
BUSY_SNAPSHOT = sqlite3.SQLITE_BUSY | (2 << 8)


@pytest.mark.parametrize(
    ("error", "is_worth_it"),
    [
        (failure(SERIALIZATION), True),
        (failure(DEADLOCK), True),
        (failure(LOCK_TIMEOUT), True),
        (failure(STOPPED), True),
        (failure(STARTING), True),
        (failure(None), True),
        (failure(DISK_FULL), False),
        (failure(SYNTAX), False),
        (sqlite_failure(sqlite3.SQLITE_BUSY), True),
        (sqlite_failure(BUSY_SNAPSHOT), True),
        (sqlite_failure(sqlite3.SQLITE_FULL), False),
        (sqlite_failure(sqlite3.SQLITE_IOERR), False),
        (OperationalError("UPDATE", {}, Exception("something else")), False),
    ],
)
def test_what_may_pass_is_worth_another_try(
    app: Flask, error: OperationalError, is_worth_it: bool
) -> None:
    """Contention and lost connections are tried again; a full disk stays full for a while."""
    with app.test_request_context(method="POST"):
        assert transaction.is_undone(error)
        assert transaction.may_repeat(error) is is_worth_it


@pytest.mark.parametrize(
    ("error", "is_certain", "is_repeated"),
    [
        (failure(SERIALIZATION), True, True),
        (failure(DISK_FULL), True, False),
        (failure(STOPPED), False, False),
        (failure("08006"), False, False),
        (failure(None), False, False),
        (sqlite_failure(sqlite3.SQLITE_BUSY), True, True),
        (sqlite_failure(sqlite3.SQLITE_FULL), True, False),
        (sqlite_failure(sqlite3.SQLITE_IOERR), False, False),
    ],
)
def test_a_commit_that_broke_off_is_unclear(
    app: Flask, monkeypatch, error: OperationalError, is_certain: bool, is_repeated: bool
) -> None:
    """Of a failed commit only the database's own refusal says that nothing was saved."""

    def fail(_self: Session) -> None:
        raise error

    monkeypatch.setattr(Session, "commit", fail)
    with app.test_request_context(method="POST"):
        with pytest.raises(OperationalError), transaction.act():
            note()

        assert transaction.is_undone(error) is is_certain
        assert transaction.may_repeat(error) is is_repeated


def test_what_was_committed_is_not_repeated(app: Flask) -> None:
    """A failure after the commit, on the way to the page, does not carry the act out again."""
    with app.test_request_context(method="POST"):
        transaction.begin()
        with transaction.act() as session:
            session.add(note())

        assert not transaction.is_undone(failure(None))
        assert not transaction.may_repeat(failure(None))


def test_patience_ends(app: Flask) -> None:
    """After three tries, or a few seconds, somebody who waits gets an answer."""
    error = failure(DEADLOCK)
    with app.test_request_context(method="POST"):
        g.repeats = len(transaction.PAUSES_S)
        tries = transaction.may_repeat(error)
        g.repeats, g.patient_until = 0, time.perf_counter()
        late = transaction.may_repeat(error)

    assert (tries, late) == (False, False)
