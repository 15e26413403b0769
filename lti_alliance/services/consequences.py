"""What a change of settings would do, worked out from everything handed in without changing it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain import consequences as rules
from lti_alliance.domain.activities import ActivitySettings, settings_from_json
from lti_alliance.domain.adjustments import adjusted
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.consequences import Consequence, Underway
from lti_alliance.domain.launch import Role
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.scoring import activity_score
from lti_alliance.models import Activity, Attempt, Grade, LineItem, Membership, Reflection
from lti_alliance.services.grading import attempt_result, decisions_of, reflection_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How far people are, and what a change would do to them."""

    work: Underway
    consequences: tuple[Consequence, ...]


def foresee(
    session: Session, activity: Activity, settings: ActivitySettings, *, at: datetime
) -> Forecast:
    """Say what these settings would do to people under way, in as many queries for any class.

    Staff, and people with whom a platform only tries the tool out, do not count.
    """
    old = settings_from_json(activity.settings)
    work = _underway(session, activity, settings, at=at)
    return Forecast(work=work, consequences=rules.foresee(old, settings, work, at=at))


def _underway(
    session: Session, activity: Activity, settings: ActivitySettings, *, at: datetime
) -> Underway:
    attempts = defaultdict[UUID, list[Attempt]](list)
    for attempt in session.scalars(
        select(Attempt)
        .join(Membership, Membership.id == Attempt.membership_id)
        .where(Attempt.activity_id == activity.id, *_is_student())
    ):
        attempts[attempt.membership_id].append(attempt)
    reflections = defaultdict[UUID, list[Reflection]](list)
    for reflection in session.scalars(
        select(Reflection)
        .join(Membership, Membership.id == Reflection.membership_id)
        .where(Reflection.activity_id == activity.id, *_is_student())
        .options(joinedload(Reflection.assessment))
    ):
        reflections[reflection.membership_id].append(reflection)
    made = [each for mine in attempts.values() for each in mine]
    written = [each for mine in reflections.values() for each in mine]
    handed_in = [each for each in written if ReflectionState(each.state).is_handed_in]
    states = [each.state for each in written]
    return Underway(
        begun=len(attempts.keys() | reflections.keys()),
        handed_in=len(
            {each.membership_id for each in made if AttemptState(each.state).is_handed_in}
            | {each.membership_id for each in handed_in}
        ),
        open_attempts=sum(each.state == AttemptState.IN_PROGRESS for each in made),
        open_reflections=states.count(ReflectionState.DRAFT),
        attempts_used=_used(attempts.values()),
        attempts_done=_used(
            mine
            for mine in attempts.values()
            if all(each.state != AttemptState.IN_PROGRESS for each in mine)
        ),
        reflections={
            prompt_id: sum(each.prompt_id == prompt_id for each in handed_in)
            for prompt_id in {each.prompt_id for each in handed_in}
        },
        waiting_reflections=states.count(ReflectionState.SUBMITTED),
        graded_reflections=states.count(ReflectionState.GRADED),
        has_column=_has_column(session, activity),
        scores=_scores(session, activity, settings, attempts, reflections, at=at),
    )


def _used(people: Iterable[Collection[Attempt]]) -> list[int]:
    """Count what counts against the limit, for each person with anything that does."""
    used = (sum(each.state != AttemptState.VOID for each in mine) for mine in people)
    return [count for count in used if count]


def _scores(
    session: Session,
    activity: Activity,
    settings: ActivitySettings,
    attempts: dict[UUID, list[Attempt]],
    reflections: dict[UUID, list[Reflection]],
    *,
    at: datetime,
) -> list[tuple[Decimal | None, Decimal | None]]:
    kept = session.execute(
        select(Grade.membership_id, Grade.score)
        .join(Membership, Membership.id == Grade.membership_id)
        .where(Grade.activity_id == activity.id, *_is_student())
    )
    decisions = decisions_of(session, activity)
    return [
        (
            score,
            adjusted(
                activity_score(
                    [
                        attempt_result(each)
                        for each in attempts.get(membership_id, ())
                        if AttemptState(each.state).is_handed_in
                    ],
                    [reflection_result(each) for each in reflections.get(membership_id, ())],
                    settings,
                    at=at,
                ),
                decisions.get(membership_id),
            ).score,
        )
        for membership_id, score in kept
    ]


def _is_student() -> tuple[ColumnElement[bool], ...]:
    return Membership.role == Role.LEARNER, Membership.is_test_user.is_(False)


def _has_column(session: Session, activity: Activity) -> bool:
    columns = (
        select(func.count())
        .select_from(LineItem)
        .where(LineItem.resource_link_id == activity.resource_link_id, LineItem.url != "")
    )
    return bool(session.scalar(columns))
