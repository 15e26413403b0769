"""Passages of a text: found by quoting them, marked in the text by number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lti_alliance.errors import InvalidInput

# Messages for the marker, without values, so that the edge can translate them.
PASSAGE_EMPTY = "Write or paste the words that the comment is about."
PASSAGE_UNKNOWN = "These words do not occur in the text. Copy them from it."


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text; ``numbers`` are the marks it lies in, ``ends`` those that end with it."""

    text: str
    numbers: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


def find_passage(text: str, quote: str) -> Span:
    """Return the first place where the words occur; spaces and line ends count alike.

    Raises ``InvalidInput`` for words that do not occur.
    """
    words = quote.split()
    if not words:
        raise InvalidInput({"passage": PASSAGE_EMPTY}, code="passage.invalid")
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    if found is None:
        raise InvalidInput({"passage": PASSAGE_UNKNOWN}, code="passage.invalid")
    return Span(found.start(), found.end() - found.start())


def mark(text: str, spans: Sequence[Span]) -> tuple[Segment, ...]:
    """Cut a text at its marks, which are numbered from 1 in their order; they may overlap.

    The segments together are the text. A mark that reaches beyond the text is cut.
    """
    edges = {0, len(text)}
    for span in spans:
        edges |= {min(max(span.start, 0), len(text)), min(max(span.end, 0), len(text))}
    cuts = sorted(edges)
    segments = []
    for start, end in pairwise(cuts):
        inside = [
            (number, span)
            for number, span in enumerate(spans, start=1)
            if span.start <= start and end <= min(span.end, len(text))
        ]
        segments.append(
            Segment(
                text[start:end],
                tuple(number for number, _ in inside),
                tuple(number for number, span in inside if min(span.end, len(text)) == end),
            )
        )
    return tuple(segments)
