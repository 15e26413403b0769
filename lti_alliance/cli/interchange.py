"""``alliance module import`` and ``export``: questions from other formats, and into them."""

from collections.abc import Sequence
from pathlib import Path

import click
from flask.cli import with_appcontext

from lti_alliance.content.front_matter import IDENTIFIER, MAX_IDENTIFIER_LENGTH
from lti_alliance.content.interchange.exporting import EXPORTS
from lti_alliance.content.interchange.importing import MAX_FILE, as_module, import_items
from lti_alliance.content.interchange.values import Loss
from lti_alliance.content.parser import parse_file, parse_source
from lti_alliance.domain.modules import Module
from lti_alliance.errors import ContentError
from lti_alliance.parts import parts

_OUTPUT = click.Path(dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "module_id", required=True, help="The id of the new module.")
@click.option("--title", required=True, help="Its title.")
@click.option("--output", type=_OUTPUT, help="The file to write, instead of the screen.")
def import_module(file: Path, module_id: str, title: str, output: Path | None) -> None:
    """Make a module file of questions in GIFT, Aiken, Moodle XML, QTI 1.2 or QTI 2.1."""
    if not IDENTIFIER.fullmatch(module_id) or len(module_id) > MAX_IDENTIFIER_LENGTH:
        raise click.ClickException("An id is made of lower-case letters, digits and hyphens.")
    if not title.strip():
        raise click.ClickException("A module needs a title.")
    if file.stat().st_size > MAX_FILE:
        raise click.ClickException(f"{file} is too large: {MAX_FILE} bytes are the most.")
    try:
        imported = import_items(file.read_bytes(), file.name)
    except ContentError as error:
        raise click.ClickException(str(error)) from error
    _tell(imported.losses)
    if not imported.items:
        raise click.ClickException(f"None of the questions in {file} can be used.")
    source = as_module(imported, id=module_id, title=title)
    _write(source.encode(), output)
    try:
        parse_source(source, name=str(output or "module"))
    except ContentError as error:
        raise click.ClickException(f"The module needs your hand:\n{error}") from error
    click.echo(
        f"{len(imported.items)} items came in from {imported.format}. "
        "Write the objectives and the reading before you use the module.",
        err=True,
    )


@click.command("export")
@click.argument("module", metavar="MODULE|FILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(EXPORTS)),
    required=True,
    help="What to write: for Moodle, or for whatever reads QTI 2.1.",
)
@click.option("--output", type=_OUTPUT, required=True, help="The file to write.")
def export_module(module: str, form: str, output: Path) -> None:
    """Write the questions of a module for another system."""
    exported = EXPORTS[form](_find(module))
    _tell(exported.losses)
    _write(exported.content, output)
    click.echo(f"{output} is written.", err=True)


def _find(name: str) -> Module:
    path = Path(name)
    if not path.is_file():
        found: Module = _from_catalogue(name)
        return found
    try:
        return parse_file(path)
    except ContentError as error:
        raise click.ClickException(str(error)) from error


@with_appcontext
def _from_catalogue(module_id: str) -> Module:
    catalogue = parts().catalogue
    if module_id not in {module.id for module in catalogue.list()}:
        raise click.ClickException(f"There is no file and no module {module_id}.")
    return catalogue.get(module_id)


def _tell(losses: Sequence[Loss]) -> None:
    for loss in losses:
        click.echo(f"{loss.where}: lost: {loss.what} ({loss.why})", err=True)


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        click.echo(content.decode(), nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error
