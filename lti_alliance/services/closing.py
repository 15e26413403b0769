"""Closing times: what is still open is handed in or expires, and missing parts may count zero."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings, settings_from_json
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.models import Activity, Attempt, Membership, Reflection, Response
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, modules
from lti_alliance.services.grading import judge_attempt, refresh_grade


def settle_closed(session: Session, catalogue: Catalogue, *, at: datetime, limit: int = 20) -> int:
    """Settle activities whose closing time has come, and count them.

    An attempt that is still open is handed in with what was saved in it, or expires if nothing
    was. Then every grade is worked out anew, since a missing part may count zero from now on.
    """
    open_ones = session.scalars(select(Activity).where(Activity.closed_at.is_(None)))
    due = [a for a in open_ones if settings_from_json(a.settings).is_closed(at)][:limit]
    for activity in due:
        for attempt in session.scalars(
            select(Attempt).where(
                Attempt.activity_id == activity.id, Attempt.state == AttemptState.IN_PROGRESS
            )
        ):
            _close_attempt(session, catalogue, attempt, settings_from_json(activity.settings))
        for membership in _people_with_work(session, activity):
            refresh_grade(session, activity, membership, at=at)
        activity.closed_at = at
        audit.record(
            session, "activity.closed", at=at, object_kind="activity", object_id=activity.id
        )
    session.flush()
    return len(due)


def _close_attempt(
    session: Session, catalogue: Catalogue, attempt: Attempt, settings: ActivitySettings
) -> None:
    has_answers = session.scalar(
        select(Response.id)
        .where(Response.attempt_id == attempt.id, Response.value.is_not(None))
        .limit(1)
    )
    handed_in_at = attempt.saved_at or settings.closes_at
    values: dict[str, Any] = {"state": AttemptState.EXPIRED}
    if has_answers:
        values = {"state": AttemptState.GRADED, "submitted_at": handed_in_at}
    moved = rows_changed(
        session,
        update(Attempt)
        .where(Attempt.id == attempt.id, Attempt.state == AttemptState.IN_PROGRESS)
        .values(saved_version=Attempt.saved_version + 1, **values),
    )
    session.refresh(attempt)
    if moved and has_answers:
        module = modules.get_module(session, catalogue, content_hash=attempt.content_hash)
        judge_attempt(session, attempt, module)


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
