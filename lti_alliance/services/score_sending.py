"""Sending one claimed score: prepare in one act, call with none open, record in another.

A claim makes one step, and the row says which: read back what is unclear, find the line item while
its address is unknown, or post the score. Whatever a worker dies of, the next claim goes on from
the row.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import (
    BLOCKED_RETRY,
    DeliveryState,
    Reason,
    Verdict,
    next_timestamp,
)
from lti_alliance.domain.gradebook import LineItemRef, Score
from lti_alliance.domain.launch import Role
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
from lti_alliance.models.statements import rows_changed
from lti_alliance.services.ports import Acts, Clock, Gradebook
from lti_alliance.services.score_records import Heard, Step, StepKind, record, settle

Jitter = Callable[[], float]

_SEARCH_TURN = timedelta(seconds=1)
"""How long until a delivery looks again whether another has found the line item."""


def deliver_one(
    acts: Acts,
    gradebook: Gradebook,
    *,
    delivery_id: UUID,
    token: str,
    now: Clock,
    launch_url: str,
    jitter: Jitter = random.random,
) -> None:
    """Make the next step of a claimed delivery; nothing happens without the claim's ``token``."""
    with acts() as session:
        step = _prepare(session, delivery_id, token, launch_url=launch_url, at=now())
    if step is None:
        return
    heard = _call(gradebook, step)
    with acts() as session:
        record(session, step, heard, at=now(), jitter=jitter())


def _call(gradebook: Gradebook, step: Step) -> Heard:
    line_item = step.line_item
    try:
        match step.kind:
            case StepKind.POST:
                return Heard(status=gradebook.post_score(line_item, step.score))
            case StepKind.READ_BACK:
                return Heard(result=gradebook.read_result(line_item, step.score.user_id))
            case StepKind.FIND:
                url = gradebook.find_line_item(line_item)
                if url is None and line_item.is_creatable:
                    url = gradebook.create_line_item(
                        line_item, label=step.label, maximum=step.desired[1]
                    )
                return Heard(url=url or "")
    except PlatformError as error:
        return Heard(error=error)


@dataclass(frozen=True, slots=True)
class _Found:
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


def _load(session: Session, delivery_id: UUID, token: str) -> _Found | None:
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
    return _Found(*found) if found else None


def _prepare(
    session: Session, delivery_id: UUID, token: str, *, launch_url: str, at: datetime
) -> Step | None:
    found = _load(session, delivery_id, token)
    if found is None:
        return None
    if (reason := _hindrance(found)) is not None:
        _block(session, found.row, reason, at=at)
        return None
    step = _step(found, launch_url=launch_url, at=at)
    match step.kind:
        case StepKind.POST:
            return step if _begin_post(session, found, step) else None
        case StepKind.FIND:
            return step if _begin_search(session, found, step, at=at) else None
        case StepKind.READ_BACK:
            return step


def _hindrance(found: _Found) -> Reason | None:
    ref = found.ref
    if found.member.course_role is not Role.LEARNER or found.member.is_test_user:
        return Reason.NOT_GRADED
    if not ref.url and not ref.container_url:
        return Reason.NO_LINE_ITEM
    if not ref.is_writable:
        return Reason.SCOPE_MISSING
    return None if ref.url or ref.is_findable else Reason.NO_LINE_ITEM


def _block(session: Session, row: ScoreDelivery, reason: Reason, *, at: datetime) -> None:
    verdict = Verdict(DeliveryState.BLOCKED, reason, at + BLOCKED_RETRY)
    settle(session, row.id, verdict, token=row.lease_token, version=row.desired_version, at=at)


def _step(found: _Found, *, launch_url: str, at: datetime) -> Step:
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
    is_unclear = row.state == DeliveryState.UNCLEAR and row.told_version == row.desired_version
    kind = StepKind.POST
    if not ref.url:
        kind = StepKind.FIND
    elif is_unclear and not is_elsewhere and ref.is_readable:
        kind = StepKind.READ_BACK
    submitted_at = row.desired_submitted_at
    score = Score(
        user_id=found.sub,
        timestamp=next_timestamp(at, row.told_timestamp),
        score_given=row.desired_score,
        score_maximum=row.desired_maximum,
        started_at=row.desired_started_at,
        submitted_at=submitted_at,
        comment=found.grade.comment,
        comment_is_new=told_comment_digest != row.desired_comment_digest,
        new_submission=submitted_at is not None and submitted_at != told_submitted_at,
        review_url=_review_url(launch_url, found.grade.attempt_id),
    )
    return Step(
        kind=kind,
        delivery_id=row.id,
        token=row.lease_token,
        version=row.desired_version,
        why=row.reason,
        line_item_id=found.line_item.id,
        line_item=ref,
        label=found.link.title,
        score=score,
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


def _review_url(launch_url: str, attempt_id: UUID | None) -> str:
    return f"{launch_url}?{urlencode({'attempt': attempt_id})}" if attempt_id else ""


def _begin_post(session: Session, found: _Found, step: Step) -> bool:
    # Written before the call: a worker that dies in it leaves a row that says what may have been
    # sent, and a timestamp that is never used again.
    score, maximum = step.told or (None, None)
    statement = (
        update(ScoreDelivery)
        .where(ScoreDelivery.id == step.delivery_id, ScoreDelivery.lease_token == step.token)
        .values(
            state=DeliveryState.UNCLEAR,
            reason=Reason.NO_ANSWER,
            told_version=step.version,
            told_url=step.line_item.url,
            told_score=score,
            told_maximum=maximum,
            told_submitted_at=step.told_submitted_at,
            told_timestamp=step.score.timestamp,
            told_comment_digest=found.row.desired_comment_digest,
        )
    )
    return rows_changed(session, statement) == 1


def _begin_search(session: Session, found: _Found, step: Step, *, at: datetime) -> bool:
    """Let one delivery of the activity look for the line item, so that none is made twice."""
    # Writing the line item makes a second worker wait here until the first has left its mark.
    rows_changed(
        session,
        update(LineItem).where(LineItem.id == step.line_item_id).values(url=LineItem.url),
    )
    searching = session.scalar(
        select(ScoreDelivery.id)
        .where(
            ScoreDelivery.activity_id == found.row.activity_id,
            ScoreDelivery.id != step.delivery_id,
            ScoreDelivery.reason == Reason.FINDING_LINE_ITEM,
            ScoreDelivery.lease_until > at,
        )
        .limit(1)
    )
    if searching is None:
        statement = (
            update(ScoreDelivery)
            .where(ScoreDelivery.id == step.delivery_id, ScoreDelivery.lease_token == step.token)
            .values(reason=Reason.FINDING_LINE_ITEM)
        )
        return rows_changed(session, statement) == 1
    rows_changed(
        session,
        update(ScoreDelivery)
        .where(ScoreDelivery.id == step.delivery_id, ScoreDelivery.lease_token == step.token)
        .values(
            state=DeliveryState.DUE,
            next_at=at + _SEARCH_TURN,
            lease_token="",
            lease_until=None,
        ),
    )
    return False
