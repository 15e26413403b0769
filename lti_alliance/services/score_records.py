"""Recording what came of one step of a score delivery, fenced by the token of its claim."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState, Reason, Sending, Verdict
from lti_alliance.models import ScoreDelivery
from lti_alliance.services import check_turns, circuits, score_resending, score_tries
from lti_alliance.services.score_outcomes import outcome_of, outcome_unheard
from lti_alliance.services.score_settling import WAITING, Settlement, settle_all
from lti_alliance.services.score_steps import Heard, Step, StepKind

_DETAIL_LENGTH = 200


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
        verdict, values = outcome_of(session, step, answer, step.facts(at=at, jitter=share))
        recorded.append(Recorded(step, answer, verdict, values))
    ours = settle_all(session, [each.settlement for each in recorded], at=at)
    kept = [each for each in recorded if each.step.delivery_id in ours]
    score_tries.remember_all(session, [_tried(each) for each in kept], at=at)
    _follow_up(session, kept, at=at)
    return len(kept)


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
    was_unclear = row.state == DeliveryState.UNCLEAR
    verdict = outcome_unheard(facts, was_unclear=was_unclear)
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
            # It may have left the tool before that happened.
            score=row.desired_score if was_unclear else None,
            maximum=row.desired_maximum if was_unclear else None,
            at=at,
        )


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
