"""Comments on passages: a place in a version, sealed words, shown with the next release."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain import reflections as rules
from lti_alliance.domain.passages import Segment, Span, find_passage, mark
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Membership, PassageComment, Reflection
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit
from lti_alliance.services.sealed_texts import TextKind, open_sealed, seal

COMMENT_EMPTY = "Write what you want to say about it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A comment on a passage, with its number in the text."""

    id: UUID
    number: int
    quote: str
    comment: str
    author_id: UUID
    is_shown: bool


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text cut at its passages, and the notes to them."""

    segments: tuple[Segment, ...]
    notes: tuple[Note, ...]


def mark_text(
    session: Session,
    sealer: Sealer,
    reflection: Reflection,
    text: str,
    *,
    version_number: int,
    for_writer: bool,
    only_by: UUID | None = None,
) -> MarkedText:
    """Return a version's text with its notes; the writer sees those that were shown.

    With ``only_by``, of those that were not shown yet it is this author's alone.
    """
    found = select(PassageComment).where(
        PassageComment.reflection_id == reflection.id,
        PassageComment.version_number == version_number,
    )
    if for_writer:
        found = found.where(PassageComment.shown_at.is_not(None))
    if only_by is not None:
        found = found.where(
            PassageComment.shown_at.is_not(None) | (PassageComment.author_id == only_by)
        )
    rows = session.scalars(
        found.order_by(PassageComment.start, PassageComment.length, PassageComment.id)
    ).all()
    spans = [Span(row.start, row.length) for row in rows]
    notes = tuple(
        Note(
            id=row.id,
            number=number,
            quote=text[row.start : row.start + row.length],
            comment=open_sealed(sealer, reflection, TextKind.PASSAGE, row.sealed_comment),
            author_id=row.author_id,
            is_shown=row.shown_at is not None,
        )
        for number, row in enumerate(rows, start=1)
    )
    return MarkedText(mark(text, spans), notes)


def add_comment(
    session: Session,
    sealer: Sealer,
    *,
    reflection: Reflection,
    version_number: int,
    text: str,
    passage: str,
    comment: str,
    author: Membership,
    at: datetime,
) -> PassageComment:
    """Comment on the words of a version; its writer sees it with the next release or return."""
    comment = _cleaned(comment)
    span = find_passage(text, passage)
    row = PassageComment(
        reflection_id=reflection.id,
        version_number=version_number,
        start=span.start,
        length=span.length,
        sealed_comment=seal(sealer, reflection, TextKind.PASSAGE, comment),
        author_id=author.id,
        created_at=at,
    )
    session.add(row)
    session.flush()
    _record(session, "reflection.passage_commented", reflection, author, at=at)
    return row


def change_comment(
    session: Session,
    sealer: Sealer,
    *,
    reflection: Reflection,
    comment_id: UUID,
    comment: str,
    author: Membership,
    at: datetime,
) -> None:
    """Change one's own comment; an empty one deletes it."""
    mine = (
        PassageComment.id == comment_id,
        PassageComment.reflection_id == reflection.id,
        PassageComment.author_id == author.id,
    )
    if comment.strip():
        sealed = seal(sealer, reflection, TextKind.PASSAGE, _cleaned(comment))
        changed = rows_changed(
            session, update(PassageComment).where(*mine).values(sealed_comment=sealed)
        )
    else:
        changed = rows_changed(session, delete(PassageComment).where(*mine))
    if changed == 0:
        raise NotFound
    session.expire_all()
    _record(session, "reflection.passage_comment_changed", reflection, author, at=at)


def show_comments(session: Session, reflection: Reflection, *, at: datetime) -> None:
    """Show the writer what was written beside the text so far."""
    session.execute(
        update(PassageComment)
        .where(PassageComment.reflection_id == reflection.id, PassageComment.shown_at.is_(None))
        .values(shown_at=at)
    )


def _cleaned(comment: str) -> str:
    comment = rules.clean_text(comment).strip()
    if not comment:
        raise InvalidInput({"passage_comment": COMMENT_EMPTY}, code="passage.invalid")
    return comment


def _record(
    session: Session, action: str, reflection: Reflection, author: Membership, *, at: datetime
) -> None:
    audit.record(
        session,
        action,
        at=at,
        actor=author,
        object_kind="reflection",
        object_id=reflection.id,
    )
