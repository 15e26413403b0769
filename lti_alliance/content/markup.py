"""Markdown of modules as sanitised HTML.

Two walls: raw HTML, unsafe links and images never become markup, and what was made passes an
allow-list that knows every tag, attribute and class this module writes.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from lti_alliance.content.grammar import LINK_SCHEMES, ModuleMarkdown

CALLOUTS = {"for the exam": "exam", "the evidence": "evidence"}
"""How a quoted paragraph begins, in bold, to become a call-out; and which one."""

_AUTHOR_YEAR = re.compile(r"^(?P<authors>[^()]+?)\s*\((?P<year>\d{4}[a-z]?)\)")
_BLOCK_TAGS = {"aside", "blockquote", "div", "hr", "li", "ol", "p", "pre", "ul"}
_INLINE_TAGS = {"a", "br", "code", "em", "span", "strong"}
_TABLE_TAGS = {"table", "tbody", "td", "th", "thead", "tr"}
_HEADING_TAGS = {f"h{level}" for level in range(1, 7)}
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_FIXED_ATTRIBUTES = {
    "a": {"class": {"citation"}, "rel": {"noopener nofollow"}, "target": {"_blank"}},
    "aside": {"class": {f"callout callout-{name}" for name in CALLOUTS.values()}, "role": {"note"}},
    "div": {"class": {"callouts", "table-scroll"}, "tabindex": {"0"}},
    "span": {"class": {"citation"}},
    "th": {"scope": {"col"}},
}


def render(
    markdown: str,
    *,
    sources: Mapping[str, str] | None = None,
    heading_offset: int = 1,
    link_sources: bool = True,
) -> Markup:
    """Render blocks of Markdown.

    Headings move down by ``heading_offset`` levels. A citation becomes a link to
    ``#source-<key>``; with ``link_sources`` False, for pages that do not list the sources, text.
    """
    return _render(
        markdown, tuple((sources or {}).items()), heading_offset, link_sources, as_blocks=True
    )


def render_inline(
    markdown: str, *, sources: Mapping[str, str] | None = None, link_sources: bool = False
) -> Markup:
    """Render one line of Markdown without a paragraph around it, as for an option."""
    return _render(markdown, tuple((sources or {}).items()), 0, link_sources, as_blocks=False)


def source_anchor(key: str) -> str:
    """Name the place in the list of sources to which a citation links."""
    return f"source-{key}"


def source_labels(sources: Mapping[str, str]) -> dict[str, str]:
    """Shorten each source to author and year, with letters where two would look the same."""
    plain = {key: _author_year(key, text) for key, text in sources.items()}
    shared = {label for label, times in Counter(plain.values()).items() if times > 1}
    seen: Counter[str] = Counter()
    labels = {}
    for key, label in plain.items():
        seen[label] += 1
        labels[key] = f"{label}{chr(ord('a') + seen[label] - 1)}" if label in shared else label
    return labels


@lru_cache(maxsize=2048)
def _render(
    markdown: str,
    sources: tuple[tuple[str, str], ...],
    heading_offset: int,
    link_sources: bool,  # noqa: FBT001 (private; positional for the cache)
    *,
    as_blocks: bool,
) -> Markup:
    env: dict[str, Any] = {
        "labels": source_labels(dict(sources)),
        "heading_offset": heading_offset,
        "link_sources": link_sources,
    }
    produce = _MARKDOWN.render if as_blocks else _MARKDOWN.renderInline
    html = nh3.clean(
        produce(markdown, env),
        tags=_BLOCK_TAGS | _INLINE_TAGS | _TABLE_TAGS | _HEADING_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        tag_attribute_values=_FIXED_ATTRIBUTES,
        url_schemes=set(LINK_SCHEMES),
        url_relative=lambda url: url if url.startswith("#") else None,
        link_rel=None,
    )
    return Markup(html)  # noqa: S704 (sanitised in the line above)


def _author_year(key: str, text: str) -> str:
    found = _AUTHOR_YEAR.match(text)
    if found is None:
        return key
    names = [name for name in re.split(r",\s*(?:&\s*)?|\s+&\s+", found["authors"]) if name]
    authors = " & ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{authors}, {found['year']}"


def _render_citation(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    env: dict[str, Any],
) -> str:
    cited = []
    for key in tokens[index].meta["keys"]:
        label = escapeHtml(env["labels"].get(key, key))
        if env["link_sources"] and key in env["labels"]:
            label = f'<a class="citation" href="#{source_anchor(key)}">{label}</a>'
        cited.append(label)
    return f'<span class="citation">({"; ".join(cited)})</span>'


def _render_link_open(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: dict[str, Any],
) -> str:
    tokens[index].attrSet("rel", "noopener nofollow")
    tokens[index].attrSet("target", "_blank")
    return renderer.renderToken(tokens, index, options, env)


def _render_image(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    _env: dict[str, Any],
) -> str:
    """Show an image by its alternative text: nothing is fetched from another host."""
    return escapeHtml(tokens[index].content)


def _adapt_blocks(state: StateCore) -> None:
    """Shift headings, scope header cells, let tables scroll, and turn quotes into call-outs."""
    adapted: list[Token] = []
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            level = int(token.tag.removeprefix("h")) + state.env.get("heading_offset", 0)
            token.tag = f"h{min(level, 6)}"
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        if token.type == "table_open":
            adapted += [_open("div", {"class": "table-scroll", "tabindex": "0"}), token]
        elif token.type == "table_close":
            adapted += [token, _close("div")]
        elif token.type == "blockquote_close":
            _close_quote(adapted, token)
        else:
            adapted.append(token)
    state.tokens = adapted


def _close_quote(tokens: list[Token], closing: Token) -> None:
    """End a quote; if its first paragraph begins as a call-out does, make call-outs of it."""
    start = next(
        index
        for index in range(len(tokens) - 1, -1, -1)
        if tokens[index].type == "blockquote_open" and tokens[index].level == closing.level
    )
    inside = tokens[start + 1 :]
    begins = {
        index: name
        for index, token in enumerate(inside)
        if token.type == "paragraph_open"
        and token.level == closing.level + 1
        and (name := _callout_name(inside[index + 1]))
    }
    if 0 not in begins:
        tokens.append(closing)
        return
    made = [_open("div", {"class": "callouts"})]
    for index, token in enumerate(inside):
        if index in begins:
            made += [_close("aside")] if index else []
            made.append(
                _open("aside", {"class": f"callout callout-{begins[index]}", "role": "note"})
            )
        made.append(token)
    tokens[start:] = [*made, _close("aside"), _close("div")]


def _callout_name(inline: Token) -> str | None:
    children = [child for child in inline.children or [] if child.type != "text" or child.content]
    if [child.type for child in children[:3]] != ["strong_open", "text", "strong_close"]:
        return None
    return CALLOUTS.get(children[1].content.strip().rstrip(".:").lower())


def _open(tag: str, attributes: dict[str, str]) -> Token:
    return Token(f"{tag}_open", tag, 1, attrs=dict(attributes), block=True)


def _close(tag: str) -> Token:
    return Token(f"{tag}_close", tag, -1, block=True)


_MARKDOWN = ModuleMarkdown(html=False, any_link=False)
_MARKDOWN.core.ruler.push("adapt_blocks", _adapt_blocks)
_MARKDOWN.add_render_rule("citation", _render_citation)
_MARKDOWN.add_render_rule("link_open", _render_link_open)
_MARKDOWN.add_render_rule("image", _render_image)
