"""What becomes of answers that were given before the key of an item was corrected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from lti_alliance.domain.items import Item, Response, key_response
from lti_alliance.domain.kinds.base import DraftableItem
from lti_alliance.domain.response_processing import Outcome, process


class RegradeChoice(StrEnum):
    """How answers to an earlier version of an item are judged."""

    LEAVE = "leave"
    """As they were: the correction counts for those who answer from now on."""
    UPDATE = "update"
    """By the corrected key alone; some may lose points."""
    BOTH = "both"
    """By whichever key gives more; nobody loses points."""
    FULL = "full"
    """All points for everybody who was given the item, whatever they answered."""

    @property
    def needs_the_same_question(self) -> bool:
        """Whether the corrected item has to be one that the old answers can be read by."""
        return self in (RegradeChoice.UPDATE, RegradeChoice.BOTH)


@dataclass(frozen=True, slots=True)
class Regrade:
    """What was decided about one earlier version of an item; ``corrected`` is the later one."""

    choice: RegradeChoice
    corrected: Item


def translate(old: Item, new: Item, response: Response) -> Response | None:
    """Read a response to an earlier version as one to a later; None where that cannot be done.

    What a student chose is found again by its text, wherever it stands now. A text that was only
    reworded is taken for the one in its place, as long as nothing was added or taken away.
    """
    if old.kind is not new.kind:
        return None
    names = []
    for before, after in zip(old.shown_groups, new.shown_groups, strict=True):
        found = _matched(before, after)
        if found is None:
            return None
        names.append(found)
    return response.renamed(names)


def can_translate(old: Item, new: Item) -> bool:
    """Say whether any response to an earlier version can be read as one to a later."""
    return old.kind is new.kind and all(
        _matched(before, after) is not None
        for before, after in zip(old.shown_groups, new.shown_groups, strict=True)
    )


def looks_the_same(old: Item, new: Item) -> bool:
    """Say whether a student reads the same in both versions, in whatever order."""
    return (old.kind, old.stem, old.confidence) == (new.kind, new.stem, new.confidence) and [
        sorted(group.values()) for group in old.shown_groups
    ] == [sorted(group.values()) for group in new.shown_groups]


def has_same_key(old: Item, new: Item) -> bool:
    """Say whether both versions give the same points for the same answers.

    Feedback may differ, and texts may be reworded in their places.
    """
    if old.kind is not new.kind:
        return False
    if old.key_texts == new.key_texts:
        return True
    if looks_the_same(old, new):
        return False
    there = translate(old, new, key_response(old))
    back = translate(new, old, key_response(new))
    if there is None or back is None:
        return False
    return process(new, there).share == 1 == process(old, back).share


def judge(item: Item, response: Response | None, regrade: Regrade | None) -> Outcome:
    """Judge a response to an item as its activity decided about its version.

    The item is worth what it was worth when it was given, whatever the later version is worth.
    """
    outcome = process(item, response)
    if regrade is None or regrade.choice is RegradeChoice.LEAVE:
        return outcome
    if regrade.choice is RegradeChoice.FULL:
        return replace(outcome, share=Decimal(1), points=item.worth, correct=True)
    read = translate(item, regrade.corrected, response) if response is not None else None
    if read is None:
        return outcome
    anew = process(_worth_as(item, regrade.corrected), read)
    if regrade.choice is RegradeChoice.BOTH and anew.share <= outcome.share:
        return outcome
    return replace(
        outcome,
        share=anew.share,
        points=anew.points,
        correct=anew.correct,
        unmatched=anew.unmatched,
    )


def as_judged(item: Item, regrade: Regrade | None) -> Item:
    """Return the item with the key by which it is judged, where a student reads it alike."""
    if regrade is None or not regrade.choice.needs_the_same_question:
        return item
    if item.shown_groups != regrade.corrected.shown_groups:
        return item
    return _worth_as(item, regrade.corrected)


def _worth_as(old: Item, new: Item) -> Item:
    if isinstance(old, DraftableItem) and isinstance(new, DraftableItem):
        return replace(new, points=old.points, key=old.key)
    return replace(new, points=old.points)


def _matched(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str] | None:
    by_text = {text: each for each, text in new.items()}
    found = {each: by_text[text] for each, text in old.items() if text in by_text}
    reworded = [each for each in old if each not in found]
    free = [each for each in new if each not in found.values()]
    if len(reworded) != len(free):
        return None
    return found | dict(zip(reworded, free, strict=True))
