"""``alliance audit``: the record of who did what, and the proof that nobody has changed it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
from flask.cli import with_appcontext

from lti_alliance.cli.output import as_json, show_row, show_rows
from lti_alliance.models import db
from lti_alliance.services import audit_checking, audit_listing
from lti_alliance.services.audit_checking import Break, Harm, Verification

command = click.Group("audit", help="List the audit trail and check that it is unchanged.")

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"])
_SAYS = {
    Harm.CHANGED: "something in it was changed",
    Harm.REMOVED: "something of it was removed",
    Harm.INSERTED: "something was put in later",
    Harm.REORDERED: "its events were put into another order",
}


@command.command("verify")
@click.option(
    "--known",
    "known",
    multiple=True,
    metavar="HASH",
    help="A batch's hash that was noted down earlier and must still be there; may be repeated.",
)
@as_json
@with_appcontext
def verify(*, as_json: bool, known: tuple[str, ...]) -> None:
    """Check every sealed batch of the audit trail; fail and name the first that is broken.

    The log has each batch's hash as it was made (`audit_sealed`): name the newest with --known to
    learn as well that the end of the trail was not cut off and the whole was not made anew.
    """
    found = audit_checking.verify(db.session(), known=known)
    show_row(_facts(found), as_json=as_json)
    if found.first_break is not None:
        raise click.ClickException(_sentence(found.first_break))


@command.command("list")
@click.option("--action", help="Only this action, such as reflection.read.")
@click.option("--person", "actor_id", type=click.UUID, help="Only what this person did (their id).")
@click.option("--course", "context_id", type=click.UUID, help="Only in this course (its id).")
@click.option("--object", "object_id", type=click.UUID, help="Only about this thing (its id).")
@click.option("--since", type=_MOMENT, help="Not before this moment, in UTC.")
@click.option("--until", type=_MOMENT, help="Before this moment, in UTC.")
@click.option("--limit", default=100, show_default=True, help="At most this many.")
@as_json
@with_appcontext
def list_events(
    *,
    as_json: bool,
    limit: int,
    since: datetime | None,
    until: datetime | None,
    action: str | None,
    **ids: UUID | None,
) -> None:
    """List what was recorded, the newest first."""
    events = audit_listing.list_events(
        db.session(),
        action=action,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
        limit=limit,
        **ids,
    )
    rows: list[dict[str, Any]] = [
        {
            "at": event.at,
            "action": event.action,
            "role": event.actor_role,
            "person": event.actor_id,
            "kind": event.object_kind,
            "object": event.object_id,
            "course": event.context_id,
            "request": event.request_id,
            "details": event.details if as_json else _details(event.details),
        }
        for event in events
    ]
    show_rows(rows, as_json=as_json, none="Nothing like that was recorded.")


def _facts(found: Verification) -> dict[str, Any]:
    broken = found.first_break
    return {
        "batches": found.batches,
        "events": found.events,
        "last_hash": found.last_hash,
        "not_sealed_yet": found.unsealed,
        "broken_batch": broken.batch if broken else None,
        "harm": broken.harm if broken else None,
        "event": broken.event_id if broken else None,
    }


def _sentence(broken: Break) -> str:
    if broken.harm is Harm.UNKNOWN_HASH:
        return (
            "The trail agrees with itself, but a hash named by --known is not in it: its end was "
            "cut off, or the whole was made anew."
        )
    event = f" (event {broken.event_id})" if broken.event_id else ""
    return (
        f"Batch {broken.batch} is broken: {_SAYS[broken.harm]}{event}. Keep the database as it is, "
        "and compare with a backup."
    )


def _details(details: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in details.items())
