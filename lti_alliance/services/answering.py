"""Answers of an attempt: saved while they are written, checked one by one, handed in once."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import attempts as rules
from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.items import Response, is_whole, response_field, response_to_json
from lti_alliance.errors import AlreadySubmitted, InvalidInput, NotFound, Stale
from lti_alliance.models import Attempt, Grade
from lti_alliance.models import Response as ResponseRow
from lti_alliance.models.statements import rows_changed, rows_matched, take_over, upsert_rows
from lti_alliance.services import audit, grading, judging, terms
from lti_alliance.services.attempt_sheets import (
    Fields,
    Sheet,
    get_sheet,
    read_confidences,
    read_fields,
)

ANSWER_FIRST = "Answer all of this question before you check it."


def save_responses(
    session: Session,
    catalogue: Catalogue,
    *,
    attempt: Attempt,
    fields: Fields,
    base_version: int,
    at: datetime,
) -> int:
    """Save answers while they are being written and return the new version.

    ``base_version`` is the version the page started from: ``Stale`` says that another tab or
    device saved since, and nothing is overwritten.
    """
    _check_may_save(session, attempt, at=at)
    # Saving judges nothing, so it is one to it which keys hold.
    sheet = get_sheet(session, catalogue, attempt, with_adopted_keys=False)
    responses, confidences = read_fields(sheet, fields), read_confidences(sheet, fields)
    if not _move(session, attempt, base_version, saved_at=at):
        _raise_why(session, attempt)
    _write(session, sheet, responses, confidences)
    return base_version + 1


def check_answer(
    session: Session,
    catalogue: Catalogue,
    *,
    attempt: Attempt,
    item_id: str,
    fields: Fields,
    base_version: int,
    at: datetime,
) -> None:
    """Save what was sent, and fix one answer for the rest of the attempt so that it may be judged.

    One conditional UPDATE decides, as with a save: of two tabs that check two answers to the same
    item one does, and the other gets ``Stale``. Raises ``InvalidInput`` with the item's field
    when it has not been answered whole.
    """
    rules.check_may_check(_check_may_save(session, attempt, at=at))
    sheet = get_sheet(session, catalogue, attempt)
    item = next((each for each in sheet.items if each.id == item_id), None)
    if item is None:
        raise NotFound("item.unknown")
    responses, confidences = read_fields(sheet, fields), read_confidences(sheet, fields)
    if not is_whole(item, {**sheet.responses, **responses}.get(item_id)):
        raise InvalidInput({response_field(item_id): ANSWER_FIRST}, code="response.invalid")
    if not _move(session, attempt, base_version, saved_at=at):
        _raise_why(session, attempt)
    _write(session, sheet, responses, confidences)
    checked = rows_changed(
        session,
        update(ResponseRow)
        .where(
            ResponseRow.attempt_id == attempt.id,
            ResponseRow.item_id == item_id,
            ResponseRow.checked_at.is_(None),
        )
        .values(checked_at=at),
    )
    session.expire_all()
    if checked:
        audit.record(
            session,
            "attempt.answer_checked",
            at=at,
            actor=attempt.membership,
            object_kind="attempt",
            object_id=attempt.id,
            details={"number": attempt.number, "item": item_id},
        )


def submit_attempt(
    session: Session,
    catalogue: Catalogue,
    *,
    attempt: Attempt,
    fields: Fields,
    base_version: int,
    at: datetime,
) -> Grade:
    """Hand the attempt in, judge it and let the grade follow, all in one transaction.

    One conditional UPDATE decides: of two clicks, tabs or devices exactly one hands in, and the
    others get ``AlreadySubmitted`` or ``Stale``.
    """
    settings = _check_may_save(session, attempt, at=at)
    sheet = get_sheet(session, catalogue, attempt)
    responses, confidences = read_fields(sheet, fields), read_confidences(sheet, fields)
    if not _move(
        session,
        attempt,
        base_version,
        saved_at=at,
        state=AttemptState.GRADED,
        submitted_at=at,
    ):
        _raise_why(session, attempt)
    _write(session, sheet, responses, confidences)
    audit.record(
        session,
        "attempt.submitted",
        at=at,
        actor=attempt.membership,
        object_kind="attempt",
        object_id=attempt.id,
        details={"number": attempt.number},
    )
    judging.judge_attempt(session, attempt, sheet.module)
    return grading.refresh_grade(
        session, attempt.activity, attempt.membership, settings=settings, at=at
    )


def _check_may_save(session: Session, attempt: Attempt, *, at: datetime) -> ActivitySettings:
    """Return what holds for the person, whatever this attempt was promised beside."""
    settings = terms.settings_for(session, attempt.activity, attempt.membership)
    rules.check_may_save(
        AttemptState(attempt.state),
        terms.as_promised(settings, attempt),
        deadline_at=attempt.deadline_at,
        at=at,
    )
    return settings


def _move(session: Session, attempt: Attempt, base_version: int, **values: object) -> bool:
    """Change the attempt if it is still open and unsaved since ``base_version``."""
    still = {
        "id": attempt.id,
        "state": AttemptState.IN_PROGRESS,
        "saved_version": base_version,
    }
    moved = {"saved_version": base_version + 1, **values}
    if rows_matched(session, Attempt, still, moved) != 1:
        return False
    take_over(attempt, moved)
    return True


def _raise_why(session: Session, attempt: Attempt) -> None:
    session.refresh(attempt)
    if AttemptState(attempt.state).is_handed_in:
        raise AlreadySubmitted("attempt.already_submitted")
    raise Stale(attempt.saved_version)


def _write(
    session: Session,
    sheet: Sheet,
    responses: Mapping[str, Response | None],
    confidences: Mapping[str, int | None],
) -> None:
    """Write what differs from the sheet, which nobody has changed since: ``_move`` saw to that."""
    before = {
        item_id: (sheet.responses.get(item_id), sheet.confidences.get(item_id))
        for item_id in responses.keys() | confidences.keys()
    }
    after = {
        item_id: (responses.get(item_id, response), confidences.get(item_id, sure))
        for item_id, (response, sure) in before.items()
    }
    changed = [
        {
            "attempt_id": sheet.attempt.id,
            "item_id": item_id,
            "value": None if response is None else response_to_json(response),
            "confidence": sure,
        }
        for item_id, (response, sure) in after.items()
        if (response, sure) != before[item_id]
    ]
    upsert_rows(session, ResponseRow, changed, unique=("attempt_id", "item_id"))
