"""The command group: help without settings, and failures as sentences."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.exc import OperationalError

from lti_alliance.cli import output
from lti_alliance.cli.group import group
from lti_alliance.errors import InvalidInput, NotFound, PlatformRefused
from lti_alliance.settings import SettingsError


def unusable() -> Flask:
    raise SettingsError(["secret_key is too short.", "base_url must be https."])


def test_help_needs_no_settings() -> None:
    """Somebody without any settings is told which commands there are."""
    result = CliRunner().invoke(group(unusable), ["--help"])

    assert result.exit_code == 0
    assert {"init", "platform", "keys", "module", "score", "worker", "doctor", "db"} <= set(
        result.stdout.split()
    )


def test_unusable_settings_name_every_fault() -> None:
    """A command that needs the application says all that is wrong with the settings."""
    result = CliRunner().invoke(group(unusable), ["keys", "list"])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "secret_key is too short." in result.stderr
    assert "base_url must be https." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("words", [["bogus"], ["keys", "bogus"], ["keys", "list", "--bogus"]])
def test_wrong_usage_is_status_2(words: list[str]) -> None:
    """What does not exist is wrong usage, also without settings."""
    result = CliRunner().invoke(group(unusable), words)

    assert result.exit_code == 2
    assert result.stderr


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (InvalidInput({"name": "Another platform has this name."}), "name: Another platform"),
        (NotFound("module.unknown"), "module.unknown"),
        (PlatformRefused("no_such_course", status=404, detail="gone"), "status 404): gone"),
        (OperationalError("SELECT x", {"name": "Ann"}, Exception("no such table")), "db upgrade"),
    ],
)
def test_failures_are_sentences(error: Exception, says: str) -> None:
    """Every expected failure becomes one sentence, without the data of the statement."""
    with pytest.raises(click.ClickException) as caught, output.translating():
        raise error

    assert says in caught.value.message
    assert "Ann" not in caught.value.message


def test_the_program_starts_as_a_module(tmp_path: Path) -> None:
    """`python -m lti_alliance` is the same command, without any settings in the environment."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("ALLIANCE_")}
    done = subprocess.run(
        [sys.executable, "-m", "lti_alliance", "keys", "list"],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "run `alliance init`" in done.stderr
