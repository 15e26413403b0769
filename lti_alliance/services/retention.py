"""How long a course keeps texts and work after its last launch, and their removal in time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_alliance.models import (
    Context,
    Deployment,
    Membership,
    Registration,
    RosterReading,
)
from lti_alliance.services import audit, course_removal
from lti_alliance.services.course_removal import Part, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """How long things are kept after the last launch of their course."""

    texts: timedelta
    """Reflections, drafts, comments, questions, notes."""
    work: timedelta
    """Everything else of a person: answers, scores, grants, the membership itself."""
    roster: timedelta
    """The list of the course's people, with names, and its reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What of one course goes, or has gone, because its time is up."""

    context_id: UUID
    title: str
    last_launch_at: datetime
    rows: Rows
    """Counted by table."""


@dataclass(frozen=True, slots=True)
class _Due:
    context: Context
    last_launch_at: datetime
    parts: Sequence[Part]


def periods_of(context: Context, periods: Periods) -> Periods:
    """Return the periods of a course: its own, else its registration's, else the tool's."""
    registration = context.deployment.registration
    return Periods(
        texts=_first(context.texts_days, registration.texts_days, periods.texts),
        work=_first(context.work_days, registration.work_days, periods.work),
        roster=periods.roster,
    )


def set_periods(
    session: Session,
    place: Registration | Context,
    *,
    texts_days: int | None,
    work_days: int | None,
    at: datetime,
) -> None:
    """Give a registration or a course periods of its own; None takes one back."""
    place.texts_days, place.work_days = texts_days, work_days
    session.flush()
    is_course = isinstance(place, Context)
    audit.record(
        session,
        "privacy.periods_set",
        at=at,
        object_kind="context" if is_course else "registration",
        object_id=place.id,
        context_id=place.id if is_course else None,
        details={"texts_days": texts_days, "work_days": work_days},
    )


def list_due(session: Session, periods: Periods, *, at: datetime) -> list[Removal]:
    """List what `remove_due` would remove, by course, and change nothing."""
    return [
        _removal(each, _sum(course_removal.count(session, each.context.id, p) for p in each.parts))
        for each in _due(session, periods, at=at)
    ]


def remove_due(
    session: Session, periods: Periods, *, at: datetime, limit: int | None = None
) -> list[Removal]:
    """Remove what courses have kept long enough, of so many courses at most; on record."""
    removed = []
    for each in _due(session, periods, at=at)[:limit]:
        context_id = each.context.id
        rows = _sum(course_removal.remove(session, context_id, part, at=at) for part in each.parts)
        context = session.get_one(Context, context_id, populate_existing=True)
        if not {Part.TEXTS, Part.WORK}.isdisjoint(each.parts):
            context.texts_removed_at = at
        if Part.WORK in each.parts:
            context.work_removed_at = at
        session.flush()
        audit.record(
            session,
            "privacy.time_up",
            at=at,
            object_kind="context",
            object_id=context.id,
            context_id=context.id,
            details={"parts": [part.value for part in each.parts], "rows": dict(rows)},
        )
        removed.append(_removal(each, rows))
    return removed


def _due(session: Session, periods: Periods, *, at: datetime) -> Sequence[_Due]:
    last = (
        select(Membership.context_id, func.max(Membership.last_launch_at).label("at"))
        .group_by(Membership.context_id)
        .subquery()
    )
    rows: Any = session.execute(
        select(Context, last.c.at, RosterReading.context_id)
        .join(last, last.c.context_id == Context.id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .join(Registration, Registration.id == Deployment.registration_id)
        .outerjoin(RosterReading, RosterReading.context_id == Context.id)
        .where(last.c.at < at - periods.roster)
        .order_by(last.c.at, Context.id)
    )
    found = []
    for context, last_at, reading in rows:
        held = periods_of(context, periods)
        work = _is_due(last_at, held.work, context.work_removed_at, at=at)
        texts = _is_due(last_at, held.texts, context.texts_removed_at, at=at)
        is_due = {
            # With the work its texts go as well, and the list of the people.
            Part.ROSTER: reading is not None and not work,
            Part.TEXTS: texts and not work,
            Part.WORK: work,
        }
        if parts := [part for part in Part if is_due[part]]:
            found.append(_Due(context, last_at, parts))
    return found


def _is_due(
    last_at: datetime, period: timedelta, removed_at: datetime | None, *, at: datetime
) -> bool:
    return at - last_at > period and (removed_at is None or removed_at < last_at)


def _first(*found: int | timedelta | None) -> timedelta:
    nearest = next(each for each in found if each is not None)
    return nearest if isinstance(nearest, timedelta) else timedelta(days=nearest)


def _sum(counted: Iterable[Rows]) -> Rows:
    total = Counter[str]()
    for each in counted:
        total.update(each)
    return +total


def _removal(due: _Due, rows: Rows) -> Removal:
    return Removal(
        context_id=due.context.id,
        title=due.context.title or due.context.label,
        last_launch_at=due.last_launch_at,
        rows=rows,
    )
