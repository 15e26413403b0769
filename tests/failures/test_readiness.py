"""Readiness tells of a database that takes no writes, by the worker's beat."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from lti_alliance import schema
from lti_alliance.models import db
from lti_alliance.web.health import BEAT_WITHIN
from lti_alliance.worker import BEAT, Worker
from tests.conftest import Clock
from tests.failures.running import wait_for


@contextmanager
def without_writes(app: Flask) -> Iterator[None]:
    """Let SQLite refuse every write, as on a disk that has gone read-only."""

    def refuse(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    with app.app_context():
        event.listen(db.engine, "connect", refuse)
        db.engine.dispose()
        yield
        event.remove(db.engine, "connect", refuse)
        db.engine.dispose()


@contextmanager
def working(app: Flask) -> Iterator[None]:
    """Let a worker work in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=Worker(app).run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


def test_readiness_tells_that_nothing_can_be_written(
    app: Flask, client: FlaskClient, now: Clock
) -> None:
    """The worker cannot beat while writes fail: after a minute the tool is not ready, and it is
    ready again by itself as soon as writes go through."""
    with app.app_context(), db.engine.begin() as connection:
        schema.stamp(connection)
    with working(app):
        wait_for("the first beat", lambda: client.get("/readyz").status_code == 200)
        with without_writes(app):
            now.move(seconds=BEAT.total_seconds() + 1)
            soon = client.get("/readyz").status_code
            now.move(seconds=BEAT_WITHIN.total_seconds())
            late = client.get("/readyz")
        wait_for("the next beat", lambda: client.get("/readyz").status_code == 200)

    assert soon == 200
    assert (late.status_code, late.json["missing"]) == (503, ["worker"])
