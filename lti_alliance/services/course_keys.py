"""Course keys: every course's texts are sealed with a key of its own.

The key is kept sealed with the tool's data key (envelope encryption). Another data key means that
these few are sealed anew and no text is touched. With a destroyed course key no text of the course
opens any more, in whatever corner of the disk it is left; see docs/adr/0019 on backups.
"""

import os
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.errors import AllianceError, Conflict, NotFound
from lti_alliance.models import Context, CourseKey
from lti_alliance.models.statements import insert_for
from lti_alliance.sealing import KEY_BYTES, Sealer
from lti_alliance.services import audit

KEPT_BESIDE = timedelta(hours=1)
"""How long a key is kept after another took over: an act that began before may seal with it."""


class KeyDestroyed(AllianceError):
    """The key of the course was destroyed: what was written there is gone for good."""


def seal_text(
    session: Session, sealer: Sealer, context_id: UUID, text: str, *, purpose: str
) -> bytes:
    """Seal a text of a course with the course's key, which is made for the first text."""
    return sealer_for(session, sealer, context_id).seal_text(text, purpose=purpose)


def open_text(
    session: Session, sealer: Sealer, context_id: UUID, sealed: bytes, *, purpose: str
) -> str:
    """Open a text of a course.

    A text from before courses had keys is sealed with the data key itself, and opens as well.
    """
    if sealer.has_key_of(sealed):
        return sealer.open_text(sealed, purpose=purpose)
    row = session.get(CourseKey, context_id)
    if row is None:
        # The text names a key that nobody knows; the error says which.
        return sealer.open_text(sealed, purpose=purpose)
    return _unwrapped(session, sealer, row).open_text(sealed, purpose=purpose)


def sealer_for(session: Session, sealer: Sealer, context_id: UUID) -> Sealer:
    """Return what seals and opens the texts of a course; make its key if it has none.

    Raises ``KeyMissing`` if the key was sealed with a data key that is not at hand, and changes
    nothing then: a key is never replaced because it could not be opened.
    """
    # A key that took over meanwhile is the one to seal with.
    row = session.get(CourseKey, context_id, populate_existing=True)
    if row is None:
        session.execute(
            insert_for(session, CourseKey)
            .values(context_id=context_id, wrapped_key=_new_key(sealer, context_id))
            .on_conflict_do_nothing()
        )
        # Somebody else may have made it in the same moment: the one that is there counts.
        row = session.get_one(CourseKey, context_id)
    return _unwrapped(session, sealer, row)


def change_key(session: Session, sealer: Sealer, context_id: UUID, *, at: datetime) -> None:
    """Let a new key seal the course's texts from now on; the one before goes on opening.

    Raises ``Conflict`` while texts may still be sealed with an even older one.
    """
    sealer_for(session, sealer, context_id)
    row = session.get_one(CourseKey, context_id, with_for_update=True)
    if row.wrapped_before is not None:
        raise Conflict("course_key.changing")
    row.wrapped_before, row.wrapped_key = row.wrapped_key, _new_key(sealer, context_id)
    row.changed_at = at
    session.flush()


def rewrap(session: Session, sealer: Sealer) -> int:
    """Seal every course key with the data key that seals now; count those that were not."""
    count = 0
    for row in session.scalars(select(CourseKey).with_for_update()):
        was = (row.wrapped_key, row.wrapped_before)
        row.wrapped_key = _rewrapped(sealer, row.context_id, row.wrapped_key)
        row.wrapped_before = _rewrapped(sealer, row.context_id, row.wrapped_before)
        count += was != (row.wrapped_key, row.wrapped_before)
    session.flush()
    return count


def destroy(session: Session, context_id: UUID, *, at: datetime) -> None:
    """Destroy the key of a course: reflections, comments and questions there are never read again.

    Everything else of the course stays. It cannot be undone.
    """
    if session.get(Context, context_id) is None:
        raise NotFound("course.unknown")
    session.execute(
        insert_for(session, CourseKey).values(context_id=context_id).on_conflict_do_nothing()
    )
    row = session.get_one(CourseKey, context_id, with_for_update=True)
    row.wrapped_key = row.wrapped_before = None
    row.destroyed_at = row.destroyed_at or at
    session.flush()
    audit.record(
        session,
        "course_key.destroyed",
        at=at,
        object_kind="context",
        object_id=context_id,
        context_id=context_id,
    )


def _unwrapped(session: Session, sealer: Sealer, row: CourseKey) -> Sealer:
    # Kept by the session as long as it lives, so that a page with many texts asks once.
    session.info.setdefault("course_keys", {})[row.context_id] = row
    if row.wrapped_key is None:
        raise KeyDestroyed(str(row.context_id))
    purpose = _purpose(row.context_id)
    wrapped = (row.wrapped_key, row.wrapped_before)
    return Sealer(*(sealer.open(each, purpose=purpose) for each in wrapped if each is not None))


def _rewrapped(sealer: Sealer, context_id: UUID, wrapped: bytes | None) -> bytes | None:
    if wrapped is None or sealer.is_newest(wrapped):
        return wrapped
    purpose = _purpose(context_id)
    return sealer.seal(sealer.open(wrapped, purpose=purpose), purpose=purpose)


def _new_key(sealer: Sealer, context_id: UUID) -> bytes:
    return sealer.seal(os.urandom(KEY_BYTES), purpose=_purpose(context_id))


def _purpose(context_id: UUID) -> str:
    return f"course-key:{context_id}"
