"""Accommodations: granted to one person for a course or an activity, changed, taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_alliance.domain.accommodations import Accommodation, clean_note, later
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.errors import Stale
from lti_alliance.models import Accommodation as AccommodationRow
from lti_alliance.models import Activity, Attempt, Grade, Membership
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, course_keys, grading, terms
from lti_alliance.services.accommodation_views import Person, find_grant, open_attempts


def read_note(session: Session, sealer: Sealer, row: AccommodationRow) -> str:
    """Open the note of an accommodation; empty if there is none."""
    if row.sealed_note is None:
        return ""
    return course_keys.open_text(
        session, sealer, row.context_id, row.sealed_note, purpose=purpose(row.id, row.user_id)
    )


def grant_accommodation(
    session: Session,
    sealer: Sealer,
    *,
    person: Person,
    activity: Activity | None,
    granted: Accommodation,
    note: str,
    base_version: int,
    actor: Membership,
    at: datetime,
) -> None:
    """Grant this in the activity, or in every one of the course; it replaces what was granted.

    ``base_version`` is the version that the form showed, 0 where nothing had been granted;
    ``Stale`` says that it was changed since. An attempt under way gets more time at once, and
    never less: what it was promised it keeps.
    """
    note = clean_note(note)
    if granted.is_empty and not note and find_grant(session, person, activity) is None:
        return
    if activity is None:
        # One moment cannot be the close of every activity.
        granted = replace(granted, closes_at=None)
    under_way = open_attempts(session, person, activity)
    closes = {each.id: terms.settings_for_attempt(session, each).closes_at for each in under_way}
    row = _write(session, sealer, person, activity, granted, note, base_version, actor, at)
    kept_until = _carry_over(session, under_way, closes, actor, at=at)
    if activity is not None:
        row.settle_at = later(granted.closes_at or at, kept_until)
        session.flush()
        _refresh_grade(session, person, activity, at=at)


def _write(
    session: Session,
    sealer: Sealer,
    person: Person,
    activity: Activity | None,
    granted: Accommodation,
    note: str,
    base_version: int,
    actor: Membership,
    at: datetime,
) -> AccommodationRow:
    row = find_grant(session, person, activity)
    key = row.id if row else uuid4()
    values: dict[str, Any] = {
        "time_multiplier": granted.time_multiplier,
        "extra_minutes": granted.extra_minutes,
        "extra_attempts": granted.extra_attempts,
        "closes_at": granted.closes_at,
        "sealed_note": _seal(session, sealer, person, key, note) if note else None,
        "changed_by_id": actor.id,
        "changed_at": at,
    }
    if row is None:
        row = _insert(session, person, activity, key, values, base_version)
    else:
        changed = rows_changed(
            session,
            update(AccommodationRow)
            .where(AccommodationRow.id == key, AccommodationRow.version == base_version)
            .values(version=AccommodationRow.version + 1, **values),
        )
        session.refresh(row)
        if changed == 0:
            raise Stale(row.version)
    _record(session, row, granted, actor, at=at)
    return row


def _seal(session: Session, sealer: Sealer, person: Person, row_id: UUID, note: str) -> bytes:
    bound_to = purpose(row_id, person.user.id)
    return course_keys.seal_text(session, sealer, person.context_id, note, purpose=bound_to)


def _insert(
    session: Session,
    person: Person,
    activity: Activity | None,
    key: UUID,
    values: Mapping[str, Any],
    base_version: int,
) -> AccommodationRow:
    if base_version != 0:
        raise Stale(0)
    row = AccommodationRow(
        id=key,
        context_id=person.context_id,
        user_id=person.user.id,
        activity_id=activity.id if activity else None,
        version=1,
        **values,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Somebody else granted something in this very moment.
        raise Stale(1) from None
    return row


def _record(
    session: Session,
    row: AccommodationRow,
    granted: Accommodation,
    actor: Membership,
    *,
    at: datetime,
) -> None:
    audit.record(
        session,
        "accommodation.taken_back" if granted.is_empty else "accommodation.granted",
        at=at,
        actor=actor,
        object_kind="accommodation",
        object_id=row.id,
        details={
            "user": str(row.user_id),
            "activity": str(row.activity_id) if row.activity_id else None,
            "version": row.version,
            "time_multiplier": str(granted.time_multiplier),
            "extra_minutes": granted.extra_minutes,
            "extra_attempts": granted.extra_attempts,
            "closes_at": granted.closes_at.isoformat() if granted.closes_at else None,
        },
    )


def _carry_over(
    session: Session,
    under_way: Sequence[Attempt],
    closes: Mapping[UUID, datetime | None],
    actor: Membership,
    *,
    at: datetime,
) -> datetime | None:
    """Lengthen the attempts under way, and let none lose a close that it was promised.

    Returns the latest of the closes that are kept for an attempt alone.
    """
    kept_until = None
    for attempt in under_way:
        settings = terms.settings_for_attempt(session, attempt)
        deadline = settings.deadline_from(attempt.started_at)
        if attempt.deadline_at and deadline and _lengthen(session, attempt, deadline):
            audit.record(
                session,
                "attempt.lengthened",
                at=at,
                actor=actor,
                object_kind="attempt",
                object_id=attempt.id,
                details={"minutes": settings.time_limit_minutes},
            )
        before = closes[attempt.id]
        if before and settings.closes_at and before > settings.closes_at:
            attempt.promised_until = before
            kept_until = later(kept_until, before)
    session.flush()
    return kept_until


def _lengthen(session: Session, attempt: Attempt, deadline: datetime) -> bool:
    moved = rows_changed(
        session,
        update(Attempt)
        .where(
            Attempt.id == attempt.id,
            Attempt.state == AttemptState.IN_PROGRESS,
            Attempt.deadline_at < deadline,
        )
        .values(deadline_at=deadline),
    )
    session.refresh(attempt)
    return moved == 1


def _refresh_grade(session: Session, person: Person, activity: Activity, *, at: datetime) -> None:
    member = person.membership
    if member is None:
        return
    has_grade = select(Grade.id).where(
        Grade.activity_id == activity.id, Grade.membership_id == member.id
    )
    if session.scalar(has_grade) is not None:
        grading.refresh_grade(session, activity, member, at=at)


def purpose(row_id: UUID, user_id: UUID) -> str:
    """Return what a note is bound to."""
    return f"accommodation:{row_id}:{user_id}"
