"""The Markdown that modules are written in: CommonMark with tables and citations."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

LINK_SCHEMES = ("http", "https", "mailto")

_CITATION = re.compile(r"\[(@[\w-]+(?:\s*;\s*@[\w-]+)*)\]")
_SAFE_LINK = re.compile(rf"({'|'.join(LINK_SCHEMES)}):", re.IGNORECASE)


def is_safe_link(url: str) -> bool:
    """Say whether a link may be followed from a module."""
    return _SAFE_LINK.match(url.strip()) is not None


class ModuleMarkdown(MarkdownIt):
    """A Markdown parser for modules, strict about links or blind to them."""

    def __init__(self, *, html: bool, any_link: bool) -> None:
        """Make a parser.

        ``html`` and ``any_link`` are for finding what has to be refused; what is shown is parsed
        with neither.
        """
        super().__init__("commonmark", {"html": html})
        self.any_link = any_link
        self.enable("table")
        # `[x]` and `[50]` are marks; a file that defines such a label would make links of them.
        self.disable("reference")
        self.inline.ruler.before("link", "citation", _parse_citation)

    def validateLink(self, url: str) -> bool:  # noqa: N802 (markdown-it's name)
        """Say whether markdown-it may make a link of this address."""
        return self.any_link or is_safe_link(url)


def _parse_citation(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 (markdown-it's way)
    """Recognise ``[@key]`` and ``[@key; @other]``."""
    found = _CITATION.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.content = found[0]
        token.meta = {"keys": [key.strip().removeprefix("@") for key in found[1].split(";")]}
    state.pos = found.end()
    return True
