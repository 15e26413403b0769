"""What the doctor looks at on the machine itself: files, the limiter, room and connections."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from sqlalchemy import text
from sqlalchemy.orm import Session

from lti_alliance.cli.findings import Finding
from lti_alliance.errors import InvalidInput
from lti_alliance.services import erasure_file
from lti_alliance.settings import Settings, named_file

SMALLEST_FREE_SPACE = 500_000_000
MOST_CONNECTIONS = 0.8
"""The share of PostgreSQL's connections that may be in use before somebody has to look."""


def settings_file() -> Iterator[Finding]:
    """Say who else may read the secrets; nothing where they come from the environment alone."""
    name = named_file()
    if not name:
        return
    others = stat.S_IMODE(Path(name).stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    mend = f"It holds every secret: chmod 600 {name}" if others else ""
    says = f"{name} is open to others" if others else f"{name} is its owner's alone"
    yield Finding("settings file", says, mend)


def limiter(settings: Settings) -> Finding:
    """Say whether the place where requests are counted answers."""
    what, url = "request limits", settings.limiter_url
    if url.startswith("memory:"):
        return Finding(what, "each process counts for itself")
    mend = "Start Redis, or correct limiter_url; until then each process counts for itself."
    try:
        answers = storage_from_string(url).check()
    except ConfigurationError:
        answers = False
    if not answers:
        return Finding(what, "the place where they are counted does not answer", mend)
    return Finding(what, "counted for all processes together")


def erasures(settings: Settings) -> Finding:
    """Say whether whom somebody has erased is kept beside the database."""
    what, name = "erasures file", settings.erasures_file
    if not name:
        mend = "Name a file in erasures_file, or a restored backup brings erased people back."
        return Finding(what, "none is kept", mend if settings.is_production else "")
    path = Path(name)
    mend = f"Let the user of the tool write in {path.parent}, and in the file."
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.R_OK)):
        return Finding(what, f"{name} cannot be written", mend)
    try:
        count = len(erasure_file.read(path))
    except InvalidInput:
        return Finding(what, f"{name} is no file of erasures", "Put the right one back.")
    return Finding(what, f"{count} in {name}")


def room(session: Session) -> Iterator[Finding]:
    """Say how much room there is beside a SQLite file, or how many connections PostgreSQL has."""
    engine = session.connection().engine
    if engine.dialect.name == "sqlite":
        if file := engine.url.database:
            yield _disk(file)
        return
    yield _connections(session)
    yield _encoding(session)


def _disk(file: str) -> Finding:
    free = shutil.disk_usage(file).free
    mend = "" if free > SMALLEST_FREE_SPACE else "Make room: SQLite refuses to write without."
    return Finding("disk", f"{free // 1_000_000} MB free beside the database", mend)


def _connections(session: Session) -> Finding:
    used, most = session.execute(
        text(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
            " current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int"
        )
    ).one()
    mend = (
        "Raise max_connections, or run fewer web and worker processes (docs/operations.md)."
        if used > most * MOST_CONNECTIONS
        else ""
    )
    return Finding("connections", f"{used} of PostgreSQL's {most} in use", mend)


def _encoding(session: Session) -> Finding:
    name = session.execute(
        text(
            "SELECT pg_encoding_to_char(encoding) FROM pg_database"
            " WHERE datname = current_database()"
        )
    ).scalar_one()
    mend = "Names and texts need UTF8: make a database with --template template0 --encoding UTF8."
    return Finding("encoding", name, "" if name == "UTF8" else mend)
