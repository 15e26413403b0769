"""Everything that is kept about one person, as plain values that go into JSON as they are.

Nothing of other people is among it, and nothing that those who teach have not released: their
drafts, and marks before a grade is agreed on. How answers were judged is told as far as the person
may see it in the tool by now, since the rest would give keys away.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.models import (
    Accommodation,
    AuditEvent,
    Context,
    LaunchSession,
    Membership,
    Preset,
    RosterEntry,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import accommodations, audit, person_practice, person_work, phrases
from lti_alliance.services.gone_texts import if_readable
from lti_alliance.services.persons import Subject, in_course, memberships_of

Values = dict[str, Any]


def export_person(
    session: Session,
    catalogue: Catalogue,
    sealer: Sealer,
    subject: Subject,
    *,
    with_notes: bool,
    at: datetime,
    actor: Membership | None = None,
    request_id: str = "",
) -> Values:
    """Put together what is kept about a person, on record.

    ``with_notes`` adds the notes to accommodations, which are for instructors: the person's own
    download says that there is one, and the institution gives it out.
    """
    found = _document(session, catalogue, sealer, subject, with_notes=with_notes, at=at)
    audit.record(
        session,
        "privacy.exported",
        at=at,
        actor=actor,
        object_kind="user",
        object_id=subject.user.id,
        context_id=subject.context_id,
        request_id=request_id,
        details={
            "scope": "course" if subject.context else "registration",
            "courses": len(found["courses"]),
        },
    )
    return found


def _document(
    session: Session,
    catalogue: Catalogue,
    sealer: Sealer,
    subject: Subject,
    *,
    with_notes: bool,
    at: datetime,
) -> Values:
    return {
        "made_at": at,
        "platform": subject.registration.name,
        "issuer": subject.registration.issuer,
        "person": _person(subject),
        "courses": [
            {
                **_course(session, sealer, membership, with_notes=with_notes),
                "activities": person_work.list_activities(
                    session, catalogue, sealer, membership, at=at
                ),
                "practice_sets": person_practice.list_sets(session, catalogue, membership, at=at),
            }
            for membership in memberships_of(session, subject)
        ],
        "lists_of_people": _listed(session, subject),
        "presets": [] if subject.context else _presets(session, subject),
        "launches": _launches(session, subject),
        "acts": _acts(session, subject),
    }


def _person(subject: Subject) -> Values:
    profile = subject.user.profile
    known: Values = {"lms_id": subject.user.sub, "first_seen_at": subject.user.created_at}
    if profile is not None:
        known |= {
            "name": profile.name,
            "given_name": profile.given_name,
            "family_name": profile.family_name,
            "email": profile.email,
            "names_kept_until": profile.expires_at,
        }
    return known


def _course(
    session: Session, sealer: Sealer, membership: Membership, *, with_notes: bool
) -> Values:
    context = session.get_one(Context, membership.context_id)
    return {
        "course": context.title or context.label,
        "role": membership.role,
        "number": membership.number,
        "sections": list(membership.sections),
        "first_opened_at": membership.first_launch_at,
        "last_opened_at": membership.last_launch_at,
        "accommodations": [
            _accommodation(session, sealer, row, with_notes=with_notes)
            for row in session.scalars(
                select(Accommodation)
                .where(
                    Accommodation.context_id == membership.context_id,
                    Accommodation.user_id == membership.user_id,
                )
                .order_by(Accommodation.changed_at, Accommodation.id)
            )
        ],
        "phrases": if_readable(
            lambda: [each.text for each in phrases.list_phrases(session, sealer, membership)], []
        ),
    }


def _accommodation(
    session: Session, sealer: Sealer, row: Accommodation, *, with_notes: bool
) -> Values:
    granted: Values = {
        "activity": row.activity.resource_link.title if row.activity else None,
        "time_multiplier": row.time_multiplier,
        "extra_minutes": row.extra_minutes,
        "extra_attempts": row.extra_attempts,
        "closes_at": row.closes_at,
        "changed_at": row.changed_at,
        "has_note": row.sealed_note is not None,
    }
    if with_notes:
        granted["note"] = if_readable(lambda: accommodations.read_note(session, sealer, row), None)
    return granted


def _listed(session: Session, subject: Subject) -> list[Values]:
    entries = session.execute(
        select(RosterEntry, Context)
        .join(Context, Context.id == RosterEntry.context_id)
        .where(
            RosterEntry.user_id == subject.user.id,
            in_course("roster_entries", subject.context),
        )
        .order_by(RosterEntry.seen_at, RosterEntry.id)
    )
    return [
        {
            "course": context.title or context.label,
            "role": entry.role,
            "listed_at": entry.seen_at,
            "left_at": entry.left_at,
        }
        for entry, context in entries
    ]


def _presets(session: Session, subject: Subject) -> list[Values]:
    rows = session.scalars(
        select(Preset).where(Preset.owner_id == subject.user.id).order_by(Preset.name)
    )
    return [
        {"name": row.name, "settings": row.settings, "updated_at": row.updated_at} for row in rows
    ]


def _launches(session: Session, subject: Subject) -> list[Values]:
    rows = session.scalars(
        select(LaunchSession)
        .where(
            LaunchSession.user_id == subject.user.id,
            in_course("launch_sessions", subject.context),
        )
        .order_by(LaunchSession.created_at, LaunchSession.id)
    )
    return [
        {
            "opened_at": row.created_at,
            "last_used_at": row.seen_at,
            "ends_at": row.ended_at or row.expires_at,
            "role": row.role,
            "opened": row.resource_link.title if row.resource_link else None,
            "language": row.locale,
            "time_zone": row.time_zone,
        }
        for row in rows
    ]


def _acts(session: Session, subject: Subject) -> list[Values]:
    """List what the audit trail has of the person's own acts, as far as it is about them alone."""
    mine = AuditEvent.actor_id == subject.user.id
    if subject.context is not None:
        mine &= AuditEvent.context_id == subject.context.id
    rows = session.execute(
        select(AuditEvent.action, AuditEvent.at, AuditEvent.actor_role)
        .where(mine)
        .order_by(AuditEvent.at, AuditEvent.id)
    )
    return [{"act": action, "at": at, "role": role} for action, at, role in rows]
