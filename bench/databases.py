"""Databases made for one benchmark and dropped with it, and the CPU that their server uses."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from bench.cpu import own_seconds, read_name, read_usage, tree_seconds

SERVERS = ("postgresql:///postgres", "postgresql://127.0.0.1/postgres")
_OWN_NAME = "alliance-bench"
"""What the benchmark's own connections call themselves, so that they are not counted."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database for the tool; ``server`` is the PostgreSQL that holds it, if one does."""

    url: str
    own_url: str
    server: str = ""

    def meter(self) -> "Meter":
        """Begin to count what the database server uses."""
        return Meter(self.server)


class Meter:
    """CPU seconds of a PostgreSQL server since the beginning, without connections of others.

    Connections come and go, so the whole tree of the server's processes is counted; what lives in
    it for other databases or for the benchmark itself is taken off. SQLite works inside the tool.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._root = _find_root(server) if server else 0
        self._others_before = self._others()
        self._before_s = tree_seconds(self._root) if self._root else 0.0

    def used_s(self) -> float | None:
        """Return the seconds used so far; nothing where no server is at work on this machine."""
        if not self._root:
            return None
        total_s = tree_seconds(self._root) - self._before_s
        for pid, seconds in self._others().items():
            total_s -= seconds - self._others_before.get(pid, 0.0)
        return max(0.0, total_s)

    def _others(self) -> dict[int, float]:
        if not self._root:
            return {}
        rows = _ask(
            self._server,
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND (application_name = %s OR datname NOT LIKE 'alliance_bench_%%')",
            _OWN_NAME,
        )
        return {pid: own_seconds(pid) for (pid,) in rows}


def find_server(named: str = "") -> str | None:
    """Return the address of a PostgreSQL that lets us in, or nothing."""
    for address in [named] if named else SERVERS:
        try:
            _ask(address, "SELECT 1")
        except psycopg.OperationalError:
            continue
        return address
    return None


def server_version(server: str) -> str:
    """Return what the server calls its release."""
    return str(_ask(server, "SHOW server_version")[0][0]).split()[0]


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Database]:
    """Name a SQLite file in the folder; the folder's owner removes it."""
    url = f"sqlite:////{str(folder / 'alliance.sqlite3').lstrip('/')}"
    yield Database(url=url, own_url=url)


@contextmanager
def postgresql_database(server: str) -> Iterator[Database]:
    """Make a PostgreSQL database and drop it in the end, whoever is still connected."""
    name = f"alliance_bench_{secrets.token_hex(4)}"
    _do(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        url = make_url(server).set(drivername="postgresql+psycopg", database=name)
        own = url.update_query_dict({"application_name": _OWN_NAME})
        yield Database(
            url=url.render_as_string(hide_password=False),
            own_url=own.render_as_string(hide_password=False),
            server=server,
        )
    finally:
        _do(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _find_root(server: str) -> int:
    with psycopg.connect(server, application_name=_OWN_NAME) as connection:
        pid = connection.info.backend_pid
        usage = read_usage(pid)
        # A server on another machine, or in a container of its own, counts processes its own way.
        is_here = usage is not None and read_name(pid) == "postgres"
    return usage.parent if usage and is_here else 0


def _ask(server: str, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(server, application_name=_OWN_NAME, connect_timeout=3) as connection:
        return connection.execute(query, values or None).fetchall()


def _do(server: str, command: sql.Composed) -> None:
    with psycopg.connect(server, application_name=_OWN_NAME, autocommit=True) as connection:
        connection.execute(command)
