"""Rows of figures in which one entry may stand for many people.

``counts`` says for how many, and everywhere None means one each. What is worked out is what the
row written out in full would come to, to the last digit.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from math import fsum

Counts = Sequence[int] | None

_SPLITTER = 2.0**27 + 1
"""Dekker's: cuts a float into two of half the digits, which whole numbers multiply exactly."""


def size(values: Sequence[float], counts: Counts = None) -> int:
    """Return how many people a row is about."""
    return len(values) if counts is None else sum(counts)


def total(values: Sequence[float], counts: Counts = None) -> float:
    """Add a row up and round once."""
    if counts is None:
        return fsum(values)
    parts: list[float] = []
    for value, count in zip(values, counts, strict=True):
        wide = _SPLITTER * value
        high = wide - (wide - value)
        parts += high * count, (value - high) * count
    return fsum(parts)


def mean(values: Sequence[float], counts: Counts = None) -> float:
    """Return the mean of a row, which must not be empty."""
    return total(values, counts) / size(values, counts)


def at_places(values: Sequence[float], counts: Counts, places: Sequence[int]) -> list[float]:
    """Return what stands at these places, from 0, once the row is put in order."""
    if counts is None:
        ranked = sorted(values)
        return [ranked[place] for place in places]
    order = sorted(zip(values, counts, strict=True))
    until = list(accumulate(count for _, count in order))
    return [order[bisect_right(until, place)][0] for place in places]


def pairs(
    one: Sequence[float], other: Sequence[float]
) -> tuple[list[float], list[float], list[int]]:
    """Put two rows about the same people together: each pair of figures once, and how often."""
    found = Counter(zip(one, other, strict=True))
    return [a for a, _ in found], [b for _, b in found], list(found.values())
