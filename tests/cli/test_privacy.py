"""`alliance privacy`: one person's data given out or erased, and how long courses keep theirs."""

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from lti_alliance.cli.group import group
from lti_alliance.models import Attempt, Base, Erasure, Reflection
from lti_alliance.services import erasure_file
from lti_alliance.settings import Settings
from lti_alliance.worker import JOBS, Worker
from tests.cli.conftest import Run
from tests.conftest import Clock
from tests.services.dumps import places_of
from tests.services.person import Canaries, settle
from tests.stage import NOON, Stage, build

WHO = ("--platform", "Northfield", "--sub")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of a tool that keeps erasures beside its database."""
    values = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    return Settings(**values | {"erasures_file": str(tmp_path / "erasures.jsonl")})


@pytest.fixture
def stage(app: Flask, session: Session, now: Clock) -> Stage:
    """A course on the table."""
    now.move(to=NOON + timedelta(days=40))
    return build(session, app.extensions["alliance"].catalogue)


@pytest.fixture
def said(app: Flask, stage: Stage) -> Canaries:
    """Somebody with a trace in every table; what they said."""
    _, said = settle(stage, app.extensions["alliance"].sealer, "eve")
    stage.session.commit()
    return said


def rows_of(session: Session) -> dict[str, int]:
    session.rollback()
    session.expire_all()
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


@contextmanager
def unchanged(session: Session) -> Iterator[None]:
    """Fail if any row came or went meanwhile."""
    before = rows_of(session)
    session.rollback()
    yield
    assert rows_of(session) == before


def test_an_export_is_one_file_for_its_owner(
    run: Run, session: Session, said: Canaries, tmp_path: Path
) -> None:
    """Everything is in it, notes too; nobody else on the machine may read it."""
    path = tmp_path / "eve.zip"
    result = run("privacy", "export", *WHO, said.sub, "--to", str(path))

    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(path) as archive:
        found = json.loads(archive.read("data.json"))
        html = archive.read("data.html").decode()
    assert found["courses"][0]["accommodations"][0]["note"] == said.note
    assert said.text in html
    assert path.stat().st_mode & 0o077 == 0
    assert said.name not in result.output


def test_an_export_overwrites_nothing(
    run: Run, session: Session, said: Canaries, tmp_path: Path
) -> None:
    """A file that is there stays, and no export is put on record; a dry run writes nothing."""
    path = tmp_path / "eve.zip"
    path.write_text("mine")
    with unchanged(session):
        taken = run("privacy", "export", *WHO, said.sub, "--to", str(path))
        nowhere = run("privacy", "export", *WHO, said.sub)
        dry = run("privacy", "export", *WHO, said.sub, "--dry-run")

    assert (taken.exit_code, nowhere.exit_code, dry.exit_code) == (1, 2, 0)
    assert path.read_text() == "mine"
    assert "attempts" in dry.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--platform", "Elsewhere", "--sub", "x"), "platform.unknown"),
        (("--platform", "Northfield", "--sub", "nobody"), "nobody with that id"),
    ],
)
def test_whom_nobody_knows_is_said_so(
    run: Run, session: Session, said: Canaries, words: tuple[str, ...], sentence: str
) -> None:
    """A person or a platform that is not there is one sentence, and nothing is changed."""
    with unchanged(session):
        result = run("privacy", "erase", *words, "--yes")

    assert result.exit_code == 1
    assert sentence in result.stderr


def test_erasing_asks_first(app: Flask, session: Session, run: Run, said: Canaries) -> None:
    """What goes is counted before the id is asked for; another id changes nothing."""
    words = ["privacy", "erase", *WHO, said.sub]
    with unchanged(session):
        dry = run(*words, "--dry-run")
        wrong = CliRunner().invoke(group(lambda: app), words, input="somebody\n")
    right = CliRunner().invoke(group(lambda: app), words, input=f"{said.sub}\n")

    assert (dry.exit_code, wrong.exit_code, right.exit_code) == (0, 1, 0), right.output
    assert "attempts" in dry.stdout
    assert "1 scores stay here without a name" in dry.stdout
    assert "cannot be undone" in wrong.output
    session.rollback()
    assert places_of(session, said("sub", "name", "text", "answer")) == {}


def test_a_restored_backup_is_erased_again(
    run: Run, session: Session, engine: Engine, said: Canaries, settings: Settings, tmp_path: Path
) -> None:
    """The database of yesterday comes back; the file beside it knows who has to go again."""
    backup = tmp_path / "backup.sqlite3"
    session.rollback()
    _copy(Path(str(engine.url.database)), backup)
    assert run("privacy", "erase", *WHO, said.sub, "--yes").exit_code == 0
    assert len(json.loads(run("privacy", "erasures", "--json").stdout)) == 1
    session.rollback()
    _copy(backup, Path(str(engine.url.database)))
    session.expire_all()
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1
    session.rollback()
    with unchanged(session):
        dry = run("privacy", "reapply", "--dry-run")
    done = [run("privacy", "reapply") for _ in range(2)]
    session.rollback()
    session.expire_all()

    assert "1 people are back" in dry.stdout
    assert [result.stdout.split()[0] for result in done] == ["1", "0"]
    assert places_of(session, said("sub", "name", "text", "answer")) == {}
    assert said.sub not in Path(settings.erasures_file).read_text()


def test_a_damaged_file_of_erasures_is_named(
    run: Run, session: Session, said: Canaries, tmp_path: Path
) -> None:
    """A file that cannot be read stops it, instead of being taken for an empty one."""
    path = tmp_path / "other.jsonl"
    path.write_text("not one of ours\n")
    with unchanged(session):
        result = run("privacy", "reapply", "--from", str(path))

    assert result.exit_code == 1
    assert "not a file of erasures" in result.stderr


def test_retention_is_counted_first(run: Run, session: Session, said: Canaries, now: Clock) -> None:
    """A dry run lists by course and kind what the same command then removes."""
    now.move(to=NOON + timedelta(days=400))
    with unchanged(session):
        told = json.loads(run("privacy", "retain", "--dry-run", "--json").stdout)
    done = json.loads(run("privacy", "retain", "--json").stdout)
    session.rollback()
    session.expire_all()

    counts = {(row["title"], row["kind"]): row["rows"] for row in told}
    assert counts["Skills", "drafts"] == 1
    assert counts[None, "launch_sessions"] == 3
    assert done == told
    assert session.scalars(select(Reflection.submitted_text)).all() == [None]
    assert "Nothing" in run("privacy", "retain", "--dry-run").stdout


def test_periods_are_shown_and_set(run: Run, stage: Stage, said: Canaries) -> None:
    """A platform and a course have periods of their own, taken back by --default."""
    course = ("--platform", "Northfield", "--course", str(stage.context.id))
    before = json.loads(run("privacy", "periods", "--json").stdout)
    run("privacy", "periods", "--platform", "Northfield", "--texts-days", "100")
    run("privacy", "periods", *course, "--work-days", "200")
    (held,) = json.loads(run("privacy", "periods", *course, "--json").stdout)
    run("privacy", "periods", *course, "--default")
    (back,) = json.loads(run("privacy", "periods", *course, "--json").stdout)

    assert [(row["texts_days"], row["work_days"]) for row in before] == [(365, 730)]
    assert (held["texts_days"], held["work_days"]) == (100, 200)
    assert (back["texts_days"], back["work_days"]) == (100, 730)
    assert run("privacy", "periods", "--texts-days", "9").exit_code == 2
    assert run("privacy", "periods", *course, "--texts-days", "0").exit_code == 2


def test_the_worker_retains_and_keeps_erasures(
    app: Flask, run: Run, session: Session, said: Canaries, now: Clock, settings: Settings
) -> None:
    """Without anybody's doing, texts go in time and the file beside the database is complete."""
    run("privacy", "erase", *WHO, "sub-instructor", "--yes")
    kept = Path(settings.erasures_file)
    kept.unlink()
    now.move(to=NOON + timedelta(days=400))
    with app.app_context():
        worker = Worker(app)
    worker._run_job("retention", JOBS["retention"], "token")
    worker._run_host_jobs()
    session.rollback()
    session.expire_all()

    assert session.scalars(select(Reflection.submitted_text)).all() == [None]
    digests = {stone.person_digest for stone in erasure_file.read(kept)}
    assert digests == set(session.scalars(select(Erasure.person_digest)))


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as read, sqlite3.connect(target) as written:
        read.backup(written)
    read.close()
    written.close()
