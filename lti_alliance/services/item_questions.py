"""Questions of students about items: asked in a sentence, seen beside the item, answered once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain import reflections as rules
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.errors import Conflict, InvalidInput, NotFound
from lti_alliance.models import Activity, Attempt, ItemQuestion, Membership, User
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, course_keys, judging, sections

MAX_LENGTH = 1000
TEXT_EMPTY = "Write a sentence."
TEXT_TOO_LONG = "Use at most 1000 characters."


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, opened; ``answer`` is empty until somebody answers."""

    id: UUID
    item_id: str
    asker: Membership
    attempt_id: UUID
    text: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


def ask(
    session: Session,
    sealer: Sealer,
    *,
    attempt: Attempt,
    item_id: str,
    text: str,
    at: datetime,
) -> None:
    """Keep a question about an item of an attempt that was handed in.

    It may be worded anew until it is answered. Raises ``InvalidInput`` with the field
    ``question.<item id>``, ``NotFound`` for an item that the attempt does not have, and
    ``Conflict`` before the attempt is handed in or once the question has been answered.
    """
    if item_id not in judging.given_items(attempt):
        raise NotFound("item.unknown")
    if not AttemptState(attempt.state).is_handed_in:
        raise Conflict("question.too_early")
    text = _clean(text, f"question.{item_id}")
    found = session.scalar(
        select(ItemQuestion)
        .where(ItemQuestion.attempt_id == attempt.id, ItemQuestion.item_id == item_id)
        .with_for_update()
    )
    if found is not None and found.answered_at is not None:
        raise Conflict("question.answered")
    if found is None:
        found = ItemQuestion(attempt_id=attempt.id, item_id=item_id, sealed_text=b"", asked_at=at)
        session.add(found)
    found.sealed_text = course_keys.seal_text(
        session,
        sealer,
        attempt.membership.context_id,
        text,
        purpose=purpose("question", attempt.id, item_id),
    )
    found.asked_at = at
    session.flush()
    _record(session, "item.questioned", attempt.membership, found, at=at)


def answer(
    session: Session,
    sealer: Sealer,
    activity: Activity,
    *,
    question_id: UUID,
    text: str,
    actor: Membership,
    at: datetime,
) -> None:
    """Answer a question, or word the answer anew; its student sees it beside the item."""
    found = session.get(ItemQuestion, question_id)
    if found is None or found.attempt.activity_id != activity.id:
        raise NotFound
    sections.check_may_see(session, actor, found.attempt.membership)
    text = _clean(text, f"answer.{question_id}")
    found.sealed_answer = course_keys.seal_text(
        session,
        sealer,
        found.attempt.membership.context_id,
        text,
        purpose=purpose("answer", found.attempt_id, found.item_id),
    )
    found.answered_by_id, found.answered_at = actor.id, at
    session.flush()
    _record(session, "item.question_answered", actor, found, at=at)


def list_own(session: Session, sealer: Sealer, attempt: Attempt) -> Mapping[str, Question]:
    """Return what was asked about an attempt, by item."""
    rows = session.scalars(select(ItemQuestion).where(ItemQuestion.attempt_id == attempt.id))
    return {row.item_id: _open(session, sealer, row) for row in rows}


def list_about(
    session: Session, sealer: Sealer, activity: Activity, *, item_id: str, viewer: Membership
) -> tuple[Question, ...]:
    """List what was asked about an item, the open ones first, as far as the viewer may see."""
    scope = sections.scope_of(session, viewer)
    rows = session.scalars(
        select(ItemQuestion)
        .join(Attempt)
        .where(Attempt.activity_id == activity.id, ItemQuestion.item_id == item_id)
        .order_by(ItemQuestion.answered_at.is_not(None), ItemQuestion.asked_at)
        .options(
            joinedload(ItemQuestion.attempt)
            .joinedload(Attempt.membership)
            .joinedload(Membership.user)
            .joinedload(User.profile)
        )
    )
    return tuple(
        _open(session, sealer, row) for row in rows if scope.covers(row.attempt.membership.sections)
    )


def count_open(session: Session, activity: Activity, *, viewer: Membership) -> Counter[str]:
    """Count the questions without an answer, by item, as far as the viewer may see."""
    scope = sections.scope_of(session, viewer)
    rows = session.execute(
        select(ItemQuestion.item_id, Membership.sections)
        .join(Attempt, Attempt.id == ItemQuestion.attempt_id)
        .join(Membership, Membership.id == Attempt.membership_id)
        .where(Attempt.activity_id == activity.id, ItemQuestion.answered_at.is_(None))
    )
    return Counter(item_id for item_id, own in rows if scope.covers(own))


def _clean(text: str, field: str) -> str:
    try:
        text = rules.clean_text(text).strip()
    except InvalidInput as invalid:
        raise InvalidInput(dict.fromkeys([field], *invalid.fields.values())) from None
    if not text:
        raise InvalidInput({field: TEXT_EMPTY})
    if len(text) > MAX_LENGTH:
        raise InvalidInput({field: TEXT_TOO_LONG})
    return text


def _open(session: Session, sealer: Sealer, row: ItemQuestion) -> Question:
    def opened(sealed: bytes | None, use: str) -> str:
        if sealed is None:
            return ""
        bound_to = purpose(use, row.attempt_id, row.item_id)
        context_id = row.attempt.membership.context_id
        return course_keys.open_text(session, sealer, context_id, sealed, purpose=bound_to)

    return Question(
        id=row.id,
        item_id=row.item_id,
        asker=row.attempt.membership,
        attempt_id=row.attempt_id,
        text=opened(row.sealed_text, "question"),
        asked_at=row.asked_at,
        answer=opened(row.sealed_answer, "answer"),
        answered_at=row.answered_at,
    )


def purpose(use: str, attempt_id: UUID, item_id: str) -> str:
    """Return what a question is bound to, or its answer."""
    return f"item-{use}:{attempt_id}:{item_id}"


def _record(
    session: Session, action: str, actor: Membership, question: ItemQuestion, *, at: datetime
) -> None:
    audit.record(
        session,
        action,
        at=at,
        actor=actor,
        object_kind="attempt",
        object_id=question.attempt_id,
        details={"item": question.item_id},
    )
