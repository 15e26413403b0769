"""What no part of a module may hold: raw HTML, images, unsafe links, look-alike headings."""

import re
from collections.abc import Sequence

from markdown_it.token import Token

from lti_alliance.content.faults import Faults
from lti_alliance.content.grammar import is_safe_link

MAX_DEPTH = 12

_GLUED_HEADING = re.compile(r"#{1,6}[A-Za-z]")
_LOOSE_CITATION = re.compile(r"\[\s*@")

_HTML = ("raw HTML is not allowed", "Write Markdown, or put the text in backquotes.")
_IMAGE = ("images cannot be shown", "Describe in words what it shows.")
_UNSAID = ("this image has no description, and images cannot be shown", _IMAGE[1])
_LINK = ("this link cannot be used", "Link to an https:// or mailto: address.")
_CITATION = ("this citation cannot be read", "Write `[@key]` or `[@key; @other]`.")
_UNDERLINED = ("a line of = or - under text makes a heading", "Begin headings with #.")
_GLUED = ("a heading needs a space after its #", "Write `## single: my-id`.")
_TOO_DEEP = ("this is nested too deeply", "Use fewer levels of quotes, lists and emphasis.")


def check_tokens(tokens: Sequence[Token], faults: Faults) -> list[tuple[str, int]]:
    """Note what is refused, and return every cited key with its line."""
    citations: list[tuple[str, int]] = []
    line = 1
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        if token.level > MAX_DEPTH:
            faults.error(line, *_TOO_DEEP)
        if token.type == "html_block":
            faults.error(line, *_HTML)
        elif token.type == "heading_open" and token.markup in ("=", "-"):
            faults.error(line, *_UNDERLINED)
        elif token.type == "inline":
            for number, row in enumerate(token.content.split("\n"), start=line):
                if _GLUED_HEADING.match(row):
                    faults.error(number, *_GLUED)
            citations += _check_inline(token.children or [], line, faults)
    return citations


def _check_inline(children: Sequence[Token], line: int, faults: Faults) -> list[tuple[str, int]]:
    citations: list[tuple[str, int]] = []
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            line += 1
        elif child.type == "citation":
            citations += [(key, line) for key in child.meta["keys"]]
        elif refusal := _refusal(child):
            faults.error(line, *refusal)
    return citations


def _refusal(child: Token) -> tuple[str, str] | None:
    if child.level > MAX_DEPTH:
        return _TOO_DEEP
    match child.type:
        case "html_inline":
            return _HTML
        case "image":
            return _IMAGE if child.content.strip() else _UNSAID
        case "link_open":
            return None if is_safe_link(str(child.attrGet("href"))) else _LINK
        case "text":
            return _CITATION if _LOOSE_CITATION.search(child.content) else None
        case _:
            return None
