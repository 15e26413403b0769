"""The steps of a score delivery: what a claim does next, and all that doing it needs."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState, Sending, next_timestamp
from lti_alliance.domain.gradebook import LineItemRef, Result, Score
from lti_alliance.errors import PlatformError
from lti_alliance.models import (
    Activity,
    Context,
    Deployment,
    Grade,
    LineItem,
    Membership,
    Registration,
    ResourceLink,
    ScoreDelivery,
    User,
)


class StepKind(StrEnum):
    """What one claim does."""

    POST = "post"
    READ_BACK = "read_back"
    FIND = "find"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of one delivery, with all that the call and its record need."""

    kind: StepKind
    delivery_id: UUID
    token: str
    version: int
    """The version of the desired score that this step is about."""
    why: str
    """The reason that the row gave before this step."""
    line_item_id: UUID
    line_item: LineItemRef
    label: str
    score: Score
    desired: tuple[Decimal, Decimal]
    told: tuple[Decimal, Decimal] | None
    """(score, maximum) that the platform last confirmed."""
    told_url: str
    told_submitted_at: datetime | None
    told_comment_digest: str
    told_timestamp: datetime | None
    desired_submitted_at: datetime | None
    wanted_since: datetime
    tries: int

    def facts(self, *, at: datetime, jitter: float) -> Sending:
        """Return what decides the meaning of an answer to this step."""
        return Sending(
            family=self.line_item.family,
            at=at,
            wanted_since=self.wanted_since,
            tries=self.tries,
            jitter=jitter,
            is_findable=self.line_item.is_findable,
            is_readable=self.line_item.is_readable,
            new_submission=self.score.new_submission,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back from the call of a step."""

    error: PlatformError | None = None
    status: int | None = None
    result: Result | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A claimed delivery and the rows that its sending is made of."""

    row: ScoreDelivery
    grade: Grade
    member: Membership
    sub: str
    link: ResourceLink
    line_item: LineItem | None
    deployment_id: str
    registration: Registration

    @property
    def ref(self) -> LineItemRef:
        """The line item as far as it is known."""
        found = self.line_item
        return LineItemRef(
            registration_id=self.registration.id,
            deployment_id=self.deployment_id,
            resource_link_id=self.link.lti_id,
            family=self.registration.family,
            url=found.url if found else "",
            container_url=found.container_url if found else "",
            scopes=frozenset(found.scopes if found else ()),
            may_create=found.may_create if found else False,
        )


def load_claimed(session: Session, delivery_id: UUID, token: str) -> Found | None:
    """Load what a claim holds; nothing without its token, or when nothing is wanted any more."""
    found = session.execute(
        select(
            ScoreDelivery,
            Grade,
            Membership,
            User.sub,
            ResourceLink,
            LineItem,
            Deployment.deployment_id,
            Registration,
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
        .where(
            ScoreDelivery.id == delivery_id,
            ScoreDelivery.lease_token == token,
            ScoreDelivery.desired_score.is_not(None),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    return Found(*found) if found else None


def next_step(found: Found, *, launch_url: str, at: datetime) -> Step:
    """Return the step that the row asks for."""
    row, ref = found.row, found.ref
    assert row.desired_score is not None
    assert found.line_item is not None
    # What was told to another address was not told to this one.
    is_elsewhere = bool(ref.url) and row.told_url not in ("", ref.url)
    told_submitted_at = None if is_elsewhere else row.told_submitted_at
    told_comment_digest = "" if is_elsewhere else row.told_comment_digest
    told = None
    if not is_elsewhere and row.told_score is not None and row.told_maximum is not None:
        told = (row.told_score, row.told_maximum)
    submitted_at = row.desired_submitted_at
    score = Score(
        user_id=found.sub,
        timestamp=next_timestamp(at, row.told_timestamp),
        score_given=row.desired_score,
        score_maximum=row.desired_maximum,
        comment=found.grade.comment,
        comment_is_new=told_comment_digest != row.desired_comment_digest,
        new_submission=submitted_at is not None and submitted_at != told_submitted_at,
        review_url=_review_url(launch_url, found.grade.attempt_id),
    )
    return Step(
        kind=StepKind.POST if is_elsewhere else _kind(row, ref),
        delivery_id=row.id,
        token=row.lease_token,
        version=row.desired_version,
        why=row.reason,
        line_item_id=found.line_item.id,
        line_item=ref,
        label=found.link.title,
        score=_timed(score, row, at=at),
        desired=(row.desired_score, row.desired_maximum),
        told=told,
        told_url=row.told_url,
        told_submitted_at=told_submitted_at,
        told_comment_digest=told_comment_digest,
        told_timestamp=row.told_timestamp,
        desired_submitted_at=submitted_at,
        wanted_since=row.desired_since,
        tries=row.tries,
    )


def _kind(row: ScoreDelivery, ref: LineItemRef) -> StepKind:
    if not ref.url:
        return StepKind.FIND
    # A newer score is simply told: whether the older one arrived does not matter any more.
    is_unclear = row.state == DeliveryState.UNCLEAR and row.told_version == row.desired_version
    return StepKind.READ_BACK if is_unclear and ref.is_readable else StepKind.POST


def _timed(score: Score, row: ScoreDelivery, *, at: datetime) -> Score:
    if row.desired_submitted_at is None:
        return score
    # Canvas refuses a submission from the future, and nobody hands in before beginning.
    submitted_at = min(row.desired_submitted_at, at)
    started_at = row.desired_started_at
    if started_at is not None and started_at > submitted_at:
        started_at = None
    return replace(score, started_at=started_at, submitted_at=submitted_at)


def _review_url(launch_url: str, attempt_id: UUID | None) -> str:
    return f"{launch_url}?{urlencode({'attempt': attempt_id})}" if attempt_id else ""
