"""A module's body, cut along its headings: sections, and in them blocks with attributes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.body_checks import check_tokens
from lti_alliance.content.faults import Faults
from lti_alliance.content.grammar import ModuleMarkdown

_MARKDOWN = ModuleMarkdown(html=True, any_link=True)
# Beyond its limit markdown-it drops text without a word: set it high and refuse depth ourselves.
_MARKDOWN.options["maxNesting"] = 100

_ATTRIBUTE = re.compile(r"(?P<name>[A-Za-z][A-Za-z ]{0,30}?)\s*:\s*(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value of a ``word: value`` line."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and what follows it, up to the next heading of its rank."""

    title: str
    line: int
    nodes: tuple[SyntaxTreeNode, ...]
    """What follows, without the parts below."""
    end: int
    """The index of the line after the last."""
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The whole body."""

    lines: tuple[str, ...]
    sections: tuple[Part, ...]
    citations: tuple[tuple[str, int], ...] = field(default=())
    """Every cited key with its line."""

    def text(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        """Return the source of neighbouring nodes as it was written."""
        return self.slice(span(nodes[0])[0], span(nodes[-1])[1]) if nodes else ""

    def slice(self, start: int, end: int) -> str:
        """Return lines of the source, without blank ones around them."""
        return "\n".join(self.lines[start:end]).strip("\n").rstrip()


def read_document(lines: Sequence[str], body_start: int, faults: Faults) -> Document:
    """Parse everything after the header, and refuse what no part of a module may hold."""
    # Blank lines in place of the header keep every line number right.
    body = "\n" * body_start + "\n".join(lines[body_start:])
    tokens = _MARKDOWN.parse(body)
    citations = check_tokens(tokens, faults)
    root = SyntaxTreeNode(tokens)
    lead, sections = _cut(root.children, rank="h1", end=len(lines))
    if lead:
        faults.error(
            line_of(lead[0]), "there is text before the first section", "Begin with `# Objectives`."
        )
    return Document(
        lines=tuple(lines),
        sections=tuple(_with_parts(section) for section in sections),
        citations=tuple(citations),
    )


def span(node: SyntaxTreeNode) -> tuple[int, int]:
    """Return the first line of a node and the line after its last, counted from 0."""
    return node.map or (0, 0)


def line_of(node: SyntaxTreeNode) -> int:
    """Return the line of a node as an editor counts it."""
    return span(node)[0] + 1


def inline_text(node: SyntaxTreeNode) -> str:
    """Return the raw text of a paragraph, a heading or a table cell."""
    return "\n".join(child.content for child in node.children if child.type == "inline")


def take_attributes(
    nodes: Sequence[SyntaxTreeNode], *, allowed: Sequence[str], owner: str, faults: Faults
) -> tuple[Mapping[str, Attribute], tuple[SyntaxTreeNode, ...]]:
    """Split the ``word: value`` lines right under a heading from what follows them.

    A first line that begins with a lower-case word and a colon, or with an allowed word in any
    case, begins the attributes; then every line up to the next blank one must be one.
    """
    if not nodes or nodes[0].type != "paragraph":
        return {}, tuple(nodes)
    rows = inline_text(nodes[0]).split("\n")
    first = _ATTRIBUTE.fullmatch(rows[0])
    if first is None or not (first["name"].islower() or first["name"].lower() in allowed):
        return {}, tuple(nodes)
    found: dict[str, Attribute] = {}
    for line, row in enumerate(rows, start=line_of(nodes[0])):
        match = _ATTRIBUTE.fullmatch(row)
        if match is None:
            faults.error(
                line, "this line is not `word: value`", "Put a blank line before the text begins."
            )
            break
        name = match["name"]
        if name not in allowed:
            faults.error(
                line,
                f"{owner} has no `{name}`",
                f"Use: {', '.join(allowed)}. If the text begins here, begin it with a capital.",
            )
        elif name in found:
            faults.error(line, f"`{name}` is there twice", "Remove one.")
        else:
            found[name] = Attribute(match["value"].strip(), line)
    return found, tuple(nodes[1:])


def _with_parts(section: Part) -> Part:
    lead, parts = _cut(section.nodes, rank="h2", end=section.end)
    return Part(section.title, section.line, tuple(lead), section.end, tuple(parts))


def _cut(
    nodes: Sequence[SyntaxTreeNode], *, rank: str, end: int
) -> tuple[Sequence[SyntaxTreeNode], list[Part]]:
    """Cut nodes at each heading of a rank; what stands before the first is the lead."""
    starts = [i for i, node in enumerate(nodes) if node.type == "heading" and node.tag == rank]
    parts = []
    for start, stop in zip(starts, [*starts[1:], None], strict=False):
        parts.append(
            Part(
                title=inline_text(nodes[start]).strip(),
                line=line_of(nodes[start]),
                nodes=tuple(nodes[start + 1 : stop]),
                end=span(nodes[stop])[0] if stop is not None else end,
            )
        )
    return nodes[: starts[0]] if starts else nodes, parts
