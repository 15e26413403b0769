"""Why a grade is what it is: the work, the rules and the sum behind it, and what happened when.

A student is told the same as those who teach, without the names of anybody else and without what
was tried on the way to the gradebook. Each story is read with a fixed number of queries.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.attempts import AttemptState, form_from_json
from lti_alliance.domain.modules import Grading, Keep
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.rubrics import LevelTable, Rubric, assess
from lti_alliance.domain.scoring import PartState, round_score
from lti_alliance.errors import InvalidInput
from lti_alliance.models import (
    Activity,
    Attempt,
    AuditEvent,
    DeliveryTry,
    Grade,
    Membership,
    Reflection,
    RubricAssessment,
    ScoreDelivery,
    User,
)
from lti_alliance.services import attempts, circuits, modules, score_tries, terms
from lti_alliance.services.delivery_views import delivery_view, why_unreadable
from lti_alliance.services.standings import PartResult, part_results
from lti_alliance.services.story_events import list_events, story_events, try_line
from lti_alliance.services.story_values import (
    Actor,
    ActorKind,
    AttemptLine,
    GradeStory,
    LevelLine,
    PromptLine,
    StoryEvent,
    Sum,
    Term,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """All rows that a story is made of."""

    settings: ActivitySettings
    grade: Grade | None
    delivery: ScoreDelivery | None
    attempts: Sequence[Attempt]
    reflections: Mapping[str, Reflection]
    events: Sequence[AuditEvent]
    tries: Sequence[DeliveryTry]
    actors: Mapping[UUID, Actor]
    """Who teaches, by user and by membership."""


def tell_story(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    membership: Membership,
    for_staff: bool,
    at: datetime,
) -> GradeStory:
    """Say why somebody's grade is what it is, to them or to those who teach the course."""
    rows = _read(session, activity, membership, for_staff=for_staff)
    settings, grade = rows.settings, rows.grade
    parts = {result.part: result for result in part_results(grade)}
    return GradeStory(
        settings=settings,
        is_closed=settings.is_closed(at),
        is_preview=membership.is_test_user,
        score=grade.score if grade else None,
        maximum=settings.maximum,
        parts=parts,
        attempts=_attempt_lines(rows) if settings.has_quiz else (),
        prompts=_prompt_lines(session, catalogue, rows, parts) if settings.has_reflection else (),
        sum=_sum(rows, parts),
        is_readable=not why_unreadable(activity.resource_link),
        delivery=delivery_view(
            rows.delivery, grade, open_circuits=circuits.list_open(session, at=at)
        ),
        delivery_id=rows.delivery.id if rows.delivery else None,
        events=_events(rows, membership),
        tries=tuple(try_line(row) for row in rows.tries) if for_staff else (),
    )


def _read(
    session: Session, activity: Activity, membership: Membership, *, for_staff: bool
) -> _Rows:
    mine = {"activity_id": activity.id, "membership_id": membership.id}
    delivery = session.scalar(select(ScoreDelivery).filter_by(**mine))
    made = attempts.list_attempts(session, activity, membership)
    written = session.scalars(
        select(Reflection).filter_by(**mine).options(joinedload(Reflection.assessment))
    ).all()
    about = {activity.id, *(row.id for row in made), *(row.id for row in written)}
    grade = session.scalar(select(Grade).filter_by(**mine))
    about |= {row.id for row in (delivery, grade) if row is not None}
    events = list_events(session, about)
    assessments = [row.assessment for row in written if row.assessment]
    return _Rows(
        settings=terms.settings_for(session, activity, membership),
        grade=grade,
        delivery=delivery,
        attempts=made,
        reflections={row.prompt_id: row for row in written},
        events=events,
        tries=score_tries.list_tries(session, delivery.id) if delivery else (),
        actors=_list_staff(session, membership, events, assessments) if for_staff else {},
    )


def _list_staff(
    session: Session,
    membership: Membership,
    events: Iterable[AuditEvent],
    assessments: Iterable[RubricAssessment],
) -> dict[UUID, Actor]:
    users = {event.actor_id for event in events} - {membership.user_id, None}
    graders = {row.assessed_by_id for row in assessments} - {None}
    found = session.scalars(
        select(Membership)
        .where(
            Membership.context_id == membership.context_id,
            or_(Membership.user_id.in_(users), Membership.id.in_(graders)),
        )
        .options(joinedload(Membership.user).joinedload(User.profile))
    )
    named: dict[UUID, Actor] = {}
    for member in found:
        profile = member.user.profile
        actor = Actor(ActorKind.STAFF, profile.name if profile else "")
        named |= {member.user_id: actor, member.id: actor}
    return named


def _attempt_lines(rows: _Rows) -> tuple[AttemptLine, ...]:
    counted_id = rows.grade.attempt_id if rows.grade else None
    averages = rows.settings.keep is Keep.AVERAGE
    lines = []
    for attempt in rows.attempts:
        state = AttemptState(attempt.state)
        given, of = _share(attempt)
        lines.append(
            AttemptLine(
                id=attempt.id,
                number=attempt.number,
                state=state,
                submitted_at=attempt.submitted_at,
                score=attempt.score or Decimal(0),
                maximum=attempt.maximum or Decimal(0),
                points=round_score(
                    Fraction(given) / Fraction(of) * Fraction(rows.settings.quiz_points)
                ),
                counts=state.is_handed_in and (averages or attempt.id == counted_id),
            )
        )
    return tuple(lines)


def _share(attempt: Attempt) -> tuple[Decimal, Decimal]:
    if not attempt.maximum:
        return Decimal(0), Decimal(1)
    return attempt.score or Decimal(0), attempt.maximum


def _prompt_lines(
    session: Session, catalogue: Catalogue, rows: _Rows, parts: Mapping[Part, PartResult]
) -> tuple[PromptLine, ...]:
    part = parts.get(Part.REFLECTION)
    missing = PartState.ZERO if part and part.state is PartState.ZERO else PartState.MISSING
    return tuple(
        _prompt_line(
            session, catalogue, rows, rows.reflections.get(prompt_id), number=n, missing=missing
        )
        for n, prompt_id in enumerate(rows.settings.prompt_ids, start=1)
    )


def _prompt_line(
    session: Session,
    catalogue: Catalogue,
    rows: _Rows,
    reflection: Reflection | None,
    *,
    number: int,
    missing: PartState,
) -> PromptLine:
    settings = rows.settings
    is_there = reflection is not None and ReflectionState(reflection.state).is_handed_in
    assessment = reflection.assessment if reflection is not None and is_there else None
    state = PartState.WAITING if is_there else missing
    is_by_rubric = settings.reflection_grading is Grading.RUBRIC
    grader = None
    if assessment is not None:
        state = PartState.GRADED
        is_by_rubric = assessment.assessed_by_id is not None
        if assessment.assessed_by_id is not None:
            grader = rows.actors.get(assessment.assessed_by_id, Actor(ActorKind.STAFF))
    share = assessment.share if assessment else None
    return PromptLine(
        number=number,
        state=state,
        is_by_rubric=is_by_rubric,
        share=share,
        points=None if share is None else round_score(share * settings.prompt_points()),
        maximum=settings.prompt_points(),
        submitted_at=reflection.submitted_at if reflection else None,
        graded_at=assessment.assessed_at if assessment else None,
        grader=grader,
        levels=_levels(session, catalogue, settings, reflection, assessment),
    )


def _levels(
    session: Session,
    catalogue: Catalogue,
    settings: ActivitySettings,
    reflection: Reflection | None,
    assessment: RubricAssessment | None,
) -> tuple[LevelLine, ...]:
    if reflection is None or assessment is None or not assessment.selections:
        return ()
    module = modules.get_module(session, catalogue, content_hash=reflection.content_hash)
    rubric = module.get_reflection(reflection.prompt_id).rubric
    if rubric is None:
        return ()
    shares = _level_shares(rubric, assessment, settings.level_table)
    lines = []
    for criterion in rubric.criteria:
        chosen = assessment.selections.get(criterion.id)
        names = {level.number: level.name for level in criterion.levels}
        lines.append(
            LevelLine(
                criterion=criterion.name,
                level=names.get(chosen, "") if chosen else "",
                share=shares.get(criterion.id),
                weight=criterion.weight,
            )
        )
    return tuple(lines)


def _level_shares(
    rubric: Rubric, assessment: RubricAssessment, table: LevelTable
) -> Mapping[str, Decimal]:
    """Return what each level earned; nothing where the table has been changed since."""
    try:
        outcome = assess(rubric, assessment.selections, table)
    except InvalidInput:
        return {}
    if outcome.score != assessment.share:
        return {}
    return {criterion.criterion_id: criterion.share for criterion in outcome.criteria}


def _sum(rows: _Rows, parts: Mapping[Part, PartResult]) -> Sum | None:
    if rows.grade is None or rows.grade.score is None:
        return None
    terms = []
    if Part.QUIZ in parts:
        terms.append(Term(Part.QUIZ, _quiz_shares(rows), rows.settings.quiz_points))
    if Part.REFLECTION in parts:
        shares = tuple(
            (row.assessment.share if row and row.assessment else Decimal(0), Decimal(1))
            for row in map(rows.reflections.get, rows.settings.prompt_ids)
        )
        terms.append(Term(Part.REFLECTION, shares, rows.settings.reflection_points))
    made = Sum(tuple(_zeroed(term, parts[term.part]) for term in terms))
    # A sum that does not give the kept score would explain nothing.
    return made if made.rounded == rows.grade.score else None


def _quiz_shares(rows: _Rows) -> tuple[tuple[Decimal, Decimal], ...]:
    handed_in = [a for a in rows.attempts if AttemptState(a.state).is_handed_in]
    if rows.settings.keep is not Keep.AVERAGE:
        assert rows.grade is not None
        handed_in = [a for a in handed_in if a.id == rows.grade.attempt_id]
    return tuple(_share(attempt) for attempt in handed_in)


def _zeroed(term: Term, result: PartResult) -> Term:
    # Of several reflections one may be missing: what was written still counts.
    is_empty = not any(given for given, _ in term.shares)
    return Term(term.part, (), term.points) if result.state is PartState.ZERO and is_empty else term


def _events(rows: _Rows, membership: Membership) -> tuple[StoryEvent, ...]:
    numbers = {row.id: row.number for row in rows.attempts}
    order = {prompt: n for n, prompt in enumerate(rows.settings.prompt_ids, start=1)}
    numbers |= {row.id: order.get(row.prompt_id, 0) for row in rows.reflections.values()}
    return story_events(
        rows.events,
        rows.tries,
        numbers=numbers,
        items={item.item_id for row in rows.attempts for item in form_from_json(row.form).items},
        actors=rows.actors,
        student=membership.user_id,
    )
