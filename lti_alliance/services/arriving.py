"""What is already there when a launch arrives: one read for all the rows that it may touch.

Nearly every launch is of somebody, in a course and on a link that are all known. Looking for each
by itself would cost a class that arrives at once most of its time.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.launch import Launch
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    LineItem,
    LMSDates,
    Membership,
    Profile,
    ResourceLink,
    RosterReading,
    ScoreDelivery,
    User,
)


@dataclass(frozen=True, slots=True)
class Known:
    """The rows of a launch that exist; ``None`` for each that it is the first to name.

    ``link`` and what hangs on it is that of the resource link in the message, whether or not the
    launch opens it. ``has_waiting_score`` says that the person's score there is blocked, or was
    told to another address than the line item's.
    """

    deployment: Deployment | None = None
    user: User | None = None
    profile: Profile | None = None
    context: Context | None = None
    membership: Membership | None = None
    link: ResourceLink | None = None
    line_item: LineItem | None = None
    dates: LMSDates | None = None
    activity_id: UUID | None = None
    has_roster_reading: bool = False
    has_waiting_score: bool = False


def find_known(session: Session, launch: Launch) -> Known:
    """Read everything of a verified launch that is there already, with one statement."""
    found = session.execute(
        _known(),
        {
            "registration": launch.registration_id,
            "deployment": launch.deployment_id,
            "sub": launch.person.sub,
            "context": launch.context.id if launch.context else None,
            "link": launch.resource_link.id if launch.resource_link else None,
        },
    ).one_or_none()
    if found is None:
        return Known()
    return Known(
        deployment=found[0],
        user=found[1],
        profile=found[2],
        context=found[3],
        membership=found[4],
        link=found[5],
        line_item=found[6],
        dates=found[7],
        activity_id=found[8],
        has_roster_reading=found[9] is not None,
        has_waiting_score=found[10] is not None,
    )


@cache
def _known() -> Select[*tuple[Any, ...]]:
    told_elsewhere = and_(
        ScoreDelivery.state.in_((DeliveryState.DELIVERED, DeliveryState.OVERRIDDEN)),
        ScoreDelivery.told_url != "",
        ScoreDelivery.told_url != LineItem.url,
        LineItem.url != "",
    )
    return (
        select(
            Deployment,
            User,
            Profile,
            Context,
            Membership,
            ResourceLink,
            LineItem,
            LMSDates,
            Activity.id,
            RosterReading.context_id,
            ScoreDelivery.id,
        )
        .select_from(Deployment)
        .outerjoin(
            User,
            and_(
                User.registration_id == Deployment.registration_id,
                User.sub == bindparam("sub"),
            ),
        )
        .outerjoin(Profile, Profile.user_id == User.id)
        .outerjoin(
            Context,
            and_(
                Context.deployment_id == Deployment.id,
                Context.lti_id == bindparam("context"),
            ),
        )
        .outerjoin(
            Membership,
            and_(Membership.context_id == Context.id, Membership.user_id == User.id),
        )
        .outerjoin(
            ResourceLink,
            and_(
                ResourceLink.context_id == Context.id,
                ResourceLink.lti_id == bindparam("link"),
            ),
        )
        .outerjoin(LineItem, LineItem.resource_link_id == ResourceLink.id)
        .outerjoin(
            LMSDates,
            and_(
                LMSDates.resource_link_id == ResourceLink.id,
                LMSDates.membership_id == Membership.id,
            ),
        )
        .outerjoin(Activity, Activity.resource_link_id == ResourceLink.id)
        .outerjoin(RosterReading, RosterReading.context_id == Context.id)
        .outerjoin(
            ScoreDelivery,
            and_(
                ScoreDelivery.activity_id == Activity.id,
                ScoreDelivery.membership_id == Membership.id,
                or_(ScoreDelivery.state == DeliveryState.BLOCKED, told_elsewhere),
            ),
        )
        .where(
            Deployment.registration_id == bindparam("registration"),
            Deployment.deployment_id == bindparam("deployment"),
        )
    )
