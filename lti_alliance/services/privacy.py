"""Keeping personal data no longer than it is needed: what ends by itself, whatever the course."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Delete, delete, exists, func, select
from sqlalchemy.orm import Session

from lti_alliance.models import (
    AccessToken,
    Base,
    DeepLinking,
    LaunchSession,
    Notice,
    Preset,
    Profile,
    User,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services.person_columns import OF_USER_IN_COURSE
from lti_alliance.services.persons import column

SESSION_KEPT = timedelta(days=1)
"""How long after its end a launch session is kept, for people who come back to an open page."""
NOTICES_KEPT = timedelta(days=30)
"""How long a notice is known for one that has come before; its signature lasts an hour."""
USERS_KEPT = timedelta(days=1)
"""How long somebody is kept whom no course knows: their first launch may be under way."""


def retain(session: Session, *, at: datetime) -> int:
    """Delete what has outlived its use, and count the rows.

    Launch sessions go a day after their end, names and addresses when their time is up, access
    tokens when they end, and people when the last course that knew them is gone.
    """
    ended = sum(rows_changed(session, _delete(*each)) for each in _ended(at))
    return ended + sum(rows_changed(session, _delete(*each)) for each in _unknown(at))


def count_expired(session: Session, *, at: datetime) -> Counter[str]:
    """Count by table what `retain` would delete, and change nothing."""
    counts = Counter[str]()
    for table, which in (*_ended(at), *_unknown(at)):
        counted = select(func.count()).select_from(table).where(which)
        counts[table.__tablename__] += session.scalar(counted) or 0
    return counts


def _ended(at: datetime) -> Iterator[tuple[type[Base], ColumnElement[bool]]]:
    is_over = LaunchSession.expires_at < at - SESSION_KEPT
    over = select(LaunchSession.id).where(is_over)
    yield DeepLinking, DeepLinking.launch_session_id.in_(over)
    yield LaunchSession, is_over
    yield Profile, Profile.expires_at < at
    yield Notice, Notice.received_at < at - NOTICES_KEPT
    yield AccessToken, AccessToken.expires_at < at


def _unknown(at: datetime) -> Iterator[tuple[type[Base], ColumnElement[bool]]]:
    """Yield who is in no course any more, with what is theirs beside all courses."""
    is_unknown = User.created_at < at - USERS_KEPT
    for name in ("memberships.user_id", *OF_USER_IN_COURSE):
        _table, key = column(name)
        is_unknown &= ~exists().where(key == User.id)
    gone = select(User.id).where(is_unknown)
    # Those whose time is up are counted as such.
    yield Profile, Profile.user_id.in_(gone) & (Profile.expires_at >= at)
    yield Preset, Preset.owner_id.in_(gone)
    yield User, is_unknown


def _delete(table: type[Base], which: ColumnElement[bool]) -> Delete:
    return delete(table).where(which)
