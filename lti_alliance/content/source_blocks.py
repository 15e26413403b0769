"""The blocks of a module's source under `##` headings: found, replaced, moved, added, removed.

Only whole blocks change; every other line stays as its author wrote it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lti_alliance.content.document import read_document
from lti_alliance.content.faults import Faults
from lti_alliance.content.front_matter import find_body


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBlock:
    """A heading and the lines under it, up to the next heading of its rank."""

    section: str
    title: str
    line: int
    """Of the heading, counted from 1."""
    end: int
    """The last line, counted from 1, blank ones at the end left out."""
    text: str

    @property
    def kind(self) -> str:
        """The word before the colon of the heading, as in `## single: my-id`."""
        return self.title.partition(":")[0].strip() if ":" in self.title else ""

    @property
    def name(self) -> str:
        """The id after the colon of the heading."""
        return self.title.partition(":")[2].strip()


def list_blocks(source: str, section: str) -> tuple[SourceBlock, ...]:
    """List the blocks of a section, in the order of the source."""
    lines = source.split("\n")
    document = read_document(lines, find_body(lines, Faults()), Faults())
    blocks = []
    for part in document.sections:
        if part.title != section:
            continue
        for block in part.parts:
            end = block.end
            while end > block.line and not lines[end - 1].strip():
                end -= 1
            blocks.append(
                SourceBlock(
                    section=section,
                    title=block.title,
                    line=block.line,
                    end=end,
                    text="\n".join(lines[block.line - 1 : end]),
                )
            )
    return tuple(blocks)


def replace_block(source: str, block: SourceBlock, text: str) -> str:
    """Write other lines in the place of a block."""
    lines = source.split("\n")
    lines[block.line - 1 : block.end] = text.strip("\n").split("\n")
    return "\n".join(lines)


def remove_block(source: str, block: SourceBlock) -> str:
    """Leave a block out, with the blank lines below it."""
    lines = source.split("\n")
    end = block.end
    while end < len(lines) - 1 and not lines[end].strip():
        end += 1
    del lines[block.line - 1 : end]
    return "\n".join(lines)


def swap_blocks(source: str, upper: SourceBlock, lower: SourceBlock) -> str:
    """Let two blocks change places."""
    changed = replace_block(source, lower, upper.text)
    return replace_block(changed, upper, lower.text)


def insert_before(source: str, block: SourceBlock, text: str) -> str:
    """Write a block above another."""
    lines = source.split("\n")
    lines[block.line - 1 : block.line - 1] = [*text.strip("\n").split("\n"), ""]
    return "\n".join(lines)


def add_block(source: str, section: str, text: str, *, order: Sequence[str]) -> str:
    """Write a block at the end of a section, which is begun in its place if it is missing.

    ``order`` is the order in which the sections of a module stand.
    """
    lines = source.rstrip("\n").split("\n")
    document = read_document(lines, find_body(lines, Faults()), Faults())
    ends = {part.title: part.end for part in document.sections}
    new = ["", *text.strip("\n").split("\n"), ""]
    at = ends.get(section)
    if at is None:
        new = ["", f"# {section}", *new]
        before = [ends[name] for name in order[: order.index(section)] if name in ends]
        at = max(before, default=len(lines))
    while at > 1 and not lines[at - 1].strip():
        at -= 1
    follows = at
    while follows < len(lines) and not lines[follows].strip():
        follows += 1
    lines[at:follows] = new
    return "\n".join(lines).rstrip("\n") + "\n"
