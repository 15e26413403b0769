"""What an instructor sees of an activity: who did what, what waits, what the gradebook has."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import (
    Activity,
    Attempt,
    Grade,
    Membership,
    Reflection,
    ScoreDelivery,
    User,
)
from lti_alliance.services import modules
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.score_delivery import DeliveryView, delivery_view
from lti_alliance.web.home_page import PartResult, part_results
from lti_alliance.web.wording import member_name

_Row = TypeVar("_Row", Attempt, Reflection)
_STUCK = frozenset({DeliveryState.BLOCKED, DeliveryState.DEAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRow:
    """One person in the activity."""

    name: str
    membership: Membership
    attempts: tuple[Attempt, ...]
    reflections: tuple[Reflection, ...]
    grade: Grade | None
    delivery: DeliveryView | None
    delivery_id: UUID | None

    @property
    def handed_in(self) -> tuple[Attempt, ...]:
        """The attempts that were handed in."""
        return tuple(a for a in self.attempts if AttemptState(a.state).is_handed_in)

    @property
    def is_working(self) -> bool:
        """Whether an attempt is open."""
        return any(a.state == AttemptState.IN_PROGRESS for a in self.attempts)

    @property
    def to_grade(self) -> tuple[Reflection, ...]:
        """The reflections that wait for the instructor."""
        return tuple(r for r in self.reflections if r.state == ReflectionState.SUBMITTED)

    @property
    def parts(self) -> tuple[PartResult, ...]:
        """The parts of the grade."""
        return part_results(self.grade)

    @property
    def is_stuck(self) -> bool:
        """Whether the score does not reach the gradebook unless somebody acts."""
        return self.delivery is not None and self.delivery.state in _STUCK

    @property
    def may_resend(self) -> bool:
        """Whether there is a score that can be sent again."""
        return self.delivery is not None and self.delivery.desired_score is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The whole page."""

    module: Module
    settings: ActivitySettings
    rows: tuple[StudentRow, ...]
    tests: tuple[StudentRow, ...] = field(default=())
    """Student previews: their work is real, their scores stay here."""

    @property
    def handed_in(self) -> int:
        """How many have handed anything in."""
        return sum(
            any(r.state != ReflectionState.DRAFT for r in row.reflections) or bool(row.handed_in)
            for row in self.rows
        )

    @property
    def to_grade(self) -> int:
        """How many reflections wait."""
        return sum(len(row.to_grade) for row in self.rows + self.tests)

    @property
    def stuck(self) -> int:
        """How many scores do not reach the gradebook unless somebody acts."""
        return sum(row.is_stuck for row in self.rows)


def overview(session: Session, catalogue: Catalogue, *, activity: Activity) -> Overview:
    """Put the page together with one query per kind of row, however many people there are."""
    made = _by_member(
        session.scalars(
            select(Attempt).where(Attempt.activity_id == activity.id).order_by(Attempt.number)
        )
    )
    written = _by_member(
        session.scalars(select(Reflection).where(Reflection.activity_id == activity.id))
    )
    grades = {
        grade.membership_id: grade
        for grade in session.scalars(select(Grade).where(Grade.activity_id == activity.id))
    }
    deliveries = {
        row.membership_id: row
        for row in session.scalars(
            select(ScoreDelivery).where(ScoreDelivery.activity_id == activity.id)
        )
    }
    rows = []
    for member in _learners(session, activity):
        grade, delivery = grades.get(member.id), deliveries.get(member.id)
        rows.append(
            StudentRow(
                name=member_name(member),
                membership=member,
                attempts=tuple(made[member.id]),
                reflections=tuple(written[member.id]),
                grade=grade,
                delivery=delivery_view(delivery, grade),
                delivery_id=delivery.id if delivery else None,
            )
        )
    rows.sort(key=lambda row: (row.name.casefold(), row.membership.number))
    return Overview(
        module=modules.get_module(session, catalogue, content_hash=activity.content_hash),
        settings=activity_settings(activity),
        rows=tuple(row for row in rows if not row.membership.is_test_user),
        tests=tuple(row for row in rows if row.membership.is_test_user and row.attempts),
    )


def _learners(session: Session, activity: Activity) -> Sequence[Membership]:
    return session.scalars(
        select(Membership)
        .where(
            Membership.context_id == activity.resource_link.context_id,
            Membership.role == Role.LEARNER,
        )
        .options(joinedload(Membership.user).joinedload(User.profile))
    ).all()


def _by_member(rows: Iterable[_Row]) -> defaultdict[UUID, list[_Row]]:
    found: defaultdict[UUID, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row.membership_id].append(row)
    return found
