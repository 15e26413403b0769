"""Coefficients of classical test theory that tests publish beside difficulty and reliability.

Covariances are of populations; every figure here is a ratio of two of one kind, so that it does
not matter which kind, as long as the two are never mixed.
"""

from collections.abc import Mapping, Sequence
from math import fsum, sqrt
from statistics import fmean


def variance(values: Sequence[float]) -> float:
    """Return how far a row of figures varies; exactly 0 where all are the same."""
    if not values or min(values) == max(values):
        return 0.0
    mean = fmean(values)
    return fmean([(value - mean) ** 2 for value in values])


def covariance(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how far two rows of figures vary together."""
    mean, other_mean = fmean(one), fmean(other)
    return fmean([(a - mean) * (b - other_mean) for a, b in zip(one, other, strict=True)])


def efficiency(own: Sequence[float], rests: Sequence[float]) -> float | None:
    """Return the covariance of an item with the rest as a share of what it could be at most.

    At most is when the best in the rest have the most of the item: both rows sorted. None where
    nothing varies.
    """
    if len(own) < 2:
        return None
    most = covariance(sorted(own), sorted(rests))
    if most <= 0 or variance(own) == 0 or variance(rests) == 0:
        return None
    return covariance(own, rests) / most


def effective_weights(columns: Mapping[str, Sequence[float]]) -> dict[str, float | None]:
    """Return which share of the spread of the totals each item really makes up.

    ``columns`` holds the points that everybody made with each item. An item that goes against the
    total has no weight that could be told: None, and the others share the whole.
    """
    if not columns:
        return {}
    totals = [fsum(row) for row in zip(*columns.values(), strict=True)]
    together = {item_id: covariance(points, totals) for item_id, points in columns.items()}
    roots = {item_id: sqrt(value) for item_id, value in together.items() if value >= 0}
    whole = sum(roots.values())
    return {
        item_id: roots[item_id] / whole if whole and item_id in roots else None
        for item_id in columns
    }


def skewness(values: Sequence[float]) -> float | None:
    """Return how lopsided a row is, from k-statistics; below 0 the long tail is of low scores."""
    count = len(values)
    if count < 3 or variance(values) == 0:
        return None
    mean = fmean(values)
    squares = sum((value - mean) ** 2 for value in values)
    cubes = sum((value - mean) ** 3 for value in values)
    second = squares / (count - 1)
    third = count * cubes / ((count - 1) * (count - 2))
    return third / (second * sqrt(second))
