"""What changed from one version of a text to the next, in words."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]*\s*")
_WORD = re.compile(r"\S+\s*|\s+")
_MOST_STEPS = 10_000_000
"""Bounds the time of a comparison; stretches that would take more are shown as a whole."""


class ChangeKind(StrEnum):
    """What happened to a stretch of text."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of text that was kept, added or removed."""

    kind: ChangeKind
    text: str


def compare(old: str, new: str) -> tuple[Change, ...]:
    """Return the new text with what was added and removed.

    The kept and added stretches together are the new text, the kept and removed ones the old.
    """
    found = _by(_pieces(_SENTENCE, old), _pieces(_SENTENCE, new), refine=True)
    return tuple(_joined(change for change in found if change.text))


def _pieces(pattern: re.Pattern[str], text: str) -> list[str]:
    return [piece for piece in pattern.findall(text) if piece]


def _by(old: Sequence[str], new: Sequence[str], *, refine: bool) -> Iterator[Change]:
    if _steps(old, new) > _MOST_STEPS:
        yield Change(ChangeKind.REMOVED, "".join(old))
        yield Change(ChangeKind.ADDED, "".join(new))
        return
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        before, after = old[old_from:old_to], new[new_from:new_to]
        if tag == "equal":
            yield Change(ChangeKind.KEPT, "".join(after))
        elif tag == "replace" and refine:
            words = (_pieces(_WORD, "".join(pieces)) for pieces in (before, after))
            yield from _by(*words, refine=False)
        else:
            yield Change(ChangeKind.REMOVED, "".join(before))
            yield Change(ChangeKind.ADDED, "".join(after))


def _steps(old: Sequence[str], new: Sequence[str]) -> int:
    """Return what the comparison takes at worst: each equal pair may be met once for each match."""
    in_new = Counter(new)
    pairs = sum(count * in_new[piece] for piece, count in Counter(old).items())
    return pairs * min(len(old), len(new))


def _joined(changes: Iterator[Change]) -> Iterator[Change]:
    last: Change | None = None
    for change in changes:
        if last is not None and change.kind is last.kind:
            last = Change(last.kind, last.text + change.text)
            continue
        if last is not None:
            yield last
        last = change
    if last is not None:
        yield last
