"""What pages report: how a class stands, what a course holds.

Each report is read with a fixed number of queries, however many people there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import (
    Activity,
    Attempt,
    Context,
    Grade,
    Membership,
    Reflection,
    ResourceLink,
    RosterEntry,
    RosterReading,
    ScoreDelivery,
    User,
)
from lti_alliance.services import check_turns, circuits, line_items, modules, rosters, sections
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.delivery_views import (
    ComparisonView,
    DeliveryView,
    comparison_view,
    delivery_view,
)
from lti_alliance.services.desk_people import display_order
from lti_alliance.services.standings import PartResult, part_results

_Row = TypeVar("_Row", Attempt, Reflection)
_STUCK = frozenset({DeliveryState.BLOCKED, DeliveryState.DEAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRow:
    """One person in the activity."""

    membership: Membership
    attempts: tuple[Attempt, ...]
    reflections: tuple[Reflection, ...]
    grade: Grade | None
    delivery: DeliveryView | None
    delivery_id: UUID | None
    left_at: datetime | None = None
    """When the LMS no longer listed the person; empty while it does, or says nothing."""

    @property
    def handed_in(self) -> tuple[Attempt, ...]:
        """The attempts that were handed in."""
        return tuple(a for a in self.attempts if AttemptState(a.state).is_handed_in)

    @property
    def is_working(self) -> bool:
        """Whether an attempt is open."""
        return any(a.state == AttemptState.IN_PROGRESS for a in self.attempts)

    @property
    def has_begun(self) -> bool:
        """Whether there is anything of this person here."""
        return bool(self.attempts or self.reflections)

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
    def has_no_column(self) -> bool:
        """Whether the score waits for a column of the gradebook."""
        delivery = self.delivery
        return (
            delivery is not None
            and delivery.state is DeliveryState.BLOCKED
            and delivery.reason == Reason.NO_LINE_ITEM
        )

    @property
    def may_resend(self) -> bool:
        """Whether there is anything that can be sent again."""
        return self.delivery is not None and self.delivery.is_wanted

    @property
    def differs(self) -> bool:
        """Whether the gradebook shows something else, and that stands."""
        return self.delivery is not None and self.delivery.differs


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """Somebody with a score in the gradebook and none here."""

    membership: Membership
    score: Decimal
    maximum: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How one activity stands: who did what, what waits, what the gradebook has."""

    module: Module
    settings: ActivitySettings
    rows: tuple[StudentRow, ...]
    comparison: ComparisonView
    not_opened: tuple[RosterEntry, ...] = ()
    """Students on the course's roster who have not opened this tool."""
    roster: RosterReading | None = None
    """When the roster was read; nothing where the platform offers none."""
    strays: tuple[Stray, ...] = ()
    """People whose score the last comparison found in the gradebook alone."""
    tests: tuple[StudentRow, ...] = ()
    """Student previews: their work is real, their scores stay here."""
    may_ask_for_column: bool = False
    """Whether scores wait for a column that the LMS would make if somebody asked for one."""

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

    @property
    def differences(self) -> tuple[StudentRow, ...]:
        """The people for whom the gradebook shows something else."""
        return tuple(row for row in self.rows if row.differs)

    @property
    def may_send_all(self) -> bool:
        """Whether there is anything that can be sent again."""
        return any(row.may_resend for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePage:
    """What a course holds, for a launch that opened the course itself."""

    titles: tuple[str, ...]
    """The links with an activity, the oldest first."""


def overview(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    at: datetime,
    viewer: Membership | None = None,
) -> Overview:
    """Report on everybody in the activity, with one query for each kind of row.

    With a viewer, it is on those alone whom the viewer may see by their sections.
    """
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
    open_circuits = circuits.list_open(session, at=at)
    scope = sections.scope_of(session, viewer) if viewer else sections.Scope()
    members = {
        key: member
        for key, member in _members(session, activity).items()
        if member.course_role is not Role.LEARNER or scope.covers(member.sections)
    }
    context_id = activity.resource_link.context_id
    entries = {each.user_id: each for each in rosters.list_entries(session, context_id)}
    rows = []
    for member in _learners(members):
        grade, delivery = grades.get(member.id), deliveries.get(member.id)
        if member.erased_at is not None and grade is None:
            continue
        rows.append(
            StudentRow(
                membership=member,
                attempts=tuple(made[member.id]),
                reflections=tuple(written[member.id]),
                grade=grade,
                delivery=delivery_view(delivery, grade, open_circuits=open_circuits),
                delivery_id=delivery.id if delivery else None,
                left_at=entries[member.user_id].left_at if member.user_id in entries else None,
            )
        )
    here = {member.user_id for member in members.values()}
    if scope.is_limited:
        # Of whoever has not opened the tool, nobody knows the section.
        entries = {user_id: entry for user_id, entry in entries.items() if user_id in here}
    absent = [each for each in entries.values() if each.user_id not in here and not each.left_at]
    waits_for_column = any(row.has_no_column for row in rows)
    comparison = comparison_view(
        activity.resource_link, check_turns.find_check(session, activity.id)
    )
    return Overview(
        module=modules.get_module(session, catalogue, content_hash=activity.content_hash),
        settings=activity_settings(activity),
        rows=tuple(row for row in rows if not row.membership.is_test_user),
        comparison=comparison,
        not_opened=tuple(rosters.learners(absent)),
        roster=rosters.find_reading(session, context_id),
        strays=_strays(comparison, members, grades),
        tests=tuple(row for row in rows if row.membership.is_test_user and row.has_begun),
        may_ask_for_column=waits_for_column
        and line_items.may_ask_for_column(activity.resource_link.line_item),
    )


def course_page(session: Session, context: Context) -> CoursePage:
    """List the activities of a course by the titles of their links."""
    titles = session.scalars(
        select(ResourceLink.title)
        .join(Activity, Activity.resource_link_id == ResourceLink.id)
        .where(ResourceLink.context_id == context.id)
        .order_by(Activity.created_at, Activity.id)
    )
    return CoursePage(titles=tuple(titles))


def _members(session: Session, activity: Activity) -> dict[UUID, Membership]:
    found = session.scalars(
        select(Membership)
        .where(Membership.context_id == activity.resource_link.context_id)
        .options(joinedload(Membership.user).joinedload(User.profile))
    )
    return {member.id: member for member in found}


def _learners(members: Mapping[UUID, Membership]) -> list[Membership]:
    """List the students: by name, then those without one in the order of their arrival."""
    learners = (member for member in members.values() if member.course_role is Role.LEARNER)
    return sorted(learners, key=display_order)


def _strays(
    comparison: ComparisonView, members: Mapping[UUID, Membership], grades: Mapping[UUID, Grade]
) -> tuple[Stray, ...]:
    """List the scores that are in the gradebook alone, without those that came here since."""
    return tuple(
        Stray(membership=members[found.membership_id], score=found.score, maximum=found.maximum)
        for found in comparison.only_there
        if found.membership_id in members and not _has_score(grades.get(found.membership_id))
    )


def _has_score(grade: Grade | None) -> bool:
    return grade is not None and grade.score is not None


def _by_member(rows: Iterable[_Row]) -> defaultdict[UUID, list[_Row]]:
    found: defaultdict[UUID, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row.membership_id].append(row)
    return found
