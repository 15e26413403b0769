"""Whether the teaching assistants of a course may see students' work and grade it."""

from datetime import datetime

from sqlalchemy.orm import Session

from lti_alliance.models import Context, Membership
from lti_alliance.services import audit


def set_assistants(
    session: Session, context: Context, *, may_see_work: bool, actor: Membership, at: datetime
) -> None:
    """Let the course's assistants see and grade work, or keep it from them; at once, on record."""
    if context.assistants_excluded is not may_see_work:
        return
    context.assistants_excluded = not may_see_work
    session.flush()
    audit.record(
        session,
        "course.assistants_let_in" if may_see_work else "course.assistants_kept_out",
        at=at,
        actor=actor,
        object_kind="context",
        object_id=context.id,
    )
