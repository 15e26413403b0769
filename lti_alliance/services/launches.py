"""Opening a launch: a verified message becomes people, courses and one session of pages."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import BindParameter, Select, bindparam, or_, select, update
from sqlalchemy.orm import Session, make_transient_to_detached

from lti_alliance.domain.launch import Launch, Person
from lti_alliance.domain.local_times import find_zone
from lti_alliance.errors import LaunchRejected
from lti_alliance.models import (
    DeepLinking,
    DeploymentState,
    LaunchSession,
    PlatformKeySet,
    Profile,
    Registration,
    User,
)
from lti_alliance.models.statements import insert_once, keep, rows_changed
from lti_alliance.services import audit, notices
from lti_alliance.services.arriving import find_known
from lti_alliance.services.entering import NOTE_EVERY, enter_course, find_or_make

CUSTOM_ACTIVITY = "activity"
"""The custom parameter in which a deep link names the activity that it was made for."""
CUSTOM_HISTORY = "context_history"
"""The custom parameter in which a platform tells what the course was copied from."""
CUSTOM_TIME_ZONE = "time_zone"
"""The custom parameter in which a platform tells the person's time zone."""

_MAX_HISTORY = 50
_MAX_HELD_HOSTS = 20
_LENGTHEN_BY = timedelta(hours=1)
_MAX_OPAQUE = 64


def open_launch(
    session: Session,
    launch: Launch,
    *,
    state_id: str,
    token_digest: str,
    handle: str,
    cookie_digest: str,
    frame_ancestors: Sequence[str],
    session_for: timedelta,
    profile_for: timedelta,
    at: datetime,
    request_id: str = "",
) -> LaunchSession | None:
    """Open the pages of a verified launch; return nothing when its state has been consumed.

    The insert of the launch session, unique by ``state_id``, is the one statement that consumes the
    state: of any number of launches with the same state one gets a session, and the others, whose
    transaction is then to be rolled back, get nothing. Raises ``LaunchRejected`` when the
    deployment is not an approved one.
    """
    known = find_known(session, launch)
    deployment = known.deployment
    if deployment is None or deployment.state != DeploymentState.APPROVED:
        raise LaunchRejected("deployment.unknown", status=403)
    user = known.user or find_or_make(
        session,
        User,
        {"registration_id": launch.registration_id, "sub": launch.person.sub},
        {"created_at": at},
    )
    _remember_profile(session, user, launch.person, known.profile, expires_at=at + profile_for)
    entered = None
    if launch.context is not None:
        entered = enter_course(session, launch, deployment, user, known, at=at)
    opened = _consume(
        session,
        state_id=state_id,
        token_digest=token_digest,
        handle=handle,
        cookie_digest=cookie_digest,
        registration_id=launch.registration_id,
        user_id=user.id,
        context_id=entered.context.id if entered else None,
        membership_id=entered.membership.id if entered else None,
        resource_link_id=entered.link.id if entered and entered.link else None,
        role=launch.role,
        is_test_user=launch.is_test_user,
        is_administrator=launch.is_institution_administrator,
        target_activity=launch.target.activity,
        target_attempt=launch.target.attempt,
        target_reflection=launch.target.reflection,
        for_user=launch.for_user,
        mentored=list(launch.mentored) or None,
        custom_activity=launch.custom.get(CUSTOM_ACTIVITY, "")[:_MAX_OPAQUE],
        context_history=_history(launch),
        return_url=launch.return_url,
        locale=launch.locale,
        time_zone=_time_zone(launch),
        is_framed=launch.is_framed,
        frame_ancestors=list(frame_ancestors),
        created_at=at,
        seen_at=at,
        expires_at=at + session_for,
    )
    if opened is None:
        return None
    if launch.deep_linking is not None:
        session.add(DeepLinking(launch_session_id=opened.id, **asdict(launch.deep_linking)))
    if launch.notice_service is not None and not launch.notice_service.held_host:
        notices.want(session, deployment, launch.notice_service.url, at=at)
    _note_launch(session, launch, at=at)
    audit.record(
        session,
        "launch",
        at=at,
        object_kind="launch_session",
        object_id=opened.id,
        actor_id=user.id,
        actor_role=launch.role,
        context_id=opened.context_id,
        request_id=request_id,
        details={"message_type": launch.message_type},
    )
    session.flush()
    return opened


@dataclass(frozen=True, slots=True)
class Begun:
    """What a login that has begun stands for, and the launch that has consumed its state, if any.

    ``keys`` are the platform's as they were last fetched. They are read along, and as long as this
    is held the session finds them without asking the database.
    """

    registration: Registration
    keys: PlatformKeySet | None
    earlier: LaunchSession | None


def find_begun(session: Session, *, registration_id: UUID, state_id: str) -> Begun | None:
    """Return what a login's state is about; nothing when its registration is gone."""
    found = session.execute(
        _begun(), {"registration": registration_id, "state": state_id}
    ).one_or_none()
    return Begun(*found) if found else None


@cache
def _begun() -> Select[Registration, PlatformKeySet, LaunchSession]:
    return (
        select(Registration, PlatformKeySet, LaunchSession)
        .outerjoin(PlatformKeySet, PlatformKeySet.registration_id == Registration.id)
        .outerjoin(LaunchSession, LaunchSession.state_id == bindparam("state"))
        .where(Registration.id == bindparam("registration"))
    )


def find_by_state(session: Session, state_id: str) -> LaunchSession | None:
    """Return the launch session that consumed a state."""
    return session.scalar(select(LaunchSession).where(LaunchSession.state_id == state_id))


class Held(NamedTuple):
    """What is known of a launch whose cookie a browser brings."""

    handle: str
    cookie_digest: str
    registration_id: UUID
    user_id: UUID
    is_test_user: bool
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None


def find_held(session: Session, handles: Sequence[str]) -> list[Held]:
    """Return what is known of the launches with these handles."""
    if not handles:
        return []
    return [Held(*row) for row in session.execute(_held(), {"handles": list(handles)})]


@cache
def _held() -> Select[*tuple[Any, ...]]:
    wanted: BindParameter[Any] = bindparam("handles", expanding=True)
    columns = [getattr(LaunchSession, name) for name in Held._fields]
    return select(*columns).where(LaunchSession.handle.in_(wanted))


def end_all(session: Session, handles: Sequence[str], *, at: datetime) -> int:
    """End the pages of launches and return how many; what has ended before stays as it was."""
    if not handles:
        return 0
    return rows_changed(
        session,
        update(LaunchSession)
        .where(LaunchSession.handle.in_(handles), LaunchSession.ended_at.is_(None))
        .values(ended_at=at),
    )


def exchange_key(
    session: Session, *, handle: str, old_digest: str, new_digest: str, at: datetime
) -> LaunchSession | None:
    """Give the pages of one launch another key, once; return nothing when the old one is spent.

    Of any number of requests with the same old key one is given the launch.
    """
    changed = rows_changed(
        session,
        update(LaunchSession)
        .where(
            LaunchSession.handle == handle,
            LaunchSession.cookie_digest == old_digest,
            LaunchSession.ended_at.is_(None),
            LaunchSession.expires_at > at,
        )
        .values(cookie_digest=new_digest, seen_at=at),
    )
    if not changed:
        return None
    return session.scalars(select(LaunchSession).where(LaunchSession.handle == handle)).one()


def touch(session: Session, launch_session: LaunchSession, *, at: datetime) -> None:
    """Note that the launch's pages are in use."""
    if launch_session.seen_at < at:
        launch_session.seen_at = at
        session.flush()


def _history(launch: Launch) -> str:
    """Read the courses that this one was copied from; what is no id of a course matches none."""
    told = launch.custom.get(CUSTOM_HISTORY, "").split(",")
    return ",".join(each.strip() for each in told[:_MAX_HISTORY] if each.strip())


def _time_zone(launch: Launch) -> str:
    """Read the person's zone; Moodle tells 99 for its own, which names no zone."""
    zone = find_zone(launch.custom.get(CUSTOM_TIME_ZONE, ""))
    return zone.key if zone else ""


def _consume(session: Session, **values: Any) -> LaunchSession | None:
    values |= {"id": uuid4(), "ended_at": None}
    if not insert_once(session, LaunchSession, values, unique="state_id"):
        return None
    # The row is known to the last column: the session takes it for one that it has read.
    opened = LaunchSession(**values)
    make_transient_to_detached(opened)
    session.add(opened)
    return opened


def _remember_profile(
    session: Session,
    user: User,
    person: Person,
    profile: Profile | None,
    *,
    expires_at: datetime,
) -> None:
    if not any((person.name, person.given_name, person.family_name, person.email)):
        # A platform that stopped sending names does not lengthen the memory of earlier ones.
        return
    profile = profile or find_or_make(
        session, Profile, {"user_id": user.id}, {"expires_at": expires_at}
    )
    keep(
        profile,
        name=person.name,
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
    )
    # Counted in days, it need not be written again with every launch of an hour.
    if abs(expires_at - profile.expires_at) >= _LENGTHEN_BY:
        profile.expires_at = expires_at


def _note_launch(session: Session, launch: Launch, *, at: datetime) -> None:
    registration = session.get_one(Registration, launch.registration_id)
    services = (launch.grade_service, launch.roster_service, launch.notice_service)
    held = {service.held_host for service in services if service and service.held_host}
    if new := sorted(held.difference(registration.held_hosts)):
        registration.held_hosts = [*registration.held_hosts, *new][:_MAX_HELD_HOSTS]
    if not registration.family and launch.platform_family:
        registration.family = launch.platform_family
    noted = registration.last_launch_at
    if noted is not None and noted > at - NOTE_EVERY:
        return
    # Another launch of this minute may have been faster: only one of them writes.
    rows_changed(
        session,
        update(Registration)
        .where(
            Registration.id == registration.id,
            or_(
                Registration.last_launch_at.is_(None),
                Registration.last_launch_at <= at - NOTE_EVERY,
            ),
        )
        .values(last_launch_at=at),
    )
