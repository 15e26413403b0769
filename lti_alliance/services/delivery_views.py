"""What a page may say about the way of a score to the gradebook, and about its column."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from lti_alliance.domain.circuits import Circuit
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.models import Grade, GradebookCheck, ResourceLink, ScoreDelivery
from lti_alliance.services.score_claims import CLAIMABLE

ON_ITS_WAY = frozenset({DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR})
_ALL_CLOSED: Mapping[UUID, Circuit] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """What a page may say about one delivery; ``reason`` is a ``domain.delivery.Reason`` code."""

    state: DeliveryState
    since: datetime
    reason: str
    next_at: datetime | None
    """When it is tried again by itself; empty when it is not."""
    circuit: Circuit | None
    """Why the platform is left alone at the moment, and until when; empty while it is not."""
    is_pending: bool
    """No score is wanted yet, only that the gradebook knows of work that waits to be graded."""
    desired_score: Decimal | None
    desired_maximum: Decimal
    told_score: Decimal | None
    told_maximum: Decimal | None
    seen_score: Decimal | None
    seen_maximum: Decimal | None
    seen_at: datetime | None
    delivered_at: datetime | None

    @property
    def is_wanted(self) -> bool:
        """Whether the gradebook should be told anything."""
        return self.is_pending or self.desired_score is not None

    @property
    def differs(self) -> bool:
        """Whether the gradebook shows something else, and that stands."""
        return self.state is DeliveryState.OVERRIDDEN

    @property
    def newer_waits(self) -> bool:
        """Whether a score that was never told waits while the gradebook's own stands."""
        desired = (self.desired_score, self.desired_maximum)
        told = (self.told_score, self.told_maximum)
        return self.differs and self.desired_score is not None and desired != told

    @property
    def was_read_since(self) -> bool:
        """Whether the gradebook has been read after the last score was taken."""
        if self.seen_at is None:
            return False
        return self.delivered_at is None or self.seen_at >= self.delivered_at


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyThere:
    """A score in the gradebook of somebody to whom this tool gave none."""

    membership_id: UUID
    score: Decimal
    maximum: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """What a page may say about comparing an activity's column with what it was told."""

    obstacle: str
    """The ``Reason`` for which the column cannot be read; empty when it can."""
    asked_at: datetime | None = None
    """When somebody asked for the comparison that is under way."""
    checked_at: datetime | None = None
    reason: str = ""
    """The ``Reason`` for which the last reading failed."""
    next_at: datetime | None = None
    agree: int = 0
    differ: int = 0
    mended: int = 0
    unknown: int = 0
    """Scores of people who have never opened this tool."""
    only_there: tuple[OnlyThere, ...] = ()

    @property
    def is_under_way(self) -> bool:
        """Whether an answer is awaited."""
        return self.asked_at is not None and not self.obstacle


def delivery_view(
    delivery: ScoreDelivery | None,
    grade: Grade | None,
    *,
    open_circuits: Mapping[UUID, Circuit] = _ALL_CLOSED,
) -> DeliveryView | None:
    """Return what a page may say about a grade's way to the gradebook; nothing without a row.

    ``open_circuits`` is what ``services.circuits.list_open`` returns.
    """
    if delivery is None or grade is None:
        return None
    state, reason = DeliveryState(delivery.state), delivery.reason
    if state is DeliveryState.UNCLEAR and delivery.lease_token and reason == Reason.NO_ANSWER:
        state, reason = DeliveryState.SENDING, ""
    if state in CLAIMABLE:
        reason = paused_because(grade.activity.resource_link) or reason
    since = delivery.desired_since
    if state is DeliveryState.DELIVERED and delivery.delivered_at is not None:
        since = delivery.delivered_at
    circuit = open_circuits.get(delivery.registration_id) if state in ON_ITS_WAY else None
    return DeliveryView(
        state=state,
        since=since,
        reason=reason,
        next_at=_next_try(delivery, circuit) if state in CLAIMABLE else None,
        circuit=circuit,
        is_pending=delivery.desired_pending,
        desired_score=delivery.desired_score,
        desired_maximum=delivery.desired_maximum,
        told_score=delivery.told_score,
        told_maximum=delivery.told_maximum,
        seen_score=delivery.seen_score,
        seen_maximum=delivery.seen_maximum,
        seen_at=delivery.seen_at,
        delivered_at=delivery.delivered_at,
    )


def comparison_view(link: ResourceLink, check: GradebookCheck | None) -> ComparisonView:
    """Return what a page may say about the comparison of this link's column."""
    obstacle = why_unreadable(link)
    if check is None:
        return ComparisonView(obstacle=obstacle)
    found = check.findings
    return ComparisonView(
        obstacle=obstacle,
        asked_at=check.asked_at,
        checked_at=check.checked_at,
        reason=check.reason,
        next_at=check.next_at,
        **{name: int(found.get(name, 0)) for name in ("agree", "differ", "mended", "unknown")},
        only_there=tuple(
            OnlyThere(
                membership_id=UUID(member),
                score=Decimal(score),
                maximum=Decimal(maximum) if maximum else None,
            )
            for member, score, maximum in found.get("only_there", ())
        ),
    )


def why_unreadable(link: ResourceLink) -> str:
    """Return the reason for which the link's column cannot be read, or nothing."""
    line_item = link.line_item
    if paused := paused_because(link):
        return paused
    if line_item is None or not line_item.url:
        is_known = line_item is not None and line_item.container_url
        return Reason.FINDING_LINE_ITEM if is_known else Reason.NO_LINE_ITEM
    return "" if GradeScope.RESULT in line_item.scopes else Reason.SCOPE_MISSING


def paused_because(link: ResourceLink) -> str:
    """Return the reason for which nothing at all is sent for this link, or nothing."""
    if not link.context.deployment.registration.is_active:
        return Reason.REGISTRATION_DISABLED
    return Reason.HOST_HELD if link.line_item and link.line_item.held_host else ""


def _next_try(delivery: ScoreDelivery, circuit: Circuit | None) -> datetime:
    if circuit is None or circuit.open_until is None:
        return delivery.next_at
    return max(delivery.next_at, circuit.open_until)
