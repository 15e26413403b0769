"""Recording what came of one step of a score delivery, fenced by the token of its claim."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import (
    Action,
    DeliveryState,
    Reason,
    Sending,
    Verdict,
    backoff,
    past_refused,
    what_next,
)
from lti_alliance.domain.gradebook import Result
from lti_alliance.domain.looks import (
    Purpose,
    after_confirming,
    after_first_look,
    after_unclear,
)
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)
from lti_alliance.models import LineItem, ScoreDelivery
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import check_turns, circuits, score_resending, score_tries
from lti_alliance.services.score_settling import WAITING, Settlement, settle_all
from lti_alliance.services.score_steps import Heard, Step, StepKind

_DETAIL_LENGTH = 200
_OF_SCORES = (Reason.SCORE_MALFORMED, Reason.SCORE_REFUSED, Reason.EARLIER_TIMESTAMP)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A step, what came back, and what that means."""

    step: Step
    heard: Heard
    verdict: Verdict
    values: dict[str, Any]

    @property
    def settlement(self) -> Settlement:
        """What is written of it."""
        error, values = self.heard.error, dict(self.values)
        if self.verdict.state not in WAITING:
            values["is_forced"] = False
        return Settlement(
            delivery_id=self.step.delivery_id,
            token=self.step.token,
            version=self.step.version,
            verdict=self.verdict,
            values=values
            | {
                "last_status": error.status if error else self.heard.status,
                "last_detail": error.detail[:_DETAIL_LENGTH] if error else "",
            },
        )


def record(session: Session, step: Step, heard: Heard, *, at: datetime, jitter: float) -> bool:
    """Record what came of a step; a worker that was overtaken changes nothing and is told no."""
    return record_all(session, [(step, heard)], at=at, jitter=lambda: jitter) == 1


def record_all(
    session: Session,
    heard: Sequence[tuple[Step, Heard]],
    *,
    at: datetime,
    jitter: Callable[[], float],
) -> int:
    """Record what came of the steps of a batch, and count those whose claim still held.

    What the answers say about the platform is noted in any case; of several successes in a row one
    says as much as all.
    """
    recorded = []
    for number, (step, answer) in enumerate(heard, start=1):
        share = jitter()
        is_last = number == len(heard) or heard[number][1].error is not None
        if answer.error is not None or is_last:
            registration_id = step.line_item.registration_id
            circuits.note(session, registration_id, answer.error, at=at, jitter=share)
        recorded.append(_judge(session, step, answer, at=at, jitter=share))
    ours = settle_all(session, [each.settlement for each in recorded], at=at)
    kept = [each for each in recorded if each.step.delivery_id in ours]
    score_tries.remember_all(session, [_tried(each) for each in kept], at=at)
    _follow_up(session, kept, at=at)
    return len(kept)


def _judge(session: Session, step: Step, heard: Heard, *, at: datetime, jitter: float) -> Recorded:
    facts = replace(step.facts(at=at, jitter=jitter), is_student=heard.is_student)
    match step.kind:
        case StepKind.POST:
            verdict, values = _post(session, step, heard, facts)
        case StepKind.LOOK:
            verdict, values = _look(session, step, heard, facts)
        case StepKind.FIND:
            verdict, values = _find(session, step, heard, facts)
    return Recorded(step, heard, verdict, values)


def put_off(
    session: Session, delivery_id: UUID, *, token: str, at: datetime, jitter: float
) -> None:
    """Put a claimed delivery off that failed inside the tool, so that it holds up no other."""
    row = session.scalar(
        select(ScoreDelivery)
        .where(ScoreDelivery.id == delivery_id, ScoreDelivery.lease_token == token)
        .execution_options(populate_existing=True)
    )
    if row is None:
        return
    facts = Sending(
        family="", at=at, wanted_since=row.desired_since, tries=row.tries, jitter=jitter
    )
    verdict = what_next(PlatformUnavailable(Reason.INTERNAL_ERROR), facts)
    if row.state == DeliveryState.UNCLEAR:
        verdict = _still_unclear(verdict)
    settlement = Settlement(
        delivery_id=delivery_id, token=token, version=row.desired_version, verdict=verdict
    )
    if settle_all(session, [settlement], at=at):
        score_tries.remember(
            session,
            delivery_id,
            kind=StepKind.POST.value,
            version=row.desired_version,
            state=verdict.state,
            reason=Reason.INTERNAL_ERROR.value,
            at=at,
        )


Outcome = tuple[Verdict, dict[str, Any]]
"""A verdict and the other columns that change with it."""


def _post(session: Session, step: Step, heard: Heard, facts: Sending) -> Outcome:
    verdict = what_next(heard.error, facts)
    values: dict[str, Any] = {}
    if heard.error is None:
        values = _confirmed(step, facts.at)
    elif not _may_have_happened(heard.error):
        # A comment that certainly did not arrive may go with the next sending, and a score that
        # did not arrive was not released.
        values = {
            "told_comment_digest": step.told_comment_digest,
            "told_progress": step.told_progress,
        }
    if verdict.reason is Reason.EARLIER_TIMESTAMP:
        values["told_timestamp"] = past_refused(step.score.timestamp, step.tries)
    if verdict.action is Action.WITHOUT_NEW_SUBMISSION:
        values["told_submitted_at"] = step.desired_submitted_at
    elif verdict.action is Action.FORGET_LINE_ITEM:
        rows_changed(
            session,
            update(LineItem)
            .where(LineItem.id == step.line_item_id, LineItem.url == step.line_item.url)
            .values(url=""),
        )
    return verdict, values


def _look(session: Session, step: Step, heard: Heard, facts: Sending) -> Outcome:
    values: dict[str, Any] = {}
    if heard.error is not None:
        # A look that is refused would be refused again: the score is then sent without one.
        if isinstance(heard.error, PlatformRefused):
            values["looked_version"] = step.version
        return _failed_look(step, heard.error, facts), values
    result = heard.result or Result()
    values = {
        "seen_score": result.score,
        "seen_maximum": result.maximum,
        "seen_at": facts.at,
    }
    assert step.desired is not None
    match step.purpose:
        case Purpose.FIRST:
            values["looked_version"] = step.version
            return _first_look(session, step, result, facts), values
        case Purpose.CONFIRM:
            verdict = after_confirming(
                result, facts, desired=step.desired, is_forced=step.is_forced
            )
        case _:
            before = [each for each in (step.told, step.seen) if each]
            verdict = after_unclear(
                result,
                facts,
                desired=step.desired,
                before=before + score_tries.list_unconfirmed(session, step.delivery_id),
                why=step.why,
                comment=step.score.comment,
                is_forced=step.is_forced,
            )
    if verdict.state is DeliveryState.DELIVERED or verdict.reason is Reason.LOWERED_IN_LMS:
        values |= _confirmed(step, facts.at)
    elif result.timestamp and step.told_timestamp:
        # The platform's clock may be ahead: the next timestamp has to pass what it stored.
        values["told_timestamp"] = max(step.told_timestamp, result.timestamp)
    return verdict, values


def _first_look(session: Session, step: Step, result: Result, facts: Sending) -> Verdict:
    verdict = after_first_look(result, facts, step.told_facts())
    if verdict.state is not DeliveryState.OVERRIDDEN:
        return verdict
    # Asked only now: a class that is graded anew has such a look for everybody.
    late = score_tries.list_unconfirmed(session, step.delivery_id)
    return after_first_look(result, facts, step.told_facts(), late=late)


def _failed_look(step: Step, error: PlatformError, facts: Sending) -> Verdict:
    if isinstance(error, PlatformUnavailable):
        verdict = what_next(error, facts)
        if step.purpose is not Purpose.FIRST:
            return _still_unclear(verdict)
        return replace(verdict, state=DeliveryState.DUE) if _is_unclear(verdict) else verdict
    if step.purpose is Purpose.CONFIRM:
        # The platform took the score; that it shows it cannot be confirmed, and need not be.
        return Verdict(DeliveryState.DELIVERED, None, facts.at)
    # What cannot be read is sent all the same: a platform takes the same score twice, and says
    # itself why it takes none.
    wait = backoff(facts.tries, facts.jitter)
    return Verdict(DeliveryState.DUE, Reason.NOT_TOLD_YET, facts.at + wait)


def _find(session: Session, step: Step, heard: Heard, facts: Sending) -> Outcome:
    # Nothing was told, so there is nothing to read back; and what was made without an answer is
    # found by looking again.
    facts = replace(facts, is_findable=False, is_readable=False)
    if heard.error is not None:
        verdict = what_next(_about_search(heard.error, facts), facts)
        if _is_unclear(verdict):
            verdict = replace(verdict, state=DeliveryState.DUE)
    elif not heard.url and not step.is_lost:
        verdict = what_next(PlatformRefused(Reason.NO_LINE_ITEM), facts)
    elif not heard.url or _has_just_failed(step, heard.url):
        # The list may still name the address that leads nowhere, as Canvas does out of term.
        verdict = what_next(PlatformRefused(Reason.LINE_ITEM_GONE), facts)
    else:
        verdict = Verdict(DeliveryState.DUE, None, facts.at)
    is_new = bool(heard.url) and _keep_address(session, step, heard.url)
    if is_new and verdict.state is DeliveryState.DUE:
        # What was blocked for want of it goes too, and what was told to an address that is gone.
        score_resending.resume_at(session, step.activity_id, url=heard.url, at=facts.at)
    return verdict, {}


def _about_search(error: PlatformError, facts: Sending) -> PlatformError:
    """Return a refusal of a search as what it is: none of a score, for none was sent."""
    says_of_score = what_next(error, facts).reason in _OF_SCORES
    if isinstance(error, PlatformRefused) and says_of_score:
        return PlatformRefused(Reason.ACCESS_REFUSED, status=error.status, detail=error.detail)
    return error


def _keep_address(session: Session, step: Step, url: str) -> bool:
    statement = (
        update(LineItem).where(LineItem.id == step.line_item_id, LineItem.url == "").values(url=url)
    )
    return rows_changed(session, statement) == 1


def _has_just_failed(step: Step, url: str) -> bool:
    return url == step.told_url and step.last_status in (404, 410)


def _confirmed(step: Step, at: datetime) -> dict[str, Any]:
    score, maximum = step.desired or (None, None)
    return {
        "told_score": score,
        "told_maximum": maximum,
        "told_submitted_at": step.desired_submitted_at,
        "delivered_at": at,
    }


def _tried(recorded: Recorded) -> score_tries.Tried:
    step, heard, verdict = recorded.step, recorded.heard, recorded.verdict
    shown = heard.result if step.kind is StepKind.LOOK else None
    sent = step.desired if step.kind is StepKind.POST else None
    score, maximum = sent or ((shown.score, shown.maximum) if shown else (None, None))
    return score_tries.Tried(
        delivery_id=step.delivery_id,
        kind=step.kind.value,
        version=step.version,
        progress=step.score.grading_progress.value,
        score=score,
        maximum=maximum,
        state=verdict.state,
        reason=verdict.reason.value if verdict.reason else "",
        status=heard.error.status if heard.error else heard.status,
    )


def _follow_up(session: Session, recorded: Sequence[Recorded], *, at: datetime) -> None:
    """Have the columns compared in which scores arrived, and take up what the same held back."""
    delivered = [each.step for each in recorded if each.verdict.state is DeliveryState.DELIVERED]
    for step in {step.activity_id: step for step in delivered}.values():
        check_turns.want_soon(
            session,
            activity_id=step.activity_id,
            registration_id=step.line_item.registration_id,
            known=step.check_at,
            at=at,
        )
    for activity_id, reason in dict.fromkeys((step.activity_id, step.why) for step in delivered):
        score_resending.resume_others(session, activity_id, reason=reason, at=at)


def _may_have_happened(error: PlatformError) -> bool:
    # Canvas works through a score step by step; after a 500 any of the steps may be done.
    return isinstance(error, PlatformUnclear) or error.status == 500


def _is_unclear(verdict: Verdict) -> bool:
    return verdict.state is DeliveryState.UNCLEAR


def _still_unclear(verdict: Verdict) -> Verdict:
    if verdict.state is DeliveryState.DEAD:
        return verdict
    return replace(verdict, state=DeliveryState.UNCLEAR)
