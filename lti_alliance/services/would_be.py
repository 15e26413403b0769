"""What scores would be if attempts had come to something else; nothing is changed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.adjustments import adjusted
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.scoring import activity_score
from lti_alliance.models import (
    Activity,
    Attempt,
    Grade,
    Membership,
    Reflection,
    Response,
    User,
)
from lti_alliance.services import terms
from lti_alliance.services.grading import attempt_result, decisions_of, reflection_result

Change = tuple[Membership, Decimal | None, Decimal | None]
"""A person, the score of the activity that they have, and the one that they would have."""


def scores_if(
    session: Session, activity: Activity, scores: Mapping[UUID, Decimal], *, at: datetime
) -> list[Change]:
    """Say whose score of the activity would change if attempts, by id, had these scores.

    In as many queries for any class.
    """
    if not scores:
        return []
    attempts = defaultdict[UUID, list[Attempt]](list)
    for attempt in session.scalars(select(Attempt).where(Attempt.activity_id == activity.id)):
        if AttemptState(attempt.state).is_handed_in:
            attempts[attempt.membership_id].append(attempt)
    concerned = {key for key, mine in attempts.items() if any(each.id in scores for each in mine)}
    reflections = defaultdict[UUID, list[Reflection]](list)
    for reflection in session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity.id)
        .options(joinedload(Reflection.assessment))
    ):
        reflections[reflection.membership_id].append(reflection)
    settings = settings_from_json(activity.settings)
    own, decisions = terms.own_terms(session, activity), decisions_of(session, activity)
    found: list[Change] = []
    for grade in _grades(session, activity):
        key = grade.membership_id
        texts = reflections.get(key, ())
        is_frozen = any(each.state == ReflectionState.FROZEN for each in texts)
        if key not in concerned or (is_frozen and key not in decisions):
            continue
        results = [attempt_result(each) for each in attempts[key]]
        would_be = activity_score(
            [replace(r, score=scores.get(r.attempt_id, r.score)) for r in results],
            [reflection_result(each) for each in texts],
            own[key].settings if key in own else settings,
            at=at,
        )
        score = adjusted(would_be, decisions.get(key)).score
        if score != grade.score:
            found.append((grade.membership, grade.score, score))
    return found


def responses_to(session: Session, activity: Activity, item_id: str) -> dict[UUID, Response]:
    """Return what was answered to one item, by attempt."""
    rows = session.scalars(
        select(Response)
        .join(Attempt)
        .where(Attempt.activity_id == activity.id, Response.item_id == item_id)
    )
    return {row.attempt_id: row for row in rows}


def _grades(session: Session, activity: Activity) -> list[Grade]:
    return list(
        session.scalars(
            select(Grade)
            .where(Grade.activity_id == activity.id)
            .options(
                joinedload(Grade.membership).joinedload(Membership.user).joinedload(User.profile)
            )
            .order_by(Grade.membership_id)
        )
    )
