"""Entering a course: the rows that a launch makes and refreshes there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.launch import GradeService, Launch, MessageType, Role
from lti_alliance.errors import LaunchRejected
from lti_alliance.models import (
    Base,
    Context,
    Deployment,
    LineItem,
    Membership,
    ResourceLink,
    User,
)
from lti_alliance.models.statements import insert_for, keep, rows_changed
from lti_alliance.services import line_items, rosters, score_resending, sections, terms
from lti_alliance.services.arriving import Known

NOTE_EVERY = timedelta(minutes=1)
"""How often launches note on a row, of a person or of a whole class, when they last came."""

CUSTOM_POINTS = "points"
"""The custom parameter in which Canvas tells what an assignment is worth."""

Row = TypeVar("Row", bound=Base)

CUSTOM_SECTIONS = "sections"
"""The custom parameter in which a platform tells the sections of whoever launches."""
CUSTOM_RESTRICTED = "section_restricted"
"""The custom parameter in which a platform tells whether they may see those sections alone."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Where a launch has let somebody in; ``link`` is empty when no link of its own was opened."""

    context: Context
    membership: Membership
    link: ResourceLink | None


def enter_course(
    session: Session,
    launch: Launch,
    deployment: Deployment,
    user: User,
    known: Known,
    *,
    at: datetime,
) -> Entered:
    """Let the person of a launch into its course, and bring up to date what the message tells.

    That is the course itself, the membership, the link that was opened and its column.
    """
    told = launch.context
    assert told is not None
    context = known.context or find_or_make(
        session,
        Context,
        {"deployment_id": deployment.id, "lti_id": told.id},
        {"label": told.label, "title": told.title, "memberships_url": "", "created_at": at},
    )
    keep(context, label=told.label or context.label, title=told.title or context.title)
    if launch.roster_service is not None and not launch.roster_service.held_host:
        keep(context, memberships_url=launch.roster_service.memberships_url)
        if not known.has_roster_reading:
            rosters.want(session, context, launch.registration_id, at=at)
    member = known.membership or _first_membership(session, context, user.id, launch, at=at)
    _refresh_membership(member, launch, at=at)
    if launch.message_type is MessageType.SUBMISSION_REVIEW:
        return Entered(context, member, _reviewed_link(session, context, launch))
    told_link = launch.resource_link
    if told_link is None or _is_course_itself(launch):
        return Entered(context, member, None)
    link = known.link or find_or_make(
        session,
        ResourceLink,
        {"context_id": context.id, "lti_id": told_link.id},
        {"title": told_link.title, "created_at": at},
    )
    keep(link, title=told_link.title or link.title)
    if launch.role is Role.LEARNER:
        # To somebody who teaches a platform tells the latest of all students' dates.
        terms.keep_told_dates(session, link, member, launch.custom, found=known.dates, at=at)
    if launch.grade_service is not None:
        _keep_column(session, link, member, launch, launch.grade_service, known, at=at)
    return Entered(context, member, link)


def _keep_column(
    session: Session,
    link: ResourceLink,
    member: Membership,
    launch: Launch,
    service: GradeService,
    known: Known,
    *,
    at: datetime,
) -> None:
    line_item = known.line_item or find_or_make(
        session, LineItem, {"resource_link_id": link.id}, {"seen_at": at}
    )
    points = line_items.read_points(launch.custom.get(CUSTOM_POINTS, ""))
    is_new = _refresh_line_item(line_item, service, points=points, at=at)
    if known.activity_id is None or not (is_new or known.has_waiting_score):
        return
    # What was blocked for everybody may go now; what was blocked for this person alone, too,
    # since whoever is let in by the LMS is in the course.
    score_resending.resume_at(
        session,
        known.activity_id,
        url=line_item.url,
        membership_id=None if is_new else member.id,
        at=at,
    )


def _reviewed_link(session: Session, context: Context, launch: Launch) -> ResourceLink:
    """Find the link whose work is to be reviewed: that of the column, or the one named.

    A review makes nothing: what nobody has ever opened holds no work.
    """
    found: ResourceLink | None = None
    known = select(ResourceLink).where(ResourceLink.context_id == context.id)
    if launch.grade_service is not None and launch.grade_service.lineitem:
        of_column = known.join(LineItem).where(LineItem.url == launch.grade_service.lineitem)
        found = session.scalars(of_column.limit(1)).first()
    if found is None and launch.resource_link is not None:
        found = session.scalar(known.where(ResourceLink.lti_id == launch.resource_link.id))
    if found is None:
        raise LaunchRejected("claim.lineitem", status=422)
    return found


def _is_course_itself(launch: Launch) -> bool:
    """Say whether the message names the course in place of a link.

    Canvas does for its course menu, SpeedGrader and some embedded links. Moodle never does, but
    counts courses and links apart, so that the fifth link of course 5 has the same number.
    """
    assert launch.context is not None
    assert launch.resource_link is not None
    return launch.resource_link.id == launch.context.id and launch.platform_family != "moodle"


def _first_membership(
    session: Session, context: Context, user_id: UUID, launch: Launch, *, at: datetime
) -> Membership:
    number = next_number(session, context.id)
    session.execute(
        insert_for(session, Membership)
        .values(
            context_id=context.id,
            user_id=user_id,
            role=launch.role,
            is_test_user=launch.is_test_user,
            number=number,
            sections=[],
            first_launch_at=at,
            last_launch_at=at,
        )
        .on_conflict_do_nothing(index_elements=["context_id", "user_id"])
    )
    return session.scalars(
        select(Membership).where(Membership.context_id == context.id, Membership.user_id == user_id)
    ).one()


def _refresh_membership(member: Membership, launch: Launch, *, at: datetime) -> None:
    keep(member, role=launch.role, is_test_user=launch.is_test_user)
    # A link without these parameters says nothing of what another has told.
    if CUSTOM_SECTIONS in launch.custom:
        keep(member, sections=sections.parse_sections(launch.custom[CUSTOM_SECTIONS]))
    if CUSTOM_RESTRICTED in launch.custom:
        keep(member, is_section_restricted=launch.custom[CUSTOM_RESTRICTED] == "true")
    if at - member.last_launch_at >= NOTE_EVERY:
        member.last_launch_at = at


def next_number(session: Session, context_id: UUID) -> int:
    """Return the number of the next member of a course; nobody else gets it in this act."""
    # Newcomers to a course queue up at its row, so that no two get the same number.
    rows_changed(
        session, update(Context).where(Context.id == context_id).values(lti_id=Context.lti_id)
    )
    last = session.scalar(
        select(func.max(Membership.number)).where(Membership.context_id == context_id)
    )
    return (last or 0) + 1


def _refresh_line_item(
    line_item: LineItem, service: GradeService, *, points: Decimal | None, at: datetime
) -> bool:
    """Keep what the message tells of the link's column; say whether it tells something new."""
    before = _told(line_item)
    # A message without the column's address says nothing of one that the tool found or made.
    keep(
        line_item,
        url=service.lineitem or line_item.url,
        container_url=service.lineitems or line_item.container_url,
        scopes=sorted(service.scopes),
        held_host=service.held_host,
        maximum=line_item.maximum if points is None else points,
    )
    # Once a minute is enough, and spares a class that arrives at once from queueing for this row.
    if at - line_item.seen_at >= NOTE_EVERY:
        line_item.seen_at = at
    return _told(line_item) != before


def _told(line_item: LineItem) -> tuple[object, ...]:
    return line_item.url, line_item.container_url, line_item.held_host, tuple(line_item.scopes)


def find_or_make(
    session: Session, table: type[Row], key: dict[str, Any], values: dict[str, Any]
) -> Row:
    """Return the row with this key, made with these values where there was none.

    Right when several do it at once: the unique key of the table lets one of them win.
    """
    # Looked for first, because it may be there without the launch having known of it; the insert
    # lets another's win, which the second look then sees.
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
