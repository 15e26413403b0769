"""The history of a delivery: what was tried, what came of it, the same failure on one row."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import DeliveryTry
from lti_alliance.models.statements import insert_row, rows_changed

KEPT = timedelta(days=400)
"""A year and the time that a complaint about a grade may take."""
POST = "post"
"""The kind of an entry that tells of a score that was sent."""
CHECK = "check"
"""The kind of an entry that the comparison of a whole column made."""


def remember(
    session: Session,
    delivery_id: UUID,
    *,
    kind: str,
    version: int,
    state: DeliveryState,
    reason: str,
    at: datetime,
    **facts: Any,
) -> None:
    """Add what came of a step; a failure like the last one is counted on the last one's row.

    ``facts`` may be `progress`, `score`, `maximum` and `status`.
    """
    what = {
        "kind": kind,
        "version": version,
        "state": state.value,
        "reason": reason,
        "status": facts.get("status"),
    }
    if state is not DeliveryState.DELIVERED and _count_again(session, delivery_id, what, at=at):
        return
    insert_row(
        session,
        DeliveryTry,
        {"id": uuid4(), "delivery_id": delivery_id, "at": at, "last_at": at, "count": 1}
        | {"progress": "", "score": None, "maximum": None}
        | what
        | facts,
    )


def list_tries(session: Session, delivery_id: UUID, *, limit: int = 100) -> Sequence[DeliveryTry]:
    """List what was tried, the latest first."""
    return session.scalars(
        select(DeliveryTry)
        .where(DeliveryTry.delivery_id == delivery_id)
        .order_by(DeliveryTry.at.desc(), DeliveryTry.id)
        .limit(limit)
    ).all()


def list_unconfirmed(session: Session, delivery_id: UUID) -> list[tuple[Decimal, Decimal]]:
    """List the scores, with their maxima, that were sent after the last confirmed one in vain.

    Each of them may still arrive, as long as none that is newer has been taken.
    """
    confirmed = (
        select(func.max(DeliveryTry.version))
        .where(
            DeliveryTry.delivery_id == delivery_id,
            DeliveryTry.state == DeliveryState.DELIVERED,
        )
        .scalar_subquery()
    )
    found = session.execute(
        select(DeliveryTry.score, DeliveryTry.maximum)
        .where(
            DeliveryTry.delivery_id == delivery_id,
            DeliveryTry.kind == POST,
            DeliveryTry.state == DeliveryState.UNCLEAR,
            DeliveryTry.version > func.coalesce(confirmed, 0),
        )
        .distinct()
    )
    return [(score, maximum) for score, maximum in found if score is not None and maximum]


def forget(session: Session, *, at: datetime) -> int:
    """Delete the history that is older than it may be of use, and count the rows."""
    # The first moment is asked for as well, because there is an index on it.
    is_old = (DeliveryTry.at < at - KEPT, DeliveryTry.last_at < at - KEPT)
    return rows_changed(session, delete(DeliveryTry).where(*is_old))


def _count_again(
    session: Session, delivery_id: UUID, what: dict[str, Any], *, at: datetime
) -> bool:
    last = session.execute(
        select(
            DeliveryTry.id,
            *(getattr(DeliveryTry, name) for name in what),
        )
        .where(DeliveryTry.delivery_id == delivery_id)
        .order_by(DeliveryTry.last_at.desc(), DeliveryTry.id)
        .limit(1)
    ).first()
    if last is None or tuple(last)[1:] != tuple(what.values()):
        return False
    rows_changed(
        session,
        update(DeliveryTry)
        .where(DeliveryTry.id == last.id)
        .values(count=DeliveryTry.count + 1, last_at=at),
    )
    return True
