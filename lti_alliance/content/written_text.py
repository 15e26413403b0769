"""Texts as they can stand in a module file: what would be read as something else is escaped.

A text that came out of a file goes back into it unchanged; only what a place of the grammar would
misread gets a backslash, which Markdown does not show.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.document import span
from lti_alliance.content.grammar import ModuleMarkdown
from lti_alliance.content.option_list import is_option_list
from lti_alliance.content.wordings import is_wording

Refused = Callable[[SyntaxTreeNode], bool]

_PASSES = 40
"""An escaped line may uncover the next one; beyond this the parser will say what is wrong."""
_MARKDOWN = ModuleMarkdown(html=True, any_link=True)
_MARKDOWN.options["maxNesting"] = 100

_START = re.compile(r"(?P<before>\s*\d{0,9})(?P<mark>[-+*#>=~`_|:.)])")
_GLUED_HEADING = re.compile(r"#{1,6}[A-Za-z]")
_UNDERLINE = re.compile(r"\s*(?:=+|-+)\s*")
_BLANK = re.compile(r"\n(?:[ \t]*\n)+")
_LEADING_BLANKS = re.compile(r"\A(?:[ \t]*\n)+")


def block_text(text: str, refused: Refused) -> str:
    """Return a text of several blocks, none of which is of a refused sort."""
    text = _LEADING_BLANKS.sub("", _unix(text)).rstrip()
    return _close_fence(_settle(text, refused))


def paragraphs(text: str, *, before: str = "") -> str:
    """Return a text that holds nothing but paragraphs; ``before`` is what its line begins with."""
    text = _BLANK.sub("\n\n", _unix(text).strip())
    return _settle(before + text, _is_no_paragraph)


def one_paragraph(text: str, *, before: str = "", after: str = "") -> str:
    """Return a text of one paragraph with what stands on its line before and after it."""
    text = _BLANK.sub("\n", _unix(text).strip())
    return _settle(before + text + after, _is_no_paragraph)


def raw_lines(text: str) -> str:
    """Return lines that are kept as they are, without blank ones."""
    rows = (row.strip() for row in _unix(text).split("\n"))
    return _settle("\n".join(row for row in rows if row), _is_underlined)


def cell(text: str) -> str:
    """Return a text that can stand in a cell of a table."""
    return " ".join(_unix(text).split("\n")).strip().replace("|", r"\|")


def one_line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


def quoted(text: str, *, indent: str) -> Iterable[str]:
    """Write each line of a text as one of a quote."""
    rows = text.split("\n")
    # The line before may go on with a quote above it, of which this one would be the underline.
    rows[0] = _escape(rows[0]) if _UNDERLINE.fullmatch(rows[0]) else rows[0]
    return (f"{indent}> {row}".rstrip(" ") if row else f"{indent}>" for row in rows)


def without_headings(*types: str, upto: int = 6) -> Refused:
    """Refuse headings up to a rank, any that are underlined, and blocks of these types."""

    def refused(node: SyntaxTreeNode) -> bool:
        if node.type == "heading":
            return _is_underlined(node) or int(node.tag[1:]) <= upto
        return node.type in types

    return refused


def without_options(node: SyntaxTreeNode) -> bool:
    """Refuse headings and what looks like the options of a question."""
    return node.type == "heading" or is_option_list(node)


def without_wordings(text: str) -> str:
    """Escape each line that looks like the key of a written answer."""
    return "\n".join(_escape(row) if is_wording(row) else row for row in _unix(text).split("\n"))


def ends_in_bullets(text: str, mark: str) -> bool:
    """Say whether a text ends in a list with this mark, into which one below it would run on."""
    nodes = _nodes(text)
    return bool(nodes) and nodes[-1].type == "bullet_list" and nodes[-1].markup == mark


def _settle(text: str, refused: Refused) -> str:
    rows = text.split("\n")
    for _ in range(_PASSES):
        nodes = _nodes("\n".join(rows))
        changed = dict(_changes(nodes, rows, refused))
        if not changed:
            break
        rows = [changed.get(number, row) for number, row in enumerate(rows)]
    return "\n".join(rows)


def _changes(
    nodes: Sequence[SyntaxTreeNode], rows: Sequence[str], refused: Refused
) -> Iterable[tuple[int, str]]:
    for node in nodes:
        if node.type == "html_block":
            continue  # The parser refuses it and says so; an escape would hide it from its author.
        if refused(node):
            change = str.lstrip if node.type == "code_block" else _escape
            yield from ((number, change(rows[number])) for number in _begins(node, rows))
            continue
        for inner in node.walk():
            if inner.type == "inline" and inner.map:
                yield from _unglue(inner, rows)


def _begins(node: SyntaxTreeNode, rows: Sequence[str]) -> Iterable[int]:
    """Name the lines that make a node what it is."""
    start, end = span(node)
    match node.type:
        case "heading" if _is_underlined(node):
            return [end - 1]
        case "table":
            return [start + 1]
        case "bullet_list" | "ordered_list":
            return [span(child)[0] for child in node.children]
        case "blockquote":
            return [number for number in range(start, end) if rows[number].lstrip()[:1] == ">"]
        case "code_block":
            return range(start, end)
        case _:
            return [start]


def _unglue(inline: SyntaxTreeNode, rows: Sequence[str]) -> Iterable[tuple[int, str]]:
    for number, text in enumerate(inline.content.split("\n"), start=span(inline)[0]):
        if _GLUED_HEADING.match(text) and number < len(rows):
            yield number, rows[number].replace(text, f"\\{text}", 1)


def _escape(row: str) -> str:
    found = _START.match(row)
    return f"{found['before']}\\{row[found.start('mark') :]}" if found else row.lstrip()


def _close_fence(text: str) -> str:
    """End a fence that would otherwise take in what follows the text."""
    nodes = _nodes(text)
    if not nodes or nodes[-1].type != "fence":
        return text
    start, end = span(nodes[-1])
    mark = nodes[-1].markup
    last = text.split("\n")[end - 1].strip()
    is_closed = end - 1 > start and last.startswith(mark) and not last.strip(mark[0])
    return text if is_closed else f"{text}\n{mark}"


def _nodes(text: str) -> Sequence[SyntaxTreeNode]:
    return SyntaxTreeNode(_MARKDOWN.parse(text)).children


def _is_no_paragraph(node: SyntaxTreeNode) -> bool:
    return node.type != "paragraph"


def _is_underlined(node: SyntaxTreeNode) -> bool:
    return node.type == "heading" and node.markup in ("=", "-")


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
