"""Adjustments: an instructor sets a score by hand, excuses somebody, or takes either back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lti_alliance.domain.adjustments import Adjustment, AdjustmentKind
from lti_alliance.domain.launch import Role
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, Membership, ResourceLink, ScoreAdjustment
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, course_keys, grading


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """A decision as a page may show it."""

    kind: AdjustmentKind
    reason: str
    made_by: Membership
    made_at: datetime


def adjust_grade(
    session: Session,
    sealer: Sealer,
    *,
    activity: Activity,
    membership: Membership,
    adjustment: Adjustment,
    reason: str,
    actor: Membership,
    at: datetime,
) -> None:
    """Decide about a grade beside the work; the grade follows, and so does the gradebook.

    A decision takes the place of the one before it. The reason is kept sealed, and the student may
    read it.
    """
    _check_graded(activity, membership)
    values = {
        "kind": adjustment.kind,
        "score": adjustment.score,
        "sealed_reason": course_keys.seal_text(
            session,
            sealer,
            membership.context_id,
            reason,
            purpose=purpose(activity.id, membership.id),
        ),
        "made_by_id": actor.id,
        "made_at": at,
    }
    session.execute(
        insert_for(session, ScoreAdjustment)
        .values(activity_id=activity.id, membership_id=membership.id, **values)
        .on_conflict_do_update(index_elements=["activity_id", "membership_id"], set_=values)
    )
    is_excuse = adjustment.kind is AdjustmentKind.EXCUSED
    audit.record(
        session,
        "grade.excused" if is_excuse else "grade.adjusted",
        at=at,
        actor=actor,
        object_kind="grade",
        object_id=grading.refresh_grade(session, activity, membership, at=at).id,
        details={} if is_excuse else {"score": str(adjustment.score)},
    )


def take_back(
    session: Session, *, activity: Activity, membership: Membership, actor: Membership, at: datetime
) -> bool:
    """Let the grade follow from the work again; say whether there was a decision to take back."""
    removed = rows_changed(
        session,
        delete(ScoreAdjustment).where(
            ScoreAdjustment.activity_id == activity.id,
            ScoreAdjustment.membership_id == membership.id,
        ),
    )
    if removed == 0:
        return False
    audit.record(
        session,
        "grade.adjustment_removed",
        at=at,
        actor=actor,
        object_kind="grade",
        object_id=grading.refresh_grade(session, activity, membership, at=at).id,
    )
    return True


def find_adjustment(
    session: Session, sealer: Sealer, activity: Activity, membership: Membership
) -> AdjustmentView | None:
    """Return what was decided about one grade, with its reason."""
    row = session.scalar(
        select(ScoreAdjustment).where(
            ScoreAdjustment.activity_id == activity.id,
            ScoreAdjustment.membership_id == membership.id,
        )
    )
    return _view(session, sealer, membership, row) if row is not None else None


def list_adjustments(
    session: Session, sealer: Sealer, membership: Membership
) -> Mapping[UUID, AdjustmentView]:
    """Return what was decided about one person's grades, by activity."""
    rows = session.scalars(
        select(ScoreAdjustment).where(ScoreAdjustment.membership_id == membership.id)
    )
    return {row.activity_id: _view(session, sealer, membership, row) for row in rows}


def list_excused(session: Session, context_id: UUID) -> frozenset[tuple[UUID, UUID]]:
    """List the pairs of activity and person in a course for which somebody is excused."""
    found = session.execute(
        select(ScoreAdjustment.activity_id, ScoreAdjustment.membership_id)
        .join(Activity, Activity.id == ScoreAdjustment.activity_id)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .where(
            ResourceLink.context_id == context_id,
            ScoreAdjustment.kind == AdjustmentKind.EXCUSED,
        )
    )
    return frozenset((activity_id, membership_id) for activity_id, membership_id in found)


def _check_graded(activity: Activity, membership: Membership) -> None:
    """Raise ``NotFound`` for somebody of another course, and for whoever is not graded here."""
    is_here = membership.context_id == activity.resource_link.context_id
    is_graded = membership.course_role is Role.LEARNER and membership.erased_at is None
    if not is_here or not is_graded:
        raise NotFound


def _view(
    session: Session, sealer: Sealer, membership: Membership, row: ScoreAdjustment
) -> AdjustmentView:
    return AdjustmentView(
        kind=AdjustmentKind(row.kind),
        reason=course_keys.open_text(
            session,
            sealer,
            membership.context_id,
            row.sealed_reason,
            purpose=purpose(row.activity_id, row.membership_id),
        ),
        made_by=row.made_by,
        made_at=row.made_at,
    )


def purpose(activity_id: UUID, membership_id: UUID) -> str:
    """Return what a reason is bound to."""
    return f"adjustment:{activity_id}:{membership_id}"
