"""One person's work in the activities of a course, as plain values for an export."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.answer_words import answer_words
from lti_alliance.domain.attempts import FeedbackStage, item_stage
from lti_alliance.domain.feedback import verdict_of
from lti_alliance.domain.items import response_to_json
from lti_alliance.models import Activity, Attempt, Grade, LMSDates, Membership, ScoreDelivery
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    adjusting,
    attempts,
    item_questions,
    person_writing,
    student_home,
    student_sheets,
)
from lti_alliance.services.adjusting import AdjustmentView
from lti_alliance.services.gone_texts import if_readable
from lti_alliance.services.item_questions import Question

Values = dict[str, Any]


def list_activities(
    session: Session, catalogue: Catalogue, sealer: Sealer, membership: Membership, *, at: datetime
) -> list[Values]:
    """List the activities of the person's course in which there is anything of theirs."""
    no_decisions: Mapping[UUID, AdjustmentView] = {}
    decisions = if_readable(
        lambda: adjusting.list_adjustments(session, sealer, membership), no_decisions
    )
    found = []
    for activity in student_sheets.list_activities(session, membership.context_id):
        kept: Values = {
            "attempts": [
                _attempt(session, catalogue, sealer, attempt, at=at)
                for attempt in attempts.list_attempts(session, activity, membership)
            ],
            "reflections": person_writing.list_reflections(
                session, catalogue, sealer, activity, membership
            ),
            "grade": _grade(session, activity, membership),
            "decision": _decision(decisions.get(activity.id)),
            "gradebook": _delivery(session, activity, membership),
            "lms_dates": _dates(session, activity, membership),
        }
        if any(kept.values()):
            found.append({"activity": activity.resource_link.title, **kept})
    return found


def _attempt(
    session: Session, catalogue: Catalogue, sealer: Sealer, attempt: Attempt, *, at: datetime
) -> Values:
    report = student_home.attempt_report(session, catalogue, attempt=attempt, is_own=True, at=at)
    no_questions: Mapping[str, Question] = {}
    questions = if_readable(lambda: item_questions.list_own(session, sealer, attempt), no_questions)
    sheet, outcomes = report.sheet, report.outcomes or {}
    items = []
    for number, item in enumerate(sheet.items, 1):
        response = sheet.responses.get(item.id)
        stage = item_stage(report.stage, is_checked=item.id in sheet.checked)
        shown: Values = {
            "number": number,
            "question": item.stem,
            "answer": list(answer_words(item, response)),
            "stored": response_to_json(response) if response else None,
            "how_sure": sheet.confidences.get(item.id),
        }
        if item.id in outcomes and stage is not FeedbackStage.NONE:
            outcome = outcomes[item.id]
            shown |= {"result": verdict_of(outcome).value, "points": outcome.points}
        if item.id in questions:
            shown["asked"] = _question(questions[item.id])
        items.append(shown)
    return {
        "number": attempt.number,
        "state": attempt.state,
        "started_at": attempt.started_at,
        "saved_at": attempt.saved_at,
        "submitted_at": attempt.submitted_at,
        "score": attempt.score,
        "maximum": attempt.maximum,
        "items": items,
    }


def _question(question: Question) -> Values:
    return {
        "text": question.text,
        "asked_at": question.asked_at,
        "reply": question.answer or None,
        "replied_at": question.answered_at,
    }


def _grade(session: Session, activity: Activity, membership: Membership) -> Values | None:
    row = session.scalar(
        select(Grade).where(Grade.activity_id == activity.id, Grade.membership_id == membership.id)
    )
    if row is None:
        return None
    return {
        "score": row.score,
        "maximum": row.maximum,
        "parts": row.parts,
        "submitted_at": row.submitted_at,
        "updated_at": row.updated_at,
    }


def _decision(found: AdjustmentView | None) -> Values | None:
    if found is None:
        return None
    return {"kind": found.kind.value, "reason": found.reason, "made_at": found.made_at}


def _delivery(session: Session, activity: Activity, membership: Membership) -> Values | None:
    row = session.scalar(
        select(ScoreDelivery).where(
            ScoreDelivery.activity_id == activity.id, ScoreDelivery.membership_id == membership.id
        )
    )
    if row is None:
        return None
    return {
        "state": row.state,
        "sent_score": row.told_score,
        "sent_maximum": row.told_maximum,
        "delivered_at": row.delivered_at,
        "seen_score": row.seen_score,
        "seen_at": row.seen_at,
    }


def _dates(session: Session, activity: Activity, membership: Membership) -> Values | None:
    row = session.scalar(
        select(LMSDates).where(
            LMSDates.resource_link_id == activity.resource_link_id,
            LMSDates.membership_id == membership.id,
        )
    )
    if row is None:
        return None
    return {
        "opens_at": row.opens_at,
        "due_at": row.due_at,
        "closes_at": row.closes_at,
        "told_at": row.told_at,
    }
