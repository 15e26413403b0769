"""The tombstones beside the database: a file that no restored backup takes back."""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from lti_alliance.errors import InvalidInput
from lti_alliance.services.erasures import Tombstone

UNREADABLE = "This is not a file of erasures that this tool wrote."


def read(path: Path) -> set[Tombstone]:
    """Read the tombstones of a file; one that is not there yet holds none."""
    if not path.exists():
        return set()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {_from_json(json.loads(line)) for line in lines if line.strip()}
    except (ValueError, KeyError, TypeError):
        raise InvalidInput({str(path): UNREADABLE}) from None


def keep(path: Path, stones: Iterable[Tombstone]) -> int:
    """Add what is not in the file yet, and count it; nothing is ever taken out of it.

    The file is replaced as a whole, so that a reader never finds half of it. The workers of one
    host may do so at the same time.
    """
    known = read(path)
    wanted = known.union(stones)
    if wanted == known:
        return 0
    made = path.with_name(f"{path.name}.{os.getpid()}.new")
    text = "".join(json.dumps(_to_json(stone)) + "\n" for stone in sorted(wanted, key=_order))
    with made.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
    return len(wanted) - len(known)


def _order(stone: Tombstone) -> tuple[datetime, str, str]:
    return stone.erased_at, stone.person_digest, str(stone.context_id)


def _to_json(stone: Tombstone) -> dict[str, str | None]:
    return {
        "erased_at": stone.erased_at.isoformat(),
        "person": stone.person_digest,
        "course": str(stone.context_id) if stone.context_id else None,
    }


def _from_json(stored: dict[str, str | None]) -> Tombstone:
    at, person, course = stored["erased_at"], stored["person"], stored["course"]
    if at is None or person is None:
        raise ValueError
    return Tombstone(datetime.fromisoformat(at), person, UUID(course) if course else None)
