"""Opening a launch: a verified message becomes people, courses and one session of pages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.launch import GradeService, Launch, Person
from lti_alliance.errors import LaunchRejected
from lti_alliance.models import (
    Base,
    Context,
    Deployment,
    DeploymentState,
    LaunchSession,
    LineItem,
    Membership,
    Profile,
    Registration,
    ResourceLink,
    User,
)
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import audit

CUSTOM_ACTIVITY = "activity"
"""The custom parameter in which a deep link names the activity that it was made for."""

_MAX_HELD_HOSTS = 20
_NOTE_LAUNCH_EVERY = timedelta(minutes=1)
_MAX_OPAQUE = 64

Row = TypeVar("Row", bound=Base)


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
    deployment = _approved_deployment(session, launch)
    user = _find_or_make(
        session,
        User,
        {"registration_id": launch.registration_id, "sub": launch.person.sub},
        {"created_at": at},
    )
    opened = _consume(
        session,
        state_id=state_id,
        token_digest=token_digest,
        handle=handle,
        cookie_digest=cookie_digest,
        registration_id=launch.registration_id,
        user_id=user.id,
        role=launch.role,
        is_test_user=launch.is_test_user,
        target_activity=launch.target.activity,
        target_attempt=launch.target.attempt,
        custom_activity=launch.custom.get(CUSTOM_ACTIVITY, "")[:_MAX_OPAQUE],
        return_url=launch.return_url,
        locale=launch.locale,
        is_framed=launch.is_framed,
        frame_ancestors=list(frame_ancestors),
        created_at=at,
        seen_at=at,
        expires_at=at + session_for,
    )
    if opened is None:
        return None
    _remember_profile(session, user, launch.person, expires_at=at + profile_for)
    if launch.context is not None:
        _enter_course(session, opened, launch, deployment, at=at)
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


def find_by_state(session: Session, state_id: str) -> LaunchSession | None:
    """Return the launch session that consumed a state."""
    return session.scalar(select(LaunchSession).where(LaunchSession.state_id == state_id))


def end_sessions_of_others(
    session: Session,
    *,
    handles: Sequence[str],
    user_id: UUID,
    registration_id: UUID,
    at: datetime,
) -> int:
    """End the sessions among ``handles`` that belong to somebody else of the same registration.

    The handles are those whose cookies came along: another person now sits at this browser.
    Returns how many were ended.
    """
    if not handles:
        return 0
    return rows_changed(
        session,
        update(LaunchSession)
        .where(
            LaunchSession.handle.in_(handles),
            LaunchSession.registration_id == registration_id,
            LaunchSession.user_id != user_id,
            LaunchSession.ended_at.is_(None),
        )
        .values(ended_at=at),
    )


def end(session: Session, launch_session: LaunchSession, *, at: datetime) -> None:
    """End the pages of one launch."""
    if launch_session.ended_at is None:
        launch_session.ended_at = at
        session.flush()


def touch(session: Session, launch_session: LaunchSession, *, at: datetime) -> None:
    """Note that the launch's pages are in use."""
    if launch_session.seen_at < at:
        launch_session.seen_at = at
        session.flush()


def _approved_deployment(session: Session, launch: Launch) -> Deployment:
    deployment = session.scalar(
        select(Deployment).where(
            Deployment.registration_id == launch.registration_id,
            Deployment.deployment_id == launch.deployment_id,
            Deployment.state == DeploymentState.APPROVED,
        )
    )
    if deployment is None:
        raise LaunchRejected("deployment.unknown", status=403)
    return deployment


def _consume(session: Session, **values: Any) -> LaunchSession | None:
    statement = (
        insert_for(session, LaunchSession)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["state_id"])
        .returning(LaunchSession.id)
    )
    key = session.scalar(statement)
    return None if key is None else session.get_one(LaunchSession, key)


def _find_or_make(
    session: Session, table: type[Row], key: dict[str, Any], values: dict[str, Any]
) -> Row:
    # Looked for first, because nearly every launch finds what it looks for; the insert lets
    # another's win, which the second look then sees.
    wanted = select(table).filter_by(**key)
    found = session.scalar(wanted)
    if found is not None:
        return found
    session.execute(
        insert_for(session, table)
        .values(**key, **values)
        .on_conflict_do_nothing(index_elements=list(key))
    )
    return session.scalars(wanted).one()


def _remember_profile(
    session: Session, user: User, person: Person, *, expires_at: datetime
) -> None:
    if not any((person.name, person.given_name, person.family_name, person.email)):
        # A platform that stopped sending names does not lengthen the memory of earlier ones.
        return
    profile = _find_or_make(session, Profile, {"user_id": user.id}, {"expires_at": expires_at})
    profile.name = person.name
    profile.given_name = person.given_name
    profile.family_name = person.family_name
    profile.email = person.email
    profile.expires_at = expires_at


def _enter_course(
    session: Session,
    opened: LaunchSession,
    launch: Launch,
    deployment: Deployment,
    *,
    at: datetime,
) -> None:
    told = launch.context
    assert told is not None
    context = _find_or_make(
        session,
        Context,
        {"deployment_id": deployment.id, "lti_id": told.id},
        {"label": told.label, "title": told.title, "memberships_url": "", "created_at": at},
    )
    context.label, context.title = told.label or context.label, told.title or context.title
    if launch.roster_service is not None and not launch.roster_service.held_host:
        context.memberships_url = launch.roster_service.memberships_url
    opened.context_id = context.id
    opened.membership_id = _join(session, context, opened.user_id, launch, at=at).id
    link = launch.resource_link
    if link is None or _is_course_itself(launch):
        return
    resource_link = _find_or_make(
        session,
        ResourceLink,
        {"context_id": context.id, "lti_id": link.id},
        {"title": link.title, "created_at": at},
    )
    resource_link.title = link.title or resource_link.title
    opened.resource_link_id = resource_link.id
    if launch.grade_service is not None:
        _refresh_line_item(session, resource_link, launch.grade_service, at=at)


def _is_course_itself(launch: Launch) -> bool:
    """Say whether the message names the course in place of a link.

    Canvas does for its course menu, SpeedGrader and some embedded links. Moodle never does, but
    counts courses and links apart, so that the fifth link of course 5 has the same number.
    """
    assert launch.context is not None
    assert launch.resource_link is not None
    return launch.resource_link.id == launch.context.id and launch.platform_family != "moodle"


def _join(
    session: Session, context: Context, user_id: UUID, launch: Launch, *, at: datetime
) -> Membership:
    wanted = select(Membership).where(
        Membership.context_id == context.id, Membership.user_id == user_id
    )
    member = session.scalar(wanted)
    if member is None:
        # Newcomers to a course queue up at its row, so that no two get the same number.
        rows_changed(
            session, update(Context).where(Context.id == context.id).values(lti_id=Context.lti_id)
        )
        last = session.scalar(
            select(func.max(Membership.number)).where(Membership.context_id == context.id)
        )
        session.execute(
            insert_for(session, Membership)
            .values(
                context_id=context.id,
                user_id=user_id,
                role=launch.role,
                is_test_user=launch.is_test_user,
                number=(last or 0) + 1,
                first_launch_at=at,
                last_launch_at=at,
            )
            .on_conflict_do_nothing(index_elements=["context_id", "user_id"])
        )
        member = session.scalars(wanted).one()
    member.role = launch.role
    member.is_test_user = launch.is_test_user
    member.last_launch_at = at
    return member


def _refresh_line_item(
    session: Session, resource_link: ResourceLink, service: GradeService, *, at: datetime
) -> None:
    line_item = _find_or_make(
        session, LineItem, {"resource_link_id": resource_link.id}, {"seen_at": at}
    )
    # A message without the column's address says nothing of one that the tool found or made.
    line_item.url = service.lineitem or line_item.url
    line_item.container_url = service.lineitems or line_item.container_url
    line_item.scopes = sorted(service.scopes)
    line_item.held_host = service.held_host
    line_item.seen_at = at


def _note_launch(session: Session, launch: Launch, *, at: datetime) -> None:
    registration = session.get_one(Registration, launch.registration_id)
    services = (launch.grade_service, launch.roster_service)
    held = {service.held_host for service in services if service and service.held_host}
    if new := sorted(held.difference(registration.held_hosts)):
        registration.held_hosts = [*registration.held_hosts, *new][:_MAX_HELD_HOSTS]
    if not registration.family and launch.platform_family:
        registration.family = launch.platform_family
    # Once a minute is enough, and spares a class that arrives at once from queueing for this row.
    rows_changed(
        session,
        update(Registration)
        .where(
            Registration.id == registration.id,
            or_(
                Registration.last_launch_at.is_(None),
                Registration.last_launch_at <= at - _NOTE_LAUNCH_EVERY,
            ),
        )
        .values(last_launch_at=at),
    )
