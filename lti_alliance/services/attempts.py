"""Attempts: started one at a time, listed, and found for those who may see them."""

import random
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import attempts as rules
from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import AttemptState, form_to_json
from lti_alliance.errors import AttemptClosed, NotFound
from lti_alliance.models import Activity, Attempt, Membership
from lti_alliance.services import audit, modules, sections, terms


def start_attempt(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    membership: Membership,
    rng: random.Random,
    at: datetime,
) -> Attempt:
    """Start an attempt, or return the one that is open: a double click starts one only.

    Raises ``AttemptClosed`` with the reason when no further attempt may be started.
    """
    so_far = list_attempts(session, activity, membership)
    for attempt in so_far:
        if attempt.state == AttemptState.IN_PROGRESS:
            # One whose time is up is about to be handed in; the next can be started then.
            if rules.is_time_up(attempt.deadline_at, at=at):
                raise AttemptClosed("attempt.time_up")
            return attempt
    settings = terms.settings_for(session, activity, membership)
    rules.check_may_start(
        settings,
        [AttemptState(a.state) for a in so_far],
        last_handed_in=last_handed_in(so_far),
        at=at,
    )
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    form = rules.draw_form(module, shuffle=settings.shuffle, rng=rng)
    attempt = Attempt(
        activity_id=activity.id,
        membership_id=membership.id,
        number=max((a.number for a in so_far), default=0) + 1,
        state=AttemptState.IN_PROGRESS,
        form=form_to_json(form),
        item_ids=[item.item_id for item in form.items],
        content_hash=module.content_hash,
        started_at=at,
        deadline_at=settings.deadline_from(at),
    )
    try:
        with session.begin_nested():
            session.add(attempt)
    except IntegrityError:
        # Another click got there first; the unique index on open attempts let only one through.
        return _open_attempt(session, activity, membership)
    audit.record(
        session,
        "attempt.started",
        at=at,
        actor=membership,
        object_kind="attempt",
        object_id=attempt.id,
        details={"number": attempt.number},
    )
    return attempt


def list_attempts(session: Session, activity: Activity, membership: Membership) -> list[Attempt]:
    """List a person's attempts at an activity in order."""
    return list(
        session.scalars(
            select(Attempt)
            .where(Attempt.activity_id == activity.id, Attempt.membership_id == membership.id)
            .order_by(Attempt.number)
        )
    )


def last_handed_in(made: Iterable[Attempt]) -> datetime | None:
    """Return when the latest of somebody's attempts that count was handed in."""
    return max(
        (a.submitted_at for a in made if AttemptState(a.state).is_handed_in and a.submitted_at),
        default=None,
    )


def get_attempt(session: Session, attempt_id: UUID, *, viewer: Membership) -> Attempt:
    """Return an attempt that the viewer may see: their own, or one in a course they teach."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotFound
    same_course = attempt.activity.resource_link.context_id == viewer.context_id
    if attempt.membership_id == viewer.id and same_course:
        return attempt
    if same_course and viewer.course_role.teaches:
        sections.check_may_see(session, viewer, attempt.membership)
        return attempt
    raise NotFound


def is_open(
    session: Session,
    attempt: Attempt,
    *,
    at: datetime,
    settings: ActivitySettings | None = None,
) -> bool:
    """Say whether the attempt's student may go on with it.

    ``settings`` are those that hold for this person, where they have been read already.
    """
    if attempt.state != AttemptState.IN_PROGRESS:
        return False
    if attempt.deadline_at is not None and at >= attempt.deadline_at:
        return False
    settings = settings or terms.settings_for(session, attempt.activity, attempt.membership)
    return not terms.as_promised(settings, attempt).is_closed(at)


def _open_attempt(session: Session, activity: Activity, membership: Membership) -> Attempt:
    return session.scalars(
        select(Attempt).where(
            Attempt.activity_id == activity.id,
            Attempt.membership_id == membership.id,
            Attempt.state == AttemptState.IN_PROGRESS,
        )
    ).one()
