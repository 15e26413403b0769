"""The chain over the audit trail: what is hashed, in one form for every database.

Each event has a digest; a batch has the hash over its number, the hash of the batch before, the
moment of sealing and the digests in their order. Whoever changes anything must change every hash
after it, and those were written down elsewhere as they were made.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

BEGINNING = "0" * 64
"""What the first batch holds in the place of a hash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """Everything that an event says."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_role: str
    action: str
    object_kind: str
    object_id: UUID | None
    context_id: UUID | None
    request_id: str
    details: Mapping[str, Any]

    @property
    def place(self) -> tuple[datetime, str]:
        """By what events stand in a batch."""
        return self.at, self.id.hex


def canonical(facts: EventFacts) -> bytes:
    """Return an event as bytes: JSON with sorted names, no blanks, ASCII alone (like RFC 8785)."""
    form = {
        "id": str(facts.id),
        # Six digits always: a moment on the full second would otherwise be written shorter.
        "at": facts.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": _text(facts.actor_id),
        "actor_role": facts.actor_role,
        "action": facts.action,
        "object_kind": facts.object_kind,
        "object_id": _text(facts.object_id),
        "context_id": _text(facts.context_id),
        "request_id": facts.request_id,
        "details": facts.details,
    }
    return json.dumps(form, sort_keys=True, separators=(",", ":")).encode("ascii")


def event_digest(facts: EventFacts) -> str:
    """Return the digest of one event."""
    return sha256(canonical(facts)).hexdigest()


def batch_hash(
    *,
    number: int,
    previous_hash: str,
    moments: Iterable[datetime],
    digests: Iterable[str],
) -> str:
    """Return the hash of a batch: over the one before it, its moments, its events in their order.

    The moments are those of sealing and of its first and last event.
    """
    written = [each.astimezone(UTC).isoformat(timespec="microseconds") for each in moments]
    lines = [str(number), previous_hash, *written, *digests]
    return sha256("\n".join(lines).encode("ascii")).hexdigest()


def _text(key: UUID | None) -> str | None:
    return str(key) if key else None
