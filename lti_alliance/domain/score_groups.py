"""Groups of people by score: the top and the bottom, fifths, and how scores are spread."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

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
    totals: Sequence[float], *, top_from: float = TOP_FROM, bottom_below: float = BOTTOM_BELOW
) -> Ends:
    """Find the top and the bottom of a row of scores; those who tie at a cut go up together."""
    if not totals:
        return Ends(frozenset(), frozenset())
    # Scores are sums of shares: what differs in the last digit alone is a tie.
    rounded = [round(total, 9) for total in totals]
    ranked = sorted(rounded)
    last = len(ranked) - 1
    upper = ranked[min(last, round(len(ranked) * top_from))]
    lower = ranked[min(last, round(len(ranked) * bottom_below))]
    return Ends(
        top=frozenset(place for place, total in enumerate(rounded) if total >= upper),
        bottom=frozenset(
            place for place, total in enumerate(rounded) if total < lower and total < upper
        ),
    )


def upper_lower(own: Sequence[float], at: Ends) -> float | None:
    """Return the difference of an item's mean at the top and at the bottom; None without one."""
    if not at.top or not at.bottom:
        return None
    top = fmean([own[place] for place in at.top])
    return top - fmean([own[place] for place in at.bottom])


def curve(own: Sequence[float], rests: Sequence[float]) -> tuple[CurvePoint, ...]:
    """Return what each fifth of the people by the rest earned with an item.

    Those with the same rest are in the same group, so that there may be fewer than five.
    """
    if not rests:
        return ()
    rounded = [round(rest, 9) for rest in rests]
    ranked = sorted(rounded)
    cuts = [
        ranked[min(len(ranked) - 1, round(len(ranked) * part / FIFTHS))]
        for part in range(1, FIFTHS)
    ]
    members: dict[int, list[int]] = {}
    for place, rest in enumerate(rounded):
        members.setdefault(bisect_right(cuts, rest), []).append(place)
    return tuple(
        CurvePoint(
            group=number,
            count=len(places),
            rest=fmean([rests[place] for place in places]),
            share=fmean([own[place] for place in places]),
        )
        for number, (_, places) in enumerate(sorted(members.items()), start=1)
    )


def distribution(shares: Sequence[float]) -> tuple[Bin, ...]:
    """Count the scores in tenths of the maximum."""
    places = [min(BINS - 1, int(round(share * BINS, 9))) for share in shares]
    return tuple(
        Bin(number / BINS, (number + 1) / BINS, places.count(number)) for number in range(BINS)
    )
