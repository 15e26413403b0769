"""The chain over the audit trail: one form for an event, and hashes that hold everything."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from lti_alliance.domain.audit_chain import (
    BEGINNING,
    EventFacts,
    batch_hash,
    canonical,
    event_digest,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FACTS = EventFacts(
    id=UUID(int=1),
    at=NOON,
    actor_id=UUID(int=2),
    actor_role="instructor",
    action="reflection.read",
    object_kind="reflection",
    object_id=None,
    context_id=UUID(int=3),
    request_id="a1",
    details={"b": 1, "a": "ü"},
)
OTHER = {
    "id": UUID(int=9),
    "at": NOON + timedelta(microseconds=1),
    "actor_id": None,
    "actor_role": "",
    "action": "grade.adjusted",
    "object_kind": "grade",
    "object_id": UUID(int=9),
    "context_id": None,
    "request_id": "",
    "details": {"b": 1, "a": "u"},
}


def test_the_canonical_form_is_written_down() -> None:
    """The form is a promise: a trail sealed by one release is checked by the next."""
    assert canonical(FACTS) == (
        b'{"action":"reflection.read","actor_id":"00000000-0000-0000-0000-000000000002",'
        b'"actor_role":"instructor","at":"2026-03-02T12:00:00.000000+00:00",'
        b'"context_id":"00000000-0000-0000-0000-000000000003",'
        b'"details":{"a":"\\u00fc","b":1},"id":"00000000-0000-0000-0000-000000000001",'
        b'"object_id":null,"object_kind":"reflection","request_id":"a1"}'
    )


@pytest.mark.parametrize("name", [field.name for field in fields(EventFacts)])
def test_every_fact_counts(name: str) -> None:
    """Another value anywhere is another digest."""
    assert event_digest(replace(FACTS, **{name: OTHER[name]})) != event_digest(FACTS)


def test_what_means_the_same_is_the_same() -> None:
    """The order of details and the zone of a moment do not matter."""
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    same = replace(FACTS, at=there, details={"a": "ü", "b": 1})

    assert event_digest(same) == event_digest(FACTS)


def test_a_batch_holds_its_place_its_moments_and_the_order() -> None:
    """A hash changes with the number, the batch before, a moment, and the order of events."""
    given = {
        "number": 1,
        "previous_hash": BEGINNING,
        "moments": (NOON, NOON),
        "digests": ("a", "b"),
    }
    others = (
        {"number": 2},
        {"previous_hash": "1" * 64},
        {"moments": (NOON, NOON + timedelta(seconds=1))},
        {"digests": ("b", "a")},
        {"digests": ("a",)},
    )
    hashes = {batch_hash(**given), *(batch_hash(**given | other) for other in others)}

    assert len(hashes) == len(others) + 1
