"""The sealed audit trail: whoever changes, removes, inserts or reorders is found out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from lti_alliance.models import AuditBatch, AuditEvent, AuditSeal
from lti_alliance.services import audit, audit_sealing
from lti_alliance.services.audit_checking import Harm, verify
from tests.factories import NOW

pytestmark = pytest.mark.both_databases
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_sealing, "BATCH_SIZE", 3)


def record(session: Session, count: int, *, since: datetime = NOW) -> list[UUID]:
    """Record so many events, a second apart."""
    return [
        audit.record(
            session,
            "reflection.read",
            at=since + timedelta(seconds=number),
            object_kind="reflection",
            object_id=uuid4(),
            details={"number": number, "share": 0.1},
        )
        for number in range(count)
    ]


@pytest.fixture
def events(session: Session) -> list[UUID]:
    """Eight events in three batches."""
    ids = record(session, 8)
    audit_sealing.seal_events(session, at=NOW + MINUTE)
    session.commit()
    session.expunge_all()
    return ids


def found(session: Session) -> tuple[int | None, Harm] | None:
    session.expire_all()
    broken = verify(session).first_break
    return (broken.batch, broken.harm) if broken else None


def test_what_was_sealed_agrees(session: Session, events: list[UUID]) -> None:
    """Every event is in one batch, the batches hang together, and nothing is left over."""
    seen = verify(session)
    batches = session.scalars(select(AuditBatch).order_by(AuditBatch.number)).all()

    assert (seen.batches, seen.events, seen.unsealed, seen.first_break) == (3, 8, 0, None)
    assert [batch.event_count for batch in batches] == [3, 3, 2]
    assert [batch.previous_hash for batch in batches[1:]] == [b.hash for b in batches[:2]]
    assert seen.last_hash == batches[-1].hash


def test_only_what_is_new_is_sealed_next(session: Session, events: list[UUID]) -> None:
    """A later sealing makes one more batch, of what came since; an empty one makes none."""
    nothing = audit_sealing.seal_events(session, at=NOW + 2 * MINUTE)
    record(session, 1, since=NOW + 2 * MINUTE)
    # This act began before the last sealing and ended after it.
    record(session, 1, since=NOW + timedelta(seconds=30))
    made = audit_sealing.seal_events(session, at=NOW + 3 * MINUTE)

    assert nothing == []
    assert [(batch.number, batch.event_count) for batch in made] == [(4, 2)]
    assert found(session) is None


def test_an_empty_trail_agrees(session: Session) -> None:
    """Before anything has happened there is nothing to find."""
    assert (verify(session).batches, found(session)) == (0, None)


def change(session: Session, events: list[UUID]) -> None:
    session.execute(update(AuditEvent).where(AuditEvent.id == events[4]).values(actor_id=uuid4()))


def change_with_seal(session: Session, events: list[UUID]) -> None:
    change(session, events)
    row = session.get_one(AuditEvent, events[4])
    digest = audit_sealing.event_digest(audit_sealing.facts_of(row))
    session.execute(update(AuditSeal).where(AuditSeal.event_id == events[4]).values(digest=digest))


def change_count(session: Session, _events: list[UUID]) -> None:
    session.execute(update(AuditBatch).where(AuditBatch.number == 2).values(first_at=NOW))


def remove(session: Session, events: list[UUID]) -> None:
    session.execute(delete(AuditEvent).where(AuditEvent.id == events[4]))


def remove_with_seal(session: Session, events: list[UUID]) -> None:
    remove(session, events)
    session.execute(delete(AuditSeal).where(AuditSeal.event_id == events[4]))


def remove_batch(session: Session, events: list[UUID]) -> None:
    for event in events[3:6]:
        session.execute(delete(AuditEvent).where(AuditEvent.id == event))
    session.execute(delete(AuditSeal).where(AuditSeal.batch_number == 2))
    session.execute(delete(AuditBatch).where(AuditBatch.number == 2))


def put_in(session: Session, _events: list[UUID]) -> None:
    (late,) = record(session, 1, since=NOW + timedelta(seconds=4.5))
    session.execute(
        insert(AuditSeal).values(event_id=late, batch_number=2, position=7, digest="0" * 64)
    )


def swap(session: Session, events: list[UUID]) -> None:
    for event, position in ((events[3], 9), (events[4], 0), (events[3], 1)):
        session.execute(
            update(AuditSeal).where(AuditSeal.event_id == event).values(position=position)
        )


@pytest.mark.parametrize(
    ("tamper", "harm"),
    [
        (change, Harm.CHANGED),
        (change_with_seal, Harm.CHANGED),
        (change_count, Harm.CHANGED),
        (remove, Harm.REMOVED),
        (remove_with_seal, Harm.REMOVED),
        (remove_batch, Harm.REMOVED),
        (put_in, Harm.INSERTED),
        (swap, Harm.REORDERED),
    ],
)
def test_harm_is_found_and_named(
    session: Session,
    events: list[UUID],
    tamper: Callable[[Session, list[UUID]], None],
    harm: Harm,
) -> None:
    """The batch that was touched is named, with what was done to it, and none before it."""
    tamper(session, events)

    assert found(session) == (2, harm)


def test_the_changed_event_is_named(session: Session, events: list[UUID]) -> None:
    """Where one event is the matter, it is said which."""
    change(session, events)
    broken = verify(session).first_break

    assert broken is not None
    assert broken.event_id == events[4]


def test_a_batch_made_anew_breaks_the_next(session: Session, events: list[UUID]) -> None:
    """A change with a right hash in its own batch no longer fits the batch after it."""
    change_with_seal(session, events)
    batch = session.get_one(AuditBatch, 2)
    rows = session.scalars(
        select(AuditSeal).where(AuditSeal.batch_number == 2).order_by(AuditSeal.position)
    ).all()
    anew = audit_sealing.batch_hash(
        number=2,
        previous_hash=batch.previous_hash,
        moments=(batch.sealed_at, batch.first_at, batch.last_at),
        digests=[row.digest for row in rows],
    )
    session.execute(update(AuditBatch).where(AuditBatch.number == 2).values(hash=anew))

    assert found(session) == (3, Harm.CHANGED)


def test_an_event_put_into_the_past_is_found(session: Session, events: list[UUID]) -> None:
    """What appears days after its own moment is never sealed, and is called inserted."""
    record(session, 1, since=NOW + timedelta(days=3))
    audit_sealing.seal_events(session, at=NOW + timedelta(days=3))
    record(session, 1, since=NOW + timedelta(seconds=4.5))
    made = audit_sealing.seal_events(session, at=NOW + timedelta(days=3))

    assert made == []
    assert found(session) == (2, Harm.INSERTED)


def test_a_trail_cut_at_its_end_is_found_by_a_noted_hash(
    session: Session, events: list[UUID]
) -> None:
    """The last batch taken away whole agrees with itself, but not with what was noted down."""
    noted = verify(session).last_hash
    for event in events[6:]:
        session.execute(delete(AuditEvent).where(AuditEvent.id == event))
    session.execute(delete(AuditSeal).where(AuditSeal.batch_number == 3))
    session.execute(delete(AuditBatch).where(AuditBatch.number == 3))
    session.expire_all()
    broken = verify(session, known=[noted]).first_break

    assert found(session) is None
    assert broken is not None
    assert broken.harm is Harm.UNKNOWN_HASH


def test_nothing_in_the_program_changes_a_batch(session: Session, events: list[UUID]) -> None:
    """A batch that was loaded cannot be changed or deleted by way of the model."""
    session.get_one(AuditBatch, 1).hash = "0" * 64
    with pytest.raises(RuntimeError, match="audit_batches"):
        session.flush()
