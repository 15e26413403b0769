"""Options: a list of `- [ ]` and `- [x]`, each with its feedback as an indented quote."""

import re
from collections.abc import Sequence
from string import ascii_lowercase

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.blocks import check_twins, read_feedback
from lti_alliance.content.document import Document, inline_text, line_of
from lti_alliance.content.faults import Faults
from lti_alliance.domain.items import Option

MAX_OPTIONS = 12

_MARK = re.compile(r"\[(?P<mark>[ xX])\](?:\s+(?P<text>\S.*))?", re.DOTALL)
_GLUED_MARK = re.compile(r"[-*+]\s*\[[ xX]?\]")
_NEW_OPTION = "Write each option on its own line: `- [ ] text` or `- [x] text`."
_BREAK = "Begin it with `  > ` if it is feedback, or with `- [ ] ` if it is an option."
_INDENT = "Indent the feedback by two spaces: `  > text`."


def find_options(nodes: Sequence[SyntaxTreeNode]) -> int:
    """Return the index of the node with which the options begin, or the number of nodes."""
    return next((index for index, node in enumerate(nodes) if is_option_list(node)), len(nodes))


def is_option_list(node: SyntaxTreeNode) -> bool:
    """Say whether a node is read as options, well written or not."""
    if node.type == "paragraph":
        return bool(_GLUED_MARK.match(inline_text(node)))
    return node.type == "bullet_list" and any(
        inline_text(row.children[0]).startswith("[") for row in node.children if row.children
    )


def read_options(
    nodes: Sequence[SyntaxTreeNode], document: Document, faults: Faults
) -> tuple[Option, ...]:
    """Read the options; their ids a, b, c follow the order of the source."""
    rows: list[SyntaxTreeNode] = []
    for node in nodes:
        if node.type == "bullet_list":
            rows += node.children
        elif node.type == "blockquote":
            faults.error(line_of(node), "this quote belongs to no option", _INDENT)
        else:
            faults.error(line_of(node), "this follows the options but is none", _NEW_OPTION)
    if len(rows) > MAX_OPTIONS:
        faults.error(line_of(rows[MAX_OPTIONS]), "too many options", f"Use at most {MAX_OPTIONS}.")
    options = tuple(
        _read_option(row, option_id, document, faults)
        for row, option_id in zip(rows, ascii_lowercase, strict=False)
    )
    check_twins(
        [(each.text_markdown, line_of(row)) for each, row in zip(options, rows, strict=False)],
        faults,
    )
    return options


def _read_option(row: SyntaxTreeNode, option_id: str, document: Document, faults: Faults) -> Option:
    line = line_of(row)
    first = row.children[0] if row.children else None
    raw = inline_text(first) if first is not None and first.type == "paragraph" else ""
    match = _MARK.fullmatch(raw)
    if match is None or not match["text"]:
        faults.error(line, "this option has no mark or no text", _NEW_OPTION)
    for number, text in enumerate(raw.split("\n")[1:], start=line + 1):
        if _GLUED_MARK.match(text):
            faults.error(number, "this option has run into the one above", _NEW_OPTION)
    feedback = read_feedback(row.children[1:], document, faults)
    if not feedback:
        faults.warn(line, "this option has no feedback", f"Say why it tempts. {_INDENT}")
    return Option(
        id=option_id,
        text_markdown=match["text"].strip() if match and match["text"] else "",
        correct=match is not None and match["mark"] in "xX",
        feedback=feedback,
    )
