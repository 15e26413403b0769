"""Identifying detail in a reflection: frozen, hidden, taken out of everything, given back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import settings_from_json
from lti_alliance.domain.launch import Role
from lti_alliance.domain.passages import PASSAGE_EMPTY, PASSAGE_UNKNOWN, Span
from lti_alliance.domain.redaction import GAP, moved, redact
from lti_alliance.domain.reflections import ReflectionState, count_words
from lti_alliance.errors import Conflict, InvalidInput
from lti_alliance.models import (
    Draft,
    DraftAssessment,
    Membership,
    PassageComment,
    Reflection,
    SubmittedVersion,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, grading, revisions, sections
from lti_alliance.services.sealed_texts import TextKind, open_sealed, read_submitted, seal


def flag_identifying(
    session: Session, *, reflection: Reflection, actor: Membership, at: datetime
) -> None:
    """Freeze a reflection and hide it from everybody but those who may decide about it."""
    frozen = rows_changed(
        session,
        update(Reflection)
        .where(
            Reflection.id == reflection.id,
            Reflection.state.in_((ReflectionState.SUBMITTED, ReflectionState.GRADED)),
        )
        .values(
            state=ReflectionState.FROZEN, state_before=Reflection.state, flagged_by_id=actor.id
        ),
    )
    session.refresh(reflection)
    if frozen == 0:
        raise Conflict("reflection.not_here")
    _record(session, "reflection.flagged", reflection, actor, at=at)


def may_decide(session: Session, reflection: Reflection, person: Membership) -> bool:
    """Say whether somebody may open a frozen reflection and decide what becomes of it.

    It is whoever flagged it, while they teach, and every instructor of the course: as few as can
    be, and never somebody who may have gone. Sections hold for all of them.
    """
    is_asked = person.course_role is Role.INSTRUCTOR or reflection.flagged_by_id == person.id
    return (
        is_asked
        and person.course_role.teaches
        and person.context_id == reflection.membership.context_id
        and sections.may_see(session, person, reflection.membership)
    )


def clear_flag(
    session: Session, *, reflection: Reflection, actor: Membership, at: datetime
) -> None:
    """Let a frozen reflection go on as before: nothing in it identifies anybody."""
    _thaw(session, reflection, actor, into=None, until=None)
    _record(session, "reflection.flag_cleared", reflection, actor, at=at)
    grading.refresh_grade(session, reflection.activity, reflection.membership, at=at)


def purge(
    session: Session,
    sealer: Sealer,
    *,
    reflection: Reflection,
    quotes: Sequence[str] | None,
    until: datetime | None,
    actor: Membership,
    at: datetime,
) -> None:
    """Take the words out of every version, draft and comment, and give the text back.

    ``quotes`` None takes the whole text out. On record is that it was done and by whom, not
    what it was.
    """
    settings = settings_from_json(reflection.activity.settings)
    if (until is None and settings.is_closed(at)) or (until is not None and until <= at):
        raise InvalidInput({"purge_until": revisions.UNTIL_NEEDED}, code="reflection.purge_invalid")
    text = read_submitted(sealer, reflection)
    for quote in [""] if quotes == [] else quotes or ():
        _check_occurs(text, quote)
    _thaw(session, reflection, actor, into=ReflectionState.RETURNED, until=until)
    if quotes is not None:
        _take_out(session, sealer, reflection, quotes, at=at)
    else:
        _take_all_out(session, sealer, reflection, at=at)
    # A page that is still open with the old words in it cannot save them over this.
    reflection.saved_version += 1
    reflection.word_count = count_words(_newest_text(session, sealer, reflection))
    session.flush()
    session.expire(reflection)
    _record(session, "reflection.purged", reflection, actor, at=at)
    grading.refresh_grade(session, reflection.activity, reflection.membership, at=at)


def _check_occurs(text: str, quote: str) -> None:
    if not redact(text, [quote]).removed:
        fault = PASSAGE_UNKNOWN if quote.strip() else PASSAGE_EMPTY
        raise InvalidInput({"quotes": fault}, code="reflection.purge_invalid")


def _thaw(
    session: Session,
    reflection: Reflection,
    actor: Membership,
    *,
    into: ReflectionState | None,
    until: datetime | None,
) -> None:
    if not may_decide(session, reflection, actor):
        raise Conflict("reflection.frozen")
    thawed = rows_changed(
        session,
        update(Reflection)
        .where(
            Reflection.id == reflection.id,
            Reflection.state == ReflectionState.FROZEN,
        )
        .values(
            state=into or Reflection.state_before,
            state_before=None,
            flagged_by_id=None,
            returned_until=until,
        ),
    )
    session.refresh(reflection)
    if thawed == 0:
        raise Conflict("reflection.not_here")


def _take_out(
    session: Session, sealer: Sealer, reflection: Reflection, quotes: Sequence[str], *, at: datetime
) -> None:
    def without(kind: TextKind, sealed: bytes | None) -> bytes | None:
        if sealed is None:
            return None
        text = redact(open_sealed(sealer, reflection, kind, sealed), quotes).text
        return seal(sealer, reflection, kind, text)

    for version in revisions.list_versions(session, reflection):
        before = open_sealed(sealer, reflection, TextKind.SUBMITTED, version.sealed_text)
        after = redact(before, quotes)
        _move_comments(session, sealer, reflection, version, quotes, after.removed)
        version.sealed_text = seal(sealer, reflection, TextKind.SUBMITTED, after.text)
        version.sealed_help = without(TextKind.HELP, version.sealed_help)
        version.sealed_feedback = without(TextKind.FEEDBACK, version.sealed_feedback)
        version.purged_at = at if after.removed else version.purged_at
        reflection.submitted_text = version.sealed_text
    for draft in session.scalars(select(Draft).where(Draft.reflection_id == reflection.id)):
        sealed = without(TextKind.DRAFT, draft.sealed_text)
        assert sealed is not None
        draft.sealed_text = sealed
    if reflection.assessment is not None:
        reflection.assessment.sealed_comment = without(
            TextKind.COMMENT, reflection.assessment.sealed_comment
        )
    for marking in reflection.markings:
        marking.sealed_comment = without(TextKind.MARK, marking.sealed_comment)
    # A grade that was not released was about a text that is now given back.
    session.execute(delete(DraftAssessment).where(DraftAssessment.reflection_id == reflection.id))


def _move_comments(
    session: Session,
    sealer: Sealer,
    reflection: Reflection,
    version: SubmittedVersion,
    quotes: Sequence[str],
    removed: Sequence[Span],
) -> None:
    for row in session.scalars(
        select(PassageComment).where(
            PassageComment.reflection_id == reflection.id,
            PassageComment.version_number == version.number,
        )
    ):
        place = moved(Span(row.start, row.length), removed)
        if place is None:
            session.delete(row)
            continue
        row.start = place.start
        comment = open_sealed(sealer, reflection, TextKind.PASSAGE, row.sealed_comment)
        row.sealed_comment = seal(
            sealer, reflection, TextKind.PASSAGE, redact(comment, quotes).text
        )


def _take_all_out(
    session: Session, sealer: Sealer, reflection: Reflection, *, at: datetime
) -> None:
    for table in (Draft, DraftAssessment, PassageComment):
        session.execute(delete(table).where(table.reflection_id == reflection.id))
    for version in revisions.list_versions(session, reflection):
        version.sealed_text = seal(sealer, reflection, TextKind.SUBMITTED, GAP)
        version.sealed_help = None
        version.sealed_feedback = None
        version.purged_at = at
        reflection.submitted_text = version.sealed_text
    for marking in reflection.markings:
        marking.sealed_comment = None
    if reflection.assessment is not None:
        reflection.assessment.sealed_comment = None


def _newest_text(session: Session, sealer: Sealer, reflection: Reflection) -> str:
    draft = session.scalar(
        select(Draft)
        .where(Draft.reflection_id == reflection.id)
        .order_by(Draft.version.desc())
        .limit(1)
    )
    sealed = draft.sealed_text if draft else None
    return open_sealed(sealer, reflection, TextKind.DRAFT, sealed)


def _record(
    session: Session, action: str, reflection: Reflection, actor: Membership, *, at: datetime
) -> None:
    audit.record(
        session,
        action,
        at=at,
        actor=actor,
        object_kind="reflection",
        object_id=reflection.id,
    )
