"""Sealing the audit trail: what was recorded since the last batch goes into the next."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from lti_alliance.domain.audit_chain import BEGINNING, EventFacts, batch_hash, event_digest
from lti_alliance.models import AuditBatch, AuditEvent, AuditSeal

BATCH_SIZE = 500
BATCHES_AT_ONCE = 20
"""So that the first sealing of a long trail does not hold the write lock for a minute."""
LATE = timedelta(days=1)
"""An event that appears so long after the newest sealed one is not taken: it was put in later."""


def seal_events(session: Session, *, at: datetime) -> Sequence[AuditBatch]:
    """Put what is not sealed yet into batches, the oldest events first; return the batches.

    One process at a time does it, which the timetable sees to; if two did, the second would find
    the number of its batch taken and change nothing.
    """
    last = newest_batch(session)
    made: list[AuditBatch] = []
    waiting = _unsealed(session, last)
    for events in _batches(waiting):
        last = _seal(session, events, last, at=at)
        made.append(last)
    return made


def newest_batch(session: Session) -> AuditBatch | None:
    """Return the last batch of the chain."""
    return session.scalar(select(AuditBatch).order_by(AuditBatch.number.desc()).limit(1))


def facts_of(event: AuditEvent) -> EventFacts:
    """Return what an event says."""
    return EventFacts(
        id=event.id,
        at=event.at,
        actor_id=event.actor_id,
        actor_role=event.actor_role,
        action=event.action,
        object_kind=event.object_kind,
        object_id=event.object_id,
        context_id=event.context_id,
        request_id=event.request_id,
        details=event.details,
    )


def _unsealed(session: Session, last: AuditBatch | None) -> Sequence[EventFacts]:
    is_sealed = exists().where(AuditSeal.event_id == AuditEvent.id)
    # An act that began before the last sealing may have ended after it.
    since = [AuditEvent.at >= last.last_at - LATE] if last else []
    found = session.scalars(
        select(AuditEvent)
        .where(~is_sealed, *since)
        .order_by(AuditEvent.at, AuditEvent.id)
        .limit(BATCH_SIZE * BATCHES_AT_ONCE)
    )
    return sorted(map(facts_of, found), key=lambda facts: facts.place)


def _seal(
    session: Session, events: Sequence[EventFacts], last: AuditBatch | None, *, at: datetime
) -> AuditBatch:
    number = last.number + 1 if last else 1
    previous_hash = last.hash if last else BEGINNING
    digests = [event_digest(facts) for facts in events]
    first_at, last_at = events[0].at, events[-1].at
    if last:
        # Never falls, so that one event with an early moment does not open the past again.
        last_at = max(last_at, last.last_at)
    batch = AuditBatch(
        number=number,
        previous_hash=previous_hash,
        sealed_at=at,
        first_at=first_at,
        last_at=last_at,
        event_count=len(events),
        hash=batch_hash(
            number=number,
            previous_hash=previous_hash,
            moments=(at, first_at, last_at),
            digests=digests,
        ),
    )
    session.add(batch)
    session.flush()
    session.execute(
        insert(AuditSeal),
        [
            {
                "event_id": facts.id,
                "batch_number": number,
                "position": position,
                "digest": digest,
            }
            for position, (facts, digest) in enumerate(zip(events, digests, strict=True))
        ],
    )
    return batch


def _batches(events: Sequence[EventFacts]) -> Sequence[Sequence[EventFacts]]:
    return [events[start : start + BATCH_SIZE] for start in range(0, len(events), BATCH_SIZE)]
