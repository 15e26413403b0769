"""Habits over many items: keys that give themselves away, and pools that are not parallel."""

from lti_alliance.content.faults import Faults
from lti_alliance.domain.items import SingleItem
from lti_alliance.domain.modules import Module

MIN_KEYS = 5
"""How many single items it takes before a pattern in their keys means anything."""


def check_patterns(module: Module, faults: Faults) -> None:
    """Warn of what shows only when the items are seen side by side."""
    _check_keys(module, faults)
    _check_pools(module, faults)


def _check_keys(module: Module, faults: Faults) -> None:
    singles = [item for item in module.quiz.items if isinstance(item, SingleItem)]
    if len(singles) < MIN_KEYS:
        return
    longest = sum(_key_is_longest(item) for item in singles)
    if longest * 3 > len(singles) * 2:
        remedy = "Shorten keys or lengthen distractors: length must not give the key away."
        problem = f"the key is the longest option in {longest} of {len(singles)} single items"
        faults.warn(singles[0].line, problem, remedy)
    positions = [_key_position(item) for item in singles]
    common = max(set(positions), key=positions.count)
    often = positions.count(common)
    # Shuffling hides this from students, not from a paper copy or another program.
    if often * 2 > len(singles):
        problem = f"the key is option {common + 1} in {often} of {len(singles)} single items"
        faults.warn(singles[0].line, problem, "Move some keys to other places.")


def _check_pools(module: Module, faults: Faults) -> None:
    for pool in module.quiz.pools:
        items = [module.quiz.get_item(item_id) for item_id in pool.item_ids]
        sides: dict[str, set[object]] = {
            "kind": {item.kind for item in items},
            "frame": {item.frame for item in items},
            "objective": {item.objective for item in items},
        }
        if unlike := [side for side, found in sides.items() if len(found) > 1]:
            problem = f"the items of the pool `{pool.name}` differ in {', '.join(unlike)}"
            remedy = "Put together what could stand for one another, in pools of their own."
            faults.warn(items[0].line, problem, remedy)


def _key_is_longest(item: SingleItem) -> bool:
    wrong = (len(option.text_markdown) for option in item.options if not option.correct)
    right = (len(option.text_markdown) for option in item.options if option.correct)
    return max(right, default=0) > max(wrong, default=0)


def _key_position(item: SingleItem) -> int:
    return next((index for index, option in enumerate(item.options) if option.correct), 0)
