"""What the readers of every kind of item share: the block, its common attributes, its rows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.document import Attribute, Document, Part, inline_text, line_of, span
from lti_alliance.content.faults import Faults
from lti_alliance.content.values import read_choice, read_count, read_points, read_yes_no
from lti_alliance.domain.items import Aspect, Frame, Lock

COMMON = ("objective", "aspect", "points", "frame", "confidence", "case", "stage", "lock")

_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")
_INDENT = "Indent the feedback by two spaces: `  > text`."
_BREAK = "Begin it with `  > ` if it is feedback, or as a line of the list."


class Members(TypedDict):
    """What every kind of item has."""

    id: str
    stem: str
    points: Decimal
    objective: int | None
    aspect: Aspect | None
    frame: Frame | None
    confidence: bool
    case: str | None
    stage: int
    lock: Lock
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """The Markdown of one item, its attributes already taken off."""

    id: str
    part: Part
    attributes: Mapping[str, Attribute]
    nodes: tuple[SyntaxTreeNode, ...]
    document: Document

    def split(self, *types: str) -> tuple[str, tuple[SyntaxTreeNode, ...]]:
        """Return the text before the first node of these types, and the nodes from it on."""
        at = next((i for i, node in enumerate(self.nodes) if node.type in types), len(self.nodes))
        return self.document.text(self.nodes[:at]), self.nodes[at:]


def read_members(block: Block, stem: str, faults: Faults, *, needs_stem: bool = True) -> Members:
    """Read what every kind of item has."""
    if needs_stem and not stem.strip():
        remedy = "Write it after the blank line under the attributes."
        faults.error(block.part.line, f"{block.id} has no question", remedy)
    attributes = block.attributes
    aspect = attributes.get("aspect")
    frame = attributes.get("frame")
    case = attributes.get("case")
    stage = attributes.get("stage")
    if stage is not None and case is None:
        remedy = "Write `case: …` as well, or remove the stage."
        faults.error(stage.line, f"{block.id} has a stage and no case", remedy)
    return Members(
        id=block.id,
        stem=stem,
        points=read_points(attributes.get("points"), faults),
        objective=read_count(attributes.get("objective"), None, faults),
        aspect=read_choice(aspect, Aspect, Aspect.TRUST, faults) if aspect else None,
        frame=read_choice(frame, Frame, Frame.EXAM, faults) if frame else None,
        confidence=read_yes_no(attributes.get("confidence"), faults, default=False),
        case=case.value if case else None,
        stage=read_count(stage, 1, faults) or 1,
        lock=read_choice(attributes.get("lock"), Lock, Lock.NONE, faults),
        line=block.part.line,
    )


def list_rows(nodes: Sequence[SyntaxTreeNode], kind: str) -> list[SyntaxTreeNode]:
    """Return the entries of every list of a kind among the nodes."""
    return [row for node in nodes if node.type == kind for row in node.children]


def refuse_rest(nodes: Sequence[SyntaxTreeNode], kind: str, remedy: str, faults: Faults) -> None:
    """Note what stands after the lines of an item and is none."""
    for node in nodes:
        if node.type != kind:
            faults.error(line_of(node), "this follows the lines of the item but is none", remedy)


def first_text(row: SyntaxTreeNode) -> str:
    """Return the raw text of the first paragraph of a list entry."""
    first = row.children[0] if row.children else None
    return inline_text(first) if first is not None and first.type == "paragraph" else ""


def read_feedback(nodes: Sequence[SyntaxTreeNode], document: Document, faults: Faults) -> str:
    """Read the quote under a line of a list."""
    paragraphs = []
    for node in nodes:
        if node.type != "blockquote":
            faults.error(line_of(node), "a line is one paragraph and its feedback", _INDENT)
            continue
        start, end = span(node)
        for number, line in enumerate(document.lines[start:end], start=start + 1):
            # Markdown takes a line without > as more of the quote, even one meant as a new entry.
            if line.strip() and not line.lstrip().startswith(">"):
                faults.error(number, "this line has no > and runs on in the feedback", _BREAK)
        for child in node.children:
            if child.type != "paragraph":
                remedy = "Write feedback as plain paragraphs."
                faults.error(line_of(child), "this cannot stand in feedback", remedy)
            paragraphs.append(inline_text(child))
    return "\n\n".join(paragraphs)


def cells(row: SyntaxTreeNode) -> list[str]:
    """Return the texts of a table's row."""
    return [inline_text(cell).strip() for cell in row.children]


def written_cells(row: SyntaxTreeNode, document: Document) -> int:
    """Count the cells of a row in the source: markdown-it fills short rows and cuts long ones."""
    source = document.lines[line_of(row) - 1].strip().removeprefix("|")
    return len(_UNESCAPED_BAR.split(re.sub(r"(?<!\\)\|$", "", source)))


def check_twins(texts: Sequence[tuple[str, int]], faults: Faults) -> None:
    """Note a text that stands twice among lines that have to differ."""
    seen: set[str] = set()
    for text, line in texts:
        plain = " ".join(text.casefold().split())
        if plain in seen:
            faults.error(line, "this line is there twice", "Change or remove one.")
        seen.add(plain)
