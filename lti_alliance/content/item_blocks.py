"""Items: the Markdown under `## kind: id`, read by one function for each kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.document import Attribute, Document, Part, line_of, span, take_attributes
from lti_alliance.content.faults import Faults
from lti_alliance.content.option_list import find_options, read_options
from lti_alliance.content.values import read_choice, read_count, read_points, read_yes_no
from lti_alliance.content.wordings import is_wording, read_wordings
from lti_alliance.domain.items import (
    Frame,
    Item,
    ItemKind,
    MultipleItem,
    MultipleScoring,
    Option,
    ShortItem,
    SingleItem,
)

_COMMON = ("objective", "points", "frame", "confidence", "case")
_WRITE_OPTIONS = "Write `- [ ] wrong` and `- [x] right` lines after the question."


class _Members(TypedDict):
    """What every kind of item has."""

    id: str
    stem: str
    points: Decimal
    objective: int | None
    frame: Frame | None
    confidence: bool
    case: str | None
    line: int


@dataclass(frozen=True, slots=True)
class _Block:
    """The Markdown of one item, its attributes already taken off."""

    id: str
    part: Part
    attributes: Mapping[str, Attribute]
    nodes: tuple[SyntaxTreeNode, ...]
    document: Document


def read_item(kind: str, item_id: str, part: Part, document: Document, faults: Faults) -> Item:
    """Read one item of a kind in ``ITEM_BLOCKS``."""
    own, read = ITEM_BLOCKS[kind]
    attributes, nodes = take_attributes(
        part.nodes, allowed=(*_COMMON, *own), owner=f"a {kind} item", faults=faults
    )
    for node in nodes:
        if node.type == "heading":
            remedy = "Begin the next item with ##; use bold text inside an item."
            faults.error(line_of(node), "an item holds no headings", remedy)
    return read(_Block(item_id, part, attributes, nodes, document), faults)


def _read_single(block: _Block, faults: Faults) -> Item:
    stem, options = _stem_and_options(block, faults)
    if options and sum(option.correct for option in options) != 1:
        remedy = "Mark the one right option with [x] and the others with [ ]."
        faults.error(block.part.line, f"{block.id} needs exactly one [x]", remedy)
    return SingleItem(**_members(block, stem, faults), options=options)


def _read_multiple(block: _Block, faults: Faults) -> Item:
    stem, options = _stem_and_options(block, faults)
    if options and all(option.correct for option in options):
        remedy = "Add a wrong option, `- [ ] …`: if all are right there is nothing to tell apart."
        faults.error(block.part.line, f"{block.id} has no wrong option", remedy)
    if options and not any(option.correct for option in options):
        remedy = "Mark each right option with [x]."
        faults.error(block.part.line, f"{block.id} has no right option", remedy)
    scoring = read_choice(
        block.attributes.get("scoring"), MultipleScoring, MultipleScoring.RIGHT_MINUS_WRONG, faults
    )
    return MultipleItem(**_members(block, stem, faults), options=options, scoring=scoring)


def _read_short(block: _Block, faults: Faults) -> Item:
    lines = block.document.lines
    start = span(block.nodes[0])[0] if block.nodes else block.part.end
    first = next((i for i in range(start, block.part.end) if is_wording(lines[i])), block.part.end)
    accepted = read_wordings(lines[first : block.part.end], start=first + 1, faults=faults)
    if not any(key.share == 1 for key in accepted):
        remedy = "Write `= wording | other wording` after the question."
        faults.error(block.part.line, f"{block.id} accepts no wording in full", remedy)
    stem = block.document.slice(start, first)
    return ShortItem(**_members(block, stem, faults), accepted=accepted)


ITEM_BLOCKS: Mapping[str, tuple[Sequence[str], Callable[[_Block, Faults], Item]]] = {
    ItemKind.SINGLE: ((), _read_single),
    ItemKind.MULTIPLE: (("scoring",), _read_multiple),
    ItemKind.SHORT: ((), _read_short),
}
"""For each kind: the attributes it has besides the common ones, and the function that reads it."""


def _stem_and_options(block: _Block, faults: Faults) -> tuple[str, tuple[Option, ...]]:
    split = find_options(block.nodes)
    options = read_options(block.nodes[split:], block.document, faults)
    if len(options) < 2:
        faults.error(block.part.line, f"{block.id} has fewer than two options", _WRITE_OPTIONS)
    return block.document.text(block.nodes[:split]), options


def _members(block: _Block, stem: str, faults: Faults) -> _Members:
    if not stem.strip():
        remedy = "Write it after the blank line under the attributes."
        faults.error(block.part.line, f"{block.id} has no question", remedy)
    attributes = block.attributes
    frame = attributes.get("frame")
    case = attributes.get("case")
    return _Members(
        id=block.id,
        stem=stem,
        points=read_points(attributes.get("points"), faults),
        objective=read_count(attributes.get("objective"), None, faults),
        frame=read_choice(frame, Frame, Frame.EXAM, faults) if frame else None,
        confidence=read_yes_no(attributes.get("confidence"), faults, default=False),
        case=case.value if case else None,
        line=block.part.line,
    )
