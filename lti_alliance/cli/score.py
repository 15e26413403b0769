"""``alliance score``: where scores stand on their way to the gradebook, and another push."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from lti_alliance.cli.output import act, as_json, show_rows
from lti_alliance.delivering import Deliverer
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import Activity, ScoreDelivery, db
from lti_alliance.parts import parts
from lti_alliance.services import check_turns, score_delivery, score_resending

command = click.Group("score", help="List, deliver and send again what goes to gradebooks.")

_STATES = click.Choice([state.value for state in DeliveryState])


def _which(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose deliveries."""
    for option in (
        click.option("--course", "context_id", type=click.UUID, help="Only this course (its id)."),
        click.option("--activity", "activity_id", type=click.UUID, help="Only this activity."),
        click.option("--person", "user_id", type=click.UUID, help="Only this person."),
        click.option("--state", type=_STATES, help="Only deliveries in this state."),
    ):
        function = option(function)
    return function


def _found(options: dict[str, Any], *, limit: int) -> Sequence[ScoreDelivery]:
    state = options.pop("state")
    return score_delivery.list_deliveries(
        db.session(), state=DeliveryState(state) if state else None, limit=limit, **options
    )


@command.command("list")
@_which
@click.option("--limit", default=100, show_default=True, help="At most this many.")
@as_json
@with_appcontext
def list_scores(*, as_json: bool, limit: int, **options: Any) -> None:
    """List deliveries, the longest wanted first."""
    rows = [
        {
            "id": delivery.id,
            "state": delivery.state,
            "reason": delivery.reason,
            "wanted_since": delivery.desired_since,
            "score": delivery.desired_score,
            "maximum": delivery.desired_maximum,
            "delivered_at": delivery.delivered_at,
            "next_at": delivery.next_at,
            "tries": delivery.tries,
            "status": delivery.last_status,
            "activity": delivery.activity_id,
            "person": delivery.membership.user_id,
        }
        for delivery in _found(options, limit=limit)
    ]
    show_rows(rows, as_json=as_json, none="There are no such deliveries.")


@command.command("deliver")
@with_appcontext
def deliver_scores() -> None:
    """Deliver now what is due, without a worker; one that runs beside it does no harm."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    steps = Deliverer(app).deliver_due()
    click.echo(f"{steps} steps were made; `alliance score list` tells where the scores stand")


@command.command("reconcile")
@click.option("--course", "context_id", type=click.UUID, help="Only this course (its id).")
@click.option("--activity", "activity_id", type=click.UUID, help="Only this activity.")
@click.option("--limit", default=500, show_default=True, help="At most this many activities.")
@as_json
@with_appcontext
def reconcile(
    *, as_json: bool, limit: int, context_id: UUID | None, activity_id: UUID | None
) -> None:
    """Compare gradebooks with what they were told; send again what they lost, list what differs.

    What a person or a rule of the LMS set there stays as it is: see the reason, and
    `alliance score resend` to replace it.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    with act() as session:
        chosen = check_turns.list_activities(
            session, context_id=context_id, activity_id=activity_id, limit=limit
        )
        for activity in chosen:
            check_turns.ask(session, activity, at=parts().now())
    deliverer = Deliverer(app)
    deliverer.compare_due()
    deliverer.deliver_due()
    rows = [_compared(db.session(), activity) for activity in chosen]
    show_rows(rows, as_json=as_json, none="Nothing has been told to any gradebook there.")


def _compared(session: Session, activity: Activity) -> dict[str, Any]:
    check = check_turns.find_check(session, activity.id)
    assert check is not None
    found = check.findings
    return {
        "activity": activity.id,
        "compared_at": check.checked_at,
        "agree": found.get("agree"),
        "mended": found.get("mended"),
        "differ": found.get("differ"),
        "only_in_gradebook": len(found.get("only_there", [])) + found.get("unknown", 0),
        "reason": "under way" if check.lease_until else check.reason or None,
    }


@command.command("resend")
@click.argument("delivery_ids", metavar="[ID]…", nargs=-1, type=click.UUID)
@_which
@click.option("--limit", default=500, show_default=True, help="At most this many.")
@with_appcontext
def resend_scores(delivery_ids: Sequence[UUID], *, limit: int, **options: Any) -> None:
    """Send scores again, whatever came of them before: those named, or those chosen by options."""
    if not delivery_ids and not any(options.values()):
        raise click.UsageError("Name deliveries, or choose them by --course, --state and so on.")
    with act() as session:
        chosen = list(delivery_ids) or [found.id for found in _found(options, limit=limit)]
        count = score_resending.resend(session, chosen, at=parts().now())
    click.echo(f"{count} of {len(chosen)} will be sent again")
