"""Phrases: sentences of feedback that one instructor uses again in one course, sealed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lti_alliance.domain import reflections as rules
from lti_alliance.errors import NotFound
from lti_alliance.models import Membership, Phrase
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import course_keys


@dataclass(frozen=True, slots=True)
class SavedPhrase:
    """A phrase, opened."""

    id: UUID
    text: str


def list_phrases(session: Session, sealer: Sealer, owner: Membership) -> tuple[SavedPhrase, ...]:
    """List the phrases of an instructor in their course, the oldest first."""
    bound_to = purpose(owner.id)
    rows = session.scalars(
        select(Phrase)
        .where(Phrase.membership_id == owner.id)
        .order_by(Phrase.created_at, Phrase.id)
    )
    return tuple(
        SavedPhrase(
            row.id,
            course_keys.open_text(
                session, sealer, owner.context_id, row.sealed_text, purpose=bound_to
            ),
        )
        for row in rows
    )


def save_phrase(
    session: Session, sealer: Sealer, *, owner: Membership, text: str, at: datetime
) -> None:
    """Keep a phrase; one that is there already, or an empty one, is not kept twice."""
    text = rules.clean_text(text).strip()
    if not text or any(saved.text == text for saved in list_phrases(session, sealer, owner)):
        return
    session.add(
        Phrase(
            membership_id=owner.id,
            sealed_text=course_keys.seal_text(
                session, sealer, owner.context_id, text, purpose=purpose(owner.id)
            ),
            created_at=at,
        )
    )
    session.flush()


def forget_phrase(session: Session, *, owner: Membership, phrase_id: UUID) -> None:
    """Delete one's own phrase."""
    mine = (Phrase.id == phrase_id, Phrase.membership_id == owner.id)
    if rows_changed(session, delete(Phrase).where(*mine)) == 0:
        raise NotFound


def with_phrases(comment: str, chosen: Iterable[str], saved: Iterable[SavedPhrase]) -> str:
    """Return the comment with the ticked phrases below it."""
    ids = set(chosen)
    added = [phrase.text for phrase in saved if str(phrase.id) in ids]
    return "\n\n".join(part for part in (comment.rstrip(), *added) if part)


def purpose(owner_id: UUID) -> str:
    """Return what a phrase is bound to."""
    return f"phrase:{owner_id}"
