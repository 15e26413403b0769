"""`alliance init`: once, completely, or not at all."""

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from lti_alliance import schema
from lti_alliance.app import create_app
from lti_alliance.cli.group import group
from lti_alliance.lti import keys
from lti_alliance.models import db
from lti_alliance.settings import load


class Server:
    """A folder that is a new server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.apps: list[Flask] = []

    def create_app(self) -> Flask:
        self.apps.append(create_app())
        return self.apps[-1]

    def init(self, *options: str) -> Result:
        return self.run("init", *options)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(group(self.create_app), list(words))

    @property
    def file(self) -> Path:
        return self.folder / "instance" / "alliance.toml"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALLIANCE_CONFIG", "")
    server = Server(tmp_path)
    yield server
    for app in server.apps:
        with app.app_context():
            db.engine.dispose()


def test_a_new_server_is_ready(server: Server) -> None:
    """One command makes secrets, tables and keys, and says what is left to do."""
    result = server.init()
    (app,) = server.apps
    with app.app_context():
        is_current = schema.is_current(db.session.connection())
        states = [key.state for key in keys.list_keys(db.session())]
        db.session.remove()

    assert result.exit_code == 0, result.output
    assert "ALLIANCE_CONFIG=" in result.stdout
    assert is_current
    assert sorted(states) == ["current", "next"]


def test_nobody_else_can_read_what_is_written(server: Server) -> None:
    """The secrets and the database belong to the user who ran the command."""
    server.init()
    database = server.folder / "instance" / "alliance.sqlite3"

    assert stat.S_IMODE(server.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.stat().st_mode) & 0o077 == 0


def test_a_second_run_keeps_the_secrets(server: Server) -> None:
    """Running it again changes no secret, whatever has been edited meanwhile."""
    server.init()
    before = server.file.read_text()
    server.file.write_text(before + 'support_contact = "help@school.example"\n')
    again = server.init()

    assert again.exit_code == 0
    assert server.file.read_text() == before + 'support_contact = "help@school.example"\n'


def test_options_for_a_file_that_is_there_are_refused(server: Server) -> None:
    """Options that would have no effect are an error, not a silence."""
    server.init()
    result = server.init("--base-url", "https://tool.example")

    assert result.exit_code == 1
    assert "--base-url" in result.stderr


def test_nothing_is_written_that_cannot_be_used(server: Server) -> None:
    """Options with which the tool would not start leave no file behind."""
    result = server.init("--base-url", "https://tool.example/with/path")

    assert result.exit_code == 1
    assert "base_url" in result.stderr
    assert not server.file.exists()
    assert list(server.file.parent.iterdir()) == []


def test_https_means_production(server: Server) -> None:
    """A server with a public address starts with the strict rules on."""
    result = server.init(
        *("--base-url", "https://tool.example", "--limiter-url", "redis://127.0.0.1:6379/0"),
        *("--trusted-proxies", "1", "--support-contact", 'Ask "Ann" at help@school.example'),
    )
    values = tomllib.loads(server.file.read_text())

    assert result.exit_code == 0, result.output
    assert values["environment"] == "production"
    assert values["support_contact"] == 'Ask "Ann" at help@school.example'
    assert load({"ALLIANCE_CONFIG": str(server.file)}).trusted_proxies == 1


def test_a_file_nobody_named_is_pointed_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ALLIANCE_CONFIG the file that `init` wrote is named, not `init` once more."""
    server.init()
    monkeypatch.setenv("ALLIANCE_CONFIG", "")
    result = server.run("doctor")

    assert result.exit_code == 1
    assert f"is there: set ALLIANCE_CONFIG={server.file}" in result.stderr
    assert "alliance init" not in result.stderr


def test_without_any_file_init_comes_first(server: Server) -> None:
    """Where no file is, the mend is `alliance init`."""
    result = server.run("doctor")

    assert result.exit_code == 1
    assert "run `alliance init`" in result.stderr
    assert "is there" not in result.stderr


def test_two_servers_have_different_secrets(
    server: Server, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets are fresh each time."""
    server.init()
    first = tomllib.loads(server.file.read_text())
    other = tmp_path_factory.mktemp("other") / "other.toml"
    monkeypatch.setenv("ALLIANCE_CONFIG", str(other))
    server.init()
    second = tomllib.loads(other.read_text())

    assert first["secret_key"] != second["secret_key"]
    assert first["data_key"] != second["data_key"]
