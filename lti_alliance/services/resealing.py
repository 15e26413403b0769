"""Sealing anew: every sealed text of a course under the key that seals there now.

Done page by page, each in an act of its own. What is done is known from the texts themselves, so
that it may be stopped anywhere and begun again, while the tool is in use.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from lti_alliance.models import (
    AccessToken,
    Accommodation,
    Attempt,
    Base,
    Context,
    CourseKey,
    Draft,
    DraftAssessment,
    ItemQuestion,
    Marking,
    Membership,
    PassageComment,
    Phrase,
    Reflection,
    RubricAssessment,
    ScoreAdjustment,
    SubmittedVersion,
    ToolKey,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import PREFIX_BYTES, SealBroken, Sealer
from lti_alliance.services import (
    accommodations,
    adjusting,
    course_keys,
    item_questions,
    phrases,
    sealed_texts,
)
from lti_alliance.services.sealed_texts import TextKind

PAGE = 200

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed texts: what each is bound to, and how its course is found."""

    column: Column
    bound_to: Callable[..., str]
    """Makes the purpose of a text from its row's ``facts``."""
    facts: Sequence[Column]
    joins: Sequence[tuple[type[Base], ColumnElement[bool]]] = ()
    """From the row to the table that has ``course``."""
    course: Column = Membership.context_id

    @property
    def row(self) -> Any:
        """The table's model."""
        return self.column.class_


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What became of one page of rows."""

    last: UUID | None
    """After which row the next page begins; empty after the last."""
    sealed: int
    broken: int
    """Texts that do not open; they stay as they are."""


def _of_reflection(column: Column, kind: TextKind) -> SealedColumn:
    row: Any = column.class_
    up = [] if row is Reflection else [(Reflection, Reflection.id == row.reflection_id)]
    return SealedColumn(
        column,
        partial(sealed_texts.purpose, kind),
        (Reflection.id, Reflection.membership_id),
        (*up, (Membership, Membership.id == Reflection.membership_id)),
    )


def _of_question(column: Column, use: str) -> SealedColumn:
    return SealedColumn(
        column,
        partial(item_questions.purpose, use),
        (ItemQuestion.attempt_id, ItemQuestion.item_id),
        (
            (Attempt, Attempt.id == ItemQuestion.attempt_id),
            (Membership, Membership.id == Attempt.membership_id),
        ),
    )


TEXTS: Sequence[SealedColumn] = (
    _of_reflection(Reflection.submitted_text, TextKind.SUBMITTED),
    _of_reflection(SubmittedVersion.sealed_text, TextKind.SUBMITTED),
    _of_reflection(SubmittedVersion.sealed_help, TextKind.HELP),
    _of_reflection(SubmittedVersion.sealed_feedback, TextKind.FEEDBACK),
    _of_reflection(Draft.sealed_text, TextKind.DRAFT),
    _of_reflection(RubricAssessment.sealed_comment, TextKind.COMMENT),
    _of_reflection(DraftAssessment.sealed_comment, TextKind.COMMENT),
    _of_reflection(Marking.sealed_comment, TextKind.MARK),
    _of_reflection(PassageComment.sealed_comment, TextKind.PASSAGE),
    _of_question(ItemQuestion.sealed_text, "question"),
    _of_question(ItemQuestion.sealed_answer, "answer"),
    SealedColumn(
        ScoreAdjustment.sealed_reason,
        adjusting.purpose,
        (ScoreAdjustment.activity_id, ScoreAdjustment.membership_id),
        ((Membership, Membership.id == ScoreAdjustment.membership_id),),
    ),
    SealedColumn(
        Accommodation.sealed_note,
        accommodations.purpose,
        (Accommodation.id, Accommodation.user_id),
        course=Accommodation.context_id,
    ),
    SealedColumn(
        Phrase.sealed_text,
        phrases.purpose,
        (Phrase.membership_id,),
        ((Membership, Membership.id == Phrase.membership_id),),
    ),
)
"""Every column of sealed texts; a test knows when one is missing."""


def list_courses(session: Session) -> Sequence[UUID]:
    """List the courses whose texts can be read: all but those whose key was destroyed."""
    destroyed = select(CourseKey.context_id).where(CourseKey.destroyed_at.is_not(None))
    chosen = select(Context.id).where(Context.id.not_in(destroyed)).order_by(Context.id)
    return session.scalars(chosen).all()


def reseal_page(
    session: Session,
    sealer: Sealer,
    texts: SealedColumn,
    context_id: UUID,
    *,
    after: UUID | None,
) -> Page:
    """Seal one page of a column anew, as far as it is not under the course's key.

    A text that somebody saves in this moment is left as they saved it, under the newest key.
    """
    own = course_keys.sealer_for(session, sealer, context_id)
    waiting = _waiting(texts, context_id, own.prefix)
    if after is not None:
        waiting = waiting.where(texts.row.id > after)
    rows = session.execute(waiting.order_by(texts.row.id).limit(PAGE)).all()
    sealed = broken = 0
    for key, before, *facts in rows:
        purpose = texts.bound_to(*facts)
        try:
            plain = course_keys.open_text(session, sealer, context_id, before, purpose=purpose)
        except SealBroken:
            broken += 1
            continue
        sealed += rows_changed(
            session,
            update(texts.row)
            .where(texts.row.id == key, texts.column == before)
            .values({texts.column: own.seal_text(plain, purpose=purpose)}),
        )
    return Page(last=rows[-1][0] if rows else None, sealed=sealed, broken=broken)


def drop_key_before(session: Session, sealer: Sealer, context_id: UUID, *, at: datetime) -> bool:
    """Drop the key that a course used before, once no text can be sealed with it any more.

    Says whether none is left: neither a key, nor a text that waits for another.
    """
    row = session.get(CourseKey, context_id, populate_existing=True, with_for_update=True)
    if row is None or row.wrapped_before is None:
        return True
    assert row.changed_at is not None
    if at - row.changed_at < course_keys.KEPT_BESIDE:
        return False
    prefix = course_keys.sealer_for(session, sealer, context_id).prefix
    for texts in TEXTS:
        if session.execute(_waiting(texts, context_id, prefix).limit(1)).first():
            return False
    row.wrapped_before = None
    session.flush()
    return True


def forget_tokens(session: Session, sealer: Sealer) -> int:
    """Delete the platforms' tokens that another data key sealed; new ones are asked for."""
    stale = func.substr(AccessToken.sealed_token, 1, PREFIX_BYTES) != sealer.prefix
    return rows_changed(session, delete(AccessToken).where(stale))


def list_missing_keys(session: Session, sealer: Sealer) -> Sequence[str]:
    """List the ids of data keys that seal something here and are not at hand."""
    prefixes: set[bytes] = set()
    for column in (CourseKey.wrapped_key, CourseKey.wrapped_before, ToolKey.sealed_private_key):
        begins = func.substr(column, 1, PREFIX_BYTES)
        found = session.scalars(select(begins).where(column.is_not(None)).distinct())
        prefixes.update(bytes(each) for each in found if each)
    return sorted(each[1:].hex() for each in prefixes if not sealer.has_key_of(each))


def _waiting(texts: SealedColumn, context_id: UUID, prefix: bytes) -> Select[Any]:
    """Select id, value and facts of what is in the course and not under the key of ``prefix``."""
    chosen: Select[Any] = select(*[texts.row.id, texts.column, *texts.facts])
    chosen = chosen.select_from(texts.row)
    for table, condition in texts.joins:
        chosen = chosen.join(table, condition)
    return chosen.where(
        texts.course == context_id,
        texts.column.is_not(None),
        # A version whose text was removed because its time was up is empty, and sealed by no key.
        texts.column != b"",
        func.substr(texts.column, 1, PREFIX_BYTES) != prefix,
    )
