"""What the comparison of a column finds for each score, and what follows from it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import Result
from lti_alliance.domain.looks import Facts, Points, after_check, is_shown
from lti_alliance.models import DeliveryTry, ScoreDelivery
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import score_tries
from lti_alliance.services.score_steps import StepKind

_COMPARED = frozenset({DeliveryState.DELIVERED, DeliveryState.OVERRIDDEN})
_OPEN_QUESTIONS = frozenset({DeliveryState.UNCLEAR, DeliveryState.BLOCKED, DeliveryState.DEAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a row said when the reading began; what has changed since is left to the next one."""

    delivery_id: UUID
    state: DeliveryState
    reason: str
    version: int
    told_version: int
    told_timestamp: datetime | None
    told: Points | None
    desired: Points | None
    seen: Result | None
    """What the gradebook was seen to show since this was told; nothing if nobody has looked."""
    mended_version: int

    @classmethod
    def of(cls, row: ScoreDelivery) -> Self:
        """Keep what a comparison needs of a row."""
        told = None
        if row.told_score is not None and row.told_maximum is not None:
            told = (row.told_score, row.told_maximum)
        desired = None if row.desired_score is None else (row.desired_score, row.desired_maximum)
        return cls(
            delivery_id=row.id,
            state=DeliveryState(row.state),
            reason=row.reason,
            version=row.desired_version,
            told_version=row.told_version,
            told_timestamp=row.told_timestamp,
            told=told,
            desired=desired,
            seen=seen_since_told(row),
            mended_version=row.mended_version,
        )


def seen_since_told(row: ScoreDelivery) -> Result | None:
    """Return what the gradebook has been seen to show since the last score was confirmed."""
    if row.seen_at is None or (row.delivered_at is not None and row.seen_at < row.delivered_at):
        return None
    return Result(score=row.seen_score, maximum=row.seen_maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found for one score, and the state that follows."""

    row: Told
    shown: Result
    outcome: Literal["agree", "differ", "mended"]
    state: DeliveryState
    reason: str

    @property
    def changes_state(self) -> bool:
        """Whether the row has to say something else than before."""
        return (self.state, self.reason) != (self.row.state, self.row.reason)


def judge(
    session: Session,
    activity_id: UUID,
    told: Mapping[str, Told],
    results: Mapping[str, Result],
    family: str,
) -> list[Finding]:
    """Compare each score that was told with what the gradebook shows."""
    earlier = _earlier(session, activity_id)
    findings = []
    for sub, row in told.items():
        finding = _judge_one(row, results.get(sub), earlier[row.delivery_id], family)
        if finding is not None:
            findings.append(finding)
    return findings


def write(session: Session, findings: Sequence[Finding], *, at: datetime) -> bool:
    """Write what was found, and say whether anything is to be sent because of it."""
    is_due = False
    for finding in findings:
        shown = replace(finding.shown, timestamp=None)
        if not finding.changes_state and shown == finding.row.seen:
            continue
        if _write_one(session, finding, at=at) and finding.changes_state:
            is_due = is_due or finding.state is DeliveryState.DUE
            score_tries.remember(
                session,
                finding.row.delivery_id,
                kind=score_tries.CHECK,
                version=finding.row.version,
                score=finding.shown.score,
                maximum=finding.shown.maximum,
                state=finding.state,
                reason=finding.reason,
                at=at,
            )
    return is_due


def _judge_one(
    row: Told, result: Result | None, earlier: Sequence[Points], family: str
) -> Finding | None:
    shown = result or Result()
    if row.state in _OPEN_QUESTIONS:
        is_there = row.desired is not None and row.told_version == row.version
        if not is_there or not is_shown(row.desired or (Decimal(0), Decimal(1)), result):
            return None
        return Finding(
            row=row, shown=shown, outcome="agree", state=DeliveryState.DELIVERED, reason=""
        )
    if row.state not in _COMPARED or row.told is None:
        return None
    facts = Facts(
        family=family,
        told=row.told,
        earlier=earlier,
        was_seen=is_shown(row.told, row.seen),
    )
    reason = after_check(result, facts, was_mended=row.mended_version == row.version)
    is_newest = row.told == row.desired
    match reason:
        case None:
            # Where a newer score was kept back for a person's grade that is gone, it goes now.
            state = DeliveryState.DELIVERED if is_newest else DeliveryState.DUE
            return Finding(row=row, shown=shown, outcome="agree", state=state, reason="")
        case Reason.LOST_IN_LMS:
            return Finding(
                row=row, shown=shown, outcome="mended", state=DeliveryState.DUE, reason=reason
            )
        case Reason.CHANGED_IN_LMS if row.reason == Reason.KEPT_BY_LMS:
            # The same grade as before: what was said about it stays true.
            reason = Reason.KEPT_BY_LMS
        case _:
            pass
    return Finding(
        row=row, shown=shown, outcome="differ", state=DeliveryState.OVERRIDDEN, reason=reason
    )


def _write_one(session: Session, finding: Finding, *, at: datetime) -> bool:
    row = finding.row
    values: dict[str, Any] = {
        "seen_score": finding.shown.score,
        "seen_maximum": finding.shown.maximum,
        "seen_at": at,
    }
    if finding.changes_state:
        values |= {"state": finding.state.value, "reason": finding.reason, "next_at": at}
        # A worker whose lease ran out may still come back; what it knows is older than this.
        values |= {"lease_token": "", "lease_until": None}
        if finding.state is DeliveryState.DELIVERED and row.state in _OPEN_QUESTIONS:
            assert row.desired is not None
            values |= {
                "told_score": row.desired[0],
                "told_maximum": row.desired[1],
                "delivered_at": at,
                "tries": 0,
            }
        elif finding.state is DeliveryState.DUE:
            # The gradebook has just been read, so the sending need not look again.
            values |= {"looked_version": row.version, "tries": 0, "desired_since": at}
        if finding.outcome == "mended":
            values["mended_version"] = row.version
    statement = (
        update(ScoreDelivery)
        .where(
            ScoreDelivery.id == row.delivery_id,
            ScoreDelivery.state == row.state.value,
            ScoreDelivery.desired_version == row.version,
            ScoreDelivery.told_timestamp.is_not_distinct_from(row.told_timestamp),
            or_(ScoreDelivery.lease_until.is_(None), ScoreDelivery.lease_until <= at),
        )
        .values(**values)
    )
    return rows_changed(session, statement) == 1


def _earlier(session: Session, activity_id: UUID) -> defaultdict[UUID, list[Points]]:
    """Return the scores that were confirmed at some time, by delivery."""
    found: defaultdict[UUID, list[Points]] = defaultdict(list)
    rows = session.execute(
        select(DeliveryTry.delivery_id, DeliveryTry.score, DeliveryTry.maximum)
        .join(ScoreDelivery, ScoreDelivery.id == DeliveryTry.delivery_id)
        .where(
            ScoreDelivery.activity_id == activity_id,
            DeliveryTry.kind == StepKind.POST.value,
            DeliveryTry.state.in_((DeliveryState.DELIVERED, DeliveryState.UNCLEAR)),
        )
    )
    for delivery_id, score, maximum in rows:
        if score is not None and maximum is not None:
            found[delivery_id].append((score, maximum))
    return found
