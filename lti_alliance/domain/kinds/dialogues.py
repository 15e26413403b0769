"""Branch: a dialogue in which each choice has a consequence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar

from lti_alliance.domain.kinds.base import (
    UNKNOWN_CHOICE,
    DraftableItem,
    ItemKind,
    Judgement,
    invalid,
    wrong_response,
)

START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchChoice:
    """One thing to say or do, where it leads, and what it is worth."""

    id: str
    text_markdown: str
    to: str
    points: int
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchNode:
    """A moment of the dialogue: with choices, or an end without any."""

    id: str
    text_markdown: str
    choices: tuple[BranchChoice, ...] = ()

    @property
    def is_end(self) -> bool:
        """Whether the dialogue ends here."""
        return not self.choices


@dataclass(frozen=True, slots=True)
class Step:
    """A node that was come to, and the choice that was made there; none where it stands."""

    node: BranchNode
    choice: BranchChoice | None


@dataclass(frozen=True, slots=True)
class PathResponse:
    """The choices made so far, each as ``node:choice``, from the start on."""

    path: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for storage."""
        return {"path": list(self.path)}

    def renamed(self, names: Sequence[Mapping[str, str]]) -> "PathResponse":
        """Return the same way by other ids, group by group as ``shown_groups`` has them."""
        choices = names[1]
        return PathResponse(tuple(choices[each] for each in self.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchItem(DraftableItem):
    """Find a way through a dialogue."""

    kind: ClassVar[ItemKind] = ItemKind.BRANCH
    nodes: tuple[BranchNode, ...]
    """Without loops, all reachable from the one called ``start``."""

    @property
    def part_ids(self) -> tuple[str, ...]:
        """The moments."""
        return tuple(node.id for node in self.nodes)

    @property
    def shown_groups(self) -> tuple[Mapping[str, str], ...]:
        """The moments, and the choices by ``node:choice`` with where they lead."""
        return (
            {node.id: f"{node.id} {node.text_markdown}" for node in self.nodes},
            {
                f"{node.id}:{choice.id}": f"{node.id} {choice.text_markdown} {choice.to}"
                for node in self.nodes
                for choice in node.choices
            },
        )

    @property
    def key_texts(self) -> Any:
        """What decides about the points, in the words that a student reads."""
        return sorted(
            (node.id, choice.text_markdown, choice.points)
            for node in self.nodes
            for choice in node.choices
        )

    def get_node(self, node_id: str) -> BranchNode:
        """Return a node by its id."""
        return next(node for node in self.nodes if node.id == node_id)

    def read(self, values: Sequence[str]) -> PathResponse | None:
        """Read ``node:choice`` values in any order; they have to make one way from the start.

        One choice at most for each node; a choice at a node that the way does not come to belongs
        to a way that was left, and is dropped.
        """
        chosen: dict[str, str] = {}
        for value in filter(None, values):
            node, _, choice = value.partition(":")
            known = [c.id for n in self.nodes if n.id == node for c in n.choices]
            if choice not in known:
                raise invalid(self, UNKNOWN_CHOICE)
            chosen[node] = choice
        path = []
        here = self.get_node(START)
        while here.id in chosen:
            path.append(f"{here.id}:{chosen[here.id]}")
            here = self.get_node(_choice(here, chosen[here.id]).to)
        return PathResponse(tuple(path)) if path else None

    def walk(self, response: PathResponse | None) -> Iterator[Step]:
        """Go the way that was chosen: each node come to, the last without a choice."""
        here = self.get_node(START)
        for value in response.path if response else ():
            choice = _choice(here, value.partition(":")[2])
            yield Step(here, choice)
            here = self.get_node(choice.to)
        yield Step(here, None)

    def is_whole(self, response: PathResponse | None) -> bool:
        """Say whether the way has come to an end."""
        *_, last = self.walk(response)
        return last.node.is_end

    @property
    def best(self) -> int:
        """The points of the best way."""
        return _best_from(self, START)

    def best_choices(self, node_id: str) -> frozenset[str]:
        """Return the choices at a node from which the most can still be earned."""
        worth = {
            choice.id: choice.points + _best_from(self, choice.to)
            for choice in self.get_node(node_id).choices
        }
        return frozenset(each for each in worth if worth[each] == max(worth.values()))

    def best_way(self) -> PathResponse:
        """Return a way that earns the most."""
        path, here = [], self.get_node(START)
        while here.choices:
            choice = max(
                here.choices, key=lambda choice: choice.points + _best_from(self, choice.to)
            )
            path.append(f"{here.id}:{choice.id}")
            here = self.get_node(choice.to)
        return PathResponse(tuple(path))

    def judge(self, response: object) -> Judgement:
        """Give the points of the way over those of the best one; never less than nothing."""
        if not isinstance(response, PathResponse):
            raise wrong_response(self, response)
        earned = sum(step.choice.points for step in self.walk(response) if step.choice)
        share = Fraction(max(earned, 0), self.best) if self.best > 0 else Fraction(1)
        return Judgement(share=min(share, Fraction(1)), feedback_keys=response.path)

    def content(self) -> dict[str, Any]:
        """Return what makes the item this item and no other."""
        return {
            "nodes": [
                [
                    node.id,
                    node.text_markdown,
                    [[c.id, c.text_markdown, c.to, c.points, c.feedback] for c in node.choices],
                ]
                for node in self.nodes
            ],
            "key": self.key,
        }


@lru_cache(maxsize=1024)
def _best_from(item: BranchItem, node_id: str) -> int:
    node = item.get_node(node_id)
    return max((c.points + _best_from(item, c.to) for c in node.choices), default=0)


def _choice(node: BranchNode, choice_id: str) -> BranchChoice:
    return next(choice for choice in node.choices if choice.id == choice_id)
