"""Student previews: what was tried out with the LMS's student view is cleared away."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.models import (
    Activity,
    Attempt,
    Base,
    Grade,
    Membership,
    PracticeSet,
    Reflection,
    ScoreAdjustment,
)
from lti_alliance.services import audit, hanging_rows

_WORK = (Grade, ScoreAdjustment, Reflection, Attempt)
"""What somebody has in an activity, and what was decided about it. Terms are not work: dates and
accommodations stay."""


def clear_previews(session: Session, activity: Activity, *, actor: Membership, at: datetime) -> int:
    """Delete the work of student previews in an activity, with all that hangs on it; count it.

    Nobody else's work is touched. Counted are attempts and reflections.
    """
    previews = select(Membership.id).where(
        Membership.context_id == activity.resource_link.context_id, Membership.is_test_user
    )
    counts = {}
    for work in _WORK:
        table = Base.metadata.tables[work.__tablename__]
        which = (table.c.activity_id == activity.id) & table.c.membership_id.in_(previews)
        counts[work] = hanging_rows.delete_rows(session, table, which)[table.name]
    # Practice draws on all of a course, and nobody but the preview itself could see it.
    practice = Base.metadata.tables[PracticeSet.__tablename__]
    hanging_rows.delete_rows(session, practice, practice.c.membership_id.in_(previews))
    session.expire_all()
    audit.record(
        session,
        "preview.cleared",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"attempts": counts[Attempt], "reflections": counts[Reflection]},
    )
    return counts[Attempt] + counts[Reflection]
