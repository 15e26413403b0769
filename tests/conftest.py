"""What every test may ask for: settings, a database, the application, a client, a clock.

Tests run on a SQLite file of their own. A test marked ``needs_postgres`` gets a PostgreSQL
database instead, and one marked ``both_databases`` runs on each. What a machine lacks is skipped
with a line that says what to install; with ``CI=true`` a skip is a failure.
"""

import base64
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from _pytest.nodeid import coerce_node_id
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as chance
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from bench import yard
from lti_alliance.models import Base, db
from lti_alliance.settings import Settings
from tests import made_once
from tests.leaks import Watch

POSTGRES = os.environ.get("ALLIANCE_TEST_POSTGRES", "")
POSTGRES_CANDIDATES = (
    [POSTGRES] if POSTGRES else ["postgresql:///postgres", "postgresql://127.0.0.1/postgres"]
)
REDIS = os.environ.get("ALLIANCE_TEST_REDIS", "redis://127.0.0.1:6379/15")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FIREFOX_NAMES = ("firefox-esr", "firefox")
# How long a page may take to become what a test expects, on a busy machine.
SOON_MS = 20_000
IS_CI = os.environ.get("CI") == "true"

# A busy machine is slow at drawing examples, and slow is no fault of what is tested.
chance.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
chance.load_profile("patient")

SECRET_KEY = "a secret that only the tests know, 32 characters at least"
DATA_KEY = base64.b64encode(b"thirty-two bytes for the tests..").decode()


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self.moment = start

    def __call__(self) -> datetime:
        """Return the moment it stands at."""
        return self.moment

    def move(self, *, to: datetime | None = None, **by: float) -> datetime:
        """Set the clock ``to`` a moment, or move it by what ``timedelta`` takes."""
        self.moment = to if to is not None else self.moment + timedelta(**by)
        return self.moment


# What a machine may lack


@cache
def find_postgres() -> str | None:
    """Return the address of a server that lets us in, or nothing."""
    for url in POSTGRES_CANDIDATES:
        try:
            psycopg.connect(url, connect_timeout=3).close()
        except psycopg.OperationalError:
            continue
        return url
    return None


@cache
def find_redis() -> str | None:
    """Return the address of a Redis that answers, or nothing."""
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=1) as client:
            client.ping()
    except redis.exceptions.RedisError:
        return None
    return REDIS


@cache
def find_chromium() -> str | None:
    """Return the path of a Chromium, or nothing."""
    named = os.environ.get("ALLIANCE_TEST_CHROMIUM")
    return named or next((p for n in CHROMIUM_NAMES if (p := shutil.which(n))), None)


@cache
def find_chromedriver() -> str | None:
    """Return the path of Chromium's driver, or nothing, also where there is no Chromium."""
    named = os.environ.get("ALLIANCE_TEST_CHROMEDRIVER") or shutil.which("chromedriver")
    return named if find_chromium() else None


@cache
def find_firefox() -> str | None:
    """Return the path of a Firefox, or nothing."""
    named = os.environ.get("ALLIANCE_TEST_FIREFOX")
    return named or next((p for n in FIREFOX_NAMES if (p := shutil.which(n))), None)


@cache
def find_webkit() -> str | None:
    """Return the path of WebKitGTK's driver, or nothing, also where it would have no screen."""
    named = os.environ.get("ALLIANCE_TEST_WEBKIT") or shutil.which("WebKitWebDriver")
    return named if shutil.which("Xvfb") else None


@cache
def find_namespaces() -> str | None:
    """Return something where networks of their own can be made, or nothing."""
    return None if yard.why_not() else "yes"


@cache
def find_systemd_analyze() -> str | None:
    """Return the path of systemd's checker of units, or nothing."""
    return shutil.which("systemd-analyze")


@cache
def find_promtool() -> str | None:
    """Return the path of Prometheus' checker of rules, or nothing."""
    return os.environ.get("ALLIANCE_TEST_PROMTOOL") or shutil.which("promtool")


MISSING = {
    "needs_postgres": find_postgres,
    "needs_redis": find_redis,
    "browser": find_chromium,
    "chromedriver": find_chromedriver,
    "firefox": find_firefox,
    "webkit": find_webkit,
    "namespaces": find_namespaces,
    "needs_systemd_analyze": find_systemd_analyze,
    "needs_promtool": find_promtool,
}
MEND = {
    "needs_postgres": (
        "no PostgreSQL: install and start it (Debian: apt install postgresql), or name a server "
        "whose user may create databases in ALLIANCE_TEST_POSTGRES"
    ),
    "needs_redis": (
        "no Redis: install and start it (Debian: apt install redis-server), or name one in "
        "ALLIANCE_TEST_REDIS"
    ),
    "browser": (
        "no Chromium: install it (Debian: apt install chromium), or name its path in "
        "ALLIANCE_TEST_CHROMIUM"
    ),
    "chromedriver": (
        "no Chromium with its driver: install them (Debian: apt install chromium chromium-driver), "
        "or name the driver's path in ALLIANCE_TEST_CHROMEDRIVER"
    ),
    "firefox": (
        "no Firefox: install it (Debian: apt install firefox-esr), or name its path in "
        "ALLIANCE_TEST_FIREFOX"
    ),
    "webkit": (
        "no WebKitGTK: install its driver and a screen (Debian: apt install webkit2gtk-driver "
        "xvfb), or name the driver's path in ALLIANCE_TEST_WEBKIT"
    ),
    "namespaces": yard.MEND,
    "needs_systemd_analyze": "no systemd-analyze: install it (Debian: apt install systemd)",
    "needs_promtool": (
        "no promtool: install it (Debian: apt install prometheus), or name its path in "
        "ALLIANCE_TEST_PROMTOOL"
    ),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked ``both_databases`` once on each engine."""
    if metafunc.definition.get_closest_marker("both_databases"):
        metafunc.fixturenames.append("_engine_name")
        engines = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)]
        metafunc.parametrize("_engine_name", engines, indirect=True)


@pytest.fixture
def _engine_name(request: pytest.FixtureRequest) -> str:
    return request.param


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name the group of each test, so that a group stays on one worker of the run.

    pytest-xdist 3.8.0 does this by an attribute that pytest 9.2 no longer reads, and says nothing.
    """
    for item in items if config.getoption("loadgroup", False) else ():
        group = item.get_closest_marker("xdist_group")
        if group and "@" not in item.nodeid:
            item._id = coerce_node_id(f"{item.nodeid}@{group.args[0]}")
    if config.getoption("loadgroup", False):
        # Large groups go first by themselves; of single tests those that may take longest, so that
        # none of them is left to one worker while the others are done.
        items.sort(key=_patience, reverse=True)


def _patience(item: pytest.Item) -> float:
    """Return the seconds that a test asks for where they are more than usual, else nothing."""
    asked = item.get_closest_marker("timeout")
    seconds = float(asked.args[0]) if asked else 0.0
    return seconds if seconds > float(item.config.getini("timeout")) else 0.0


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, and say what to install."""
    for marker, find in MISSING.items():
        if item.get_closest_marker(marker) and find() is None:
            pytest.skip(MEND[marker])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    """Count a skip as a failure where everything is meant to run."""
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Count a module that skips itself as a failure where everything is meant to run."""
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report: Any) -> Any:
    if IS_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped with CI=true. {reason}"
    return report


# Made once


@pytest.fixture(autouse=True, scope="session")
def _what_is_always_the_same_is_made_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, made_once.sharing(patch):
        yield


# Nothing outside


@pytest.fixture(autouse=True, scope="session")
def _no_call_leaves_this_machine() -> Iterator[None]:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        outside = isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1"))
        if outside and address[0] != "localhost":
            raise AssertionError(f"a test called {address[0]}:{address[1]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


# Nothing personal in logs


@pytest.fixture(autouse=True, scope="session")
def _nothing_personal_is_logged() -> Iterator[None]:
    """Fail the run of a worker whose logs or metrics hold what is personal or secret."""
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(known={"secret_key": SECRET_KEY, "data_key": DATA_KEY})
        watch.begin(patch)
        yield
    watch.end()
    found = watch.leaks()
    assert not found, "logs or metrics of this run hold what is personal:\n" + "\n".join(found)


# Databases


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "alliance.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def _postgres_databases(worker_id: str) -> Iterator[Any]:
    server = find_postgres()
    assert server, MEND["needs_postgres"]
    prefix = f"alliance_test_{secrets.token_hex(4)}_{worker_id}"
    made: list[str] = []

    def make() -> str:
        name = f"{prefix}_{len(made)}"
        owner.execute(f'CREATE DATABASE "{name}"')
        made.append(name)
        url = make_url(server).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)

    # The server itself knows by this connection's name that the owner of the databases lives.
    with psycopg.connect(server, autocommit=True, application_name=prefix) as owner:
        drop_left_databases(owner)
        yield make
        for name in made:
            owner.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def drop_left_databases(connection: psycopg.Connection[Any]) -> None:
    """Drop the databases of runs that were killed: those whose owner is no longer connected."""
    left = connection.execute(
        r"""
        SELECT datname FROM pg_database
        WHERE datname LIKE 'alliance\_test\_%' AND pg_get_userbyid(datdba) = current_user
        AND regexp_replace(datname, '_[0-9]+$', '') NOT IN (
            SELECT application_name FROM pg_stat_activity WHERE application_name IS NOT NULL
        )
        """
    ).fetchall()
    for (name,) in left:
        # Another run that starts at this moment may be dropping it too.
        with suppress(psycopg.errors.InvalidCatalogName, psycopg.errors.InternalError_):
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def _postgres_with_tables(_postgres_databases: Any) -> str:
    url = _postgres_databases()
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    return url


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without a single table, for tests that make them."""
    if request.node.get_closest_marker("needs_postgres"):
        return request.getfixturevalue("_postgres_databases")()
    return f"sqlite:///{tmp_path / 'empty.sqlite3'}"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with all tables and no rows."""
    if not request.node.get_closest_marker("needs_postgres"):
        path = tmp_path / "alliance.sqlite3"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    url = request.getfixturevalue("_postgres_with_tables")
    yield url
    engine = create_engine(url)
    names = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        connection.execute(text(f"TRUNCATE {names} CASCADE"))
    engine.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine of the test's own, apart from the application's."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session of the test's own: the application sees only what it commits."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


# The application


@pytest.fixture
def now() -> Clock:
    """The clock that the application reads; it stands at a Monday noon."""
    return Clock(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings of a tool in development on localhost."""
    return Settings(
        environment="development",
        secret_key=SECRET_KEY,
        data_key=DATA_KEY,
        base_url="http://localhost:8000",
        database_url=database_url,
    )


@pytest.fixture(scope="session")
def _compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """What is compiled of templates for one application serves the next."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(
    settings: Settings, now: Clock, _compiled_templates: FileSystemBytecodeCache
) -> Iterator[Flask]:
    """The application, with every edge, on the test's database."""
    # Imported here so that tests of inner rooms do not load the edges.
    from lti_alliance.app import create_app

    app = create_app(settings, now=now)
    app.testing = True
    app.jinja_env.bytecode_cache = _compiled_templates
    yield app
    with app.app_context():
        for found in db.engines.values():
            found.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies yet; each request has a context and a session of its own."""
    return app.test_client()


@pytest.fixture
def redis_url() -> str:
    """The address of an emptied Redis database."""
    url = find_redis()
    assert url, MEND["needs_redis"]
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of the browser."""
    path = find_chromium()
    assert path, MEND["browser"]
    return path


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one driver of all browsers: a second in the same process would not start."""
    expect.set_options(timeout=SOON_MS)
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """A running Chromium; each test makes a context of its own in it."""
    browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
    yield browser
    browser.close()
