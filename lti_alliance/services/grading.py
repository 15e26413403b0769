"""Grading: attempts judged, parts put together, the grade kept and mirrored to the gradebook."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.adjustments import Adjustment, AdjustmentKind, adjusted
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.scoring import (
    ActivityScore,
    AttemptResult,
    ReflectionResult,
    activity_score,
)
from lti_alliance.models import (
    Activity,
    Attempt,
    Grade,
    Membership,
    Reflection,
    ScoreAdjustment,
)
from lti_alliance.models.statements import insert_for, write_now
from lti_alliance.services import score_delivery, terms

FEEDBACK_COMMENT = "Feedback on your reflection is in the activity."
"""What the gradebook is told where the instructor wrote something: never the words themselves."""


def refresh_grade(
    session: Session,
    activity: Activity,
    membership: Membership,
    *,
    at: datetime,
    settings: ActivitySettings | None = None,
) -> Grade:
    """Work the grade out anew from everything handed in, keep it, and mirror it for delivery.

    What an instructor decided by hand stands above the work. The grade of somebody who was erased
    stays as it is: the work that it came from is gone. ``settings`` are those that hold for this
    person, if the act has read them.
    """
    settings = settings or terms.settings_for(session, activity, membership)
    grade = _hold_grade(session, activity, membership, settings, at=at)
    if membership.erased_at is not None:
        return grade
    decision = _decision(session, activity, membership)
    reflections = _reflections(session, activity, membership)
    if decision is None and any(each.state == ReflectionState.FROZEN for each in reflections):
        return grade
    attempts = _handed_in(session, activity, membership)
    texts = [reflection_result(each) for each in reflections]
    score = adjusted(activity_score(attempts, texts, settings, at=at), decision)
    write_now(
        session,
        grade,
        score=score.score,
        maximum=score.maximum,
        parts=_parts_to_json(score),
        attempt_id=score.attempt_id,
        started_at=score.started_at,
        submitted_at=score.submitted_at,
        comment=FEEDBACK_COMMENT if any(map(_has_comment, reflections)) else "",
        updated_at=at,
    )
    score_delivery.mirror(session, grade, at=at)
    return grade


def refresh_all(session: Session, activity: Activity, *, at: datetime) -> int:
    """Refresh the grade of everybody who has one in this activity, and count them."""
    members = list(
        session.scalars(
            select(Membership)
            .join(Grade, Grade.membership_id == Membership.id)
            .where(Grade.activity_id == activity.id)
            .order_by(Membership.id)
        )
    )
    for membership in members:
        refresh_grade(session, activity, membership, at=at)
    return len(members)


def attempt_result(attempt: Attempt) -> AttemptResult:
    """Return a handed-in attempt as the score is worked out from it."""
    return AttemptResult(
        attempt_id=attempt.id,
        number=attempt.number,
        score=attempt.score or Decimal(0),
        maximum=attempt.maximum or Decimal(0),
        started_at=attempt.started_at,
        submitted_at=attempt.submitted_at or attempt.started_at,
    )


def reflection_result(reflection: Reflection) -> ReflectionResult:
    """Return a reflection as the score is worked out from it."""
    return ReflectionResult(
        prompt_id=reflection.prompt_id,
        state=ReflectionState(reflection.state),
        share=reflection.assessment.share if reflection.assessment else None,
        started_at=reflection.started_at,
        submitted_at=_counted_at(reflection),
    )


def _hold_grade(
    session: Session,
    activity: Activity,
    membership: Membership,
    settings: ActivitySettings,
    *,
    at: datetime,
) -> Grade:
    """Return the person's grade row, locked until the transaction ends.

    Two parts handed in at the same moment would otherwise each work out a grade without the
    other. Writing the row before reading the work makes the second wait for the first.
    """
    held = (
        insert_for(session, Grade)
        .values(
            activity_id=activity.id,
            membership_id=membership.id,
            maximum=settings.maximum,
            parts={},
            updated_at=at,
        )
        .on_conflict_do_update(
            index_elements=["activity_id", "membership_id"],
            set_={"version": Grade.version + 1},
        )
        .returning(Grade)
    )
    grade: Grade = session.scalars(held, execution_options={"populate_existing": True}).one()
    return grade


def _handed_in(session: Session, activity: Activity, membership: Membership) -> list[AttemptResult]:
    mine = (Attempt.activity_id == activity.id, Attempt.membership_id == membership.id)
    return [
        attempt_result(attempt)
        for attempt in session.scalars(select(Attempt).where(*mine))
        if AttemptState(attempt.state).is_handed_in
    ]


def decisions_of(session: Session, activity: Activity) -> dict[UUID, Adjustment]:
    """Return what was decided by hand about the grades of an activity, by membership."""
    rows = session.scalars(
        select(ScoreAdjustment).where(ScoreAdjustment.activity_id == activity.id)
    )
    return {row.membership_id: Adjustment(AdjustmentKind(row.kind), row.score) for row in rows}


def _decision(session: Session, activity: Activity, membership: Membership) -> Adjustment | None:
    row = session.scalar(
        select(ScoreAdjustment)
        .where(
            ScoreAdjustment.activity_id == activity.id,
            ScoreAdjustment.membership_id == membership.id,
        )
        .execution_options(populate_existing=True)
    )
    return Adjustment(AdjustmentKind(row.kind), row.score) if row is not None else None


def _reflections(
    session: Session, activity: Activity, membership: Membership
) -> Sequence[Reflection]:
    return session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity.id, Reflection.membership_id == membership.id)
        .order_by(Reflection.started_at)
    ).all()


def _counted_at(reflection: Reflection) -> datetime | None:
    """Return when the text that counts was handed in: a newer one counts once it is graded."""
    judged = reflection.assessment.submitted_at if reflection.assessment else None
    return judged or reflection.submitted_at


def _has_comment(reflection: Reflection) -> bool:
    return bool(reflection.assessment and reflection.assessment.sealed_comment)


def _parts_to_json(score: ActivityScore) -> dict[str, Any]:
    return {
        part: {
            "state": part_score.state,
            "score": None if part_score.score is None else str(part_score.score),
            "maximum": str(part_score.maximum),
        }
        for part, part_score in score.parts.items()
    }
