"""config/backup.sh: a backup of a database that is in use, and an end to old ones."""

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.operator.page import ROOT

SCRIPT = ROOT / "config" / "backup.sh"
DAY_S = 86_400


def back_up(database: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as the timer does."""
    return subprocess.run(
        [str(SCRIPT), database, str(folder)], capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A SQLite database with one row, in the mode in which the tool keeps it."""
    path = tmp_path / "alliance.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE kept (word TEXT)")
        connection.execute("INSERT INTO kept VALUES ('first')")
    connection.close()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups go."""
    made = tmp_path / "backups"
    made.mkdir()
    return made


def test_sqlite_in_use(database: Path, folder: Path) -> None:
    """A whole database is copied while another process holds a transaction open in it."""
    assert shutil.which("sqlite3"), "no sqlite3: install it (Debian: apt install sqlite3)"
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("INSERT INTO kept VALUES ('second')")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO kept VALUES ('not committed')")
    done = back_up(str(database), folder)
    writer.execute("ROLLBACK")
    writer.close()
    (made,) = folder.iterdir()
    with sqlite3.connect(made) as copy:
        words = [word for (word,) in copy.execute("SELECT word FROM kept ORDER BY rowid")]
        (checked,) = copy.execute("PRAGMA integrity_check").fetchone()
    copy.close()

    assert (done.returncode, done.stdout.strip()) == (0, str(made))
    assert words == ["first", "second"]
    assert checked == "ok"
    assert oct(made.stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize("missing", ["nothing.sqlite3", "postgresql:///alliance_nobody_made"])
def test_what_is_not_there(tmp_path: Path, folder: Path, missing: str) -> None:
    """A database that cannot be read fails the unit, and leaves nothing like a backup."""
    name = missing if missing.startswith("postgresql:") else str(tmp_path / missing)
    done = back_up(name, folder)

    assert done.returncode != 0
    assert list(folder.iterdir()) == []


def test_old_backups_go(database: Path, folder: Path) -> None:
    """After 35 days a backup is removed, and nothing else in the folder is."""
    kept = {"alliance-recent.dump": 34, "somebody-elses.dump": 400}
    gone = {"alliance-old.dump": 36, "alliance-old.sqlite3": 36}
    for name, days in (kept | gone).items():
        (folder / name).touch()
        then = time.time() - days * DAY_S
        os.utime(folder / name, (then, then))
    back_up(str(database), folder)
    names = {path.name for path in folder.iterdir()}

    assert kept.keys() <= names
    assert not gone.keys() & names
    assert len(names) == len(kept) + 1


def test_a_backup_that_fails_removes_none(tmp_path: Path, folder: Path) -> None:
    """The last good backup stays for as long as no new one is made."""
    old = folder / "alliance-old.dump"
    old.touch()
    os.utime(old, (0, 0))
    back_up(str(tmp_path / "nothing.sqlite3"), folder)

    assert old.exists()
