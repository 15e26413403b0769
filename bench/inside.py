"""The tool inside the benchmark's process: what a page costs it and the database."""

import base64
import gc
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask

from bench.databases import Database
from lti_alliance.app import create_app
from lti_alliance.models import Base, db
from lti_alliance.settings import Settings
from tests.statements import statements_of


@dataclass(frozen=True, slots=True)
class Cost:
    """What one act cost, the mean of several in a row."""

    wall_s: float
    tool_s: float
    """CPU seconds of this process."""
    database_s: float
    """CPU seconds of the database's server; 0 for SQLite, which works in this process."""

    @property
    def cpu_s(self) -> float:
        """CPU seconds altogether."""
        return self.tool_s + self.database_s


@contextmanager
def inside(database: Database) -> Iterator[Flask]:
    """Make the tool on a database with all tables, its context pushed, and put it away after."""
    app = create_app(
        Settings(
            environment="development",
            secret_key=secrets.token_urlsafe(48),
            data_key=base64.b64encode(secrets.token_bytes(32)).decode(),
            base_url="http://localhost:8000",
            database_url=database.url,
            log_level="error",
        )
    )
    with app.app_context():
        try:
            Base.metadata.create_all(db.engine)
            # As a served process begins: what is there to stay is left alone by the collector.
            gc.collect()
            gc.freeze()
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def cost_of(act: Callable[[], object], database: Database, *, times: int) -> Cost:
    """Do something so many times in a row; the clock of the server's processes has 10 ms ticks."""
    meter = database.meter()
    wall, tool = time.perf_counter(), time.process_time()
    for _ in range(times):
        act()
    tool, wall = time.process_time() - tool, time.perf_counter() - wall
    return Cost(wall / times, tool / times, (meter.used_s() or 0.0) / times)


def statements_in(act: Callable[[], object]) -> int:
    """Count the statements that something sends when it is done for the second time."""
    act()
    with statements_of(db.engine) as sent:
        act()
    return len(sent)
