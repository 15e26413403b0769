"""``alliance keys``: the keys with which the tool signs."""

import click
from flask.cli import with_appcontext

from lti_alliance.cli.output import act, as_json, show_rows
from lti_alliance.errors import Conflict
from lti_alliance.lti import keys
from lti_alliance.models import db
from lti_alliance.parts import parts

command = click.Group("keys", help="List and rotate the tool's signing keys.")

_REFUSED = {
    "keys.next_too_young": (
        "The next key has been published for less than a day, and platforms may not know it yet. "
        "Wait, or use --force if the current key has leaked."
    ),
    "keys.already_rotated": "Another process has just rotated the keys.",
}


@command.command("list")
@as_json
@with_appcontext
def list_keys(*, as_json: bool) -> None:
    """List the signing keys, the oldest first."""
    rows = [
        {
            "kid": key.kid,
            "state": key.state,
            "created_at": key.created_at,
            "current_from": key.current_from,
            "retired_at": key.retired_at,
        }
        for key in keys.list_keys(db.session())
    ]
    show_rows(rows, as_json=as_json, none="There are no keys yet: run `alliance init`.")


@command.command("rotate")
@click.option("--force", is_flag=True, help="Rotate although platforms may not know the next key.")
@with_appcontext
def rotate_keys(*, force: bool) -> None:
    """Sign with the next key from now on, and publish the one after it."""
    tool = parts()
    try:
        with act() as session:
            kid = keys.rotate(session, tool.sealer, at=tool.now(), force=force).kid
    except Conflict as conflict:
        raise click.ClickException(_REFUSED.get(conflict.reason, conflict.reason)) from conflict
    click.echo(f"{kid} signs from now on")
