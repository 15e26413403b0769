"""Corrections of attempts: an instructor makes one count for nothing, or gives one back."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.domain import attempts as rules
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.errors import Conflict
from lti_alliance.models import Attempt, Membership
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, grading, terms


def void_attempt(session: Session, *, attempt: Attempt, actor: Membership, at: datetime) -> None:
    """Make an attempt count for nothing; it is kept, and the student may make another in its place.

    Raises ``Conflict`` when it was void already, or has changed in this very moment.
    """
    state = AttemptState(attempt.state)
    rules.check_may_void(state)
    _move(session, attempt, state, AttemptState.VOID)
    _finish(session, attempt, "attempt.voided", actor=actor, at=at)


def reopen_attempt(session: Session, *, attempt: Attempt, actor: Membership, at: datetime) -> None:
    """Give an attempt back to its student with the answers in it, to be handed in again.

    A score that is in the gradebook stays there until then. Raises ``Conflict`` with the reason
    when it cannot be done.
    """
    others = session.scalars(
        select(Attempt.state).where(
            Attempt.activity_id == attempt.activity_id,
            Attempt.membership_id == attempt.membership_id,
            Attempt.id != attempt.id,
        )
    )
    state = AttemptState(attempt.state)
    settings = terms.settings_for_attempt(session, attempt)
    rules.check_may_reopen(
        state,
        settings,
        [AttemptState(other) for other in others],
        at=at,
    )
    # Its time begins anew: given back with the old deadline it would be over at once.
    deadline_at = settings.deadline_from(at)
    _move(
        session,
        attempt,
        state,
        AttemptState.IN_PROGRESS,
        submitted_at=None,
        deadline_at=deadline_at,
    )
    _finish(session, attempt, "attempt.reopened", actor=actor, at=at)


def _move(
    session: Session, attempt: Attempt, state: AttemptState, into: AttemptState, **values: object
) -> None:
    moved = rows_changed(
        session,
        update(Attempt)
        .where(Attempt.id == attempt.id, Attempt.state == state)
        .values(state=into, saved_version=Attempt.saved_version + 1, **values),
    )
    session.refresh(attempt)
    if moved == 0:
        raise Conflict("work.changed_meanwhile")


def _finish(
    session: Session, attempt: Attempt, action: str, *, actor: Membership, at: datetime
) -> None:
    audit.record(
        session,
        action,
        at=at,
        actor=actor,
        object_kind="attempt",
        object_id=attempt.id,
        details={"number": attempt.number},
    )
    grading.refresh_grade(session, attempt.activity, attempt.membership, at=at)
