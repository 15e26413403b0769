"""One person's reflections with all drafts, and what was said of them, for an export."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import Activity, Draft, Membership, Reflection, SubmittedVersion
from lti_alliance.sealing import Sealer
from lti_alliance.services import modules, passages, revisions
from lti_alliance.services.gone_texts import if_readable
from lti_alliance.services.passages import Note
from lti_alliance.services.sealed_texts import TextKind, open_sealed

Values = dict[str, Any]


def list_reflections(
    session: Session,
    catalogue: Catalogue,
    sealer: Sealer,
    activity: Activity,
    membership: Membership,
) -> list[Values]:
    """List what the person wrote in an activity."""
    rows = session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity.id, Reflection.membership_id == membership.id)
        .order_by(Reflection.started_at, Reflection.id)
    )
    return [_reflection(session, catalogue, sealer, row) for row in rows]


def _reflection(session: Session, catalogue: Catalogue, sealer: Sealer, row: Reflection) -> Values:
    module = modules.get_module(session, catalogue, content_hash=row.content_hash)
    drafts = session.scalars(
        select(Draft).where(Draft.reflection_id == row.id).order_by(Draft.version)
    )
    return {
        "task": module.get_reflection(row.prompt_id).prompt,
        "state": row.state,
        "started_at": row.started_at,
        "drafts": [
            {
                "saved_at": draft.saved_at,
                "words": draft.word_count,
                "text": _open(sealer, row, TextKind.DRAFT, draft.sealed_text),
            }
            for draft in drafts
        ],
        "handed_in": [
            _version(session, sealer, row, version)
            for version in revisions.list_versions(session, row)
        ],
        "assessment": _assessment(sealer, row),
    }


def _version(
    session: Session, sealer: Sealer, row: Reflection, version: SubmittedVersion
) -> Values:
    text = _open(sealer, row, TextKind.SUBMITTED, version.sealed_text)
    notes: tuple[Note, ...] = ()
    if text is not None:
        notes = passages.mark_text(
            session, sealer, row, text, version_number=version.number, for_writer=True
        ).notes
    is_returned = version.returned_at is not None
    feedback = version.sealed_feedback if is_returned else None
    return {
        "number": version.number,
        "submitted_at": version.submitted_at,
        "words": version.word_count,
        "text": text,
        "help_used": _open(sealer, row, TextKind.HELP, version.sealed_help),
        "own_levels": version.self_levels,
        "returned_at": version.returned_at,
        "returned_with": _open(sealer, row, TextKind.FEEDBACK, feedback),
        "comments": [{"passage": note.quote, "comment": note.comment} for note in notes],
    }


def _assessment(sealer: Sealer, row: Reflection) -> Values | None:
    """Return the grade once it is released; while a text is held nothing is told of it."""
    found = row.assessment
    if found is None or found.released_at is None or _is_held(row):
        return None
    return {
        "share": found.share,
        "levels": found.selections,
        "comment": _open(sealer, row, TextKind.COMMENT, found.sealed_comment),
        "released_at": found.released_at,
    }


def _open(sealer: Sealer, row: Reflection, kind: TextKind, sealed: bytes | None) -> str | None:
    """Open a text; nothing for one that is held because it tells of others, or that is gone."""
    if _is_held(row):
        return None
    return if_readable(lambda: open_sealed(sealer, row, kind, sealed), None)


def _is_held(row: Reflection) -> bool:
    return ReflectionState(row.state) is ReflectionState.FROZEN
