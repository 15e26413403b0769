"""How commands speak: tables for people, JSON for programs, failures as sentences."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from lti_alliance.errors import AllianceError, ContentError, PlatformError
from lti_alliance.models import begin_write, db
from lti_alliance.sealing import KeyMissing
from lti_alliance.settings import SettingsError, named_file

INSTANCE_FILE = Path("instance/alliance.toml")
"""Where ``alliance init`` writes when ALLIANCE_CONFIG names no other file."""

Row = Mapping[str, Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def show_rows(rows: Sequence[Row], *, as_json: bool, none: str) -> None:
    """Print a listing; ``none`` is the sentence for an empty one."""
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows], default=_plain, indent=2))
        return
    if not rows:
        click.echo(none)
        return
    heads = list(rows[0])
    lines = [heads, *[[_text(row[head]) for head in heads] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        cells = zip(line, widths, strict=True)
        click.echo("  ".join(cell.ljust(width) for cell, width in cells).rstrip())


def show_row(row: Row, *, as_json: bool) -> None:
    """Print one thing with all its facts."""
    if as_json:
        click.echo(json.dumps(dict(row), default=_plain, indent=2))
        return
    width = max(len(name) for name in row)
    for name, value in row.items():
        click.echo(f"{name.ljust(width)}  {_text(value)}".rstrip())


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


@contextmanager
def act() -> Iterator[Session]:
    """Carry out one act of the command line: commit once, or change nothing."""
    begin_write()
    session = db.session()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def translating() -> Iterator[None]:
    """Turn what can go wrong into a sentence and exit status 1."""
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(_settings_sentence(error)) from error
    except ContentError as error:
        raise click.ClickException(str(error)) from error
    except PlatformError as error:
        raise click.ClickException(_platform_sentence(error)) from error
    except KeyMissing as error:
        raise click.ClickException(_missing_key_sentence(error)) from error
    except AllianceError as error:
        raise click.ClickException(_sentence(error)) from error
    except (OperationalError, ProgrammingError) as error:
        raise click.ClickException(_database_sentence(error)) from error


def _settings_sentence(error: SettingsError) -> str:
    faults = "\n".join(f"  {fault}" for fault in error.faults)
    # A file that `init` wrote here and that nobody named is by far the likeliest cause.
    if not named_file() and os.access(INSTANCE_FILE, os.R_OK):
        faults = faults.replace(": run `alliance init`.", ".")
        mend = f"{INSTANCE_FILE} is there: set ALLIANCE_CONFIG={INSTANCE_FILE.absolute()}"
        return f"The settings cannot be used:\n{faults}\n{mend}"
    return f"The settings cannot be used:\n{faults}"


def _sentence(error: AllianceError) -> str:
    fields: Mapping[str, str] | None = getattr(error, "fields", None)
    if fields:
        return " ".join(f"{name}: {message}" for name, message in fields.items())
    code = getattr(error, "code", None) or getattr(error, "reason", None) or str(error)
    return f"This was refused: {code}."


def _missing_key_sentence(error: KeyMissing) -> str:
    return (
        f"Something ({error}) is sealed with the key {error.key_id}, which is not at hand. Put the "
        "key that was used before into other_data_keys; nothing was changed."
    )


def _platform_sentence(error: PlatformError) -> str:
    status = f" (status {error.status})" if error.status else ""
    detail = f": {error.detail}" if error.detail else ""
    return f"The platform call failed with {error.code}{status}{detail}."


def _database_sentence(error: OperationalError | ProgrammingError) -> str:
    reason = str(error.orig).strip().splitlines()[0]
    mend = "Look at database_url; if tables are missing, run `alliance db upgrade`."
    return f"The database refused: {reason}. {mend}"
