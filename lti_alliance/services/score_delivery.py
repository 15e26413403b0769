"""Score deliveries: wanted in the transaction of the grade, listed and counted."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState, Reason, tells_pending
from lti_alliance.domain.gradebook import GradingProgress
from lti_alliance.domain.launch import Role
from lti_alliance.domain.scoring import PartState, grading_progress
from lti_alliance.models import Grade, Membership, Registration, ScoreDelivery
from lti_alliance.models.statements import forget_loaded, insert_for
from lti_alliance.services import score_tries
from lti_alliance.services.score_claims import UNDER_WAY, is_wanted

CHANNEL = "alliance_due"
"""The PostgreSQL channel on which workers hear that something is due."""
_LIST_LIMIT = 500


def mirror(session: Session, grade: Grade, *, at: datetime) -> None:
    """Want the gradebook to show this grade, in the transaction of the act that made it.

    A change that alters nothing sends nothing. People who are not graded have no row. A grade
    without a score takes nothing back; where all is handed in and waits to be graded, Canvas is
    told so once, unless it has been told a score before.
    """
    membership = session.get_one(Membership, grade.membership_id)
    if membership.course_role is not Role.LEARNER or membership.is_test_user:
        return
    registration = grade.activity.resource_link.context.deployment.registration
    is_pending = grade.score is None and _may_tell_pending(session, grade, registration)
    _remember_unconfirmed(session, grade, at=at)
    if grade.score is None and not is_pending:
        _want_nothing(session, grade, at=at)
    elif _want(session, grade, registration, is_pending=is_pending, at=at):
        wake(session)


def wake(session: Session) -> None:
    """Tell the workers at the commit that something is due; without PostgreSQL they look often."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


def list_deliveries(
    session: Session,
    *,
    context_id: UUID | None = None,
    activity_id: UUID | None = None,
    user_id: UUID | None = None,
    state: DeliveryState | None = None,
    limit: int = _LIST_LIMIT,
) -> Sequence[ScoreDelivery]:
    """List deliveries by course, activity, person or state, the longest wanted first."""
    found = (
        select(ScoreDelivery)
        .join(Membership, Membership.id == ScoreDelivery.membership_id)
        .order_by(ScoreDelivery.desired_since, ScoreDelivery.id)
        .limit(limit)
    )
    for column, wanted in (
        (Membership.context_id, context_id),
        (ScoreDelivery.activity_id, activity_id),
        (Membership.user_id, user_id),
        (ScoreDelivery.state, state),
    ):
        if wanted is not None:
            found = found.where(column == wanted)
    return session.scalars(found).all()


def summary_by_state(
    session: Session, *, context_id: UUID | None = None, activity_id: UUID | None = None
) -> dict[DeliveryState, int]:
    """Count the scores that are wanted by where they stand."""
    counts = (
        select(ScoreDelivery.state, func.count()).where(is_wanted()).group_by(ScoreDelivery.state)
    )
    if activity_id is not None:
        counts = counts.where(ScoreDelivery.activity_id == activity_id)
    if context_id is not None:
        counts = counts.join(Membership).where(Membership.context_id == context_id)
    found = {DeliveryState(state): count for state, count in session.execute(counts)}
    return {state: found.get(state, 0) for state in DeliveryState}


def _pair(grade: Grade) -> tuple[ColumnElement[bool], ...]:
    return (
        ScoreDelivery.activity_id == grade.activity_id,
        ScoreDelivery.membership_id == grade.membership_id,
    )


def _may_tell_pending(session: Session, grade: Grade, registration: Registration) -> bool:
    states = [PartState(part["state"]) for part in grade.parts.values()]
    waits = grading_progress(states) is GradingProgress.PENDING_MANUAL
    if not waits or not tells_pending(registration.family):
        return False
    told = session.scalar(select(ScoreDelivery.told_progress).where(*_pair(grade)))
    return told != GradingProgress.FULLY_GRADED


def _remember_unconfirmed(session: Session, grade: Grade, *, at: datetime) -> None:
    """Keep the score that may be on its way at this moment, before another takes its place.

    Its message can arrive late, from a worker that stood still; the gradebook then shows a value of
    ours, which must not be taken for a person's.
    """
    row = session.execute(
        select(
            ScoreDelivery.id,
            ScoreDelivery.desired_version,
            ScoreDelivery.desired_score,
            ScoreDelivery.desired_maximum,
        )
        .where(
            *_pair(grade),
            ScoreDelivery.state.in_(UNDER_WAY),
            ScoreDelivery.told_version == ScoreDelivery.desired_version,
            ScoreDelivery.desired_score.is_distinct_from(grade.score),
        )
        .with_for_update()
    ).first()
    if row is None or row.desired_score is None:
        return
    score_tries.remember(
        session,
        row.id,
        kind=score_tries.POST,
        version=row.desired_version,
        state=DeliveryState.UNCLEAR,
        reason=Reason.SUPERSEDED,
        at=at,
        score=row.desired_score,
        maximum=row.desired_maximum,
    )


def _want(
    session: Session, grade: Grade, registration: Registration, *, is_pending: bool, at: datetime
) -> bool:
    line_item = grade.activity.resource_link.line_item
    has_line_item = line_item and (line_item.url or line_item.container_url)
    desired: dict[str, Any] = {
        "desired_score": grade.score,
        "desired_pending": is_pending,
        "desired_maximum": grade.maximum,
        "desired_submitted_at": grade.submitted_at,
        "desired_started_at": grade.started_at,
        "desired_comment_digest": "" if is_pending else _digest(grade.comment),
    }
    fresh: dict[str, Any] = {
        "state": DeliveryState.DUE if has_line_item else DeliveryState.BLOCKED,
        "reason": "" if has_line_item else Reason.NO_LINE_ITEM,
        "tries": 0,
        "next_at": at,
    }
    statement = (
        insert_for(session, ScoreDelivery)
        .values(
            activity_id=grade.activity_id,
            membership_id=grade.membership_id,
            registration_id=registration.id,
            grade_id=grade.id,
            desired_since=at,
            **desired,
            **fresh,
        )
        .on_conflict_do_update(
            index_elements=["activity_id", "membership_id"],
            set_={
                **desired,
                **_changed(fresh, grade),
                "desired_version": ScoreDelivery.desired_version + 1,
                "desired_since": at,
            },
            where=or_(
                *(
                    getattr(ScoreDelivery, name).is_distinct_from(value)
                    for name, value in desired.items()
                )
            ),
        )
    )
    return _written(session, statement)


def _changed(fresh: dict[str, Any], grade: Grade) -> dict[str, Any]:
    """Return what a newer grade does to a row that is there already.

    Decided by the database on the newest row: a worker may be recording at this very moment.
    """
    under_way = ScoreDelivery.state.in_(UNDER_WAY)
    throttled = and_(
        ScoreDelivery.state == DeliveryState.DUE, ScoreDelivery.reason == Reason.RATE_LIMITED
    )
    # A person's grade in the LMS gives way to newer work, not to the same work graded anew.
    stands = and_(
        ScoreDelivery.state == DeliveryState.OVERRIDDEN,
        ScoreDelivery.reason.in_((Reason.CHANGED_IN_LMS, Reason.KEPT_BY_LMS)),
        ScoreDelivery.desired_submitted_at.is_not_distinct_from(grade.submitted_at),
    )
    kept = {
        "state": or_(under_way, stands),
        "reason": or_(under_way, stands),
        "tries": throttled,
        "next_at": throttled,
    }
    return {
        name: case((kept[name], getattr(ScoreDelivery, name)), else_=value)
        for name, value in fresh.items()
    }


def _want_nothing(session: Session, grade: Grade, *, at: datetime) -> None:
    under_way = ScoreDelivery.state.in_(UNDER_WAY)
    _written(
        session,
        update(ScoreDelivery)
        .where(*_pair(grade), is_wanted())
        .values(
            desired_score=None,
            desired_pending=False,
            desired_version=ScoreDelivery.desired_version + 1,
            desired_since=at,
            state=case((under_way, ScoreDelivery.state), else_=DeliveryState.DELIVERED.value),
            reason=case((under_way, ScoreDelivery.reason), else_=Reason.NOTHING_TO_SEND.value),
        ),
    )


def _written(session: Session, statement: Any) -> bool:
    """Run a statement for a delivery; say whether it wrote one."""
    # The count of rows is not told for an INSERT on every database; the rows themselves are.
    written = session.scalars(
        statement.returning(ScoreDelivery.id).execution_options(synchronize_session=False)
    ).all()
    forget_loaded(session, ScoreDelivery, written)
    return bool(written)


def _digest(comment: str) -> str:
    return hashlib.sha256(comment.encode()).hexdigest() if comment else ""
