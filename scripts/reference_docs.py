"""Write the tables of docs/ that repeat what the code says: settings, commands, addresses, metrics.

Each stands between `<!-- begin NAME -->` and `<!-- end NAME -->`; everything else on the pages is
written by hand. A test fails when a table is out of date; `make docs` brings it up to date.
"""

import base64
import inspect
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import click
from flask import Flask

from lti_alliance import schema
from lti_alliance.app import create_app
from lti_alliance.cli.group import group
from lti_alliance.models import db
from lti_alliance.settings import Settings

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOT_OURS = {"db", "limiter", "routes", "run", "shell"}


def settings_table(_app: Flask) -> Iterator[str]:
    """One row for each setting."""
    yield "| In a file | In the environment | Default | Meaning |"
    yield "|---|---|---|---|"
    for setting in fields(Settings):
        default = f"`{setting.default}`" if setting.default != "" else "none"
        variable = f"`ALLIANCE_{setting.name.upper()}`"
        meaning = setting.metadata["meaning"]
        yield f"| `{setting.name}` | {variable} | {default} | {meaning} |"


def commands_list(_app: Flask) -> Iterator[str]:
    """One section for each command of ours, with its options."""
    root = group(create_app)
    for name in sorted(set(root.commands) - NOT_OURS):
        yield from _command(f"alliance {name}", root.commands[name])


def _command(name: str, command: click.Command) -> Iterator[str]:
    if command.hidden:
        return
    if isinstance(command, click.Group):
        if command.invoke_without_command:
            yield from _one_command(name, command)
        for child in sorted(command.commands):
            yield from _command(f"{name} {child}", command.commands[child])
        return
    yield from _one_command(name, command)


def _one_command(name: str, command: click.Command) -> Iterator[str]:
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    context = click.Context(command)
    usage = " ".join([name, *(argument.make_metavar(context) for argument in arguments)])
    yield f"### `{usage}`"
    yield ""
    yield inspect.cleandoc(command.help or "")
    yield ""
    options = [p for p in command.params if isinstance(p, click.Option)]
    for option in options:
        value = "" if option.is_flag else f" {option.make_metavar(context)}"
        yield f"- `{option.opts[0]}{value}`: {option.help}"
    if options:
        yield ""


def addresses_table(app: Flask) -> Iterator[str]:
    """One row for each route."""
    yield "| Address | Methods | For |"
    yield "|---|---|---|"
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        lines = (app.view_functions[rule.endpoint].__doc__ or "").strip().splitlines()
        address = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"<\1>", rule.rule)
        yield f"| `{address}` | {methods} | {lines[0] if lines else ''} |"


def metrics_table(app: Flask) -> Iterator[str]:
    """One row for each metric that /metrics has."""
    yield "| Metric | Kind | Meaning |"
    yield "|---|---|---|"
    text = app.test_client().get("/metrics").text
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    for name, meaning in sorted(set(re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE))):
        if not name.endswith("_created"):
            yield f"| `{name}` | {kinds[name]} | {meaning} |"


BLOCKS: dict[str, tuple[str, Callable[[Flask], Iterator[str]]]] = {
    "settings": ("configuration.md", settings_table),
    "commands": ("commands.md", commands_list),
    "addresses": ("addresses.md", addresses_table),
    "metrics": ("addresses.md", metrics_table),
}


def with_block(page: str, name: str, lines: Iterator[str]) -> str:
    """Return the page with one block written anew."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    before, found, rest = page.partition(begin)
    _old, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page has no block {name}")
    body = "\n".join(lines).strip()
    return f"{before}{begin}\n{body}\n\n{end}{after}"


def make_app(database: Path) -> Flask:
    """Build an application on an empty database, whose secrets protect nothing."""
    app = create_app(
        Settings(
            secret_key="x" * 32,
            data_key=base64.b64encode(bytes(32)).decode(),
            database_url=f"sqlite:///{database}",
        )
    )
    with app.app_context(), db.engine.connect() as connection:
        schema.upgrade(connection)
    return app


def main() -> None:
    """Bring every page up to date."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder) / "docs.sqlite3")
        for name, (page, lines) in BLOCKS.items():
            path = DOCS / page
            old = path.read_text(encoding="utf-8")
            new = with_block(old, name, lines(app))
            if new != old:
                path.write_text(new, encoding="utf-8")
                sys.stdout.write(f"{path.name}: {name} written anew\n")


if __name__ == "__main__":
    main()
