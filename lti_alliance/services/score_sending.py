"""Sending one claimed score: prepare in one act, call with none open, record in another.

A claim makes one step, and the row says which: read back what is unclear, find the line item while
its address is unknown, or post the score. Whatever a worker dies of, the next claim goes on from
the row.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import BLOCKED_RETRY, DeliveryState, Reason, Verdict
from lti_alliance.domain.launch import Role
from lti_alliance.errors import PlatformError
from lti_alliance.models import LineItem, ScoreDelivery
from lti_alliance.models.statements import rows_changed
from lti_alliance.services.ports import Acts, Clock, Gradebook
from lti_alliance.services.score_records import record, settle
from lti_alliance.services.score_steps import (
    Found,
    Heard,
    Step,
    StepKind,
    load_claimed,
    next_step,
)

Jitter = Callable[[], float]

_SEARCH_TURN = timedelta(seconds=1)
"""How long until a delivery looks again whether another has found the line item."""


def draw_jitter() -> float:
    """Draw the share of the longest wait that a failure costs: above 0, up to 1."""
    return 1.0 - random.random()  # noqa: S311 -- spreads retries, guards nothing


def deliver_one(
    acts: Acts,
    gradebook: Gradebook,
    *,
    delivery_id: UUID,
    token: str,
    now: Clock,
    launch_url: str,
    jitter: Jitter = draw_jitter,
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


def _prepare(
    session: Session, delivery_id: UUID, token: str, *, launch_url: str, at: datetime
) -> Step | None:
    found = load_claimed(session, delivery_id, token)
    if found is None:
        return None
    if (reason := _hindrance(found)) is not None:
        _block(session, found.row, reason, at=at)
        return None
    step = next_step(found, launch_url=launch_url, at=at)
    match step.kind:
        case StepKind.POST:
            return step if _begin_post(session, found, step) else None
        case StepKind.FIND:
            return step if _begin_search(session, found, step, at=at) else None
        case StepKind.READ_BACK:
            return step


def _hindrance(found: Found) -> Reason | None:
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


def _begin_post(session: Session, found: Found, step: Step) -> bool:
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


def _begin_search(session: Session, found: Found, step: Step, *, at: datetime) -> bool:
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
