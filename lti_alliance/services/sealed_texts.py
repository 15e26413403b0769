"""The sealed texts of a reflection: each opens for its own row, its writer and one use only."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import Draft, Reflection
from lti_alliance.sealing import Sealer
from lti_alliance.services import course_keys


class TextKind(StrEnum):
    """What a text is for; a text sealed for one use opens for no other."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    COMMENT = "comment"
    """What the instructor wrote about the reflection."""
    FEEDBACK = "feedback"
    """What it was returned with."""
    PASSAGE = "passage"
    """A comment on a passage."""
    MARK = "mark"
    """What one of several markers would say, before the grade is agreed."""
    HELP = "help"
    """What the writer says of help used."""


def seal(sealer: Sealer, reflection: Reflection, kind: TextKind, text: str) -> bytes:
    """Seal a text of this reflection with the key of its course."""
    return course_keys.seal_text(
        _session_of(reflection),
        sealer,
        reflection.membership.context_id,
        text,
        purpose=_purpose(reflection, kind),
    )


def read_text(session: Session, sealer: Sealer, reflection: Reflection) -> str:
    """Open the text as its writer has it: the newest draft, or what was handed in."""
    is_with_writer = ReflectionState(reflection.state).is_with_writer
    if reflection.submitted_text is not None and not is_with_writer:
        return open_sealed(sealer, reflection, TextKind.SUBMITTED, reflection.submitted_text)
    draft = session.scalar(
        select(Draft)
        .where(Draft.reflection_id == reflection.id)
        .order_by(Draft.version.desc())
        .limit(1)
    )
    return open_sealed(sealer, reflection, TextKind.DRAFT, draft.sealed_text) if draft else ""


def read_submitted(sealer: Sealer, reflection: Reflection) -> str:
    """Open what was handed in last, which is all that a reader sees."""
    return open_sealed(sealer, reflection, TextKind.SUBMITTED, reflection.submitted_text)


def read_comment(sealer: Sealer, reflection: Reflection) -> str:
    """Open what the instructor wrote about the reflection; empty if nothing."""
    if reflection.assessment is None or reflection.assessment.sealed_comment is None:
        return ""
    return open_sealed(sealer, reflection, TextKind.COMMENT, reflection.assessment.sealed_comment)


def open_sealed(
    sealer: Sealer, reflection: Reflection, kind: TextKind, sealed: bytes | None
) -> str:
    """Open a text of this reflection; nothing sealed is an empty text.

    So is a version whose text was removed because its time was up.
    """
    if not sealed:
        return ""
    return course_keys.open_text(
        _session_of(reflection),
        sealer,
        reflection.membership.context_id,
        sealed,
        purpose=_purpose(reflection, kind),
    )


def purpose(kind: TextKind, reflection_id: UUID, membership_id: UUID) -> str:
    """Return what a text of a reflection is bound to."""
    return f"{kind}:{reflection_id}:{membership_id}"


def _purpose(reflection: Reflection, kind: TextKind) -> str:
    return purpose(kind, reflection.id, reflection.membership_id)


def _session_of(reflection: Reflection) -> Session:
    session = object_session(reflection)
    assert session is not None
    return session
