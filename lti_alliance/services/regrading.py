"""Judging anew: what was handed in meets what has been decided since, and grades follow."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.models import Activity, Attempt, Response
from lti_alliance.services import grading, judging, modules


def judge_anew(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    item_id: str,
    at: datetime,
    answered_only: bool = False,
) -> int:
    """Judge every graded attempt anew that was given an item, and count them.

    ``answered_only`` leaves out the attempts in which nothing was answered to it.
    """
    attempts = attempts_with(session, activity, item_id)
    if answered_only:
        answered = _answered(session, activity, item_id)
        attempts = [attempt for attempt in attempts if attempt.id in answered]
    decided = judging.judging_of(session, activity.id)
    versions = {
        content_hash: modules.module_for(session, catalogue, activity, content_hash=content_hash)
        for content_hash in {attempt.content_hash for attempt in attempts}
    }
    for attempt in attempts:
        judging.judge_attempt(session, attempt, versions[attempt.content_hash], decided)
    for membership in {attempt.membership_id: attempt.membership for attempt in attempts}.values():
        grading.refresh_grade(session, activity, membership, at=at)
    return len(attempts)


def attempts_with(session: Session, activity: Activity, item_id: str) -> list[Attempt]:
    """List the graded attempts whose form holds an item, person by person."""
    return [
        attempt
        for attempt in session.scalars(
            select(Attempt)
            .where(Attempt.activity_id == activity.id, Attempt.state == AttemptState.GRADED)
            .order_by(Attempt.membership_id, Attempt.number)
        )
        if item_id in judging.given_items(attempt)
    ]


def _answered(session: Session, activity: Activity, item_id: str) -> set[object]:
    return set(
        session.scalars(
            select(Response.attempt_id)
            .join(Attempt)
            .where(Attempt.activity_id == activity.id, Response.item_id == item_id)
        )
    )
