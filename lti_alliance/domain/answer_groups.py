"""Who answered what: first attempts as sheets of one person each, and by item as groups of people.

A great class gives few different answers and makes few different scores. So each answer is looked
at once with all who gave it, and then once with each score that these came to.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Answer:
    """What one item came to on one sheet."""

    share: float
    """0 to 1 of its points; an omitted answer is 0."""
    worth: float
    """The points that it could make."""
    chosen: tuple[str, ...] = ()
    """The options that were chosen."""
    sure: int | None = None
    """How sure the student was, 1 to 3."""
    pairs: Mapping[str, str] = field(default_factory=dict)
    """The answers beside the lines of a matching, ordering or rate item."""

    @property
    def mark(self) -> "Mark":
        """Return what it earned."""
        return Mark(self.share, self.worth)


class Mark(NamedTuple):
    """What an answer earned, whatever it said."""

    share: float
    worth: float

    @property
    def points(self) -> float:
        """Return the points that it made."""
        return self.share * self.worth


Sheet = Mapping[str, Answer]
"""One person's first attempt: item id to answer; what was not drawn is not there."""


class Group(NamedTuple):
    """Those who gave one answer to an item; a person is known by a number."""

    answer: Answer
    people: Sequence[int]


Groups = Mapping[str, Sequence[Group]]
"""The groups of each item: whoever was given it is in exactly one of them."""


class Total(NamedTuple):
    """What a sheet came to."""

    points: float
    worth: float
    """What it could have come to."""

    @property
    def share(self) -> float:
        """Return its share of the points, 0 to 1."""
        return self.points / self.worth if self.worth else 0.0

    def without(self, mark: "Mark") -> float:
        """Return the share of the rest of the sheet, a mark left out."""
        worth = self.worth - mark.worth
        if worth < _NO_WORTH:
            return 0.0
        # What differs in the last digits alone is the same rest.
        return round((self.points - mark.points) / worth, _DIGITS)


_NO_WORTH = 1e-9
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Totals:
    """What the sheets of a class came to."""

    different: list[Total]
    of: dict[int, int]
    """Of each person the place among these."""

    def counts(self) -> list[int]:
        """Return how many sheets came to each."""
        found = Counter(self.of.values())
        return [found[place] for place in range(len(self.different))]


Beside = dict[Mark, Counter[int]]
"""How many earned what with an item, by what their sheets came to: places among the totals."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was earned with one item, beside what the sheets came to."""

    totals: Totals
    marks: Beside
    chosen: dict[str, Beside]
    """By the option that was chosen."""


def groups_of(sheets: Sequence[Sheet]) -> dict[str, list[Group]]:
    """Group the people of these sheets, known by their places, by what they answered."""
    # What an answer says cannot be hashed, but sheets that say the same often share the object.
    found: dict[str, dict[int, tuple[Answer, list[int]]]] = {}
    for place, sheet in enumerate(sheets):
        for item_id, answer in sheet.items():
            alike = found.setdefault(item_id, {}).setdefault(id(answer), (answer, []))
            alike[1].append(place)
    return {
        item_id: [Group(answer, people) for answer, people in alike.values()]
        for item_id, alike in found.items()
    }


def sheets_of(groups: Groups) -> dict[int, dict[str, Answer]]:
    """Return the sheets of all who were given anything, by person."""
    sheets: dict[int, dict[str, Answer]] = {}
    for item_id, of_item in groups.items():
        for answer, people in of_item:
            for person in people:
                sheets.setdefault(person, {})[item_id] = answer
    return sheets


def totals_of(groups: Groups) -> Totals:
    """Add every sheet up."""
    given = [group for of_item in groups.values() for group in of_item]
    everybody: set[int] = set().union(*(people for _, people in given))
    points, worth = dict.fromkeys(everybody, 0.0), dict.fromkeys(everybody, 0.0)
    for answer, people in given:
        made, could = answer.mark.points, answer.worth
        for person in people:
            worth[person] += could
        if made:
            for person in people:
                points[person] += made
    places: dict[tuple[float, float], int] = {}
    of = {
        person: places.setdefault((made, worth[person]), len(places))
        for person, made in points.items()
    }
    return Totals([Total(*each) for each in places], of)


def tally(groups: Iterable[Group], totals: Totals) -> Tally:
    """Count what was earned with an item by what the sheets came to."""
    marks: Beside = {}
    chosen: dict[str, Beside] = {}
    for answer, people in groups:
        found = Counter(map(totals.of.__getitem__, people))
        for counts in (marks, *(chosen.setdefault(option, {}) for option in answer.chosen)):
            counts.setdefault(answer.mark, Counter()).update(found)
    return Tally(totals, marks, chosen)
