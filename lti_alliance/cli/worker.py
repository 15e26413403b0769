"""``alliance worker``: the background process, until it is told to end."""

import click
from flask import current_app
from flask.cli import with_appcontext

from lti_alliance import worker
from lti_alliance.models import db
from lti_alliance.schema import is_served


@click.command("worker")
@with_appcontext
def command() -> None:
    """Bring scores to gradebooks and do what the timetable says, until Ctrl-C or SIGTERM.

    Any number of workers may run, on any number of machines.
    """
    if not is_served(db.session.connection()):
        raise click.ClickException("The database lacks migrations: run `alliance db upgrade`.")
    db.session.remove()
    # The application itself, not the proxy: the worker's threads have no context of this one.
    worker.serve(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
