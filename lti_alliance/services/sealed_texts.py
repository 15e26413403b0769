"""The sealed texts of a reflection: each opens for its own row, its writer and one use only."""

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.models import Draft, Reflection
from lti_alliance.sealing import Sealer


class TextKind(StrEnum):
    """What a text is for; a text sealed for one use opens for no other."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    COMMENT = "comment"
    """What the instructor wrote about the reflection."""


def seal(sealer: Sealer, reflection: Reflection, kind: TextKind, text: str) -> bytes:
    """Seal a text of this reflection."""
    return sealer.seal_text(text, purpose=_purpose(reflection, kind))


def read_text(session: Session, sealer: Sealer, reflection: Reflection) -> str:
    """Open the submitted text, or the newest draft of one that is still being written."""
    if reflection.submitted_text is not None:
        return _open(sealer, reflection, TextKind.SUBMITTED, reflection.submitted_text)
    draft = session.scalar(
        select(Draft)
        .where(Draft.reflection_id == reflection.id)
        .order_by(Draft.version.desc())
        .limit(1)
    )
    return _open(sealer, reflection, TextKind.DRAFT, draft.sealed_text) if draft else ""


def read_comment(sealer: Sealer, reflection: Reflection) -> str:
    """Open what the instructor wrote about the reflection; empty if nothing."""
    if reflection.assessment is None or reflection.assessment.sealed_comment is None:
        return ""
    return _open(sealer, reflection, TextKind.COMMENT, reflection.assessment.sealed_comment)


def _open(sealer: Sealer, reflection: Reflection, kind: TextKind, sealed: bytes) -> str:
    return sealer.open_text(sealed, purpose=_purpose(reflection, kind))


def _purpose(reflection: Reflection, kind: TextKind) -> str:
    return f"{kind}:{reflection.id}:{reflection.membership_id}"
