"""One launch in one browser: bound to it, used once, and repeated only by the browser itself."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from lti_alliance.domain.launch import Launch, MessageType
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti.launch import verify_launch
from lti_alliance.lti.state import LoginState, is_bound
from lti_alliance.models import LaunchSession, Registration, db
from lti_alliance.observability import launches_total
from lti_alliance.parts import parts
from lti_alliance.services import launches, platforms
from lti_alliance.services.launches import Begun
from lti_alliance.web import (
    browser_sessions,
    cookies,
    limits,
    own_tab,
    refusals,
    security,
    transaction,
)
from lti_alliance.web.request_log import about, request_id
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
    begun: Begun
    at: datetime
    needs_tab: bool = False
    """Whether the browser keeps no cookie where it is, so that no page could open there."""

    @property
    def registration(self) -> Registration:
        """Whose launch it is."""
        return self.begun.registration

    @property
    def token_digest(self) -> str:
        return digest(self.token)

    def key_to(self, handle: str) -> str:
        """Return the key to a launch's pages: the cookie itself, or what its own tab is opened by.

        Both follow from the handle and the browser's secret, so that a second click has them too.
        """
        return cookies.session_secret(handle, self.browser_secret)

    def key_digest(self, handle: str) -> str:
        """Return what is kept of that key."""
        key = self.key_to(handle)
        return own_tab.waiting_digest(key) if self.needs_tab else digest(key)


def launch(token: str, state: LoginState, begun: Begun, *, at: datetime) -> Response:
    """Verify a launch and open its pages; a second click on the same form lands on the same pages.

    Nothing is stored for a message that was not verified, and no state is consumed by one.
    """
    offered = cookies.state_secret(request, state.id)
    secret = _bound_secret(state, offered, is_consumed=begun.earlier is not None)
    return _enter(_Arrival(token, state, secret, begun, at))


def launch_by_storage(
    token: str, state: LoginState, begun: Begun, *, secret: str, at: datetime
) -> Response:
    """Do the same for a browser whose secret came back from the platform's storage.

    Where it keeps no cookie at all, its pages open in a tab of their own.
    """
    secret = _bound_secret(state, secret or None, is_consumed=begun.earlier is not None)
    needs_tab = not cookies.keeps_cookies(request)
    return _enter(_Arrival(token, state, secret, begun, at, needs_tab))


def verified(state: LoginState, *, registration: Registration, at: datetime) -> Launch:
    """Verify the message at hand, whoever brings it; raise ``LaunchRejected`` for any other."""
    message = verify_launch(
        db.session(),
        parts().http,
        form=request.form,
        state=state,
        registration=registration,
        launch_url=parts().settings.launch_url,
        at=at,
    )
    # The line of a launch says how its message and its roles were read: proof for a certification.
    about(message_type=message.message_type.value, role=message.role.value)
    try:
        _check_may_open(message)
    except LaunchRejected as refused:
        refusals.note_launch(refused.code, message, registration)
        raise
    return message


def _enter(arrival: _Arrival) -> Response:
    if arrival.begun.earlier is not None:
        return _repeat(arrival, arrival.begun.earlier)
    registration, at = arrival.registration, arrival.at
    message = verified(arrival.state, registration=registration, at=at)
    limits.count_launch(registration.id, message.person.sub)
    try:
        return _open_judged(arrival, message)
    except _StateConsumedMeanwhile:
        found = launches.find_by_state(db.session(), arrival.state.id)
        assert found is not None
        return _repeat(arrival, found)


def _open_judged(arrival: _Arrival, message: Launch) -> Response:
    try:
        return _open(arrival, message)
    except LaunchRejected as refused:
        if refused.code != "deployment.unknown":
            raise
    # Nearly every launch comes from a deployment that is approved. Another one is remembered for
    # the administrator, or let in where the registration takes all.
    platforms.judge_deployment(
        db.session(), arrival.registration, message.deployment_id, at=arrival.at
    )
    return _open(arrival, message)


def _check_may_open(message: Launch) -> None:
    if message.message_type is MessageType.SUBMISSION_REVIEW:
        _check_may_review(message)
    if message.message_type is MessageType.DEEP_LINKING:
        _check_may_place(message)


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


def _bound_secret(state: LoginState, secret: str | None, *, is_consumed: bool) -> str:
    if secret is not None and is_bound(state, secret):
        return secret
    if is_consumed:
        raise LaunchRejected("launch.replayed", status=401)
    if secret is not None or cookies.holds_any_state(request):
        raise LaunchRejected("launch.state_mismatch", status=401)
    raise LaunchRejected("launch.browser_not_bound", status=401)


def _repeat(arrival: _Arrival, earlier: LaunchSession) -> Response:
    is_same_form = is_same(earlier.token_digest, arrival.token_digest)
    # A key that was exchanged for another, in a tab of its own, opens nothing any more.
    if not is_same_form or not is_same(earlier.cookie_digest, arrival.key_digest(earlier.handle)):
        raise LaunchRejected("launch.replayed", status=401)
    return _to_pages(arrival, earlier.handle, earlier.frame_ancestors)


def _open(arrival: _Arrival, message: Launch) -> Response:
    settings, at = parts().settings, arrival.at
    handle = secrets.token_urlsafe(_HANDLE_BYTES)
    with transaction.act() as session:
        opened = launches.open_launch(
            session,
            message,
            state_id=arrival.state.id,
            token_digest=arrival.token_digest,
            handle=handle,
            cookie_digest=arrival.key_digest(handle),
            frame_ancestors=platforms.frame_ancestors(arrival.registration, message),
            session_for=timedelta(hours=settings.session_hours),
            profile_for=timedelta(days=settings.profile_days),
            at=at,
            request_id=request_id(),
        )
        if opened is None:
            raise _StateConsumedMeanwhile
        ancestors = opened.frame_ancestors
        gone = browser_sessions.make_room(session, opened, at=at)
    response = _to_pages(arrival, handle, ancestors)
    for name in gone:
        cookies.forget_session(response, name)
    return response


def _to_pages(arrival: _Arrival, handle: str, ancestors: Iterable[str]) -> Response:
    launches_total.labels("ok").inc()
    key = arrival.key_to(handle)
    if arrival.needs_tab:
        security.allow_framing(ancestors)
        return own_tab.offer(handle, key=key, at=arrival.at)
    response = redirect(url_for("student.home", handle=handle), 303)
    cookies.set_session(
        response,
        handle=handle,
        secret=key,
        lifetime=timedelta(hours=parts().settings.session_hours),
    )
    return response
