"""Closing times: what is still open is handed in or expires, and missing parts may count zero.

An activity closes for everybody whose own close is not later; whoever has another close, told by
the platform or granted, is settled at theirs, and an attempt with a time limit when its time is up.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.attempts import GRACE, AttemptState
from lti_alliance.models import (
    Accommodation,
    Activity,
    Attempt,
    LMSDates,
    Membership,
    Reflection,
    Response,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, modules, terms
from lti_alliance.services.grading import refresh_grade
from lti_alliance.services.judging import judge_attempt

_LOOKED_AT = 1000


def settle_closed(
    session: Session, catalogue: Catalogue, *, at: datetime, limit: int = 20, people: int = 200
) -> int:
    """Settle activities, people and attempts whose time has come, and count them.

    An attempt that is still open is handed in with what was saved in it, or expires if nothing
    was. Then the grades concerned are worked out anew, since a missing part may count zero from
    now on.
    """
    return (
        _settle_activities(session, catalogue, at=at, limit=limit)
        + _settle_people(session, catalogue, at=at, limit=people)
        + _settle_overdue(session, catalogue, at=at, limit=people)
    )


def _settle_activities(session: Session, catalogue: Catalogue, *, at: datetime, limit: int) -> int:
    due = session.scalars(
        select(Activity)
        .where(Activity.settle_at <= at)
        .order_by(Activity.settle_at)
        .limit(_LOOKED_AT)
    ).all()
    settled = 0
    for activity in due:
        settings = settings_from_json(activity.settings)
        if not settings.is_closed(at):
            # One that is new or was changed: now it is known when to look again.
            _look_again(session, activity, at=settings.closes_at)
        elif settled < limit:
            _settle_activity(session, catalogue, activity, at=at)
            settled += 1
    session.flush()
    return settled


def _settle_activity(
    session: Session, catalogue: Catalogue, activity: Activity, *, at: datetime
) -> None:
    still_open = select(Attempt).where(
        Attempt.activity_id == activity.id, Attempt.state == AttemptState.IN_PROGRESS
    )
    _close_attempts(session, catalogue, session.scalars(still_open), at=at)
    for membership in _people_with_work(session, activity):
        refresh_grade(session, activity, membership, at=at)
    activity.closed_at = at
    _look_again(session, activity, at=None)
    audit.record(session, "activity.closed", at=at, object_kind="activity", object_id=activity.id)


def _look_again(session: Session, activity: Activity, *, at: datetime | None) -> None:
    """Note when to look next, unless the activity is changed at this moment."""
    rows_changed(
        session,
        update(Activity)
        .where(Activity.id == activity.id, Activity.version == activity.version)
        .values(settle_at=at),
    )


def _settle_people(session: Session, catalogue: Catalogue, *, at: datetime, limit: int) -> int:
    told = session.scalars(select(LMSDates).where(LMSDates.settle_at <= at).limit(limit)).all()
    granted = session.scalars(
        select(Accommodation).where(Accommodation.settle_at <= at).limit(limit)
    ).all()
    for row in told:
        if row.resource_link.activity is not None:
            _settle_person(session, catalogue, row.resource_link.activity, row.membership, at=at)
        row.settle_at = None
    for grant in granted:
        member = session.scalar(
            select(Membership).where(
                Membership.context_id == grant.context_id, Membership.user_id == grant.user_id
            )
        )
        if grant.activity is not None and member is not None:
            _settle_person(session, catalogue, grant.activity, member, at=at)
        grant.settle_at = None
    session.flush()
    return len(told) + len(granted)


def _settle_person(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    membership: Membership,
    *,
    at: datetime,
) -> None:
    mine = (Attempt.activity_id == activity.id, Attempt.membership_id == membership.id)
    still_open = select(Attempt).where(*mine, Attempt.state == AttemptState.IN_PROGRESS)
    _close_attempts(session, catalogue, session.scalars(still_open), at=at)
    if _has_work(session, activity, membership):
        refresh_grade(session, activity, membership, at=at)


def _settle_overdue(session: Session, catalogue: Catalogue, *, at: datetime, limit: int) -> int:
    overdue = session.scalars(
        select(Attempt)
        .where(Attempt.deadline_at < at - GRACE, Attempt.state == AttemptState.IN_PROGRESS)
        .order_by(Attempt.deadline_at)
        .limit(limit)
    ).all()
    for attempt in overdue:
        if _hand_in(session, catalogue, attempt, attempt.deadline_at):
            audit.record(
                session,
                "attempt.time_up",
                at=at,
                object_kind="attempt",
                object_id=attempt.id,
                context_id=attempt.membership.context_id,
                details={"number": attempt.number},
            )
        refresh_grade(session, attempt.activity, attempt.membership, at=at)
    return len(overdue)


def _close_attempts(
    session: Session, catalogue: Catalogue, still_open: Iterable[Attempt], *, at: datetime
) -> None:
    for attempt in list(still_open):
        settings = terms.settings_for_attempt(session, attempt)
        if settings.is_closed(at):
            _hand_in(session, catalogue, attempt, settings.closes_at)


def _hand_in(
    session: Session, catalogue: Catalogue, attempt: Attempt, ended_at: datetime | None
) -> bool:
    """Hand an open attempt in with what was saved, or let it expire; say whether it was open."""
    has_answers = session.scalar(
        select(Response.id)
        .where(Response.attempt_id == attempt.id, Response.value.is_not(None))
        .limit(1)
    )
    values: dict[str, Any] = {"state": AttemptState.EXPIRED}
    if has_answers:
        values = {"state": AttemptState.GRADED, "submitted_at": attempt.saved_at or ended_at}
    moved = rows_changed(
        session,
        update(Attempt)
        .where(
            Attempt.id == attempt.id,
            Attempt.state == AttemptState.IN_PROGRESS,
            # Time that was granted since this was read keeps it open.
            Attempt.deadline_at.is_not_distinct_from(attempt.deadline_at),
        )
        .values(saved_version=Attempt.saved_version + 1, **values),
    )
    session.refresh(attempt)
    if moved and has_answers:
        module = modules.module_for(
            session, catalogue, attempt.activity, content_hash=attempt.content_hash
        )
        judge_attempt(session, attempt, module)
    return moved == 1


def _has_work(session: Session, activity: Activity, membership: Membership) -> bool:
    return any(
        session.scalar(
            select(table.id)
            .where(table.activity_id == activity.id, table.membership_id == membership.id)
            .limit(1)
        )
        for table in (Attempt, Reflection)
    )


def _people_with_work(session: Session, activity: Activity) -> list[Membership]:
    attempts = select(Attempt.membership_id).where(Attempt.activity_id == activity.id)
    texts = select(Reflection.membership_id).where(Reflection.activity_id == activity.id)
    return list(
        session.scalars(
            select(Membership)
            .where(Membership.id.in_(attempts.union(texts)))
            .order_by(Membership.id)
        )
    )
