"""The launches that one browser holds: whose they are, and how many at a time."""

from collections.abc import Sequence
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session

from lti_alliance.models import LaunchSession
from lti_alliance.services import launches
from lti_alliance.services.launches import Held
from lti_alliance.web import cookies
from lti_alliance.web.signing import digest, is_same


def make_room(session: Session, opened: LaunchSession, *, at: datetime) -> list[str]:
    """End what this launch replaces in the browser; return the handles whose cookies may go.

    Those are the sessions of another person of the same registration, the oldest beyond the most
    that a browser holds, and whatever has ended already.
    """
    brought = cookies.session_handles(request)
    held = [each for each in launches.find_held(session, brought) if _is_this_browsers(each)]
    alive = [each for each in held if each.ended_at is None and each.expires_at > at]
    kept = {each.handle for each in _kept(alive, opened)}
    launches.end_all(session, [each.handle for each in alive if each.handle not in kept], at=at)
    return [handle for handle in brought if handle not in kept]


def _is_this_browsers(held: Held) -> bool:
    # The handle alone is public: only its cookie shows that the session is this browser's.
    cookie = cookies.find_session(request, held.handle) or ""
    return is_same(held.cookie_digest, digest(cookie))


def _kept(alive: Sequence[Held], opened: LaunchSession) -> list[Held]:
    stay = [each for each in alive if not _is_somebody_else(each, opened)]
    return sorted(stay, key=lambda each: each.created_at)[-(cookies.MAX_SESSIONS - 1) :]


def _is_somebody_else(held: Held, opened: LaunchSession) -> bool:
    # A platform's student preview is nobody else: it is the instructor trying things out.
    return (
        held.registration_id == opened.registration_id
        and held.user_id != opened.user_id
        and not (held.is_test_user or opened.is_test_user)
    )
