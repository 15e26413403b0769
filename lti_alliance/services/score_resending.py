"""Taking scores up again: because a person asks, a launch brings news, or an obstacle is gone."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, literal, or_, true, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, Membership, ResourceLink, ScoreDelivery
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit
from lti_alliance.services.score_claims import is_free, is_wanted
from lti_alliance.services.score_delivery import wake

SHARED_OBSTACLES = frozenset(
    {
        Reason.ACCESS_REFUSED,
        Reason.ADDRESS_MOVED,
        Reason.COURSE_CONCLUDED,
        Reason.GRADING_CLOSED,
        Reason.LINE_ITEM_GONE,
        Reason.LINE_ITEM_NOT_OURS,
        Reason.SCOPE_REFUSED,
        Reason.UNPUBLISHED,
    }
)
"""What blocks everybody's score in an activity: once one goes through, the others go too."""


def resend(
    session: Session,
    delivery_ids: Collection[UUID],
    *,
    at: datetime,
    actor: Membership | None = None,
) -> int:
    """Send these again at once, whatever the gradebook shows, and count those that will go.

    One that is under way is left to finish; one that is unclear is still read back first.
    """
    again = _send_again(session, ScoreDelivery.id.in_(delivery_ids), at=at, is_forced=True)
    for delivery_id in again:
        _note(session, "score.sent_again", actor, at=at, about=("score_delivery", delivery_id))
    return len(again)


def resend_one(
    session: Session,
    activity: Activity,
    delivery_id: UUID,
    *,
    at: datetime,
    actor: Membership | None = None,
) -> int:
    """Send one score of this activity again; another activity's is not found."""
    delivery = session.get(ScoreDelivery, delivery_id)
    if delivery is None or delivery.activity_id != activity.id:
        raise NotFound
    again = _send_again(session, ScoreDelivery.id == delivery.id, at=at, is_forced=True)
    if again:
        _note(session, "score.sent_again", actor, at=at, about=("score_delivery", delivery.id))
    return len(again)


def resend_all(
    session: Session,
    activity: Activity,
    *,
    at: datetime,
    actor: Membership | None = None,
    replaces_changed: bool = False,
) -> int:
    """Send every score of the activity again and count those that will go.

    What was changed in the LMS stays as it is, unless ``replaces_changed``.
    """
    chosen = ScoreDelivery.activity_id == activity.id
    if not replaces_changed:
        chosen = and_(chosen, ScoreDelivery.state != DeliveryState.OVERRIDDEN)
    again = _send_again(session, chosen, at=at, is_forced=replaces_changed)
    if again:
        about = ("activity", activity.id)
        _note(session, "score.all_sent_again", actor, at=at, about=about, count=len(again))
    return len(again)


def resume(
    session: Session,
    resource_link: ResourceLink,
    *,
    membership_id: UUID | None = None,
    at: datetime,
) -> int:
    """Take up again what waits for this link's line item, one member's or everybody's; count it.

    A launch calls it after keeping what it told of the line item: what was blocked is tried again,
    and what was told to another address is told to the new one.
    """
    line_item = resource_link.line_item
    if line_item is None or resource_link.activity is None:
        return 0
    return resume_at(
        session,
        resource_link.activity.id,
        url=line_item.url,
        membership_id=membership_id,
        at=at,
    )


def resume_at(
    session: Session,
    activity_id: UUID,
    *,
    url: str,
    membership_id: UUID | None = None,
    at: datetime,
) -> int:
    """Take up again what waits for this address of the activity's line item; count it."""
    moved = and_(
        ScoreDelivery.state.in_((DeliveryState.DELIVERED, DeliveryState.OVERRIDDEN)),
        ScoreDelivery.told_url.not_in(("", url)),
        # An address that is not known yet is no other address.
        literal(url) != "",
    )
    return _take_up(
        session,
        ScoreDelivery.activity_id == activity_id,
        or_(ScoreDelivery.state == DeliveryState.BLOCKED, moved),
        ScoreDelivery.membership_id == membership_id if membership_id else true(),
        at=at,
    )


def resume_others(session: Session, activity_id: UUID, *, reason: str, at: datetime) -> int:
    """Take up again what an obstacle blocked that is gone for one of the activity, and count it."""
    if reason not in SHARED_OBSTACLES:
        return 0
    return _take_up(
        session,
        ScoreDelivery.activity_id == activity_id,
        ScoreDelivery.state == DeliveryState.BLOCKED,
        ScoreDelivery.reason == reason,
        at=at,
    )


def release(session: Session, *which: ColumnElement[bool], at: datetime) -> int:
    """Let scores go that waited for an approval, and count them.

    They were due all the time and skipped; the days for which a score is tried begin anew, so that
    a long wait does not make the first failure the last.
    """
    released = rows_changed(
        session,
        update(ScoreDelivery)
        .where(
            *which,
            ScoreDelivery.state.in_((DeliveryState.DUE, DeliveryState.UNCLEAR)),
            is_wanted(),
            is_free(at),
        )
        .values(next_at=at, tries=0, desired_since=at),
    )
    if released:
        wake(session)
    return released


def _send_again(
    session: Session, which: ColumnElement[bool], *, at: datetime, is_forced: bool
) -> Sequence[UUID]:
    again = session.scalars(
        update(ScoreDelivery)
        .where(which, is_wanted(), is_free(at))
        .values(
            state=case(
                (ScoreDelivery.state == DeliveryState.UNCLEAR, DeliveryState.UNCLEAR.value),
                else_=DeliveryState.DUE.value,
            ),
            is_forced=is_forced,
            # Whatever was seen before an earlier sending may have been changed since.
            looked_version=0,
            desired_since=at,
            next_at=at,
            tries=0,
            reason="",
        )
        .returning(ScoreDelivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    if again:
        wake(session)
    return again


def _take_up(session: Session, *which: ColumnElement[bool], at: datetime) -> int:
    taken = rows_changed(
        session,
        update(ScoreDelivery)
        .where(*which, is_wanted(), is_free(at))
        .values(state=DeliveryState.DUE, next_at=at, tries=0),
    )
    if taken:
        wake(session)
    return taken


def _note(
    session: Session,
    action: str,
    actor: Membership | None,
    *,
    at: datetime,
    about: tuple[str, UUID],
    count: int = 1,
) -> None:
    kind, key = about
    audit.record(
        session,
        action,
        at=at,
        actor=actor,
        object_kind=kind,
        object_id=key,
        details={"count": count},
    )
