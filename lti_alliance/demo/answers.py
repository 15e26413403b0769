"""What a scripted person answers to an item, as a form would send it."""

import random

from lti_alliance.demo.writings import UNUSUAL_WORDINGS
from lti_alliance.domain.items import (
    BranchItem,
    Item,
    LinesItem,
    MultipleItem,
    NumericItem,
    ShortItem,
    SingleItem,
    right_choices,
)


def answer_to(item: Item, *, knows: bool, rng: random.Random, unusual: bool = False) -> list[str]:
    """Return the right answer of somebody who knows, or else a likely wrong one."""
    if isinstance(item, ShortItem):
        if unusual:
            return [rng.choice(UNUSUAL_WORDINGS)]
        return [item.accepted[0].text if knows else "rapport"]
    if isinstance(item, SingleItem | MultipleItem):
        right = [option.id for option in item.options if option.correct]
        wrong = [option.id for option in item.options if not option.correct]
        return right if knows else [*right[1:], rng.choice(wrong)]
    if isinstance(item, NumericItem):
        return [f"{item.accepted[0].middle + (0 if knows else 1):f}"]
    if isinstance(item, BranchItem):
        return _way(item, knows=knows, rng=rng)
    return _lines(item, knows=knows, rng=rng)


def _way(item: BranchItem, *, knows: bool, rng: random.Random) -> list[str]:
    way, here = [], item.nodes[0]
    while here.choices:
        best = max(here.choices, key=lambda choice: choice.points)
        choice = best if knows else rng.choice(here.choices)
        way.append(f"{here.id}:{choice.id}")
        here = item.get_node(choice.to)
    return way


def _lines(item: LinesItem, *, knows: bool, rng: random.Random) -> list[str]:
    right = list(right_choices(item).values())
    if not knows:
        rng.shuffle(right)
    return [f"{line}:{choice}" for line, choice in zip(item.shown_ids, right, strict=True)]
