"""The steps of a score delivery: what a claim does next, and all that doing it needs."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Row

from lti_alliance.domain.delivery import (
    TIMESTAMP_STEP,
    DeliveryState,
    Reason,
    Sending,
    next_timestamp,
)
from lti_alliance.domain.gradebook import (
    ActivityProgress,
    Family,
    GradingProgress,
    LineItemRef,
    Result,
    Score,
)
from lti_alliance.domain.looks import Facts, Points, Purpose, is_shown
from lti_alliance.domain.roster import RosterRef
from lti_alliance.errors import PlatformError
from lti_alliance.services.score_claimed import Found

SEEN_LATELY = timedelta(minutes=10)
"""How old a look into the gradebook may be to count as one before sending."""


class StepKind(StrEnum):
    """What one claim does."""

    POST = "post"
    LOOK = "look"
    FIND = "find"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of one delivery, with all that the call and its record need."""

    kind: StepKind
    purpose: Purpose | None
    """What a look is for; nothing for other steps."""
    delivery_id: UUID
    activity_id: UUID
    token: str
    version: int
    """The version of the desired score that this step is about."""
    why: str
    """The reason that the row gave before this step."""
    line_item_id: UUID | None
    line_item: LineItemRef
    roster: RosterRef | None
    """Where the course's members are listed, if the platform has said so."""
    label: str
    score: Score
    desired: Points | None
    """Nothing where only the waiting for a grade is told."""
    maximum: Decimal
    """What the whole activity is worth."""
    told: Points | None
    """What the platform last confirmed, at this address."""
    seen: Points | None
    """What the gradebook was last seen to show."""
    is_seen_since: bool
    """Whether that was after the last score had been confirmed."""
    last_status: int | None
    """The HTTP status of the step before this one."""
    told_version: int
    told_url: str
    told_progress: str
    told_submitted_at: datetime | None
    told_comment_digest: str
    told_timestamp: datetime | None
    desired_submitted_at: datetime | None
    desired_comment_digest: str
    is_forced: bool
    wanted_since: datetime
    tries: int
    check_at: datetime | None
    """When the whole column is compared next, as far as is known."""
    is_lost: bool = False
    """Whether the column that is looked for was known before and is gone."""

    @property
    def is_pending(self) -> bool:
        """Whether the platform is told only that work waits to be graded."""
        return self.desired is None

    @property
    def is_known_to_wait(self) -> bool:
        """Whether the platform has confirmed that this work, or newer, waits to be graded.

        Other points or tasks make no handing in. Where Canvas refused the submission, its time
        counts as told though the waiting was not.
        """
        submitted_at, told = self.desired_submitted_at, self.told_submitted_at
        return (
            self.is_pending
            and not self.is_forced
            and self.why != Reason.ATTEMPTS_USED_UP
            and self.told_progress == GradingProgress.PENDING_MANUAL
            and submitted_at is not None
            and told is not None
            and submitted_at <= told
        )

    @property
    def was_seen(self) -> bool:
        """Whether the gradebook has been seen to show ``told`` since it was told."""
        seen = Result(score=self.seen[0], maximum=self.seen[1]) if self.seen else None
        return self.is_seen_since and self.told is not None and is_shown(self.told, seen)

    def again(self) -> "Step":
        """Return the step for making its call once more: a score goes with a later timestamp.

        There is one for each of `domain.delivery.ASKED_AGAIN` calls.
        """
        timestamp = self.score.timestamp + TIMESTAMP_STEP
        return replace(self, score=replace(self.score, timestamp=timestamp))

    def facts(self, *, at: datetime, jitter: float) -> Sending:
        """Return what decides the meaning of an answer to this step."""
        return Sending(
            family=self.line_item.family,
            at=at,
            wanted_since=self.wanted_since,
            tries=self.tries,
            jitter=jitter,
            is_findable=self.line_item.is_findable,
            # The waiting for a grade shows in no result, and telling it twice changes nothing.
            is_readable=self.line_item.is_readable and not self.is_pending,
            new_submission=self.score.new_submission,
            was_told=self.told is not None,
        )

    def told_facts(self) -> Facts:
        """Return what a result before sending is compared with."""
        assert self.told is not None
        return Facts(family=self.line_item.family, told=self.told, was_seen=self.was_seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back from the call of a step."""

    error: PlatformError | None = None
    status: int | None = None
    result: Result | None = None
    url: str = ""
    is_student: bool | None = None
    """Whether the roster has the person as a learner, where a refusal made that the question."""


def next_step(found: Found, *, launch_url: str, at: datetime) -> Step:
    """Return the step that the row asks for."""
    row, ref = found.row, found.ref
    # What was told to another address was not told to this one.
    is_elsewhere = bool(ref.url) and row.told_url not in ("", ref.url)
    told = None if is_elsewhere else _points(row.told_score, row.told_maximum)
    step = Step(
        kind=StepKind.POST,
        purpose=None,
        delivery_id=row.id,
        activity_id=row.activity_id,
        token=row.lease_token,
        version=row.desired_version,
        why=row.reason,
        line_item_id=row.line_item_id,
        line_item=ref,
        roster=found.roster,
        label=row.title,
        score=Score(user_id=row.sub, timestamp=next_timestamp(at, row.told_timestamp)),
        desired=_points(row.desired_score, row.desired_maximum),
        maximum=row.desired_maximum,
        told=told,
        seen=_points(row.seen_score, row.seen_maximum or row.desired_maximum),
        is_seen_since=row.seen_at is not None
        and (row.delivered_at is None or row.seen_at >= row.delivered_at),
        last_status=row.last_status,
        told_version=row.told_version,
        told_url=row.told_url,
        told_progress="" if is_elsewhere else row.told_progress,
        told_submitted_at=None if is_elsewhere else row.told_submitted_at,
        told_comment_digest="" if is_elsewhere else row.told_comment_digest,
        told_timestamp=row.told_timestamp,
        desired_submitted_at=row.desired_submitted_at,
        desired_comment_digest=row.desired_comment_digest,
        is_forced=row.is_forced,
        wanted_since=row.desired_since,
        tries=row.tries,
        check_at=row.check_at,
    )
    step = replace(step, score=_score(step, found, launch_url=launch_url, at=at))
    if not ref.url:
        return replace(step, kind=StepKind.FIND)
    purpose = None if is_elsewhere else _purpose(step, row, at=at)
    return replace(step, kind=StepKind.LOOK, purpose=purpose) if purpose else step


def _points(score: Decimal | None, maximum: Decimal | None) -> Points | None:
    return None if score is None or maximum is None else (score, maximum)


def _purpose(step: Step, row: Row[Any], *, at: datetime) -> Purpose | None:
    """Return what the gradebook has to be read for before the score is sent, or nothing."""
    if not step.line_item.is_readable or step.is_pending:
        return None
    if row.state == DeliveryState.UNCLEAR:
        # A newer score is simply told: whether the older one arrived does not matter any more.
        if row.told_version != row.desired_version:
            return None
        return Purpose.CONFIRM if row.reason == Reason.CONFIRMING else Purpose.UNCLEAR
    # Moodle itself keeps a person's grade, and is asked afterwards; newer work is always sent.
    is_regrade = step.told is not None and not step.score.new_submission
    if not is_regrade or step.is_forced or step.line_item.family == Family.MOODLE:
        return None
    is_fresh = row.seen_at is not None and at - row.seen_at <= SEEN_LATELY and step.was_seen
    was_looked = row.looked_version == row.desired_version
    return None if is_fresh or was_looked else Purpose.FIRST


def _score(step: Step, found: Found, *, launch_url: str, at: datetime) -> Score:
    row = found.row
    submitted_at = row.desired_submitted_at
    score = replace(
        step.score,
        new_submission=submitted_at is not None and submitted_at != step.told_submitted_at,
        review_url=_review_url(launch_url, row),
    )
    if step.desired is None:
        score = replace(
            score,
            activity_progress=ActivityProgress.SUBMITTED,
            grading_progress=GradingProgress.PENDING_MANUAL,
        )
    else:
        score = replace(
            score,
            score_given=step.desired[0],
            score_maximum=step.desired[1],
            comment=row.comment,
            comment_is_new=step.told_comment_digest != row.desired_comment_digest,
        )
    if submitted_at is None:
        return score
    if step.why == Reason.CLOCK_AHEAD:
        # Canvas refused it as coming from the future. Lowered sooner it would be lowered anew with
        # each try of a clock that went back, and each time be another submission.
        submitted_at = min(submitted_at, at)
    # Nobody hands in before beginning.
    started_at = row.desired_started_at
    if started_at is not None and started_at > submitted_at:
        started_at = None
    return replace(score, started_at=started_at, submitted_at=submitted_at)


def _review_url(launch_url: str, row: Row[Any]) -> str:
    """Return where the work behind a score is read; a page for those only who may see it."""
    if row.attempt_id:
        return f"{launch_url}?{urlencode({'attempt': row.attempt_id})}"
    if row.reflection_id:
        return f"{launch_url}?{urlencode({'reflection': row.reflection_id})}"
    return ""
