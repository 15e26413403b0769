"""``alliance demo``: the tool, a worker and the practice LMS, with a course in full swing."""

import time
from pathlib import Path

import click
from flask.cli import with_appcontext

from lti_alliance.demo.last_term import play_last_term
from lti_alliance.demo.processes import DemoError
from lti_alliance.demo.run import act, play_history, prepare_tasters, run_demo
from lti_alliance.demo.stage import Stage
from lti_alliance.parts import parts


@click.group("demo", invoke_without_command=True)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("demo-data"),
    show_default=True,
    help="Where the demonstration keeps its data.",
)
@click.option("--port", default=8000, show_default=True, help="The tool's port.")
@click.option("--lms-port", default=8001, show_default=True, help="The practice LMS's port.")
@click.option("--history/--no-history", default=True, help="Play the courses' history.")
@click.option("--reset", is_flag=True, help="Throw the data of an earlier demonstration away.")
@click.pass_context
def command(
    context: click.Context,
    /,
    folder: Path,
    port: int,
    lms_port: int,
    *,
    history: bool,
    reset: bool,
) -> None:
    """Run the whole demonstration until Ctrl-C."""
    context.obj = stage = Stage(folder=folder.resolve(), port=port, lms_port=lms_port)
    if context.invoked_subcommand:
        return
    try:
        run_demo(stage, reset=reset, with_history=history, tell=click.echo, wait=time.sleep)
    except DemoError as error:
        raise click.ClickException(str(error)) from error


@command.command("stage", hidden=True)
@click.pass_obj
@with_appcontext
def set_stage(stage: Stage) -> None:
    """Register the practice LMS and set up the tasters."""
    prepare_tasters(stage, parts())


@command.command("history", hidden=True)
@click.pass_obj
@with_appcontext
def tell_history(stage: Stage) -> None:
    """Play what happened in the courses."""
    play_history(stage, parts(), tell=click.echo)


@command.command("last-term", hidden=True)
@click.pass_obj
@with_appcontext
def tell_last_term(stage: Stage) -> None:
    """Play last term's course alone, in a demonstration without a history."""
    play_last_term(parts(), act, stage, tell=click.echo)
