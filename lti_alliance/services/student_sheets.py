"""One student in every activity of a course, for those who teach it: the work, the grade, its way.

Read with a fixed number of queries, however many activities there are.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.errors import NotFound
from lti_alliance.models import (
    Activity,
    Attempt,
    Context,
    Deployment,
    Grade,
    Membership,
    Reflection,
    ResourceLink,
    RosterEntry,
    ScoreDelivery,
    User,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import adjusting, circuits, sections, terms
from lti_alliance.services.adjusting import AdjustmentView
from lti_alliance.services.delivery_views import DeliveryView, delivery_view


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One activity on a student's sheet."""

    activity: Activity
    title: str
    settings: ActivitySettings
    attempts: tuple[Attempt, ...]
    reflections: tuple[Reflection, ...]
    grade: Grade | None
    delivery: DeliveryView | None
    adjustment: AdjustmentView | None

    @property
    def has_open_attempt(self) -> bool:
        """Whether the student may go on with an attempt."""
        return any(each.state == AttemptState.IN_PROGRESS for each in self.attempts)

    @property
    def is_untouched(self) -> bool:
        """Whether the student has not begun."""
        return not self.attempts and not self.reflections

    @property
    def to_grade(self) -> tuple[Reflection, ...]:
        """The reflections that wait for an instructor."""
        return tuple(r for r in self.reflections if r.state == ReflectionState.SUBMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentSheet:
    """One student of a course."""

    membership: Membership
    left_at: datetime | None
    lines: tuple[SheetLine, ...]


def get_student(session: Session, membership_id: UUID, *, viewer: Membership) -> Membership:
    """Return a person of the viewer's course whose work the viewer may see."""
    membership = session.get(
        Membership, membership_id, options=[joinedload(Membership.user).joinedload(User.profile)]
    )
    if membership is None or membership.context_id != viewer.context_id:
        raise NotFound
    sections.check_may_see(session, viewer, membership)
    return membership


def student_sheet(
    session: Session, sealer: Sealer, *, membership: Membership, at: datetime
) -> StudentSheet:
    """Report on one student in every activity of the course, in the order of their making."""
    mine = membership.id
    attempts = defaultdict[UUID, list[Attempt]](list)
    for attempt in session.scalars(
        select(Attempt).where(Attempt.membership_id == mine).order_by(Attempt.number)
    ):
        attempts[attempt.activity_id].append(attempt)
    reflections = defaultdict[UUID, list[Reflection]](list)
    for row in session.scalars(
        select(Reflection)
        .where(Reflection.membership_id == mine)
        .order_by(Reflection.started_at)
        .options(joinedload(Reflection.assessment))
    ):
        reflections[row.activity_id].append(row)
    grades = {
        g.activity_id: g for g in session.scalars(select(Grade).filter_by(membership_id=mine))
    }
    deliveries = {
        row.activity_id: row
        for row in session.scalars(select(ScoreDelivery).filter_by(membership_id=mine))
    }
    activities = list_activities(session, membership.context_id)
    settings = terms.settings_by_activity(session, membership, activities)
    decisions = adjusting.list_adjustments(session, sealer, membership)
    open_circuits = circuits.list_open(session, at=at)
    entry = session.scalar(
        select(RosterEntry).where(
            RosterEntry.context_id == membership.context_id,
            RosterEntry.user_id == membership.user_id,
        )
    )
    return StudentSheet(
        membership=membership,
        left_at=entry.left_at if entry else None,
        lines=tuple(
            SheetLine(
                activity=activity,
                title=activity.resource_link.title,
                settings=settings[activity.id],
                attempts=tuple(attempts[activity.id]),
                reflections=tuple(reflections[activity.id]),
                grade=(grade := grades.get(activity.id)),
                delivery=delivery_view(
                    deliveries.get(activity.id), grade, open_circuits=open_circuits
                ),
                adjustment=decisions.get(activity.id),
            )
            for activity in activities
        ),
    )


def list_activities(session: Session, context_id: UUID) -> Sequence[Activity]:
    """List the activities of a course with what says where scores go, the oldest first."""
    link = joinedload(Activity.resource_link)
    course = link.joinedload(ResourceLink.context)
    return session.scalars(
        select(Activity)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .where(ResourceLink.context_id == context_id)
        .order_by(Activity.created_at, ResourceLink.title, Activity.id)
        .options(
            link.joinedload(ResourceLink.line_item),
            course.joinedload(Context.deployment).joinedload(Deployment.registration),
        )
    ).all()


def get_activity_in(session: Session, context_id: UUID, activity_id: UUID) -> Activity:
    """Return an activity of this course; another course's is not found."""
    activity = session.get(Activity, activity_id)
    if activity is None or activity.resource_link.context_id != context_id:
        raise NotFound
    return activity
