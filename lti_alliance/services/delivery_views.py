"""What a page may say about the way of one score to the gradebook."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.models import Grade, ResourceLink, ScoreDelivery
from lti_alliance.services.score_claims import CLAIMABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """What a page may say about one delivery; ``reason`` is a ``domain.delivery.Reason`` code."""

    state: DeliveryState
    since: datetime
    reason: str
    next_at: datetime | None
    """When it is tried again by itself; empty when it is not."""
    desired_score: Decimal | None
    desired_maximum: Decimal
    told_score: Decimal | None
    told_maximum: Decimal | None
    seen_score: Decimal | None
    seen_maximum: Decimal | None
    delivered_at: datetime | None


def delivery_view(delivery: ScoreDelivery | None, grade: Grade | None) -> DeliveryView | None:
    """Return what a page may say about a grade's way to the gradebook; nothing without a row."""
    if delivery is None or grade is None:
        return None
    state, reason = DeliveryState(delivery.state), delivery.reason
    if state is DeliveryState.UNCLEAR and delivery.lease_token and reason == Reason.NO_ANSWER:
        state, reason = DeliveryState.SENDING, ""
    if state in CLAIMABLE:
        reason = _paused(grade.activity.resource_link) or reason
    since = delivery.desired_since
    if state is DeliveryState.DELIVERED and delivery.delivered_at is not None:
        since = delivery.delivered_at
    return DeliveryView(
        state=state,
        since=since,
        reason=reason,
        next_at=delivery.next_at if state in CLAIMABLE else None,
        desired_score=delivery.desired_score,
        desired_maximum=delivery.desired_maximum,
        told_score=delivery.told_score,
        told_maximum=delivery.told_maximum,
        seen_score=delivery.seen_score,
        seen_maximum=delivery.seen_maximum,
        delivered_at=delivery.delivered_at,
    )


def _paused(link: ResourceLink) -> str:
    if not link.context.deployment.registration.is_active:
        return Reason.REGISTRATION_DISABLED
    return Reason.HOST_HELD if link.line_item and link.line_item.held_host else ""
