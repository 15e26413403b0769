"""What the answer to a step comes to: the verdict, and the columns that change with it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import update
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
from lti_alliance.models import LineItem
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import score_resending, score_tries
from lti_alliance.services.score_steps import Heard, Step, StepKind

_OF_SCORES = (Reason.SCORE_MALFORMED, Reason.SCORE_REFUSED, Reason.EARLIER_TIMESTAMP)

Outcome = tuple[Verdict, dict[str, Any]]
"""A verdict and the other columns that change with it."""


def outcome_of(session: Session, step: Step, heard: Heard, facts: Sending) -> Outcome:
    """Say what came of a step; what it tells of the line item is written at once.

    ``facts`` are the step's own (`Step.facts`).
    """
    facts = replace(facts, is_student=heard.is_student)
    match step.kind:
        case StepKind.POST:
            return _post(session, step, heard, facts)
        case StepKind.LOOK:
            return _look(session, step, heard, facts)
        case StepKind.FIND:
            return _find(session, step, heard, facts)


def outcome_unheard(facts: Sending, *, was_unclear: bool) -> Verdict:
    """Say what follows when a step failed inside the tool."""
    verdict = what_next(PlatformUnavailable(Reason.INTERNAL_ERROR), facts)
    return _still_unclear(verdict) if was_unclear else verdict


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


def _may_have_happened(error: PlatformError) -> bool:
    # Canvas works through a score step by step; after a 500 any of the steps may be done.
    return isinstance(error, PlatformUnclear) or error.status == 500


def _is_unclear(verdict: Verdict) -> bool:
    return verdict.state is DeliveryState.UNCLEAR


def _still_unclear(verdict: Verdict) -> Verdict:
    if verdict.state is DeliveryState.DEAD:
        return verdict
    return replace(verdict, state=DeliveryState.UNCLEAR)
