"""Line items: a column of the gradebook asked for, where a link was placed without one."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.errors import Conflict
from lti_alliance.models import Activity, LineItem, Membership
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, score_resending


def may_ask_for_column(line_item: LineItem | None) -> bool:
    """Say whether the LMS would make a column for this link if somebody asked for one."""
    return (
        line_item is not None
        and not line_item.url
        and not line_item.may_create
        and _is_offered(line_item)
    )


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
