"""What a change of settings would do, worked out from everything handed in without changing it."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain import consequences as rules
from lti_alliance.domain.accommodations import Accommodation, ToldDates
from lti_alliance.domain.activities import ActivitySettings, settings_from_json
from lti_alliance.domain.adjustments import adjusted
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.consequences import Consequence
from lti_alliance.domain.launch import Role
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.scoring import activity_score
from lti_alliance.domain.underway import Person, Underway
from lti_alliance.models import Activity, Attempt, Grade, LineItem, Membership, Reflection
from lti_alliance.services import terms
from lti_alliance.services.grading import attempt_result, decisions_of, reflection_result
from lti_alliance.services.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How far people are, and what a change would do to them."""

    work: Underway
    consequences: tuple[Consequence, ...]


def foresee(
    session: Session, activity: Activity, settings: ActivitySettings, *, at: datetime
) -> Forecast:
    """Say what these settings would do to people under way, in as many queries for any class.

    For each of them it is their own terms that count, before and after.

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
    own = terms.own_terms(session, activity)
    written = [each for mine in reflections.values() for each in mine]
    handed_in = [each for each in written if ReflectionState(each.state).is_handed_in]
    states = [each.state for each in written]
    return Underway(
        people=[
            _person(own.get(key), attempts.get(key, ()), reflections.get(key, ()))
            for key in attempts.keys() | reflections.keys()
        ],
        reflections={
            prompt_id: sum(each.prompt_id == prompt_id for each in handed_in)
            for prompt_id in {each.prompt_id for each in handed_in}
        },
        waiting_reflections=states.count(ReflectionState.SUBMITTED),
        graded_reflections=states.count(ReflectionState.GRADED),
        has_column=_has_column(session, activity),
        scores=_scores(session, activity, settings, own, attempts, reflections, at=at),
    )


def _person(
    own: Terms | None, attempts: Collection[Attempt], reflections: Collection[Reflection]
) -> Person:
    still_open = [each for each in attempts if each.state == AttemptState.IN_PROGRESS]
    states = [ReflectionState(each.state) for each in reflections]
    return Person(
        granted=own.granted if own else Accommodation(),
        told=own.told if own else ToldDates(),
        promised_until=still_open[0].promised_until if still_open else None,
        attempts_used=sum(each.state != AttemptState.VOID for each in attempts),
        has_open_attempt=bool(still_open),
        open_reflections=states.count(ReflectionState.DRAFT),
        has_handed_in=any(AttemptState(each.state).is_handed_in for each in attempts)
        or any(state.is_handed_in for state in states),
    )


def _scores(
    session: Session,
    activity: Activity,
    settings: ActivitySettings,
    own: Mapping[UUID, Terms],
    attempts: Mapping[UUID, Collection[Attempt]],
    reflections: Mapping[UUID, Collection[Reflection]],
    *,
    at: datetime,
) -> list[tuple[Decimal | None, Decimal | None]]:
    kept = session.execute(
        select(Grade.membership_id, Grade.score)
        .join(Membership, Membership.id == Grade.membership_id)
        .where(Grade.activity_id == activity.id, *_is_student())
    )
    decisions = decisions_of(session, activity)
    found = []
    for key, score in kept:
        mine, texts = attempts.get(key, ()), reflections.get(key, ())
        decision = decisions.get(key)
        if decision is None and any(each.state == ReflectionState.FROZEN for each in texts):
            # A grade stands as it is while a text of it is held.
            found.append((score, score))
            continue
        would_be = activity_score(
            [attempt_result(each) for each in mine if AttemptState(each.state).is_handed_in],
            [reflection_result(each) for each in texts],
            replace(own[key], base=settings).settings if key in own else settings,
            at=at,
        )
        found.append((score, adjusted(would_be, decision).score))
    return found


def _is_student() -> tuple[ColumnElement[bool], ...]:
    return Membership.role == Role.LEARNER, Membership.is_test_user.is_(False)


def _has_column(session: Session, activity: Activity) -> bool:
    columns = (
        select(func.count())
        .select_from(LineItem)
        .where(LineItem.resource_link_id == activity.resource_link_id, LineItem.url != "")
    )
    return bool(session.scalar(columns))
