"""``alliance init``: secrets, a database and a signing key for a new server."""

import base64
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

import click
from flask.cli import ScriptInfo
from flask_migrate import upgrade

from lti_alliance.cli.output import INSTANCE_FILE, act
from lti_alliance.lti import keys
from lti_alliance.parts import parts
from lti_alliance.settings import load

LEFT_TO_DO = """\
What is left to do:
  1. Let every process of the tool, and each command below, know the file, as in
       export ALLIANCE_CONFIG={path}
     and keep a copy of it in a safe place: without data_key nothing sealed can be read again.
  2. Register a platform: alliance platform add --help
     (docs/operator.md has the values for Canvas and for Moodle.)
  3. Start the web server and the worker:
       gunicorn --config config/gunicorn.conf.py wsgi:app
       alliance worker
  4. Look at everything once: alliance doctor"""


@click.command("init")
@click.option("--base-url", help="The tool's address, such as https://tool.example.")
@click.option("--database-url", help="SQLite or postgresql:// address of the database.")
@click.option("--limiter-url", help="Where request counts live, such as redis://127.0.0.1:6379/0.")
@click.option("--trusted-proxies", type=click.IntRange(0), help="Proxies in front of the tool.")
@click.option("--support-contact", help="Whom people ask for help.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Write the secrets of a new server once, and make its database.

    The file is the one that ALLIANCE_CONFIG names, or instance/alliance.toml. A file that is there
    already is kept as it is.
    """
    # A SQLite database that is made here is nobody else's to read either.
    os.umask(0o077)
    path = Path(os.environ.get("ALLIANCE_CONFIG") or INSTANCE_FILE).absolute()
    if path.exists():
        given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
        if given:
            raise click.ClickException(
                f"{path} is there already and is kept; change {', '.join(given)} in it by hand."
            )
        click.echo(f"kept {path}")
    else:
        _write_once(path, _content(options))
        click.echo(f"wrote {path} (readable by you alone)")
    os.environ["ALLIANCE_CONFIG"] = str(path)
    app = ctx.ensure_object(ScriptInfo).load_app()
    with app.app_context():
        upgrade()
        with act() as session:
            keys.ensure_keys(session, parts().sealer, at=parts().now())
    click.echo("the database and the signing keys are ready")
    click.echo(LEFT_TO_DO.format(path=path))


def _content(options: dict[str, Any]) -> str:
    values = {name: value for name, value in options.items() if value is not None}
    if str(values.get("base_url", "")).startswith("https:"):
        values = {"environment": "production", "log_format": "json", **values}
    values["secret_key"] = secrets.token_urlsafe(48)
    values["data_key"] = base64.b64encode(secrets.token_bytes(32)).decode()
    # A JSON string or number is written the same way in TOML.
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join(["# Every setting is explained in docs/configuration.md.", *lines, ""])


def _write_once(path: Path, content: str) -> None:
    """Write the file whole or not at all, and only if the tool can start with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8") as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
        load(os.environ | {"ALLIANCE_CONFIG": draft.name})
        # A temporary file is readable by its owner alone, and a link never replaces a file.
        os.link(draft.name, path)
