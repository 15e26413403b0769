"""Score deliveries: wanted with the grade, listed, and sent again when a person asks."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, text, true, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.launch import Role
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, Grade, Membership, ResourceLink, ScoreDelivery
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services.score_claims import UNDER_WAY, is_free

CHANNEL = "alliance_due"
"""The PostgreSQL channel on which workers hear that something is due."""
_LIST_LIMIT = 500


def mirror(session: Session, grade: Grade, *, at: datetime) -> ScoreDelivery | None:
    """Want the gradebook to show this grade, in the transaction of the act that made it.

    A change that alters nothing sends nothing. People who are not graded have no row. A grade
    without a score wants nothing and takes nothing back.
    """
    membership = session.get_one(Membership, grade.membership_id)
    if membership.course_role is not Role.LEARNER or membership.is_test_user:
        return None
    if grade.score is None:
        _want_nothing(session, grade, at=at)
    elif _want(session, grade, at=at):
        wake(session)
    return session.scalars(
        select(ScoreDelivery).where(*_pair(grade)).execution_options(populate_existing=True)
    ).one_or_none()


def wake(session: Session) -> None:
    """Tell the workers at the commit that something is due; without PostgreSQL they look often."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


def resend(session: Session, delivery_ids: Collection[UUID], *, at: datetime) -> int:
    """Send these again at once, whatever came of them before, and count those that will go.

    One that is under way is left to finish; one that is unclear is still read back first.
    """
    again = rows_changed(
        session,
        update(ScoreDelivery)
        .where(
            ScoreDelivery.id.in_(delivery_ids),
            ScoreDelivery.desired_score.is_not(None),
            is_free(at),
        )
        .values(
            state=case(
                (ScoreDelivery.state == DeliveryState.UNCLEAR, DeliveryState.UNCLEAR.value),
                else_=DeliveryState.DUE.value,
            ),
            desired_since=at,
            next_at=at,
            tries=0,
            reason="",
        ),
    )
    if again:
        wake(session)
    return again


def resend_one(session: Session, activity: Activity, delivery_id: UUID, *, at: datetime) -> int:
    """Send one score of this activity again; another activity's is not found."""
    delivery = session.get(ScoreDelivery, delivery_id)
    if delivery is None or delivery.activity_id != activity.id:
        raise NotFound
    return resend(session, [delivery.id], at=at)


def resume(
    session: Session,
    resource_link: ResourceLink,
    *,
    membership_id: UUID | None = None,
    at: datetime,
) -> int:
    """Take up again what waits for this link's line item, one member's or everybody's; count it.

    A launch calls it after keeping what it told of the line item: what was blocked is tried again,
    and what was told to another address is told to the new one.
    """
    line_item = resource_link.line_item
    if line_item is None or resource_link.activity is None:
        return 0
    moved = and_(
        ScoreDelivery.state.in_((DeliveryState.DELIVERED, DeliveryState.OVERRIDDEN)),
        ScoreDelivery.told_url.not_in(("", line_item.url)),
        # An address that is not known yet is no other address.
        literal(line_item.url) != "",
    )
    resumed = rows_changed(
        session,
        update(ScoreDelivery)
        .where(
            ScoreDelivery.activity_id == resource_link.activity.id,
            ScoreDelivery.desired_score.is_not(None),
            or_(ScoreDelivery.state == DeliveryState.BLOCKED, moved),
            ScoreDelivery.membership_id == membership_id if membership_id else true(),
            is_free(at),
        )
        .values(state=DeliveryState.DUE, next_at=at, tries=0),
    )
    if resumed:
        wake(session)
    return resumed


def release(session: Session, *which: ColumnElement[bool], at: datetime) -> int:
    """Let scores go that waited for an approval, and count them.

    They were due all the time and skipped; the days for which a score is tried begin anew, so that
    a long wait does not make the first failure the last.
    """
    released = rows_changed(
        session,
        update(ScoreDelivery)
        .where(
            *which,
            ScoreDelivery.state.in_((DeliveryState.DUE, DeliveryState.UNCLEAR)),
            ScoreDelivery.desired_score.is_not(None),
            is_free(at),
        )
        .values(next_at=at, tries=0, desired_since=at),
    )
    if released:
        wake(session)
    return released


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
        select(ScoreDelivery.state, func.count())
        .where(ScoreDelivery.desired_score.is_not(None))
        .group_by(ScoreDelivery.state)
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


def _want(session: Session, grade: Grade, *, at: datetime) -> bool:
    link = grade.activity.resource_link
    has_line_item = link.line_item and (link.line_item.url or link.line_item.container_url)
    desired: dict[str, Any] = {
        "desired_score": grade.score,
        "desired_maximum": grade.maximum,
        "desired_submitted_at": grade.submitted_at,
        "desired_started_at": grade.started_at,
        "desired_comment_digest": _digest(grade.comment),
    }
    fresh: dict[str, Any] = {
        "state": DeliveryState.DUE if has_line_item else DeliveryState.BLOCKED,
        "reason": "" if has_line_item else Reason.NO_LINE_ITEM,
        "tries": 0,
        "next_at": at,
    }
    # Decided by the database on the newest row: a worker may be recording at this very moment.
    under_way = ScoreDelivery.state.in_(UNDER_WAY)
    throttled = and_(
        ScoreDelivery.state == DeliveryState.DUE, ScoreDelivery.reason == Reason.RATE_LIMITED
    )
    kept = {"state": under_way, "reason": under_way, "tries": throttled, "next_at": throttled}
    changed = {
        name: case((kept[name], getattr(ScoreDelivery, name)), else_=value)
        for name, value in fresh.items()
    }
    statement = (
        insert_for(session, ScoreDelivery)
        .values(
            activity_id=grade.activity_id,
            membership_id=grade.membership_id,
            registration_id=link.context.deployment.registration_id,
            grade_id=grade.id,
            desired_since=at,
            **desired,
            **fresh,
        )
        .on_conflict_do_update(
            index_elements=["activity_id", "membership_id"],
            set_={
                **desired,
                **changed,
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
    # The count of rows is not told for an INSERT on every database; the rows themselves are.
    written = session.execute(
        statement.returning(ScoreDelivery.id).execution_options(synchronize_session=False)
    )
    return written.first() is not None


def _want_nothing(session: Session, grade: Grade, *, at: datetime) -> None:
    under_way = ScoreDelivery.state.in_(UNDER_WAY)
    rows_changed(
        session,
        update(ScoreDelivery)
        .where(*_pair(grade), ScoreDelivery.desired_score.is_not(None))
        .values(
            desired_score=None,
            desired_version=ScoreDelivery.desired_version + 1,
            desired_since=at,
            state=case((under_way, ScoreDelivery.state), else_=DeliveryState.DELIVERED.value),
            reason=case((under_way, ScoreDelivery.reason), else_=Reason.NOTHING_TO_SEND.value),
        ),
    )


def _digest(comment: str) -> str:
    return hashlib.sha256(comment.encode()).hexdigest() if comment else ""
