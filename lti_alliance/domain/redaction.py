"""Taking words out of a text, and finding places in what is left."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lti_alliance.domain.passages import Span

GAP = "[removed]"
"""What stands where something was taken out."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without the words, and where they stood in the text before."""

    text: str
    removed: tuple[Span, ...]


def redact(text: str, quotes: Iterable[str]) -> Redacted:
    """Take every occurrence of the quotes out, whatever their case, spaces and line ends."""
    patterns = [
        r"\s+".join(map(re.escape, words))
        for quote in sorted(quotes, key=len, reverse=True)
        if (words := quote.split())
    ]
    if not patterns:
        return Redacted(text, ())
    pattern = re.compile("|".join(patterns), re.IGNORECASE)
    removed = tuple(
        Span(found.start(), found.end() - found.start()) for found in pattern.finditer(text)
    )
    return Redacted(pattern.sub(GAP, text), removed)


def moved(span: Span, removed: Sequence[Span]) -> Span | None:
    """Return where a place is after the removal; None if some of it was removed."""
    if any(span.start < gone.end and gone.start < span.end for gone in removed):
        return None
    shift = sum(len(GAP) - gone.length for gone in removed if gone.end <= span.start)
    return Span(span.start + shift, span.length)
