"""What a claim holds: deliveries with all that their sending is made of, in one statement."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.orm import Session

from lti_alliance.domain.gradebook import LineItemRef
from lti_alliance.domain.roster import RosterRef
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    Grade,
    GradebookCheck,
    LineItem,
    Membership,
    Reflection,
    Registration,
    ResourceLink,
    ScoreDelivery,
    User,
)
from lti_alliance.services.score_claims import is_wanted

# By the beginning, which stays: a text that is revised keeps its address.
_FIRST_REFLECTION = (
    select(Reflection.id)
    .where(
        Reflection.activity_id == ScoreDelivery.activity_id,
        Reflection.membership_id == ScoreDelivery.membership_id,
        Reflection.submitted_at.is_not(None),
    )
    .order_by(Reflection.started_at, Reflection.id)
    .limit(1)
    .correlate(ScoreDelivery)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Found:
    """A claimed delivery and what its sending is made of."""

    row: Row[Any]
    """The columns of ``_claimed``: of the delivery by their names, and of what it hangs on."""
    ref: LineItemRef
    """The line item as far as it is known."""

    @property
    def roster(self) -> RosterRef | None:
        """Where the course's members are listed, if that is known."""
        if not self.row.memberships_url:
            return None
        return RosterRef(
            registration_id=self.ref.registration_id,
            deployment_id=self.ref.deployment_id,
            url=self.row.memberships_url,
            family=self.ref.family,
        )


def line_item_ref(
    registration: Registration,
    deployment_id: str,
    link: ResourceLink,
    line_item: LineItem | None,
) -> LineItemRef:
    """Return what a call needs to know of a link's line item."""
    return LineItemRef(
        registration_id=registration.id,
        deployment_id=deployment_id,
        resource_link_id=link.lti_id,
        family=registration.family,
        url=line_item.url if line_item else "",
        container_url=line_item.container_url if line_item else "",
        scopes=frozenset(line_item.scopes if line_item else ()),
        may_create=line_item.may_create if line_item else False,
    )


def load_claimed(session: Session, delivery_ids: Collection[UUID], token: str) -> list[Found]:
    """Load what a claim holds, but for what nobody wants any more or another claim has taken."""
    rows = session.connection().execute(_claimed(), {"ids": list(delivery_ids), "token": token})
    refs: dict[UUID, LineItemRef] = {}
    found = []
    for row in rows:
        if row.activity_id not in refs:
            refs[row.activity_id] = _ref(row)
        found.append(Found(row, refs[row.activity_id]))
    return found


@cache
def _claimed() -> Select[*tuple[Any, ...]]:
    """Return the statement for all that steps are made of, made once: it runs for every claim."""
    return (
        select(
            *ScoreDelivery.__table__.c,
            Grade.comment,
            Grade.attempt_id,
            Membership.role,
            Membership.is_test_user,
            User.sub,
            ResourceLink.lti_id.label("link_lti_id"),
            ResourceLink.title,
            LineItem.id.label("line_item_id"),
            LineItem.url,
            LineItem.container_url,
            LineItem.scopes,
            LineItem.may_create,
            Context.memberships_url,
            Deployment.deployment_id,
            Registration.family,
            GradebookCheck.next_at.label("check_at"),
            _FIRST_REFLECTION.label("reflection_id"),
        )
        .join(Grade, Grade.id == ScoreDelivery.grade_id)
        .join(Membership, Membership.id == ScoreDelivery.membership_id)
        .join(User, User.id == Membership.user_id)
        .join(Activity, Activity.id == ScoreDelivery.activity_id)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .join(Context, Context.id == ResourceLink.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .join(Registration, Registration.id == Deployment.registration_id)
        .outerjoin(LineItem, LineItem.resource_link_id == ResourceLink.id)
        .outerjoin(GradebookCheck, GradebookCheck.activity_id == Activity.id)
        .where(
            ScoreDelivery.id.in_(bindparam("ids", expanding=True)),
            ScoreDelivery.lease_token == bindparam("token"),
            is_wanted(),
        )
    )


def _ref(row: Row[Any]) -> LineItemRef:
    return LineItemRef(
        registration_id=row.registration_id,
        deployment_id=row.deployment_id,
        resource_link_id=row.link_lti_id,
        family=row.family,
        url=row.url or "",
        container_url=row.container_url or "",
        scopes=frozenset(row.scopes or ()),
        may_create=bool(row.may_create),
    )
