"""Profiles: which share of the points somebody earned with what is about each aspect."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lti_alliance.domain.answer_groups import Answer, Sheet
from lti_alliance.domain.items import Aspect

MIN_ITEMS = 3
"""With fewer items an aspect is one question's luck, and nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectShare:
    """What was earned with the items that are about one aspect."""

    aspect: Aspect
    items: int
    """Different items; one that was given in two activities is two."""
    people: int
    share: float | None
    """Of the points, all people together; None under `MIN_ITEMS`."""


@dataclass(frozen=True, slots=True)
class TaggedSheets:
    """The sheets of one activity, and the aspects of its items."""

    aspects: Mapping[str, Aspect]
    sheets: tuple[Sheet, ...]


def profile(activities: Iterable[TaggedSheets]) -> tuple[AspectShare, ...]:
    """Add up for each aspect what was earned; an item that makes no points counts for nothing.

    People are counted by their sheets: of one activity where there are several, the most.
    """
    found: dict[Aspect, list[Answer]] = {aspect: [] for aspect in Aspect}
    items = dict.fromkeys(Aspect, 0)
    people = dict.fromkeys(Aspect, 0)
    for activity in activities:
        for aspect in Aspect:
            tagged = [
                {i: a for i, a in sheet.items() if activity.aspects.get(i) is aspect and a.worth}
                for sheet in activity.sheets
            ]
            found[aspect] += [answer for own in tagged for answer in own.values()]
            items[aspect] += len({item_id for own in tagged for item_id in own})
            people[aspect] = max(people[aspect], sum(bool(own) for own in tagged))
    return tuple(
        AspectShare(
            aspect=aspect,
            items=items[aspect],
            people=people[aspect],
            share=_share(found[aspect]) if items[aspect] >= MIN_ITEMS else None,
        )
        for aspect in Aspect
    )


def _share(answers: Iterable[Answer]) -> float:
    known = list(answers)
    return sum(a.share * a.worth for a in known) / sum(a.worth for a in known)
