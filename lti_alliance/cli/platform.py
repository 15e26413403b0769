"""``alliance platform``: which platforms may launch the tool and receive scores."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from lti_alliance.cli import platform_check
from lti_alliance.cli.findings import show_findings
from lti_alliance.cli.output import act, as_json, show_row, show_rows
from lti_alliance.errors import NotFound
from lti_alliance.models import Registration, RegistrationState, db
from lti_alliance.parts import parts
from lti_alliance.services import invitations, platforms
from lti_alliance.services.registration_fields import (
    CANVAS_ENVIRONMENTS,
    canvas_addresses,
    moodle_addresses,
)

command = click.Group("platform", help="Register platforms, approve and disable them.")

_NEEDED = ("issuer", "auth_login_url", "auth_token_url", "jwks_url")


@command.command("add")
@click.option("--name", required=True, help="A short name of your choice.")
@click.option("--client-id", required=True, help="The client id that the platform gave the tool.")
@click.option("--canvas", metavar="HOST", help="A Canvas at this host: fills in its addresses.")
@click.option(
    "--canvas-environment",
    type=click.Choice(list(CANVAS_ENVIRONMENTS)),
    help="Which Canvas of Instructure it is; guessed from the host if absent.",
)
@click.option("--moodle", metavar="URL", help="A Moodle at this address: fills in its addresses.")
@click.option("--issuer", help="The platform's issuer (iss).")
@click.option("--auth-login-url", metavar="URL", help="Its OIDC authentication address.")
@click.option("--auth-token-url", metavar="URL", help="Its access token address.")
@click.option("--jwks-url", metavar="URL", help="Its public keys.")
@click.option("--auth-audience", help="What it wants as aud in token requests, if not that URL.")
@click.option(
    "--deployment-id", "deployment_ids", multiple=True, help="Approve this deployment; repeatable."
)
@click.option(
    "--accept-deployments", is_flag=True, help="Approve every deployment when it first launches."
)
@click.option(
    "--service-host",
    "service_hosts",
    multiple=True,
    metavar="HOST",
    help="Another host that may be called for it; repeatable.",
)
@click.option(
    "--allow-local", is_flag=True, help="Let it live on this machine or network, and on http."
)
@with_appcontext
def add_platform(
    *,
    canvas: str | None,
    canvas_environment: str | None,
    moodle: str | None,
    service_hosts: Sequence[str],
    **given: Any,
) -> None:
    """Register a platform; --canvas and --moodle fill in what is not given."""
    if canvas and moodle:
        raise click.UsageError("A platform is a Canvas or a Moodle, not both.")
    if canvas_environment and not canvas:
        raise click.UsageError("--canvas-environment goes with --canvas.")
    fields: dict[str, Any] = {}
    if canvas:
        fields = canvas_addresses(canvas, canvas_environment)
    elif moodle:
        fields = moodle_addresses(moodle)
    fields |= {name: value for name, value in given.items() if value not in (None, "")}
    fields["service_hosts"] = [*fields.get("service_hosts", []), *service_hosts]
    if missing := [name for name in _NEEDED if not fields.get(name)]:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise click.UsageError(f"Give {options}, or --canvas or --moodle.")
    with act() as session:
        registration = platforms.add_registration(session, **fields, at=parts().now())
    click.echo(f"{registration.name} is registered: {registration.issuer}")
    if not given["deployment_ids"] and not given["accept_deployments"]:
        click.echo(
            "No deployment is approved yet. The first launch will be refused and show its "
            f"deployment id; then: alliance platform approve {registration.name} --deployment-id ID"
        )


@command.command("list")
@as_json
@with_appcontext
def list_platforms(*, as_json: bool) -> None:
    """List the registered platforms."""
    rows = [
        {
            "name": registration.name,
            "state": registration.state,
            "family": registration.family or "other",
            "issuer": registration.issuer,
            "client_id": registration.client_id,
            "deployments": len(registration.deployments),
            "last_launch_at": registration.last_launch_at,
        }
        for registration in platforms.list_registrations(db.session())
    ]
    show_rows(rows, as_json=as_json, none="No platform is registered: see `alliance platform add`.")


@command.command("show")
@click.argument("name")
@as_json
@with_appcontext
def show_platform(name: str, *, as_json: bool) -> None:
    """Show everything about one platform, and what waits for approval."""
    show_row(_facts(_get(name)), as_json=as_json)


def _facts(registration: Registration) -> Mapping[str, Any]:
    by_state: dict[str, list[str]] = {"approved": [], "pending": []}
    for deployment in registration.deployments:
        by_state.setdefault(deployment.state, []).append(deployment.deployment_id)
    return {
        "name": registration.name,
        "state": registration.state,
        "family": registration.family or "other",
        "issuer": registration.issuer,
        "client_id": registration.client_id,
        "auth_login_url": registration.auth_login_url,
        "auth_token_url": registration.auth_token_url,
        "auth_audience": registration.auth_audience,
        "jwks_url": registration.jwks_url,
        "accept_deployments": registration.accept_deployments,
        "allow_local": registration.allow_local,
        "deployments": by_state["approved"],
        "waiting_deployments": by_state["pending"],
        "service_hosts": list(registration.service_hosts),
        "waiting_hosts": list(registration.held_hosts),
        "trusted_audiences": list(registration.trusted_audiences),
        "created_at": registration.created_at,
        "last_launch_at": registration.last_launch_at,
    }


@command.command("check")
@click.argument("name")
@as_json
@with_appcontext
def check_platform(name: str, *, as_json: bool) -> None:
    """Fetch the platform's keys, ask for tokens, compare clocks, see what waits; say the mend."""
    show_findings(list(platform_check.examine(parts(), _get(name))), as_json=as_json)


@command.command("approve")
@click.argument("name")
@click.option("--deployment-id", help="An installation of the tool to let in.")
@click.option("--host", help="A host that may be called for this platform.")
@with_appcontext
def approve(name: str, *, deployment_id: str | None, host: str | None) -> None:
    """Approve a registration that an invitation made, a deployment, or a host for scores."""
    at = parts().now()
    with act() as session:
        registration = _get(name)
        is_pending = registration.state == RegistrationState.PENDING
        if not (deployment_id or host or is_pending):
            raise click.UsageError(
                "Give --deployment-id or --host; `platform show` lists what waits."
            )
        if is_pending:
            platforms.approve_registration(session, registration, at=at)
        if deployment_id:
            platforms.approve_deployment(session, registration, deployment_id, at=at)
        due = platforms.approve_host(session, registration, host, at=at) if host else 0
    if is_pending:
        click.echo(f"{name} is approved: {registration.issuer}")
    if deployment_id:
        click.echo(f"deployment {deployment_id} may launch from now on")
    if host:
        click.echo(f"{host} may be called from now on; {due} scores that waited for it are due")


@command.command("invite")
@click.argument("name")
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=7,
    show_default=True,
    help="How long the address is good.",
)
@click.option(
    "--approve", "is_approved", is_flag=True, help="Let launches in without a second look."
)
@click.option(
    "--accept-deployments", is_flag=True, help="Approve every deployment when it first launches."
)
@click.option(
    "--allow-local", is_flag=True, help="Let it live on this machine or network, and on http."
)
@with_appcontext
def invite(
    name: str,
    *,
    days: int,
    is_approved: bool,
    accept_deployments: bool,
    allow_local: bool,
) -> None:
    """Print an address with which an LMS administrator registers one platform, once.

    The address is printed this one time; the tool keeps a digest of it.
    """
    with act() as session:
        code = invitations.invite(
            session,
            name=name,
            good_for=timedelta(days=days),
            is_approved=is_approved,
            accept_deployments=accept_deployments,
            allow_local=allow_local,
            at=parts().now(),
        )
    click.echo(f"{parts().settings.base_url}/lti/register?invitation={code}")
    if not is_approved:
        click.echo(f"Once it has been used: alliance platform approve {name}", err=True)


@command.command("invitations")
@as_json
@with_appcontext
def list_invitations(*, as_json: bool) -> None:
    """List the invitations that can still be used."""
    rows = [
        {
            "name": each.name,
            "created_at": each.created_at,
            "expires_at": each.expires_at,
            "approved": each.is_approved,
        }
        for each in invitations.list_invitations(db.session(), at=parts().now())
    ]
    show_rows(rows, as_json=as_json, none="No invitation is open: see `alliance platform invite`.")


@command.command("revoke-invitation")
@click.argument("name")
@with_appcontext
def revoke_invitation(name: str) -> None:
    """Take the unused invitations for this name back."""
    with act() as session:
        count = invitations.revoke(session, name, at=parts().now())
    if not count:
        raise click.ClickException(f"No invitation for {name} is open.")
    click.echo(f"{count} invitation{'s' if count > 1 else ''} taken back")


@command.command("move-deployment")
@click.argument("name")
@click.argument("old")
@click.argument("new")
@with_appcontext
def move_deployment(name: str, old: str, new: str) -> None:
    """Move the courses of the installation OLD to NEW, after the tool was installed anew."""
    with act() as session:
        count = platforms.move_deployment(
            session, _get(name), from_id=old, to_id=new, at=parts().now()
        )
    click.echo(f"{count} course{'' if count == 1 else 's'} moved from {old} to {new}")


@command.command("disable")
@click.argument("name")
@with_appcontext
def disable(name: str) -> None:
    """Let no launch in and send no score until the platform is enabled again."""
    with act() as session:
        platforms.disable(session, _get(name), at=parts().now())
    click.echo(f"{name} is disabled; scores wait")


@command.command("enable")
@click.argument("name")
@with_appcontext
def enable(name: str) -> None:
    """Let launches in and scores out again."""
    with act() as session:
        platforms.enable(session, _get(name), at=parts().now())
    click.echo(f"{name} is enabled")


@command.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def load(file: Path) -> None:
    """Make the registrations agree with a TOML file; what it does not name stays as it is."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} is not valid TOML: {error}.") from error
    with act() as session:
        done = platforms.load(session, data, at=parts().now())
    for outcome, names in (
        ("added", done.added),
        ("changed", done.changed),
        ("unchanged", done.unchanged),
    ):
        for name in names:
            click.echo(f"{outcome} {name}")


def _get(name: str) -> Registration:
    try:
        return platforms.get_registration(db.session(), name)
    except NotFound:
        raise click.ClickException(
            f"There is no platform {name}: see `alliance platform list`."
        ) from None
