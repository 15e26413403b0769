"""Student previews: what was tried out with the LMS's student view is cleared away."""

from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, select
from sqlalchemy.orm import Session

from lti_alliance.models import (
    Activity,
    Attempt,
    Base,
    Grade,
    Membership,
    Reflection,
    ScoreAdjustment,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit

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
        counts[work] = _delete(
            session,
            table,
            (table.c.activity_id == activity.id) & table.c.membership_id.in_(previews),
        )
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


def _delete(session: Session, table: Table, which: ColumnElement[bool]) -> int:
    """Delete rows, those that refer to them first, whatever tables there are."""
    for child in Base.metadata.sorted_tables:
        for key in child.foreign_keys:
            if key.column.table is table and child is not table:
                _delete(session, child, key.parent.in_(select(key.column).where(which)))
    return rows_changed(session, delete(table).where(which))
