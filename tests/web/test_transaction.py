"""One act, one transaction: begun as it will be used, committed once, never half."""

import pytest
from flask import Flask
from sqlalchemy import select

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
