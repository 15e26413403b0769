"""Where one person's score stands: the grade, its parts, and what the gradebook was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import Part
from lti_alliance.domain.circuits import Circuit
from lti_alliance.domain.scoring import PartState
from lti_alliance.models import Activity, Grade, Membership, ScoreDelivery
from lti_alliance.services import circuits
from lti_alliance.services.delivery_views import ON_ITS_WAY, DeliveryView, delivery_view


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """What one part came to."""

    part: Part
    state: PartState
    score: Decimal | None
    maximum: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The grade of one person and what the gradebook was told of it."""

    grade: Grade | None
    delivery: DeliveryView | None
    parts: tuple[PartResult, ...]

    @property
    def has_work(self) -> bool:
        """Whether anything has been handed in."""
        return any(part.state is not PartState.MISSING for part in self.parts)


def standing_of(
    session: Session, activity: Activity, membership: Membership, *, at: datetime | None = None
) -> Standing:
    """Return the grade of one person in an activity and its delivery.

    Without a moment, nothing is said of a platform that is left alone.
    """
    found = session.execute(
        _standing(), {"activity": activity.id, "membership": membership.id}
    ).one_or_none()
    grade, delivery = found or (None, None)
    open_circuits: Mapping[UUID, Circuit] = {}
    if at is not None and delivery is not None and delivery.state in ON_ITS_WAY:
        # Only of what is on its way can it be said that it waits for a platform in trouble.
        open_circuits = circuits.list_open(session, at=at)
    return Standing(
        grade=grade,
        delivery=delivery_view(delivery, grade, open_circuits=open_circuits),
        parts=part_results(grade),
    )


@cache
def _standing() -> Select[Grade, ScoreDelivery]:
    return (
        select(Grade, ScoreDelivery)
        .outerjoin(
            ScoreDelivery,
            (ScoreDelivery.activity_id == Grade.activity_id)
            & (ScoreDelivery.membership_id == Grade.membership_id),
        )
        .where(
            Grade.activity_id == bindparam("activity"),
            Grade.membership_id == bindparam("membership"),
        )
    )


def part_results(grade: Grade | None) -> tuple[PartResult, ...]:
    """Read the parts of a grade, the quiz first."""
    if grade is None:
        return ()
    return tuple(
        PartResult(
            part=part,
            state=PartState(stored["state"]),
            score=None if stored["score"] is None else Decimal(stored["score"]),
            maximum=Decimal(stored["maximum"]),
        )
        for part in Part
        if (stored := grade.parts.get(part)) is not None
    )
