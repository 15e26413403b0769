"""The history of a delivery: what was tried, what came of it, the same failure on one row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import DeliveryTry
from lti_alliance.models.statements import insert_rows, rows_changed

KEPT = timedelta(days=400)
"""A year and the time that a complaint about a grade may take."""
POST = "post"
"""The kind of an entry that tells of a score that was sent."""
CHECK = "check"
"""The kind of an entry that the comparison of a whole column made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one step."""

    delivery_id: UUID
    kind: str
    version: int
    state: DeliveryState
    reason: str
    progress: str = ""
    score: Decimal | None = None
    maximum: Decimal | None = None
    status: int | None = None

    def row(self, at: datetime) -> dict[str, Any]:
        """Return the columns of a new entry."""
        told = asdict(self) | {"state": self.state.value, "reason": str(self.reason)}
        return told | {"id": uuid4(), "at": at, "last_at": at, "count": 1}


def remember(session: Session, delivery_id: UUID, *, at: datetime, **facts: Any) -> None:
    """Add what came of a step, told as the fields of ``Tried``."""
    remember_all(session, [Tried(delivery_id=delivery_id, **facts)], at=at)


def remember_all(session: Session, tried: Sequence[Tried], *, at: datetime) -> None:
    """Add what came of steps; a failure like the last one is counted on the last one's row."""
    new = [
        each.row(at)
        for each in tried
        if each.state is DeliveryState.DELIVERED or not _count_again(session, each, at=at)
    ]
    insert_rows(session, DeliveryTry, new)


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

    Each of them may still arrive, as long as none that is newer has been taken, or may be there
    already: Canvas keeps a score and says 500 when a later step of taking it fails.
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
            or_(DeliveryTry.state == DeliveryState.UNCLEAR, DeliveryTry.status == 500),
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


_ALIKE = ("kind", "version", "state", "reason", "status")
"""What two failures have in common that are counted on one row."""


def _count_again(session: Session, tried: Tried, *, at: datetime) -> bool:
    last = session.execute(
        select(
            DeliveryTry.id,
            *(getattr(DeliveryTry, name) for name in _ALIKE),
        )
        .where(DeliveryTry.delivery_id == tried.delivery_id)
        .order_by(DeliveryTry.last_at.desc(), DeliveryTry.id)
        .limit(1)
    ).first()
    if last is None or tuple(last)[1:] != tuple(getattr(tried, name) for name in _ALIKE):
        return False
    rows_changed(
        session,
        update(DeliveryTry)
        .where(DeliveryTry.id == last.id)
        .values(count=DeliveryTry.count + 1, last_at=at),
    )
    return True
