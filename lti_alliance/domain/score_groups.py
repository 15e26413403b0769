"""Groups of people by score: the top and the bottom, fifths, and how scores are spread.

``counts`` is that of `domain.counted`; a place is that of an entry, for however many it stands.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lti_alliance.domain import counted
from lti_alliance.domain.counted import Counts

TOP_FROM, BOTTOM_BELOW = 0.73, 0.27
"""Where a row of scores is cut for the top and the bottom 27 %."""
FIFTHS = 5
BINS = 10


@dataclass(frozen=True, slots=True)
class Ends:
    """Who is at the top and who at the bottom, as places in the row of scores."""

    top: frozenset[int]
    bottom: frozenset[int]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One group of people, from the weakest in the rest to the strongest."""

    group: int
    """Counted from 1."""
    count: int
    rest: float
    """The mean share that the group earned with the rest."""
    share: float
    """The mean share that it earned with the item."""


@dataclass(frozen=True, slots=True)
class Bin:
    """How many scores lie from one share up to the next; the last takes in the whole."""

    low: float
    high: float
    count: int


def ends(
    totals: Sequence[float],
    counts: Counts = None,
    *,
    top_from: float = TOP_FROM,
    bottom_below: float = BOTTOM_BELOW,
) -> Ends:
    """Find the top and the bottom of a row of scores; those who tie at a cut go up together."""
    if not totals:
        return Ends(frozenset(), frozenset())
    # Scores are sums of shares: what differs in the last digit alone is a tie.
    rounded = [round(total, 9) for total in totals]
    upper, lower = _cuts(rounded, counts, (top_from, bottom_below))
    return Ends(
        top=frozenset(place for place, total in enumerate(rounded) if total >= upper),
        bottom=frozenset(
            place for place, total in enumerate(rounded) if total < lower and total < upper
        ),
    )


def upper_lower(own: Sequence[float], at: Ends, counts: Counts = None) -> float | None:
    """Return the difference of an item's mean at the top and at the bottom; None without one."""
    if not at.top or not at.bottom:
        return None
    return _mean_at(own, list(at.top), counts) - _mean_at(own, list(at.bottom), counts)


def curve(
    own: Sequence[float], rests: Sequence[float], counts: Counts = None
) -> tuple[CurvePoint, ...]:
    """Return what each fifth of the people by the rest earned with an item.

    Those with the same rest are in the same group, so that there may be fewer than five.
    """
    if not rests:
        return ()
    rounded = [round(rest, 9) for rest in rests]
    cuts = _cuts(rounded, counts, [part / FIFTHS for part in range(1, FIFTHS)])
    members: dict[int, list[int]] = {}
    for place, rest in enumerate(rounded):
        members.setdefault(bisect_right(cuts, rest), []).append(place)
    return tuple(
        CurvePoint(
            group=number,
            count=people_at(places, counts),
            rest=_mean_at(rests, places, counts),
            share=_mean_at(own, places, counts),
        )
        for number, (_, places) in enumerate(sorted(members.items()), start=1)
    )


def distribution(shares: Sequence[float], counts: Counts = None) -> tuple[Bin, ...]:
    """Count the scores in tenths of the maximum."""
    places: list[list[int]] = [[] for _ in range(BINS)]
    for place, share in enumerate(shares):
        places[min(BINS - 1, int(round(share * BINS, 9)))].append(place)
    return tuple(
        Bin(number / BINS, (number + 1) / BINS, people_at(found, counts))
        for number, found in enumerate(places)
    )


def people_at(places: Collection[int], counts: Counts = None) -> int:
    """Return how many people stand at these places."""
    return len(places) if counts is None else sum(counts[place] for place in places)


def _cuts(values: Sequence[float], counts: Counts, parts: Sequence[float]) -> list[float]:
    """Return what stands at these parts of a row in order."""
    count = counted.size(values, counts)
    places = [min(count - 1, round(count * part)) for part in parts]
    return counted.at_places(values, counts, places)


def _mean_at(values: Sequence[float], places: Sequence[int], counts: Counts) -> float:
    return counted.mean(
        [values[place] for place in places],
        None if counts is None else [counts[place] for place in places],
    )
