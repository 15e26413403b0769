"""Where to read again: what the items that went wrong were for, and the sections that support them.

Items name an objective and, in their feedback, sources. A section that cites one of these sources
is where the matter stands; where none does, only the whole reading can be named.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lti_alliance.domain.items import Item
from lti_alliance.domain.modules import Module, Objective, ReadingSection

_CITATION = re.compile(r"\[(@[^\]\n]+)\]")
_KEY = re.compile(r"@([\w:.-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One objective to come back to; none for items that name none."""

    objective: Objective | None
    item_ids: tuple[str, ...]
    sections: tuple[ReadingSection, ...]


def places_to_read(module: Module, items: Iterable[Item]) -> tuple[Place, ...]:
    """Group items of a module by what they are for, in the order of the objectives."""
    by_objective = dict[int, list[Item]]()
    for item in items:
        by_objective.setdefault(item.objective or 0, []).append(item)
    return tuple(
        Place(
            objective=module.objectives[number - 1] if number else None,
            item_ids=tuple(item.id for item in same),
            sections=_sections(module, same),
        )
        # What is for no objective comes last.
        for number, same in sorted(by_objective.items(), key=lambda pair: (not pair[0], pair[0]))
    )


def cited_in(markdown: str) -> frozenset[str]:
    """Return the keys of the sources that a text cites."""
    groups = _CITATION.findall(markdown)
    return frozenset(key for group in groups for key in _KEY.findall(group))


def _sections(module: Module, items: Iterable[Item]) -> tuple[ReadingSection, ...]:
    keys = frozenset[str]().union(*(cited_in(_all_text(item)) for item in items))
    return tuple(section for section in module.reading if keys & cited_in(section.markdown))


def _all_text(item: Item) -> str:
    return json.dumps([item.stem, item.content()], ensure_ascii=False)
