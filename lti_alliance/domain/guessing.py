"""What somebody who knows nothing would earn with an item by chance, to be read beside it."""

from fractions import Fraction
from itertools import combinations, permutations

from lti_alliance.domain.items import (
    BranchItem,
    ChoiceResponse,
    Item,
    LineScoring,
    LinesResponse,
    MatchingItem,
    MultipleItem,
    NumericItem,
    OrderingItem,
    RateItem,
    ShortItem,
    SingleItem,
)

_MOST_OPTIONS, _MOST_ENTRIES = 10, 6
"""Beyond these there are too many ways of guessing to go through them all."""


def guess_share(item: Item) -> Fraction | None:
    """Return the mean share of the points over all ways of answering at random.

    Nobody guesses words or numbers: those earn nothing. None where it cannot be told, as for a
    conversation, whose ways differ in length.
    """
    match item:
        case SingleItem():
            return Fraction(1, len(item.options))
        case MultipleItem():
            return _ticks(item)
        case MatchingItem():
            chance = Fraction(1, len(item.targets))
            return chance ** len(item.rows) if item.scoring is LineScoring.EXACT else chance
        case OrderingItem():
            return _orders(item)
        case RateItem():
            return _ratings(item)
        case ShortItem() | NumericItem():
            return Fraction(0)
        case BranchItem():
            return None


def _ticks(item: MultipleItem) -> Fraction | None:
    """Go through every choice of at least one option."""
    ids = [option.id for option in item.options]
    if len(ids) > _MOST_OPTIONS:
        return None
    earned = [
        item.judge(ChoiceResponse(chosen=chosen)).share
        for count in range(1, len(ids) + 1)
        for chosen in combinations(ids, count)
    ]
    return sum(earned, Fraction(0)) / len(earned)


def _orders(item: OrderingItem) -> Fraction | None:
    """Go through every order."""
    if len(item.entries) > _MOST_ENTRIES:
        return None
    earned = [
        item.judge(LinesResponse(dict(zip(order, item.choice_ids, strict=True)))).share
        for order in permutations(item.shown_ids)
    ]
    return sum(earned, Fraction(0)) / len(earned)


def _ratings(item: RateItem) -> Fraction:
    """Rate every reply with every value; replies are rated independently of one another."""
    if item.scoring is LineScoring.EXACT:
        return Fraction(1, len(item.scale) ** len(item.replies))
    earned = [item.share_of(reply, value) for reply in item.replies for value in item.choice_ids]
    return sum(earned, Fraction(0)) / len(earned)
