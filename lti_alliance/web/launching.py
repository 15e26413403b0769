"""One launch in one browser: bound to it, used once, and repeated only by the browser itself."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from lti_alliance.domain.launch import Launch, MessageType
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.launch import verify_launch
from lti_alliance.lti.state import LoginState, is_bound
from lti_alliance.models import LaunchSession, Registration, db
from lti_alliance.parts import parts
from lti_alliance.services import launches, platforms
from lti_alliance.web import cookies, transaction
from lti_alliance.web.request_log import request_id
from lti_alliance.web.signing import digest, is_same

_HANDLE_BYTES = 16


class _StateConsumedMeanwhile(Exception):
    """Another request with the same state was faster; this one's work is to be rolled back."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A launch form in the browser that began its login."""

    token: str
    state: LoginState
    browser_secret: str
    registration: Registration
    at: datetime

    @property
    def token_digest(self) -> str:
        return digest(self.token)


def launch(token: str, state: LoginState, *, registration: Registration, at: datetime) -> Response:
    """Verify a launch and open its pages; a second click on the same form lands on the same pages.

    Nothing is stored for a message that was not verified, and no state is consumed by one.
    """
    earlier = launches.find_by_state(db.session(), state.id)
    secret = _bound_secret(state, is_consumed=earlier is not None)
    arrival = _Arrival(token, state, secret, registration, at)
    if earlier is not None:
        return _repeat(arrival, earlier)
    message = verify_launch(
        db.session(),
        parts().http,
        form=request.form,
        state=state,
        registration=registration,
        launch_url=parts().settings.launch_url,
        at=at,
    )
    if message.message_type is MessageType.SUBMISSION_REVIEW:
        _check_may_review(message)
    if message.message_type is MessageType.DEEP_LINKING:
        _check_may_place(message)
    platforms.judge_deployment(db.session(), registration, message.deployment_id, at=at)
    try:
        return _open(arrival, message)
    except _StateConsumedMeanwhile:
        found = launches.find_by_state(db.session(), state.id)
        assert found is not None
        return _repeat(arrival, found)


def _check_may_place(message: Launch) -> None:
    if not message.role.configures:
        raise LaunchRejected("deeplink.not_allowed", status=403)
    if message.context is None:
        # An activity belongs to a course; there is none to add it to.
        raise LaunchRejected("claim.context", status=422)


def _check_may_review(message: Launch) -> None:
    if message.context is None:
        raise LaunchRejected("claim.context", status=422)
    is_own = message.person.sub == message.for_user
    if not (message.role.teaches or is_own or message.for_user in message.mentored):
        raise LaunchRejected("review.not_allowed", status=403)


def _bound_secret(state: LoginState, *, is_consumed: bool) -> str:
    secret = cookies.state_secret(request, state.id)
    if secret is not None and is_bound(state, secret):
        return secret
    if is_consumed:
        raise LaunchRejected("launch.replayed", status=401)
    if secret is not None or cookies.holds_any_state(request):
        raise LaunchRejected("launch.state_mismatch", status=401)
    raise LaunchRejected("launch.browser_not_bound", status=401)


def _repeat(arrival: _Arrival, earlier: LaunchSession) -> Response:
    if not is_same(earlier.token_digest, arrival.token_digest):
        raise LaunchRejected("launch.replayed", status=401)
    return _to_pages(earlier.handle, arrival.browser_secret)


def _open(arrival: _Arrival, message: Launch) -> Response:
    settings, at = parts().settings, arrival.at
    handle = secrets.token_urlsafe(_HANDLE_BYTES)
    cookie = cookies.session_secret(handle, arrival.browser_secret)
    with transaction.act() as session:
        opened = launches.open_launch(
            session,
            message,
            state_id=arrival.state.id,
            token_digest=arrival.token_digest,
            handle=handle,
            cookie_digest=digest(cookie),
            frame_ancestors=platforms.frame_ancestors(arrival.registration, message),
            session_for=timedelta(hours=settings.session_hours),
            profile_for=timedelta(days=settings.profile_days),
            at=at,
            request_id=request_id(),
        )
        if opened is None:
            raise _StateConsumedMeanwhile
        gone = _make_room(session, opened, at=at)
    response = _to_pages(handle, arrival.browser_secret)
    for name in gone:
        cookies.forget_session(response, name)
    return response


def _make_room(session: Session, opened: LaunchSession, *, at: datetime) -> list[str]:
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
    # The handle alone is public: only its cookie shows that the session is this browser's.
    found = session.scalars(select(LaunchSession).where(LaunchSession.handle.in_(handles))).all()
    return [
        each
        for each in found
        if is_same(each.cookie_digest, digest(cookies.find_session(request, each.handle) or ""))
    ]


def _to_pages(handle: str, browser_secret: str) -> Response:
    response = redirect(url_for("student.home", handle=handle), 303)
    cookies.set_session(
        response,
        handle=handle,
        secret=cookies.session_secret(handle, browser_secret),
        lifetime=timedelta(hours=parts().settings.session_hours),
    )
    return response
