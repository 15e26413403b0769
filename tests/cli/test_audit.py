"""`alliance audit`: what was recorded, and whether it is still what was sealed."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.models import AuditEvent
from lti_alliance.services import audit, audit_sealing
from tests.cli.conftest import Run
from tests.factories import NOW


@pytest.fixture
def trail(session: Session) -> list[str]:
    """Two sealed events and one that is not; return the hashes of the batches."""
    for number, action in enumerate(("reflection.read", "export")):
        audit.record(session, action, at=NOW + timedelta(minutes=number), object_id=uuid4())
    batches = audit_sealing.seal_events(session, at=NOW + timedelta(minutes=2))
    audit.record(session, "reflection.read", at=NOW + timedelta(minutes=3))
    session.commit()
    return [batch.hash for batch in batches]


def test_a_whole_trail_is_told_with_what_was_checked(run: Run, trail: list[str]) -> None:
    """The numbers, the newest hash and exit status 0."""
    result = run("audit", "verify", "--known", trail[0], "--json")
    told = json.loads(result.stdout)

    assert result.exit_code == 0, result.output
    assert (told["batches"], told["events"], told["not_sealed_yet"]) == (1, 2, 1)
    assert told["last_hash"] == trail[0]
    assert told["broken_batch"] is None


def test_a_changed_event_is_a_failure_that_names_the_batch(
    run: Run, session: Session, trail: list[str]
) -> None:
    """Exit status 1, and the first broken batch with its event."""
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "export")).one()
    session.execute(update(AuditEvent).where(AuditEvent.id == event.id).values(action="nothing"))
    session.commit()
    result = run("audit", "verify")

    assert result.exit_code == 1
    assert "Batch 1 is broken" in result.stderr
    assert str(event.id) in result.stderr


def test_a_hash_that_is_gone_is_a_failure(run: Run, trail: list[str]) -> None:
    """A trail made anew from the beginning does not have the hashes that were noted."""
    result = run("audit", "verify", "--known", "0" * 63 + "1")

    assert result.exit_code == 1
    assert "--known" in result.stderr


def test_listing_narrows(run: Run, trail: list[str]) -> None:
    """By action and by time, the newest first."""
    reads = json.loads(run("audit", "list", "--action", "reflection.read", "--json").stdout)
    late = json.loads(run("audit", "list", "--since", "2026-03-02T12:03:00", "--json").stdout)
    early = json.loads(run("audit", "list", "--until", "2026-03-02T12:01:00", "--json").stdout)

    assert [row["at"][11:16] for row in reads] == ["12:03", "12:00"]
    assert [row["at"][11:16] for row in late] == ["12:03"]
    assert [row["at"][11:16] for row in early] == ["12:00"]


def test_rotating_the_signing_key_is_recorded(run: Run) -> None:
    """Who asks what became of a key finds when the next one took over."""
    run("keys", "rotate", "--force")
    (row,) = json.loads(run("audit", "list", "--action", "key.rotated", "--json").stdout)

    assert row["kind"] == "tool_key"
