"""The command group itself: which commands there are, and how a failure is told."""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from flask.cli import FlaskGroup
from flask_migrate.cli import db as migrations_group

from lti_alliance.cli.output import translating

NOUNS = (
    "init",
    "platform",
    "keys",
    "module",
    "score",
    "privacy",
    "audit",
    "worker",
    "doctor",
    "demo",
)


def commands() -> list[click.Command]:
    """Return every command, one from each module of this package that exists."""
    names = [f"lti_alliance.cli.{noun}" for noun in NOUNS]
    found = [name for name in names if importlib.util.find_spec(name)]
    return [importlib.import_module(name).command for name in found]


class AllianceGroup(FlaskGroup):
    """Flask's group with our commands, which needs no settings until a command does."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List what there is without building the application."""
        self._load_plugin_commands()
        return sorted(self.commands)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Find a command without building the application."""
        self._load_plugin_commands()
        return self.commands.get(name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and tell a failure in a sentence."""
        with translating():
            return super().invoke(ctx)


def register(app: Flask) -> None:
    """Give the application the commands."""
    for command in commands():
        app.cli.add_command(command)


def group(create_app: Callable[[], Flask]) -> AllianceGroup:
    """Return the ``alliance`` command for an application still to be built."""
    made = AllianceGroup(
        name="alliance",
        help="Run and look after an LTI Alliance server.",
        create_app=create_app,
        load_dotenv=False,
    )
    # The application is always ours, and secrets do not belong into a .env file.
    not_ours = ("app", "env_file", "version")
    made.params = [option for option in made.params if option.name not in not_ours]
    made = click.version_option(package_name="lti-alliance")(made)
    for command in (migrations_group, *commands()):
        made.add_command(command)
    return made


def main(create_app: Callable[[], Flask]) -> None:
    """Run the ``alliance`` command."""
    group(create_app).main(prog_name="alliance")
