"""Coefficients of classical test theory that tests publish beside difficulty and reliability.

Covariances are of populations; every figure here is a ratio of two of one kind, so that it does
not matter which kind, as long as the two are never mixed. ``counts`` is that of `domain.counted`.
"""

from collections.abc import Mapping, Sequence
from math import fsum, sqrt

from lti_alliance.domain import counted
from lti_alliance.domain.counted import Counts


def variance(values: Sequence[float], counts: Counts = None) -> float:
    """Return how far a row of figures varies; exactly 0 where all are the same."""
    if not values or min(values) == max(values):
        return 0.0
    mean = counted.mean(values, counts)
    return counted.mean([(value - mean) ** 2 for value in values], counts)


def covariance(one: Sequence[float], other: Sequence[float], counts: Counts = None) -> float:
    """Return how far two rows of figures vary together."""
    mean, other_mean = counted.mean(one, counts), counted.mean(other, counts)
    together = [(a - mean) * (b - other_mean) for a, b in zip(one, other, strict=True)]
    return counted.mean(together, counts)


def correlation(
    one: Sequence[float], other: Sequence[float], counts: Counts = None
) -> float | None:
    """Return Pearson's coefficient; None where one of the rows does not vary."""
    if variance(one, counts) == 0 or variance(other, counts) == 0:
        return None
    mean, other_mean = counted.mean(one, counts), counted.mean(other, counts)
    left, right = [value - mean for value in one], [value - other_mean for value in other]
    together = counted.total([a * b for a, b in zip(left, right, strict=True)], counts)
    squares = counted.total([a * a for a in left], counts)
    return together / sqrt(squares * counted.total([b * b for b in right], counts))


def efficiency(own: Sequence[float], rests: Sequence[float], counts: Counts = None) -> float | None:
    """Return the covariance of an item with the rest as a share of what it could be at most.

    At most is when the best in the rest have the most of the item: both rows sorted. None where
    nothing varies.
    """
    if counted.size(own, counts) < 2:
        return None
    most = covariance(*_sorted_rows(own, rests, counts))
    if most <= 0 or variance(own, counts) == 0 or variance(rests, counts) == 0:
        return None
    return covariance(own, rests, counts) / most


def effective_weights(columns: Mapping[str, Sequence[float]]) -> dict[str, float | None]:
    """Return which share of the spread of the totals each item really makes up.

    ``columns`` holds the points that everybody made with each item. An item that goes against the
    total has no weight that could be told: None, and the others share the whole.
    """
    if not columns:
        return {}
    totals = [fsum(row) for row in zip(*columns.values(), strict=True)]
    together = {
        item_id: covariance(*counted.pairs(points, totals)) for item_id, points in columns.items()
    }
    roots = {item_id: sqrt(value) for item_id, value in together.items() if value >= 0}
    whole = sum(roots.values())
    return {
        item_id: roots[item_id] / whole if whole and item_id in roots else None
        for item_id in columns
    }


def skewness(values: Sequence[float], counts: Counts = None) -> float | None:
    """Return how lopsided a row is, from k-statistics; below 0 the long tail is of low scores."""
    count = counted.size(values, counts)
    if count < 3 or variance(values, counts) == 0:
        return None
    mean = counted.mean(values, counts)
    squares = counted.total([(value - mean) ** 2 for value in values], counts)
    cubes = counted.total([(value - mean) ** 3 for value in values], counts)
    second = squares / (count - 1)
    third = count * cubes / ((count - 1) * (count - 2))
    return third / (second * sqrt(second))


def _sorted_rows(
    one: Sequence[float], other: Sequence[float], counts: Counts
) -> tuple[list[float], list[float], list[int] | None]:
    """Sort two rows, each for itself: entries stand for as many as are side by side."""
    if counts is None:
        return sorted(one), sorted(other), None
    left = sorted(zip(one, counts, strict=True), reverse=True)
    right = sorted(zip(other, counts, strict=True), reverse=True)
    ones, others, together = [], [], []
    (a, a_left), (b, b_left) = left.pop(), right.pop()
    while True:
        both = min(a_left, b_left)
        ones.append(a)
        others.append(b)
        together.append(both)
        a_left, b_left = a_left - both, b_left - both
        if not a_left and not left:
            return ones, others, together
        if not a_left:
            a, a_left = left.pop()
        if not b_left:
            b, b_left = right.pop()
