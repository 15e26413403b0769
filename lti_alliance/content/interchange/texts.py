"""Texts between HTML, plain text and the Markdown of modules."""

import html
import re
from collections.abc import Callable, Mapping

import nh3
from markdownify import ATX, markdownify

from lti_alliance.content.markup import render, render_inline

MAX_LENGTH = 30_000
"""Where a text is cut, and shows that it was: no question is as long."""
MAX_DEPTH = 40
"""How deeply HTML may be nested before only its text is taken."""

_TAGS = {
    "a", "b", "blockquote", "br", "code", "em", "i", "li", "ol", "p", "pre", "strong", "table",
    "tbody", "td", "th", "thead", "tr", "ul", "div",
}  # fmt: skip
_IMAGE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_MEDIA = re.compile(r"<(?:audio|video|object|embed|iframe|svg|math)\b", re.IGNORECASE)
_HEADING = re.compile(r"<(/?)h[1-6]\b[^<>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^<>]*>", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_\[\]<>&|])")
_LOOSE_CITATION = re.compile(r"\\?\[(?=\s*\\?@)")
_NEEDLESS_ESCAPE = re.compile(r"(?<=\S)([ \t]*)\\([=+>~])")
_UNDERLINE = re.compile(r"(\S[ \t]*\n {0,3})([-=]+[ \t]*)$", re.MULTILINE)
"""A line that would make a heading of the one above it."""
_MARKED = re.compile(r"^([-+=#~])", re.MULTILINE)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)", re.MULTILINE)
"""What begins a list, a heading, a rule or a fence at the start of a line."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def from_html(text: str, *, tell: Callable[[str], None] = lambda _what: None) -> str:
    """Turn a fragment of HTML into Markdown; ``tell`` hears of what is lost."""
    text = _CONTROL.sub("", _cut(text))
    if _IMAGE.search(text):
        tell("an image: only its description is kept")
        text = _IMAGE.sub(_description, text)
    if _MEDIA.search(text):
        tell("a formula, drawing, sound, film or frame")
    text = _HEADING.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", text)
    clean = nh3.clean(text, tags=_TAGS, attributes={"a": {"href"}}, link_rel=None)
    if _depth(clean) > MAX_DEPTH:
        tell("the layout of a text that is nested too deeply")
        return from_plain(html.unescape(nh3.clean(clean, tags=set())))
    written = markdownify(clean, heading_style=ATX, bullets="-", escape_misc=True, autolinks=False)
    written = _UNDERLINE.sub(r"\1\\\2", _NEEDLESS_ESCAPE.sub(r"\1\2", written))
    return _LOOSE_CITATION.sub("(", written).strip()


def from_plain(text: str) -> str:
    """Escape a text so that Markdown shows it as it is."""
    text = _CONTROL.sub("", _cut(text).replace("\r\n", "\n").replace("\r", "\n"))
    text = "\n".join(line.strip() for line in text.split("\n"))
    text = _NUMBERED.sub(r"\1\\\2", _MARKED.sub(r"\\\1", _SPECIAL.sub(r"\\\1", text)))
    return _LOOSE_CITATION.sub("(", text).strip()


def from_markdown(text: str) -> str:
    """Take over Markdown, without the HTML that it might hold."""
    return _LOOSE_CITATION.sub("(", _CONTROL.sub("", _cut(text)).replace("<", r"\<")).strip()


def to_plain(text: str) -> str:
    """Take the text out of a fragment of HTML."""
    bare = html.unescape(nh3.clean(_CONTROL.sub("", text), tags=set()))
    return " ".join(bare.split())


def to_html(markdown: str, sources: Mapping[str, str]) -> str:
    """Render a text of several blocks."""
    return str(render(markdown, sources=sources, link_sources=False)).strip()


def to_inline_html(markdown: str, sources: Mapping[str, str]) -> str:
    """Render a text of one line."""
    return str(render_inline(markdown, sources=sources)).strip()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]} […]"


def _description(image: re.Match[str]) -> str:
    alt = _ALT.search(image[0])
    return (alt[1] or alt[2] or "") if alt else ""


def _depth(clean: str) -> int:
    depth = deepest = 0
    for closing, tag in _ANY_TAG.findall(clean):
        if tag.lower() != "br":
            depth += -1 if closing else 1
        deepest = max(deepest, depth)
    return deepest
