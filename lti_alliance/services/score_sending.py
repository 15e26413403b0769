"""Sending claimed scores: prepare in one act, call with none open, record in another.

A claim makes one step, and the row says which: look into the gradebook, find the line item while
its address is unknown, or post the score. Whatever a worker dies of, the next claim goes on from
the row.
"""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import (
    BLOCKED_RETRY,
    DeliveryState,
    Reason,
    Verdict,
    is_about_person,
    last_timestamp,
)
from lti_alliance.domain.gradebook import GradingProgress
from lti_alliance.domain.launch import Role
from lti_alliance.domain.looks import Purpose
from lti_alliance.errors import PlatformError
from lti_alliance.models import LineItem, ScoreDelivery
from lti_alliance.models.statements import rows_changed, rows_matched, update_each
from lti_alliance.services.ports import Gradebook, Roster
from lti_alliance.services.score_claimed import Found, load_claimed
from lti_alliance.services.score_records import put_off
from lti_alliance.services.score_settling import Settlement, settle_all
from lti_alliance.services.score_steps import Heard, Step, StepKind, next_step

log = structlog.get_logger(__name__)

Jitter = Callable[[], float]

_SEARCH_TURN = timedelta(seconds=1)
"""How long until a delivery looks again whether another has found the line item."""


def draw_jitter() -> float:
    """Draw the share of the longest wait that a failure costs: above 0, up to 1."""
    return 1.0 - random.random()  # noqa: S311 -- spreads retries, guards nothing


def prepare(
    session: Session,
    delivery_ids: Collection[UUID],
    *,
    token: str,
    launch_url: str,
    at: datetime,
    jitter: Jitter = draw_jitter,
) -> list[Step]:
    """Prepare the next steps of claimed deliveries, in the act of the claim or a later one.

    What needs no call is settled here. A row that fails inside the tool is put off alone.
    """
    steps: list[Step] = []
    for found in load_claimed(session, delivery_ids, token):
        try:
            step = next_step(found, launch_url=launch_url, at=at)
        except Exception:
            log.exception("delivery_failed", delivery_id=str(found.row.id))
            put_off(session, found.row.id, token=token, at=at, jitter=jitter())
            continue
        if step.kind is StepKind.FIND:
            step = replace(step, is_lost=_was_known(session, step))
        if _begin(session, found, step, at=at):
            steps.append(step)
    held = _begin_posts(session, [step for step in steps if step.kind is StepKind.POST])
    return [step for step in steps if step.kind is not StepKind.POST or step.delivery_id in held]


def give_back(session: Session, steps: Sequence[Step]) -> None:
    """Give steps back whose calls have not been made, as if they had never been claimed."""
    update_each(session, ScoreDelivery, [(_held(step), _as_before(step)) for step in steps])


def _as_before(step: Step) -> dict[str, Any]:
    is_unclear = step.kind is StepKind.LOOK and step.purpose is not Purpose.FIRST
    return {
        "state": (DeliveryState.UNCLEAR if is_unclear else DeliveryState.DUE).value,
        "reason": step.why,
        "told_version": step.told_version,
        "told_url": step.told_url,
        "told_progress": step.told_progress,
        "told_comment_digest": step.told_comment_digest,
        "lease_token": "",
        "lease_until": None,
    }


def call(gradebook: Gradebook, step: Step, *, roster: Roster | None = None) -> Heard:
    """Make the call of a step, with no transaction open.

    A refusal that may be about the person is followed by a look into the course's roster.
    """
    line_item = step.line_item
    try:
        match step.kind:
            case StepKind.POST:
                return Heard(status=gradebook.post_score(line_item, step.score))
            case StepKind.LOOK:
                return Heard(result=gradebook.read_result(line_item, step.score.user_id))
            case StepKind.FIND:
                url = gradebook.find_line_item(line_item)
                # A column that was deleted is not made again: somebody did not want it.
                if url is None and line_item.is_creatable and not step.is_lost:
                    url = gradebook.create_line_item(
                        line_item, label=step.label, maximum=step.maximum
                    )
                return Heard(url=url or "")
    except PlatformError as error:
        return Heard(error=error, is_student=_is_student(roster, step, error))


def _is_student(roster: Roster | None, step: Step, refusal: PlatformError) -> bool | None:
    asks = step.kind is StepKind.POST and is_about_person(refusal, step.line_item.family)
    if not asks or roster is None or step.roster is None:
        return None
    try:
        members = roster.list_members(step.roster)
    except PlatformError:
        # Not every course lets its members be listed; then both readings stand.
        return None
    return any(
        member.person.sub == step.score.user_id and member.is_active
        for member in members
        if member.role is Role.LEARNER
    )


def _was_known(session: Session, step: Step) -> bool:
    told = select(ScoreDelivery.id).where(
        ScoreDelivery.activity_id == step.activity_id, ScoreDelivery.told_url != ""
    )
    return session.execute(told.limit(1)).first() is not None


def _begin(session: Session, found: Found, step: Step, *, at: datetime) -> bool:
    """Write down that the step begins, and say whether there is a call to make."""
    if (reason := _hindrance(found)) is not None:
        _settle(session, step, DeliveryState.BLOCKED, reason, at=at, next_at=at + BLOCKED_RETRY)
        return False
    if step.is_pending and step.told_progress == GradingProgress.FULLY_GRADED:
        # A released score went out at the same moment: nothing may follow that would take it back.
        _settle(session, step, DeliveryState.DELIVERED, Reason.NOTHING_TO_SEND, at=at, next_at=at)
        return False
    if step.is_known_to_wait:
        _settle(session, step, DeliveryState.DELIVERED, None, at=at, next_at=at)
        return False
    match step.kind:
        case StepKind.FIND:
            return _begin_search(session, step, at=at)
        case StepKind.LOOK | StepKind.POST:
            return True


def _hindrance(found: Found) -> Reason | None:
    ref = found.ref
    if found.row.role != Role.LEARNER or found.row.is_test_user:
        return Reason.NOT_GRADED
    if not ref.url and not ref.container_url:
        return Reason.NO_LINE_ITEM
    if not ref.is_writable:
        return Reason.SCOPE_MISSING
    return None if ref.url or ref.is_findable else Reason.NO_LINE_ITEM


def _settle(
    session: Session,
    step: Step,
    state: DeliveryState,
    reason: Reason | None,
    *,
    at: datetime,
    next_at: datetime,
) -> None:
    settlement = Settlement(
        delivery_id=step.delivery_id,
        token=step.token,
        version=step.version,
        verdict=Verdict(state, reason, next_at),
    )
    settle_all(session, [settlement], at=at)


def _begin_posts(session: Session, steps: Sequence[Step]) -> set[UUID]:
    """Write down that scores are about to be sent, and return which claims still hold."""
    # Written before the calls: a worker that dies in one leaves rows that say what may have been
    # sent, and timestamps that are never used again, those of calls made again among them.
    return update_each(session, ScoreDelivery, [(_held(step), _posting(step)) for step in steps])


def _posting(step: Step) -> dict[str, Any]:
    score, maximum = step.told or (None, None)
    return {
        "state": DeliveryState.UNCLEAR.value,
        "reason": Reason.NO_ANSWER.value,
        "told_version": step.version,
        "told_url": step.line_item.url,
        "told_progress": step.score.grading_progress.value,
        "told_score": score,
        "told_maximum": maximum,
        "told_submitted_at": step.told_submitted_at,
        "told_timestamp": last_timestamp(step.score.timestamp),
        # What was told once stays told, even when the comment is taken back meanwhile.
        "told_comment_digest": step.desired_comment_digest or step.told_comment_digest,
    }


def _begin_search(session: Session, step: Step, *, at: datetime) -> bool:
    """Let one delivery of the activity look for the line item, so that none is made twice."""
    # Writing the line item makes a second worker wait here until the first has left its mark.
    rows_changed(
        session,
        update(LineItem).where(LineItem.id == step.line_item_id).values(url=LineItem.url),
    )
    searching = session.scalar(
        select(ScoreDelivery.id)
        .where(
            ScoreDelivery.activity_id == step.activity_id,
            ScoreDelivery.id != step.delivery_id,
            ScoreDelivery.reason == Reason.FINDING_LINE_ITEM,
            ScoreDelivery.lease_until > at,
        )
        .limit(1)
    )
    if searching is None:
        return _write(session, step, reason=Reason.FINDING_LINE_ITEM)
    _write(
        session,
        step,
        state=DeliveryState.DUE,
        next_at=at + _SEARCH_TURN,
        lease_token="",
        lease_until=None,
    )
    return False


def _write(session: Session, step: Step, **values: Any) -> bool:
    return rows_matched(session, ScoreDelivery, _held(step), values) == 1


def _held(step: Step) -> dict[str, Any]:
    """Return which row a step is about, while its claim holds."""
    return {"id": step.delivery_id, "lease_token": step.token}
