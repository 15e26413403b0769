"""Matching, ordering and rate: an answer to choose beside each of several lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar, Self

from lti_alliance.domain.kinds.base import (
    DraftableItem,
    ItemBase,
    ItemKind,
    Judgement,
    read_pairs,
    wrong_response,
)


class LineScoring(StrEnum):
    """How the answers beside the lines become a share of the points."""

    PER_ROW = "per row"
    """The share of lines with the right answer (matching)."""
    NEAR_MISS = "near miss"
    """Partly right answers earn a part (ordering, rate)."""
    EXACT = "exact"
    """Everything when each line has the right answer, nothing otherwise."""


@dataclass(frozen=True, slots=True)
class LinesResponse:
    """The answer chosen for each line, by the ids of both; lines without one are left out."""

    pairs: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for storage."""
        return {"pairs": dict(self.pairs)}

    def renamed(self, names: Sequence[Mapping[str, str]]) -> "LinesResponse":
        """Return the same answers by other ids, group by group as ``shown_groups`` has them."""
        lines, answers = names if len(names) > 1 else (names[0], {})
        return LinesResponse(
            {lines[line]: answers.get(choice, choice) for line, choice in self.pairs.items()}
        )


class _HasLines:
    """Each line has a form field of its own."""

    __slots__ = ()

    @property
    def part_ids(self) -> tuple[str, ...]:
        """The lines."""
        return self.shown_ids  # type: ignore[attr-defined, no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRow:
    """A statement and the id of what belongs to it."""

    id: str
    text_markdown: str
    target: str
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that statements may belong to, or that none does."""

    id: str
    text_markdown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingItem(_HasLines, ItemBase):
    """Say for each statement what it belongs to."""

    kind: ClassVar[ItemKind] = ItemKind.MATCHING
    rows: tuple[MatchRow, ...]
    targets: tuple[Target, ...]
    scoring: LineScoring = LineScoring.PER_ROW

    @property
    def shown_ids(self) -> tuple[str, ...]:
        """The statements."""
        return tuple(row.id for row in self.rows)

    @property
    def choice_ids(self) -> tuple[str, ...]:
        """What they may belong to."""
        return tuple(target.id for target in self.targets)

    @property
    def shown_groups(self) -> tuple[Mapping[str, str], ...]:
        """The statements, and what they may belong to."""
        return (
            {row.id: row.text_markdown for row in self.rows},
            {target.id: target.text_markdown for target in self.targets},
        )

    @property
    def key_texts(self) -> Any:
        """What decides about the points, in the words that a student reads."""
        targets = {target.id: target.text_markdown for target in self.targets}
        return self.scoring, sorted((row.text_markdown, targets[row.target]) for row in self.rows)

    def with_key(self, response: object) -> Self:
        """Return the item with each statement where the response puts it."""
        if not isinstance(response, LinesResponse):
            raise wrong_response(self, response)
        rows = (replace(row, target=response.pairs.get(row.id, row.target)) for row in self.rows)
        return replace(self, rows=tuple(rows))

    def read(self, values: Sequence[str]) -> LinesResponse | None:
        """Read ``row:target`` values; None means that nothing was chosen."""
        pairs = read_pairs(self, values, lines=self.shown_ids, choices=self.choice_ids)
        return LinesResponse(pairs) if pairs else None

    def judge(self, response: object) -> Judgement:
        """Give the share of statements that are where they belong."""
        if not isinstance(response, LinesResponse):
            raise wrong_response(self, response)
        right = sum(response.pairs.get(row.id) == row.target for row in self.rows)
        share = Fraction(right, len(self.rows))
        if self.scoring is LineScoring.EXACT:
            share = Fraction(share == 1)
        return Judgement(share=share, feedback_keys=tuple(response.pairs))

    def content(self) -> dict[str, Any]:
        """Return what makes the item this item and no other."""
        return {
            "rows": [[row.id, row.text_markdown, row.target, row.feedback] for row in self.rows],
            "targets": [[target.id, target.text_markdown] for target in self.targets],
            "scoring": self.scoring,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that has a place in an order."""

    id: str
    text_markdown: str
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderingItem(_HasLines, ItemBase):
    """Put entries into an order; ``entries`` stand in the right one."""

    kind: ClassVar[ItemKind] = ItemKind.ORDERING
    entries: tuple[Entry, ...]
    also: tuple[tuple[str, ...], ...] = ()
    """Other orders that are as right, as ids."""
    scoring: LineScoring = LineScoring.NEAR_MISS

    @property
    def shown_ids(self) -> tuple[str, ...]:
        """The entries."""
        return tuple(entry.id for entry in self.entries)

    @property
    def choice_ids(self) -> tuple[str, ...]:
        """The places, from 1."""
        return tuple(str(place) for place in range(1, len(self.entries) + 1))

    @property
    def shown_groups(self) -> tuple[Mapping[str, str], ...]:
        """The entries."""
        return ({entry.id: entry.text_markdown for entry in self.entries},)

    @property
    def key_texts(self) -> Any:
        """What decides about the points, in the words that a student reads."""
        texts = {entry.id: entry.text_markdown for entry in self.entries}
        return self.scoring, [[texts[each] for each in order] for order in self.right_orders]

    def with_key(self, response: object) -> Self:
        """Return the item with the entries in the order of a whole response, and no other one."""
        if not isinstance(response, LinesResponse) or not self.is_whole(response):
            raise wrong_response(self, response)
        places = response.pairs
        entries = sorted(self.entries, key=lambda entry: int(places[entry.id]))
        return replace(self, entries=tuple(entries), also=())

    @property
    def right_orders(self) -> tuple[tuple[str, ...], ...]:
        """Every order that earns all points, the author's first."""
        return (self.shown_ids, *self.also)

    def read(self, values: Sequence[str]) -> LinesResponse | None:
        """Read ``entry:place`` values, also while places are missing or given twice."""
        pairs = read_pairs(self, values, lines=self.shown_ids, choices=self.choice_ids)
        return LinesResponse(pairs) if pairs else None

    def is_whole(self, response: LinesResponse) -> bool:
        """Say whether each entry has a place and each place an entry."""
        return sorted(response.pairs.values()) == sorted(self.choice_ids)

    def closest(self, response: LinesResponse) -> tuple[str, ...]:
        """Return the right order from which the response is least far."""
        return min(self.right_orders, key=lambda order: _displacement(order, response.pairs))

    def judge(self, response: object) -> Judgement:
        """Take off the share by which entries are out of place; nothing for half an order."""
        if not isinstance(response, LinesResponse):
            raise wrong_response(self, response)
        share = Fraction(0)
        if self.is_whole(response):
            away = _displacement(self.closest(response), response.pairs)
            share = 1 - Fraction(away, len(self.entries) ** 2 // 2)
        if self.scoring is LineScoring.EXACT:
            share = Fraction(share == 1)
        return Judgement(share=share, feedback_keys=tuple(response.pairs))

    def content(self) -> dict[str, Any]:
        """Return what makes the item this item and no other."""
        return {
            "entries": [[e.id, e.text_markdown, e.feedback] for e in self.entries],
            "also": [list(order) for order in self.also],
            "scoring": self.scoring,
        }


@dataclass(frozen=True, slots=True)
class ScalePoint:
    """One value of a scale."""

    number: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Something to be rated, the value that the key gives it, and why."""

    id: str
    text_markdown: str
    value: int
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateItem(_HasLines, DraftableItem):
    """Rate each reply; a situational judgement against a key."""

    kind: ClassVar[ItemKind] = ItemKind.RATE
    scale: tuple[ScalePoint, ...]
    replies: tuple[Reply, ...]
    scoring: LineScoring = LineScoring.NEAR_MISS

    @property
    def shown_ids(self) -> tuple[str, ...]:
        """The replies."""
        return tuple(reply.id for reply in self.replies)

    @property
    def choice_ids(self) -> tuple[str, ...]:
        """The values of the scale."""
        return tuple(str(point.number) for point in self.scale)

    @property
    def shown_groups(self) -> tuple[Mapping[str, str], ...]:
        """The replies, and the values of the scale."""
        return (
            {reply.id: reply.text_markdown for reply in self.replies},
            {str(point.number): point.name for point in self.scale},
        )

    @property
    def key_texts(self) -> Any:
        """What decides about the points, in the words that a student reads."""
        return self.scoring, sorted((reply.text_markdown, reply.value) for reply in self.replies)

    def with_key(self, response: object) -> Self:
        """Return the item with each reply at the value that the response gives it."""
        if not isinstance(response, LinesResponse):
            raise wrong_response(self, response)
        given = response.pairs
        replies = (
            replace(reply, value=int(given.get(reply.id, reply.value))) for reply in self.replies
        )
        return replace(self, replies=tuple(replies))

    def read(self, values: Sequence[str]) -> LinesResponse | None:
        """Read ``reply:value`` values; None means that nothing was rated."""
        pairs = read_pairs(self, values, lines=self.shown_ids, choices=self.choice_ids)
        return LinesResponse(pairs) if pairs else None

    def share_of(self, reply: Reply, given: str | None) -> Fraction:
        """Return what one rating earns: all for the key's value, half for its neighbour."""
        if given is None:
            return Fraction(0)
        numbers = sorted(point.number for point in self.scale)
        away = abs(numbers.index(int(given)) - numbers.index(reply.value))
        half = Fraction(1, 2) if self.scoring is LineScoring.NEAR_MISS else Fraction(0)
        return {0: Fraction(1), 1: half}.get(away, Fraction(0))

    def judge(self, response: object) -> Judgement:
        """Give the mean of what the ratings earn."""
        if not isinstance(response, LinesResponse):
            raise wrong_response(self, response)
        earned = [self.share_of(reply, response.pairs.get(reply.id)) for reply in self.replies]
        share = sum(earned, Fraction(0)) / len(earned)
        if self.scoring is LineScoring.EXACT:
            share = Fraction(share == 1)
        return Judgement(share=share, feedback_keys=tuple(response.pairs))

    def content(self) -> dict[str, Any]:
        """Return what makes the item this item and no other."""
        return {
            "scale": [[point.number, point.name] for point in self.scale],
            "replies": [[r.id, r.text_markdown, r.value, r.feedback] for r in self.replies],
            "scoring": self.scoring,
            "key": self.key,
        }


def _displacement(order: Sequence[str], places: Mapping[str, str]) -> int:
    return sum(
        abs(int(places[entry]) - place) if entry in places else len(order)
        for place, entry in enumerate(order, start=1)
    )
