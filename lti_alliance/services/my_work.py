"""A student's own work in a course: what is to do, what came back, what is new."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import Membership, Reflection, SubmittedVersion, User
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import sections
from lti_alliance.services.desk_people import display_order
from lti_alliance.services.sections import Scope
from lti_alliance.services.student_sheets import SheetLine, student_sheet


class WorkState(StrEnum):
    """How one activity stands for its student."""

    NEW = "new"
    TO_DO = "to_do"
    """Begun, and something is still to be handed in."""
    WAITS = "waits"
    """All is handed in, and an instructor has to grade it."""
    RETURNED = "returned"
    """A reflection came back to be revised."""
    DONE = "done"
    EXCUSED = "excused"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """One activity as its student's list shows it."""

    line: SheetLine
    state: WorkState
    has_new_feedback: bool
    """Whether something was said about a reflection that the student has not looked at."""
    closes_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Somebody who has not looked at what was said about their reflection."""

    membership: Membership
    reflection: Reflection
    since: datetime


def my_work(
    session: Session, sealer: Sealer, *, membership: Membership, at: datetime
) -> tuple[WorkLine, ...]:
    """List the activities of the course for one student: what closes first comes first."""
    sheet = student_sheet(session, sealer, membership=membership, at=at)
    returned = _returns(session, Reflection.membership_id == membership.id)
    lines = [_work_line(line, returned, at=at) for line in sheet.lines]
    return tuple(sorted(lines, key=_by_urgency))


def note_feedback_seen(session: Session, reflection: Reflection, *, at: datetime) -> None:
    """Note that the writer looked at what was said about their reflection."""
    said_at = _said_at(reflection, _returns(session, Reflection.id == reflection.id))
    if not _is_unseen(reflection, said_at):
        return
    rows_changed(
        session,
        update(Reflection).where(Reflection.id == reflection.id).values(feedback_seen_at=at),
    )
    session.refresh(reflection)


def list_unseen(session: Session, activity_id: UUID, *, seen_by: Membership) -> list[Unseen]:
    """List who has not looked at what was said about their reflection in an activity, by name.

    Only people whom somebody who teaches may see.
    """
    scope = sections.scope_of(session, seen_by)
    returned = _returns(session, Reflection.activity_id == activity_id)
    found = session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity_id, Reflection.state != ReflectionState.DRAFT)
        .options(
            joinedload(Reflection.assessment),
            joinedload(Reflection.membership).joinedload(Membership.user).joinedload(User.profile),
        )
    )
    unseen = [
        Unseen(membership=row.membership, reflection=row, since=said_at)
        for row in found
        if (said_at := _said_at(row, returned)) is not None
        and _is_unseen(row, said_at)
        and _is_listed(row.membership, scope)
    ]
    return sorted(unseen, key=lambda each: display_order(each.membership))


def _returns(session: Session, *which: ColumnElement[bool]) -> Mapping[UUID, datetime]:
    """Return when each of these reflections was returned last."""
    found = session.execute(
        select(SubmittedVersion.reflection_id, func.max(SubmittedVersion.returned_at))
        .join(Reflection, Reflection.id == SubmittedVersion.reflection_id)
        .where(SubmittedVersion.returned_at.is_not(None), *which)
        .group_by(SubmittedVersion.reflection_id)
    )
    return {reflection_id: at for reflection_id, at in found if at is not None}


def _said_at(reflection: Reflection, returned: Mapping[UUID, datetime]) -> datetime | None:
    """Return when somebody last let the writer have a grade or returned the text, if ever."""
    assessment = reflection.assessment
    released = None
    if assessment is not None and assessment.assessed_by_id is not None:
        released = assessment.released_at or assessment.assessed_at
    return max(filter(None, (released, returned.get(reflection.id))), default=None)


def _is_unseen(reflection: Reflection, said_at: datetime | None) -> bool:
    seen_at = reflection.feedback_seen_at
    return said_at is not None and (seen_at is None or seen_at < said_at)


def _is_listed(membership: Membership, scope: Scope) -> bool:
    return not membership.is_test_user and scope.covers(membership.sections)


def _work_line(line: SheetLine, returned: Mapping[UUID, datetime], *, at: datetime) -> WorkLine:
    return WorkLine(
        line=line,
        state=_state(line, at=at),
        has_new_feedback=any(_is_unseen(row, _said_at(row, returned)) for row in line.reflections),
        closes_at=line.settings.closes_at,
    )


def _state(line: SheetLine, *, at: datetime) -> WorkState:
    if line.adjustment is not None and line.adjustment.kind == "excused":
        return WorkState.EXCUSED
    if any(row.state == ReflectionState.RETURNED for row in line.reflections):
        return WorkState.RETURNED
    if line.grade is not None and line.grade.score is not None:
        return WorkState.DONE
    quiz_done = not line.settings.has_quiz or any(
        AttemptState(each.state).is_handed_in for each in line.attempts
    )
    handed_in = {r.prompt_id for r in line.reflections if ReflectionState(r.state).is_handed_in}
    wanted = set(line.settings.prompt_ids) if line.settings.has_reflection else set()
    if quiz_done and wanted <= handed_in:
        return WorkState.WAITS
    if line.settings.is_closed(at):
        return WorkState.MISSED
    return WorkState.NEW if line.is_untouched else WorkState.TO_DO


def _by_urgency(work: WorkLine) -> tuple[bool, bool, float]:
    is_open = work.state in (WorkState.NEW, WorkState.TO_DO, WorkState.RETURNED)
    closes = work.closes_at.timestamp() if work.closes_at else float("inf")
    return not work.has_new_feedback, not is_open, closes
