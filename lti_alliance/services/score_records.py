"""Recording what came of one step of a score delivery, fenced by the token of its claim."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, literal, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import (
    Action,
    DeliveryState,
    Reason,
    Sending,
    Verdict,
    after_read_back,
    backoff,
    what_next,
)
from lti_alliance.domain.gradebook import Result
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)
from lti_alliance.models import LineItem, ScoreDelivery
from lti_alliance.models.statements import rows_changed
from lti_alliance.services.score_steps import Heard, Step, StepKind

_WAITING = (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR)
_DETAIL_LENGTH = 200


def record(session: Session, step: Step, heard: Heard, *, at: datetime, jitter: float) -> None:
    """Record what came of a step; a worker that was overtaken changes nothing."""
    facts = step.facts(at=at, jitter=jitter)
    match step.kind:
        case StepKind.POST:
            _record_post(session, step, heard, facts)
        case StepKind.READ_BACK:
            _record_read_back(session, step, heard, facts)
        case StepKind.FIND:
            _record_find(session, step, heard, facts)


def put_off(
    session: Session, delivery_id: UUID, *, token: str, at: datetime, jitter: float
) -> None:
    """Put a claimed delivery off that failed inside the tool, so that it holds up no other."""
    row = session.scalar(
        select(ScoreDelivery).where(
            ScoreDelivery.id == delivery_id, ScoreDelivery.lease_token == token
        )
    )
    if row is None:
        return
    facts = Sending(
        family="", at=at, wanted_since=row.desired_since, tries=row.tries, jitter=jitter
    )
    verdict = what_next(PlatformUnavailable(Reason.INTERNAL_ERROR), facts)
    if row.state == DeliveryState.UNCLEAR:
        verdict = _still_unclear(verdict)
    settle(session, delivery_id, verdict, token=token, version=row.desired_version, at=at)


def settle(
    session: Session,
    delivery_id: UUID,
    verdict: Verdict,
    *,
    token: str,
    version: int,
    at: datetime,
    **values: Any,
) -> bool:
    """Write a verdict, give the lease back, and say whether the token still held.

    A verdict that ends the matter is about ``version``: where the grade has moved on meanwhile,
    the newer score is due.
    """
    columns = ScoreDelivery.__table__.c
    outcome: dict[str, Any] = {
        "state": verdict.state.value,
        "reason": verdict.reason.value if verdict.reason else "",
        "next_at": verdict.next_at,
    }
    if verdict.state not in _WAITING:
        overtaken = {
            "state": case(
                (ScoreDelivery.desired_score.is_(None), DeliveryState.DELIVERED.value),
                else_=DeliveryState.DUE.value,
            ),
            "reason": literal(""),
            "next_at": literal(at, columns.next_at.type),
        }
        outcome = {
            name: case(
                (ScoreDelivery.desired_version == version, literal(value, columns[name].type)),
                else_=overtaken[name],
            )
            for name, value in outcome.items()
        }
    if verdict.state is DeliveryState.DELIVERED:
        outcome["tries"] = 0
    elif verdict.next_at > at:
        outcome["tries"] = ScoreDelivery.tries + 1
    statement = (
        update(ScoreDelivery)
        .where(ScoreDelivery.id == delivery_id, ScoreDelivery.lease_token == token)
        .values(**outcome, **values, lease_token="", lease_until=None)
    )
    return rows_changed(session, statement) == 1


def _settle(
    session: Session, step: Step, heard: Heard, verdict: Verdict, at: datetime, **values: Any
) -> None:
    error = heard.error
    settle(
        session,
        step.delivery_id,
        verdict,
        token=step.token,
        version=step.version,
        at=at,
        last_status=error.status if error else heard.status,
        last_detail=error.detail[:_DETAIL_LENGTH] if error else "",
        **values,
    )


def _record_post(session: Session, step: Step, heard: Heard, facts: Sending) -> None:
    verdict = what_next(heard.error, facts)
    values: dict[str, Any] = {}
    if heard.error is None:
        values = _confirmed(step, facts.at)
    elif not _may_have_happened(heard.error):
        # A comment that certainly did not arrive may go with the next sending.
        values = {"told_comment_digest": step.told_comment_digest}
    if verdict.action is Action.WITHOUT_NEW_SUBMISSION:
        values["told_submitted_at"] = step.desired_submitted_at
    elif verdict.action is Action.FORGET_LINE_ITEM:
        rows_changed(
            session,
            update(LineItem)
            .where(LineItem.id == step.line_item_id, LineItem.url == step.line_item.url)
            .values(url=""),
        )
    _settle(session, step, heard, verdict, facts.at, **values)


def _record_read_back(session: Session, step: Step, heard: Heard, facts: Sending) -> None:
    if isinstance(heard.error, PlatformUnavailable):
        verdict = _still_unclear(what_next(heard.error, facts))
        _settle(session, step, heard, verdict, facts.at)
        return
    if heard.error is not None:
        # What cannot be read back is sent again: a platform takes the same score twice.
        wait = backoff(facts.tries, facts.jitter)
        again = Verdict(DeliveryState.DUE, Reason.NOT_TOLD_YET, facts.at + wait)
        _settle(session, step, heard, again, facts.at)
        return
    result = heard.result or Result()
    verdict = after_read_back(result, facts, desired=step.desired, told=step.told, why=step.why)
    values: dict[str, Any] = {
        "seen_score": result.score,
        "seen_maximum": result.maximum,
        "seen_at": facts.at,
    }
    if verdict.state is DeliveryState.DELIVERED:
        values |= _confirmed(step, facts.at)
    elif result.timestamp and step.told_timestamp:
        # The platform's clock may be ahead: the next timestamp has to pass what it stored.
        values["told_timestamp"] = max(step.told_timestamp, result.timestamp)
    _settle(session, step, heard, verdict, facts.at, **values)


def _record_find(session: Session, step: Step, heard: Heard, facts: Sending) -> None:
    # Nothing was told, so there is nothing to read back; and what was made without an answer is
    # found by looking again.
    facts = replace(facts, is_findable=False, is_readable=False)
    is_lost = step.why == Reason.LINE_ITEM_GONE
    if heard.error is not None:
        verdict = what_next(heard.error, facts)
        if verdict.state is DeliveryState.UNCLEAR:
            verdict = replace(verdict, state=DeliveryState.DUE)
    elif not heard.url and not is_lost:
        verdict = what_next(PlatformRefused(Reason.NO_LINE_ITEM), facts)
    elif not heard.url or (is_lost and heard.url == step.told_url):
        # The list may still name the address that leads nowhere, as Canvas does out of term.
        verdict = what_next(PlatformRefused(Reason.LINE_ITEM_GONE), facts)
    else:
        verdict = Verdict(DeliveryState.DUE, None, facts.at)
    if heard.url:
        rows_changed(
            session,
            update(LineItem)
            .where(LineItem.id == step.line_item_id, LineItem.url == "")
            .values(url=heard.url),
        )
    _settle(session, step, heard, verdict, facts.at)


def _confirmed(step: Step, at: datetime) -> dict[str, Any]:
    score, maximum = step.desired
    return {
        "told_score": score,
        "told_maximum": maximum,
        "told_submitted_at": step.desired_submitted_at,
        "delivered_at": at,
    }


def _may_have_happened(error: PlatformError) -> bool:
    # Canvas works through a score step by step; after a 500 any of the steps may be done.
    return isinstance(error, PlatformUnclear) or error.status == 500


def _still_unclear(verdict: Verdict) -> Verdict:
    if verdict.state is DeliveryState.DEAD:
        return verdict
    return replace(verdict, state=DeliveryState.UNCLEAR)
