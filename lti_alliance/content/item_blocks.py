"""Items: the Markdown under `## kind: id`, read by one function for each kind."""

from collections.abc import Callable, Mapping, Sequence

from lti_alliance.content.blocks import COMMON, Block, read_members
from lti_alliance.content.dialogue_blocks import read_branch
from lti_alliance.content.document import Document, Part, line_of, span, take_attributes
from lti_alliance.content.faults import Faults
from lti_alliance.content.line_blocks import read_matching, read_ordering, read_rate
from lti_alliance.content.number_keys import read_numbers
from lti_alliance.content.option_list import find_options, read_options
from lti_alliance.content.values import read_choice
from lti_alliance.content.wordings import is_wording, read_wordings
from lti_alliance.domain.items import (
    Item,
    ItemKind,
    MultipleItem,
    MultipleScoring,
    NumericItem,
    Option,
    ShortItem,
    SingleItem,
)

_WRITE_OPTIONS = "Write `- [ ] wrong` and `- [x] right` lines after the question."


def read_item(kind: str, item_id: str, part: Part, document: Document, faults: Faults) -> Item:
    """Read one item of a kind in ``ITEM_BLOCKS``."""
    own, read = ITEM_BLOCKS[kind]
    attributes, nodes = take_attributes(
        part.nodes, allowed=(*COMMON, *own), owner=f"a {kind} item", faults=faults
    )
    for node in nodes:
        if node.type == "heading" and kind != ItemKind.BRANCH:
            remedy = "Begin the next item with ##; use bold text inside an item."
            faults.error(line_of(node), "an item holds no headings", remedy)
    return read(Block(item_id, part, attributes, nodes, document), faults)


def _read_single(block: Block, faults: Faults) -> Item:
    stem, options = _stem_and_options(block, faults)
    if options and sum(option.correct for option in options) != 1:
        remedy = "Mark the one right option with [x] and the others with [ ]."
        faults.error(block.part.line, f"{block.id} needs exactly one [x]", remedy)
    return SingleItem(**read_members(block, stem, faults), options=options)


def _read_multiple(block: Block, faults: Faults) -> Item:
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
    return MultipleItem(**read_members(block, stem, faults), options=options, scoring=scoring)


def _read_short(block: Block, faults: Faults) -> Item:
    stem, first, lines = _stem_and_keys(block)
    accepted = read_wordings(lines, start=first, faults=faults)
    if not any(key.share == 1 for key in accepted):
        remedy = "Write `= wording | other wording` after the question."
        faults.error(block.part.line, f"{block.id} accepts no wording in full", remedy)
    return ShortItem(**read_members(block, stem, faults), accepted=accepted)


def _read_numeric(block: Block, faults: Faults) -> Item:
    stem, first, lines = _stem_and_keys(block)
    accepted = read_numbers(lines, start=first, faults=faults)
    if not any(key.share == 1 for key in accepted):
        remedy = "Write `= 8 ± 0.5` after the question."
        faults.error(block.part.line, f"{block.id} accepts no number in full", remedy)
    return NumericItem(**read_members(block, stem, faults), accepted=accepted)


ITEM_BLOCKS: Mapping[str, tuple[Sequence[str], Callable[[Block, Faults], Item]]] = {
    ItemKind.SINGLE: ((), _read_single),
    ItemKind.MULTIPLE: (("scoring",), _read_multiple),
    ItemKind.MATCHING: (("scoring",), read_matching),
    ItemKind.ORDERING: (("scoring", "also"), read_ordering),
    ItemKind.SHORT: ((), _read_short),
    ItemKind.NUMERIC: ((), _read_numeric),
    ItemKind.RATE: (("scale", "scoring", "key", "panel"), read_rate),
    ItemKind.BRANCH: (("key", "panel"), read_branch),
}
"""For each kind: the attributes it has besides the common ones, and the function that reads it."""


def _stem_and_keys(block: Block) -> tuple[str, int, Sequence[str]]:
    """Return the question, the line of the file with the first key, and the lines from there."""
    lines = block.document.lines
    start = span(block.nodes[0])[0] if block.nodes else block.part.end
    first = next((i for i in range(start, block.part.end) if is_wording(lines[i])), block.part.end)
    return block.document.slice(start, first), first + 1, lines[first : block.part.end]


def _stem_and_options(block: Block, faults: Faults) -> tuple[str, tuple[Option, ...]]:
    split = find_options(block.nodes)
    options = read_options(block.nodes[split:], block.document, faults)
    if len(options) < 2:
        faults.error(block.part.line, f"{block.id} has fewer than two options", _WRITE_OPTIONS)
    return block.document.text(block.nodes[:split]), options
