"""``alliance module``: the modules at hand, and whether a file is one."""

from collections.abc import Sequence
from pathlib import Path

import click
from flask.cli import with_appcontext

from lti_alliance.cli.interchange import export_module, import_module
from lti_alliance.cli.output import as_json, show_row, show_rows
from lti_alliance.content.parser import parse_file
from lti_alliance.domain.modules import Module
from lti_alliance.errors import ContentError, Fault
from lti_alliance.parts import parts

command = click.Group("module", help="List, show, check, import and export modules.")
command.add_command(import_module)
command.add_command(export_module)


@command.command("list")
@as_json
@with_appcontext
def list_modules(*, as_json: bool) -> None:
    """List the modules that an instructor can place."""
    rows = [
        {
            "id": module.id,
            "version": module.version,
            "title": module.title,
            "minutes": module.minutes,
            "items": len(module.quiz.items),
            "reflections": len(module.reflections),
        }
        for module in parts().catalogue.list()
    ]
    show_rows(rows, as_json=as_json, none="There are no modules.")


@command.command("show")
@click.argument("module_id", metavar="ID")
@as_json
@with_appcontext
def show_module(module_id: str, *, as_json: bool) -> None:
    """Show what one module holds."""
    catalogue = parts().catalogue
    if module_id not in {module.id for module in catalogue.list()}:
        raise click.ClickException(f"There is no module {module_id}: see `alliance module list`.")
    show_row(_facts(catalogue.get(module_id)), as_json=as_json)


def _facts(module: Module) -> dict[str, object]:
    quiz = module.quiz
    return {
        "id": module.id,
        "version": module.version,
        "title": module.title,
        "content_hash": module.content_hash,
        "license": module.license,
        "language": module.language,
        "minutes": module.minutes,
        "requires": list(module.requires),
        "standards": list(module.standards),
        "objectives": [f"[{o.level}] {o.text}" for o in module.objectives],
        "reading": [section.title for section in module.reading],
        "items": [f"{item.id} ({item.points})" for item in quiz.items],
        "points": str(quiz.maximum),
        "attempts": quiz.attempts if quiz.attempts is not None else "unlimited",
        "reflections": [
            f"{r.id} ({r.words_min} to {r.words_max} words, {r.grading})"
            for r in module.reflections
        ],
    }


@command.command("check")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def check_modules(files: Sequence[Path]) -> None:
    """Say what is wrong with module files, line by line, and what to write instead."""
    faulty = 0
    for path in files:
        try:
            module = parse_file(path)
        except ContentError as error:
            faulty += 1
            _tell(path, error.faults, kind="error")
        else:
            _tell(path, module.warnings, kind="warning")
            click.echo(f"{path}: {module.id} {module.version} can be used")
    if faulty:
        raise click.ClickException(f"{faulty} of {len(files)} files cannot be used.")


def _tell(path: Path, faults: Sequence[Fault], *, kind: str) -> None:
    for fault in faults:
        place = f"{path}:{fault.line}"
        click.echo(f"{place}: {kind}: {fault.problem}. {fault.remedy}", err=True)
