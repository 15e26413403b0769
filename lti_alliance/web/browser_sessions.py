"""The launches that one browser holds: whose they are, and how many at a time."""

from collections.abc import Sequence
from datetime import datetime

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.models import LaunchSession
from lti_alliance.services import launches
from lti_alliance.web import cookies
from lti_alliance.web.signing import digest, is_same


def make_room(session: Session, opened: LaunchSession, *, at: datetime) -> list[str]:
    """End what this launch replaces in the browser; return the handles whose cookies may go.

    Those are the sessions of another person of the same registration, the oldest beyond the most
    that a browser holds, and whatever has ended already.
    """
    brought = cookies.session_handles(request)
    held = _genuine(session, brought)
    # A platform's student preview is nobody else: it is the instructor trying things out.
    people = [each for each in held if not (each.is_test_user or opened.is_test_user)]
    launches.end_sessions_of_others(
        session,
        handles=[each.handle for each in people],
        user_id=opened.user_id,
        registration_id=opened.registration_id,
        at=at,
    )
    for each in held:
        session.refresh(each)
    alive = [each for each in held if each.ended_at is None and each.expires_at > at]
    keep = sorted(alive, key=lambda each: each.created_at)[-(cookies.MAX_SESSIONS - 1) :]
    for each in alive:
        if each not in keep:
            launches.end(session, each, at=at)
    kept = {each.handle for each in keep}
    return [handle for handle in brought if handle not in kept]


def _genuine(session: Session, handles: Sequence[str]) -> list[LaunchSession]:
    if not handles:
        return []
    # The handle alone is public: only its cookie shows that the session is this browser's.
    found = session.scalars(select(LaunchSession).where(LaunchSession.handle.in_(handles))).all()
    return [
        each
        for each in found
        if is_same(each.cookie_digest, digest(cookies.find_session(request, each.handle) or ""))
    ]
