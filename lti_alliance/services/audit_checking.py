"""Checking the audit trail: every batch and every event in it, against the chain of hashes."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Exists, exists, func, select
from sqlalchemy.orm import Session

from lti_alliance.domain.audit_chain import BEGINNING, EventFacts, batch_hash, event_digest
from lti_alliance.models import AuditBatch, AuditEvent, AuditSeal
from lti_alliance.services.audit_sealing import LATE, facts_of


class Harm(StrEnum):
    """What has been done to a batch."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    UNKNOWN_HASH = "unknown_hash"
    """A hash that was noted down is in no batch: the chain was made anew, or cut at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first place where the trail is not what was sealed."""

    batch: int | None
    harm: Harm
    event_id: UUID | None = None
    """Where one event can be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was checked, and the first break that was found."""

    batches: int
    events: int
    last_hash: str
    unsealed: int
    """Events that no batch holds yet; the worker seals them within minutes."""
    first_break: Break | None


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A seal, and what the event says that it is on; nothing where that is gone."""

    event_id: UUID
    digest: str
    facts: EventFacts | None


def verify(session: Session, *, known: Collection[str] = ()) -> Verification:
    """Check the whole trail, batch after batch, up to the first that is broken.

    ``known`` are hashes of batches that were noted down elsewhere: each must be in the chain.
    """
    before: AuditBatch | None = None
    events = batches = 0
    not_found = set(known)
    broken: Break | None = None
    for batch in _batches(session):
        broken = _break_of(session, batch, before)
        if broken:
            break
        before = batch
        batches += 1
        events += batch.event_count
        not_found.discard(batch.hash)
    if broken is None:
        broken = _stray_seal(session, before) or _put_in_later(session, before)
    if broken is None and not_found:
        broken = Break(batch=None, harm=Harm.UNKNOWN_HASH)
    return Verification(
        batches=batches,
        events=events,
        last_hash=before.hash if before else BEGINNING,
        unsealed=_count_unsealed(session),
        first_break=broken,
    )


def _batches(session: Session) -> Iterator[AuditBatch]:
    number = 0
    while True:
        # One after the other: a trail of years does not fit into memory.
        batch = session.scalar(
            select(AuditBatch)
            .where(AuditBatch.number > number)
            .order_by(AuditBatch.number)
            .limit(1)
        )
        if batch is None:
            return
        session.expunge(batch)
        yield batch
        number = batch.number


def _break_of(session: Session, batch: AuditBatch, before: AuditBatch | None) -> Break | None:
    expected = before.number + 1 if before else 1
    if batch.number != expected:
        return Break(batch=expected, harm=Harm.REMOVED)
    if batch.previous_hash != (before.hash if before else BEGINNING):
        return Break(batch=batch.number, harm=Harm.CHANGED)
    sealed = _sealed(session, batch)
    for each in sealed:
        if each.facts is None:
            return Break(batch=batch.number, harm=Harm.REMOVED, event_id=each.event_id)
    present = [each.facts for each in sealed if each.facts]
    digests = [event_digest(facts) for facts in present]
    if len(present) == batch.event_count and _hash_of(batch, digests) == batch.hash:
        return _changed_seal(batch, sealed, digests)
    return _what_happened(batch, sealed, present, digests)


def _what_happened(
    batch: AuditBatch,
    sealed: Sequence[_Sealed],
    present: Sequence[EventFacts],
    digests: Sequence[str],
) -> Break:
    if len(present) != batch.event_count:
        harm = Harm.REMOVED if len(present) < batch.event_count else Harm.INSERTED
        return Break(batch=batch.number, harm=harm)
    in_order = [event_digest(facts) for facts in sorted(present, key=lambda facts: facts.place)]
    if _hash_of(batch, in_order) == batch.hash:
        return Break(batch=batch.number, harm=Harm.REORDERED)
    changed = _changed_seal(batch, sealed, digests)
    return changed or Break(batch=batch.number, harm=Harm.CHANGED)


def _changed_seal(
    batch: AuditBatch, sealed: Sequence[_Sealed], digests: Sequence[str]
) -> Break | None:
    for each, digest in zip(sealed, digests, strict=True):
        if each.digest != digest:
            return Break(batch=batch.number, harm=Harm.CHANGED, event_id=each.event_id)
    return None


def _hash_of(batch: AuditBatch, digests: Sequence[str]) -> str:
    return batch_hash(
        number=batch.number,
        previous_hash=batch.previous_hash,
        moments=(batch.sealed_at, batch.first_at, batch.last_at),
        digests=digests,
    )


def _sealed(session: Session, batch: AuditBatch) -> Sequence[_Sealed]:
    rows = session.execute(
        select(AuditSeal.event_id, AuditSeal.digest, AuditEvent)
        .outerjoin(AuditEvent, AuditEvent.id == AuditSeal.event_id)
        .where(AuditSeal.batch_number == batch.number)
        .order_by(AuditSeal.position)
    ).all()
    found = [
        _Sealed(event_id, digest, facts_of(event) if event else None)
        for event_id, digest, event in rows
    ]
    for _, _, event in rows:
        if event:
            session.expunge(event)
    return found


def _stray_seal(session: Session, last: AuditBatch | None) -> Break | None:
    """Find seals of batches that are not there: the newest batches were taken away."""
    beyond = session.scalar(
        select(func.min(AuditSeal.batch_number)).where(
            AuditSeal.batch_number > (last.number if last else 0)
        )
    )
    return None if beyond is None else Break(batch=beyond, harm=Harm.REMOVED)


def _put_in_later(session: Session, last: AuditBatch | None) -> Break | None:
    """Find an event that is in no batch although batches have long gone past its moment."""
    if last is None:
        return None
    found = session.execute(
        select(AuditEvent.id, AuditEvent.at)
        .where(AuditEvent.at < last.last_at - LATE, ~_is_sealed())
        .order_by(AuditEvent.at)
        .limit(1)
    ).first()
    if found is None:
        return None
    return Break(batch=_batch_at(session, found.at), harm=Harm.INSERTED, event_id=found.id)


def _batch_at(session: Session, moment: datetime) -> int | None:
    return session.scalar(select(func.min(AuditBatch.number)).where(AuditBatch.last_at >= moment))


def _count_unsealed(session: Session) -> int:
    found = session.scalar(select(func.count()).select_from(AuditEvent).where(~_is_sealed()))
    return found or 0


def _is_sealed() -> Exists:
    return exists().where(AuditSeal.event_id == AuditEvent.id)
