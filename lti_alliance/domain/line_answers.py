"""What a class answered beside the lines of an item: ratings against the key, and orders.

``counts`` is that of `domain.counted`: how many people gave each of the answers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, repeat
from math import sqrt

from lti_alliance.domain import coefficients, counted
from lti_alliance.domain.counted import Counts
from lti_alliance.domain.items import LinesResponse, OrderingItem, RateItem

Pairs = Mapping[str, str]
"""Line to answer, as one person gave them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRatings:
    """How a reply was rated."""

    reply_id: str
    key: int
    count: int
    mean: float | None
    deviation: float | None
    """None with fewer than two ratings."""
    agree: int
    """How many gave it the value of the key."""
    near: int
    """How many were a step beside it."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Two entries that were put the wrong way round."""

    first: str
    """What comes first in a right order."""
    second: str
    count: int


@dataclass(frozen=True, slots=True)
class Orders:
    """How far the orders of a class are from a right one."""

    count: int
    """Whole orders; half ones say nothing."""
    displacement: float | None
    """By how many places an entry is off in the mean."""
    swap: Swap | None
    """The commonest, the nearer neighbours first; None where nobody swapped anything."""


def ratings(
    item: RateItem, given: Sequence[Pairs], counts: Counts = None
) -> tuple[ReplyRatings, ...]:
    """Describe how each reply of an item was rated."""
    numbers = sorted(point.number for point in item.scale)
    found = []
    for reply in item.replies:
        times: Counter[int] = Counter()
        for pairs, count in zip(given, _times(given, counts), strict=True):
            if reply.id in pairs:
                times[int(pairs[reply.id])] += count
        values, each = list(times), list(times.values())
        away: Counter[int] = Counter()
        for value, count in times.items():
            away[abs(numbers.index(value) - numbers.index(reply.value))] += count
        found.append(
            ReplyRatings(
                reply_id=reply.id,
                key=reply.value,
                count=sum(each),
                mean=counted.mean(values, each) if values else None,
                deviation=sqrt(coefficients.variance(values, each)) if sum(each) > 1 else None,
                agree=away[0],
                near=away[1],
            )
        )
    return tuple(found)


def orders(item: OrderingItem, given: Sequence[Pairs], counts: Counts = None) -> Orders:
    """Describe the orders of a class, each against the right order to which it is nearest."""
    count = away = 0
    swaps: Counter[tuple[str, str]] = Counter()
    # A great class gives few orders: each is looked at once, however many gave it.
    alike: Counter[tuple[tuple[str, str], ...]] = Counter()
    for pairs, number in zip(given, _times(given, counts), strict=True):
        alike[tuple(sorted(pairs.items()))] += number
    for order, times in alike.items():
        response = LinesResponse(dict(order))
        if not item.is_whole(response):
            continue
        right = item.closest(response)
        places = {entry: int(response.pairs[entry]) for entry in right}
        count += times
        away += times * sum(abs(places[e] - place) for place, e in enumerate(right, start=1))
        for first, second in combinations(right, 2):
            if places[first] > places[second]:
                swaps[first, second] += times
    return Orders(
        count=count,
        displacement=away / (count * len(item.entries)) if count else None,
        swap=_commonest(swaps, item.shown_ids),
    )


def _times(given: Sequence[Pairs], counts: Counts) -> Iterable[int]:
    return repeat(1, len(given)) if counts is None else counts


def _commonest(swaps: Counter[tuple[str, str]], source: Sequence[str]) -> Swap | None:
    if not swaps:
        return None

    def rank(pair: tuple[str, str]) -> tuple[int, int, int]:
        first, second = source.index(pair[0]), source.index(pair[1])
        return -swaps[pair], abs(second - first), first

    pair = min(swaps, key=rank)
    return Swap(*pair, swaps[pair])
