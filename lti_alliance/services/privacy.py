"""Keeping personal data no longer than it is needed."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lti_alliance.models import AccessToken, DeepLinking, LaunchSession, Notice, Profile
from lti_alliance.models.statements import rows_changed

SESSION_KEPT = timedelta(days=1)
"""How long after its end a launch session is kept, for people who come back to an open page."""
NOTICES_KEPT = timedelta(days=30)
"""How long a notice is known for one that has come before; its signature lasts an hour."""


def retain(session: Session, *, at: datetime) -> int:
    """Delete what has outlived its use, and count the rows.

    Launch sessions go a day after their end, names and addresses when their time is up, access
    tokens when they end.
    """
    is_over = LaunchSession.expires_at < at - SESSION_KEPT
    over = select(LaunchSession.id).where(is_over)
    return sum(
        rows_changed(session, statement)
        for statement in (
            delete(DeepLinking).where(DeepLinking.launch_session_id.in_(over)),
            delete(LaunchSession).where(is_over),
            delete(Profile).where(Profile.expires_at < at),
            delete(Notice).where(Notice.received_at < at - NOTICES_KEPT),
            delete(AccessToken).where(AccessToken.expires_at < at),
        )
    )
