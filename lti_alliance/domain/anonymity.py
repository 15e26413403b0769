"""Numbers in the place of names, while work is graded without them."""

import hashlib
from uuid import UUID


def writer_number(activity_id: UUID, membership_id: UUID) -> int:
    """Return a number for a writer in one activity: always the same, and no order of arrival."""
    digest = hashlib.sha256(activity_id.bytes + membership_id.bytes).digest()
    return int.from_bytes(digest[:4]) % 90_000 + 10_000
