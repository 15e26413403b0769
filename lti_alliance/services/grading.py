"""Grading: attempts judged, parts put together, the grade kept and mirrored to the gradebook."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings, settings_from_json
from lti_alliance.domain.attempts import AttemptState, form_from_json
from lti_alliance.domain.items import Item, ShortItem, response_from_json, with_accepted
from lti_alliance.domain.modules import Module
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.response_processing import Outcome, normalise, process
from lti_alliance.domain.scoring import (
    ActivityScore,
    AttemptResult,
    ReflectionResult,
    activity_score,
)
from lti_alliance.errors import InvalidInput
from lti_alliance.models import (
    AcceptedWording,
    Activity,
    Attempt,
    Grade,
    Membership,
    Reflection,
    Response,
)
from lti_alliance.models.statements import insert_for, rows_changed
from lti_alliance.services import audit, modules, score_delivery

FEEDBACK_COMMENT = "Feedback on your reflection is in the activity."
"""What the gradebook is told where the instructor wrote something: never the words themselves."""


@dataclass(frozen=True, slots=True)
class UnmatchedAnswer:
    """A wording that no key knows, and how often it was given."""

    item_id: str
    stem: str
    wording: str
    """Normalised; what is accepted is this and everything that reads the same."""
    sample: str
    """One of the answers as it was written."""
    count: int


def judge_attempt(session: Session, attempt: Attempt, module: Module) -> None:
    """Judge every item of the attempt's form, with the wordings accepted in its activity."""
    rows = {
        row.item_id: row
        for row in session.scalars(select(Response).where(Response.attempt_id == attempt.id))
    }
    wordings = _wordings(session, attempt.activity_id)
    total, maximum = Decimal(0), Decimal(0)
    for form_item in form_from_json(attempt.form).items:
        outcome = _judge(module.quiz.get_item(form_item.item_id), rows, wordings)
        total += outcome.points
        maximum += outcome.maximum
        if row := rows.get(form_item.item_id):
            row.points = outcome.points
            row.is_correct = outcome.correct
            row.is_unmatched = outcome.unmatched
    attempt.score, attempt.maximum = total, maximum
    session.flush()


def outcomes_of(session: Session, attempt: Attempt, module: Module) -> dict[str, Outcome]:
    """Return the outcome of every item of the form, judged as the stored score was."""
    rows = {
        row.item_id: row
        for row in session.scalars(select(Response).where(Response.attempt_id == attempt.id))
    }
    wordings = _wordings(session, attempt.activity_id)
    return {
        form_item.item_id: _judge(module.quiz.get_item(form_item.item_id), rows, wordings)
        for form_item in form_from_json(attempt.form).items
    }


def refresh_grade(
    session: Session, activity: Activity, membership: Membership, *, at: datetime
) -> Grade:
    """Work the grade out anew from everything handed in, keep it, and mirror it for delivery."""
    settings = settings_from_json(activity.settings)
    grade = _hold_grade(session, activity, membership, settings, at=at)
    score = _score(session, activity, membership, settings, at=at)
    grade.score = score.score
    grade.maximum = score.maximum
    grade.parts = _parts_to_json(score)
    grade.attempt_id = score.attempt_id
    grade.started_at = score.started_at
    grade.submitted_at = score.submitted_at
    grade.comment = FEEDBACK_COMMENT if _has_comment(session, activity, membership) else ""
    grade.updated_at = at
    session.flush()
    score_delivery.mirror(session, grade, at=at)
    return grade


def refresh_all(session: Session, activity: Activity, *, at: datetime) -> int:
    """Refresh the grade of everybody who has one in this activity, and count them."""
    members = list(
        session.scalars(
            select(Membership)
            .join(Grade, Grade.membership_id == Membership.id)
            .where(Grade.activity_id == activity.id)
            .order_by(Membership.id)
        )
    )
    for membership in members:
        refresh_grade(session, activity, membership, at=at)
    return len(members)


def list_unmatched(
    session: Session, catalogue: Catalogue, activity: Activity
) -> list[UnmatchedAnswer]:
    """Group the short answers that no key knows, the most frequent first."""
    rows = session.execute(
        select(Response.item_id, Response.value, Attempt.content_hash)
        .join(Attempt)
        .where(Attempt.activity_id == activity.id, Response.is_unmatched.is_(True))
        .order_by(Attempt.submitted_at)
    ).all()
    samples: dict[tuple[str, str], tuple[str, str]] = {}
    counts: dict[tuple[str, str], int] = {}
    for item_id, value, content_hash in rows:
        text = str(value["text"])
        key = (item_id, normalise(text))
        samples.setdefault(key, (text, content_hash))
        counts[key] = counts.get(key, 0) + 1
    return [
        UnmatchedAnswer(
            item_id=item_id,
            stem=modules.get_module(session, catalogue, content_hash=samples[item_id, wording][1])
            .quiz.get_item(item_id)
            .stem,
            wording=wording,
            sample=samples[item_id, wording][0],
            count=count,
        )
        for (item_id, wording), count in sorted(counts.items(), key=lambda pair: -pair[1])
    ]


def accept_wording(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    item_id: str,
    wording: str,
    share: Decimal,
    actor: Membership,
    at: datetime,
) -> int:
    """Accept a wording of a short answer and regrade everybody who gave it; count the attempts."""
    if not 0 < share <= 1:
        raise InvalidInput({"share": "Choose how much of the points this wording earns."})
    normal = normalise(wording)
    if not normal:
        raise InvalidInput({"wording": "This wording is empty."})
    session.execute(
        insert_for(session, AcceptedWording)
        .values(
            activity_id=activity.id,
            item_id=item_id,
            wording=normal,
            share=share,
            accepted_by_id=actor.id,
            accepted_at=at,
        )
        .on_conflict_do_update(
            index_elements=["activity_id", "item_id", "wording"],
            set_={"share": share, "accepted_by_id": actor.id, "accepted_at": at},
        )
    )
    audit.record(
        session,
        "wording.accepted",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"item": item_id, "share": str(share)},
    )
    return _regrade_item(session, catalogue, activity, item_id, at=at)


def settle_closed(session: Session, catalogue: Catalogue, *, at: datetime, limit: int = 20) -> int:
    """Settle activities whose closing time has come, and count them.

    An attempt that is still open is handed in with what was saved in it, or expires if nothing
    was. Then every grade is worked out anew, since a missing part may count zero from now on.
    """
    open_ones = session.scalars(select(Activity).where(Activity.closed_at.is_(None)))
    due = [a for a in open_ones if settings_from_json(a.settings).is_closed(at)][:limit]
    for activity in due:
        for attempt in session.scalars(
            select(Attempt).where(
                Attempt.activity_id == activity.id, Attempt.state == AttemptState.IN_PROGRESS
            )
        ):
            _close_attempt(session, catalogue, attempt, settings_from_json(activity.settings))
        for membership in _people_with_work(session, activity):
            refresh_grade(session, activity, membership, at=at)
        activity.closed_at = at
        audit.record(
            session, "activity.closed", at=at, object_kind="activity", object_id=activity.id
        )
    session.flush()
    return len(due)


def _close_attempt(
    session: Session, catalogue: Catalogue, attempt: Attempt, settings: ActivitySettings
) -> None:
    has_answers = session.scalar(
        select(Response.id)
        .where(Response.attempt_id == attempt.id, Response.value.is_not(None))
        .limit(1)
    )
    handed_in_at = attempt.saved_at or settings.closes_at
    values: dict[str, Any] = {"state": AttemptState.EXPIRED}
    if has_answers:
        values = {"state": AttemptState.GRADED, "submitted_at": handed_in_at}
    moved = rows_changed(
        session,
        update(Attempt)
        .where(Attempt.id == attempt.id, Attempt.state == AttemptState.IN_PROGRESS)
        .values(saved_version=Attempt.saved_version + 1, **values),
    )
    session.refresh(attempt)
    if moved and has_answers:
        module = modules.get_module(session, catalogue, content_hash=attempt.content_hash)
        judge_attempt(session, attempt, module)


def _people_with_work(session: Session, activity: Activity) -> list[Membership]:
    attempts = select(Attempt.membership_id).where(Attempt.activity_id == activity.id)
    texts = select(Reflection.membership_id).where(Reflection.activity_id == activity.id)
    return list(
        session.scalars(
            select(Membership)
            .where(Membership.id.in_(attempts.union(texts)))
            .order_by(Membership.id)
        )
    )


def _hold_grade(
    session: Session,
    activity: Activity,
    membership: Membership,
    settings: ActivitySettings,
    *,
    at: datetime,
) -> Grade:
    """Return the person's grade row, locked until the transaction ends.

    Two parts handed in at the same moment would otherwise each work out a grade without the
    other. Writing the row before reading the work makes the second wait for the first.
    """
    session.execute(
        insert_for(session, Grade)
        .values(
            activity_id=activity.id,
            membership_id=membership.id,
            maximum=settings.maximum,
            parts={},
            updated_at=at,
        )
        .on_conflict_do_update(
            index_elements=["activity_id", "membership_id"],
            set_={"version": Grade.version + 1},
        )
    )
    return session.scalars(
        select(Grade)
        .where(Grade.activity_id == activity.id, Grade.membership_id == membership.id)
        .execution_options(populate_existing=True)
    ).one()


def _score(
    session: Session,
    activity: Activity,
    membership: Membership,
    settings: ActivitySettings,
    *,
    at: datetime,
) -> ActivityScore:
    mine = (Attempt.activity_id == activity.id, Attempt.membership_id == membership.id)
    attempts = [
        AttemptResult(
            attempt_id=attempt.id,
            number=attempt.number,
            score=attempt.score or Decimal(0),
            maximum=attempt.maximum or Decimal(0),
            started_at=attempt.started_at,
            submitted_at=attempt.submitted_at or attempt.started_at,
        )
        for attempt in session.scalars(select(Attempt).where(*mine))
        if AttemptState(attempt.state).is_handed_in
    ]
    reflections = [
        ReflectionResult(
            prompt_id=reflection.prompt_id,
            state=ReflectionState(reflection.state),
            share=reflection.assessment.share if reflection.assessment else None,
            started_at=reflection.started_at,
            submitted_at=reflection.submitted_at,
        )
        for reflection in _reflections(session, activity, membership)
    ]
    return activity_score(attempts, reflections, settings, at=at)


def _reflections(
    session: Session, activity: Activity, membership: Membership
) -> Iterable[Reflection]:
    return session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity.id, Reflection.membership_id == membership.id)
        .order_by(Reflection.started_at)
    )


def _has_comment(session: Session, activity: Activity, membership: Membership) -> bool:
    return any(
        reflection.assessment and reflection.assessment.sealed_comment
        for reflection in _reflections(session, activity, membership)
    )


def _parts_to_json(score: ActivityScore) -> dict[str, Any]:
    return {
        part: {
            "state": part_score.state,
            "score": None if part_score.score is None else str(part_score.score),
            "maximum": str(part_score.maximum),
        }
        for part, part_score in score.parts.items()
    }


def _judge(
    item: Item,
    rows: Mapping[str, Response],
    wordings: Mapping[str, list[tuple[str, Decimal]]],
) -> Outcome:
    row = rows.get(item.id)
    response = response_from_json(row.value) if row and row.value is not None else None
    if isinstance(item, ShortItem) and item.id in wordings:
        item = with_accepted(item, wordings[item.id])
    return process(item, response)


def _wordings(session: Session, activity_id: UUID) -> dict[str, list[tuple[str, Decimal]]]:
    accepted: dict[str, list[tuple[str, Decimal]]] = {}
    for wording in session.scalars(
        select(AcceptedWording).where(AcceptedWording.activity_id == activity_id)
    ):
        accepted.setdefault(wording.item_id, []).append((wording.wording, wording.share))
    return accepted


def _regrade_item(
    session: Session, catalogue: Catalogue, activity: Activity, item_id: str, *, at: datetime
) -> int:
    attempts = list(
        session.scalars(
            select(Attempt)
            .join(Response, Response.attempt_id == Attempt.id)
            .where(
                Attempt.activity_id == activity.id,
                Attempt.state == AttemptState.GRADED,
                Response.item_id == item_id,
            )
            .order_by(Attempt.membership_id)
        )
    )
    for attempt in attempts:
        module = modules.get_module(session, catalogue, content_hash=attempt.content_hash)
        judge_attempt(session, attempt, module)
    for membership in {attempt.membership_id: attempt.membership for attempt in attempts}.values():
        refresh_grade(session, activity, membership, at=at)
    return len(attempts)
