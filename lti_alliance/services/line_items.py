"""Line items: a column of the gradebook asked for, where a link was placed without one."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.errors import Conflict
from lti_alliance.models import Activity, LineItem, Membership
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, score_resending

_MOST_POINTS = 1_000_000


def may_ask_for_column(line_item: LineItem | None) -> bool:
    """Say whether the LMS would make a column for this link if somebody asked for one."""
    return (
        line_item is not None
        and not line_item.url
        and not line_item.may_create
        and _is_offered(line_item)
    )


def read_points(text: str) -> Decimal | None:
    """Read the points that a launch tells of its column; nothing for what is none."""
    try:
        points = Decimal(text.strip())
    except InvalidOperation:
        return None
    return points if points.is_finite() and 0 <= points < _MOST_POINTS else None


def keep_maximum(session: Session, activity_id: UUID, maximum: Decimal) -> None:
    """Keep what a column turned out to be worth."""
    link = select(Activity.resource_link_id).where(Activity.id == activity_id).scalar_subquery()
    rows_changed(
        session,
        update(LineItem).where(LineItem.resource_link_id == link).values(maximum=maximum),
    )


def differing_maximum(activity: Activity) -> Decimal | None:
    """Return what the column is worth where that is known and is not what the activity is."""
    line_item = activity.resource_link.line_item
    told = line_item.maximum if line_item else None
    return None if told == settings_from_json(activity.settings).maximum else told


def ask_for_column(session: Session, activity: Activity, *, actor: Membership, at: datetime) -> int:
    """Let the link have a column of its own, and count the scores that set out for it.

    The first of them makes the column. Asking again changes nothing, so that there is one column
    however often somebody asks. Raises ``Conflict`` where the LMS lets this tool make none.
    """
    link = activity.resource_link
    line_item = link.line_item
    if line_item is None or not (line_item.url or _is_offered(line_item)):
        raise Conflict("line_item.not_offered")
    asked = rows_changed(
        session,
        update(LineItem)
        .where(LineItem.id == line_item.id, LineItem.url == "", LineItem.may_create.is_(False))
        .values(may_create=True),
    )
    session.refresh(line_item)
    if asked:
        audit.record(
            session,
            "line_item.asked_for",
            at=at,
            actor=actor,
            object_kind="activity",
            object_id=activity.id,
        )
    return score_resending.resume(session, link, at=at)


def _is_offered(line_item: LineItem) -> bool:
    return bool(line_item.container_url) and GradeScope.LINE_ITEM in line_item.scopes
