"""One person's sets of practice, as plain values for an export."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.answer_words import answer_words
from lti_alliance.domain.attempts import FeedbackStage
from lti_alliance.domain.feedback import verdict_of
from lti_alliance.domain.items import response_to_json
from lti_alliance.models import Membership, PracticeSet
from lti_alliance.services import practice_sheets

Values = dict[str, Any]


def list_sets(
    session: Session, catalogue: Catalogue, membership: Membership, *, at: datetime
) -> list[Values]:
    """List the person's sets of practice with what they answered, the oldest first."""
    rows = session.scalars(
        select(PracticeSet)
        .where(PracticeSet.membership_id == membership.id)
        .order_by(PracticeSet.started_at, PracticeSet.id)
    )
    return [_set(session, catalogue, row, at=at) for row in rows]


def _set(session: Session, catalogue: Catalogue, row: PracticeSet, *, at: datetime) -> Values:
    papers = practice_sheets.get_papers(session, catalogue, row)
    results = dict[str, str]()
    if row.finished_at is not None:
        report = practice_sheets.report(session, catalogue, row, at=at)
        results = {
            item_id: verdict_of(outcome).value
            for item_id, outcome in report.outcomes.items()
            if report.stages[item_id] is not FeedbackStage.NONE
        }
    return {
        "kind": row.kind,
        "state": row.state,
        "minutes": row.minutes,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "items": [
            {
                "module": paper.module.title,
                "question": item.stem,
                "answer": list(answer_words(item, response)),
                "stored": response_to_json(response) if response else None,
                "how_sure": paper.confidences.get(item.id),
                **({"result": results[item.id]} if item.id in results else {}),
            }
            for paper in papers
            for item in paper.items
            for response in [paper.responses.get(item.id)]
        ],
    }
