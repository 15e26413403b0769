"""Who is asking: the launch behind a request, and what each route asks of it.

Every route carries one rule, put on by a decorator below; a route without one answers nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar
from uuid import UUID

from flask import Flask, current_app, g, request
from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain.launch import Role
from lti_alliance.errors import NotAllowed, NotFound, SignedOut
from lti_alliance.models import (
    Attempt,
    Context,
    Deployment,
    DeploymentState,
    LaunchSession,
    Membership,
    Registration,
    ResourceLink,
    User,
    db,
)
from lti_alliance.parts import parts
from lti_alliance.services import launches
from lti_alliance.web import cookies, security, transaction
from lti_alliance.web.request_log import about
from lti_alliance.web.signing import digest, is_same

FRAGMENT_HEADER = "X-Fragment"
"""Names the block of a page that a script asks for by itself, with nobody at the keyboard."""
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Visit:
    """One launched person at one request: what views may know about who is asking."""

    launch: LaunchSession
    registration: Registration
    user: User
    role: Role
    membership: Membership | None
    """Empty, as are context and link, when the launch named no course."""
    context: Context | None
    resource_link: ResourceLink | None
    csrf_token: str
    loaded: Attempt | None = None
    """Keeps the attempt of the address in the session, where `Session.get` finds it."""

    @property
    def handle(self) -> str:
        """The part of the address that names this launch."""
        return self.launch.handle

    @property
    def is_administrator(self) -> bool:
        """Whether this person administers the institution, whatever else they are in the course."""
        return self.role is Role.ADMINISTRATOR or self.launch.is_administrator

    @property
    def is_test_user(self) -> bool:
        """Whether this is a platform's student preview."""
        return self.launch.is_test_user


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of whoever calls it."""

    needs_visit: bool
    permits: Callable[[Role], bool] = lambda _role: True
    takes_cross_site_forms: bool = False
    is_framed: bool = True


View = TypeVar("View", bound=Callable[..., object])


def _mark(rule: Rule) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access_rule = rule  # type: ignore[attr-defined]
        return view

    return mark


def open_(view: View) -> View:
    """Answer anybody; the answer is for machines or shows nothing, and nobody may frame it."""
    return _mark(Rule(needs_visit=False, is_framed=False))(view)


def from_platforms(view: View) -> View:
    """Answer anybody, with forms from other sites: the message brings its own proof."""
    return _mark(Rule(needs_visit=False, takes_cross_site_forms=True))(view)


def visitor(view: View) -> View:
    """Answer anybody with a launch of their own."""
    return _mark(Rule(needs_visit=True))(view)


def role(*roles: Role) -> Callable[[View], View]:
    """Answer people who launched in one of these roles."""
    return _mark(Rule(needs_visit=True, permits=lambda held: held in roles))


def teaches(view: View) -> View:
    """Answer people who may see and grade students' work."""
    return _mark(Rule(needs_visit=True, permits=lambda held: held.teaches))(view)


def configures(view: View) -> View:
    """Answer people who may choose what an activity is and how it counts."""
    return _mark(Rule(needs_visit=True, permits=lambda held: held.configures))(view)


def register(app: Flask) -> None:
    """Ask every request for what its route demands."""
    app.before_request(_guard)


def current() -> Visit:
    """Return who is asking; only in routes that need a visit."""
    found = g.visit
    assert isinstance(found, Visit)
    return found


def find_current() -> Visit | None:
    """Return who is asking, where that is known."""
    found: Visit | None = g.get("visit")
    return found


def rule_of(app: Flask, endpoint: str) -> Rule | None:
    """Return the rule of a route."""
    return getattr(app.view_functions[endpoint], "access_rule", None)


def _guard() -> None:
    if request.endpoint is None:
        return
    rule = rule_of(current_app, request.endpoint)
    if rule is None:
        raise RuntimeError(f"{request.endpoint} has no access rule")
    security.check_form_size()
    if not rule.needs_visit:
        _guard_open(rule)
        return
    transaction.begin()
    visit = _find_visit(db.session(), request.view_args or {}, at=parts().now())
    g.visit = visit
    if not rule.permits(visit.role):
        raise NotAllowed
    if request.method not in transaction.READING_METHODS:
        security.check_csrf(visit.csrf_token)
    if FRAGMENT_HEADER not in request.headers:
        # A page that keeps itself up to date does not keep somebody signed in who has left.
        _touch(visit.launch, at=parts().now())


def _guard_open(rule: Rule) -> None:
    if rule.is_framed:
        security.allow_framing_by_anyone()
    if request.method not in transaction.READING_METHODS and not rule.takes_cross_site_forms:
        security.check_origin()


def _find_visit(session: Session, address: Mapping[str, str], *, at: datetime) -> Visit:
    handle = address["handle"]
    cookie = cookies.find_session(request, handle)
    found = session.execute(
        _launch_by_handle(), {"handle": handle, "attempt": _attempt_in(address)}
    ).one_or_none()
    # Another's page and a page that never was look the same.
    if not cookie or not found or not is_same(found[0].cookie_digest, digest(cookie)):
        raise NotFound
    launch, registration, attempt = found
    security.allow_framing(launch.frame_ancestors)
    about(registration_id=str(launch.registration_id))
    _check_still_open(launch, at=at)
    _check_still_allowed(registration, launch.context.deployment if launch.context else None)
    return Visit(
        launch=launch,
        registration=registration,
        user=launch.user,
        role=_role_of(launch),
        membership=launch.membership,
        context=launch.context,
        resource_link=launch.resource_link,
        csrf_token=security.csrf_token(launch.handle, launch.cookie_digest),
        loaded=attempt,
    )


def _attempt_in(address: Mapping[str, str]) -> UUID | None:
    try:
        return UUID(address["attempt_id"])
    except (KeyError, ValueError):
        return None


@cache
def _launch_by_handle() -> Select[LaunchSession, Registration, Attempt | None]:
    # Nearly every page asks for all of these, and would else ask for one after the other. Whose
    # the attempt of the address is, is for the page to find out.
    return (
        select(LaunchSession, Registration, Attempt)
        .join(Registration, Registration.id == LaunchSession.registration_id)
        .outerjoin(Attempt, Attempt.id == bindparam("attempt", type_=Uuid()))
        .where(LaunchSession.handle == bindparam("handle"))
        .options(
            joinedload(LaunchSession.user),
            joinedload(LaunchSession.membership),
            joinedload(LaunchSession.resource_link).joinedload(ResourceLink.activity),
            joinedload(LaunchSession.context).joinedload(Context.deployment),
        )
    )


def _role_of(launch: LaunchSession) -> Role:
    """Return what the launch says, as far as the instructor of the course allows it."""
    role = launch.course_role
    is_kept_out = launch.context is not None and launch.context.assistants_excluded
    return Role.AIDE if role is Role.TEACHING_ASSISTANT and is_kept_out else role


def _check_still_open(launch: LaunchSession, *, at: datetime) -> None:
    idle = timedelta(minutes=parts().settings.session_idle_minutes)
    if launch.ended_at is not None or at >= launch.expires_at or at - launch.seen_at > idle:
        raise SignedOut


def _check_still_allowed(registration: Registration, deployment: Deployment | None) -> None:
    if not registration.is_active:
        raise NotAllowed("login.registration_disabled")
    if deployment is not None and deployment.state != DeploymentState.APPROVED:
        raise NotAllowed("deployment.unknown")


def _touch(launch: LaunchSession, *, at: datetime) -> None:
    if at - launch.seen_at < TOUCH_EVERY:
        return
    with transaction.act() as session:
        launches.touch(session, launch, at=at)
    # What follows is an act of its own, and may write as well.
    transaction.begin()
