"""Markdown as HTML: what modules may show, and what never gets through."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.content.catalogue import shipped_modules
from lti_alliance.content.markup import render, render_inline, source_anchor, source_labels
from lti_alliance.content.parser import parse_bytes

SOURCES = {
    "bordin1979": "Bordin (1979). The working alliance.",
    "eubanks2018": "Eubanks, Muran & Safran (2018). Rupture repair.",
    "consensus2018": "Eubanks, Burckell & Goldfried (2018). Consensus strategies.",
    "pair2001": "Wampold & Imel (2001). The great debate.",
    "manual": "The handbook of the clinic",
}
TAGS = {"aside", "blockquote", "div", "hr", "li", "ol", "p", "pre", "ul"}
TAGS |= {"a", "br", "code", "em", "span", "strong", "h1", "h2", "h3", "h4", "h5", "h6"}
TAGS |= {"table", "tbody", "td", "th", "thead", "tr"}
ATTRIBUTES = {"href", "class", "rel", "target", "role", "scope", "start", "tabindex", "title"}


class Inspector(HTMLParser):
    """Collects the tags, attributes and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]


def inspect(html: str) -> Inspector:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector


def test_headings_leave_room_for_the_page() -> None:
    """A page keeps its one h1, and no heading falls below h6."""
    assert render("# A\n\n###### B") == "<h2>A</h2>\n<h6>B</h6>\n"
    assert render("### A", heading_offset=0) == "<h3>A</h3>\n"


def test_links_open_elsewhere_and_say_nothing_of_the_reader() -> None:
    """A link out of the module opens a new tab without a handle on this one."""
    assert render_inline("[a](https://e.org/?x=1&y=2)") == (
        '<a href="https://e.org/?x=1&amp;y=2" rel="noopener nofollow" target="_blank">a</a>'
    )


@pytest.mark.parametrize("address", ["http://e.org", "https://e.org", "mailto:a@e.org"])
def test_three_kinds_of_address_are_linked(address: str) -> None:
    """The web and mail."""
    assert inspect(render(f"[x]({address}) <{address}>")).addresses == [address, address]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,<b>x</b>",
        "data:image/svg+xml;base64,AAAA",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "/launches/abc/",
        "#top",
        "tel:123",
    ],
)
@pytest.mark.parametrize("form", ["[x]({})", "[x](<{}>)", "<{}>", "![x]({})"])
def test_no_other_address_is_linked(form: str, address: str) -> None:
    """Neither as a link nor as an image."""
    inspected = inspect(render(form.format(address)))

    assert inspected.addresses == []
    assert "img" not in inspected.tags


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><circle/></svg>",
        "<iframe src=https://e.org></iframe>",
        "<a href=javascript:alert(1)>x</a>",
        "<style>*{display:none}</style>",
        "<form action=https://e.org><input name=x></form>",
        "<p onclick=alert(1)>x</p>",
        "<base href=https://e.org>",
        "<meta http-equiv=refresh content=0>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "[a](https://e.org 'x\" onmouseover=alert(1) y')",
        "```html onload=alert(1)\n<script>\n```",
        "| <script> |\n|---|\n| <img src=x onerror=x> |",
        "> **For the exam.** <script>alert(1)</script>",
    ],
)
def test_raw_html_stays_text(hostile: str) -> None:
    """No tag and no attribute of an author reaches the page."""
    for html in (render(hostile), render_inline(hostile)):
        inspected = inspect(html)

        assert inspected.tags <= TAGS
        assert inspected.attributes <= ATTRIBUTES
        assert all(address.startswith("https://e.org") for address in inspected.addresses)


def test_a_source_cannot_smuggle_markup() -> None:
    """The label of a citation is escaped."""
    html = render("[@x]", sources={"x": "<script>x</script> (2001). y"})

    assert inspect(html).tags == {"p", "span", "a"}
    assert "&lt;script&gt;" in html


@given(st.text(alphabet=st.sampled_from("<>ab\"'=/ &;:#[]()!`*_|-\n\\{}@x0\x00"), max_size=80))
def test_whatever_is_written_only_known_markup_comes_out(text: str) -> None:
    """The allow-list holds for any text."""
    for html in (render(text, sources=SOURCES), render_inline(text, sources=SOURCES)):
        inspected = inspect(html)

        assert inspected.tags <= TAGS
        assert inspected.attributes <= ATTRIBUTES


def test_an_image_is_its_alternative_text() -> None:
    """Nothing is fetched from another host."""
    assert render_inline("See ![a chair & a desk](https://e.org/a.png).") == (
        "See a chair &amp; a desk."
    )


def test_a_citation_links_to_its_source_in_words() -> None:
    """A screen reader hears author and year."""
    assert render_inline("So. [@bordin1979]", sources=SOURCES, link_sources=True) == (
        'So. <span class="citation">'
        '(<a class="citation" href="#source-bordin1979">Bordin, 1979</a>)</span>'
    )
    assert source_anchor("bordin1979") == "source-bordin1979"


def test_a_page_without_the_list_shows_citations_as_text() -> None:
    """No link leads nowhere."""
    html = render("[@bordin1979; @manual]", sources=SOURCES, link_sources=False)

    assert html == '<p><span class="citation">(Bordin, 1979; manual)</span></p>\n'


def test_a_citation_without_source_is_shown_by_its_key() -> None:
    """A missing source breaks nothing."""
    assert "(gone)" in render("[@gone]", sources=SOURCES)


def test_a_citation_inside_a_link_breaks_nothing() -> None:
    """Links do not nest: the citation is one, what is around it stays text."""
    html = render("[see [@bordin1979] there](https://e.org)", sources=SOURCES)

    assert inspect(html).addresses == ["#source-bordin1979"]


def test_source_labels_tell_sources_apart() -> None:
    """Three authors are shortened; two sources of one label get letters."""
    assert source_labels(SOURCES) == {
        "bordin1979": "Bordin, 1979",
        "eubanks2018": "Eubanks et al., 2018a",
        "consensus2018": "Eubanks et al., 2018b",
        "pair2001": "Wampold & Imel, 2001",
        "manual": "manual",
    }


def test_paired_callouts_become_asides() -> None:
    """Each bold opening begins a note of its own; what follows belongs to it."""
    html = render(
        "> **For the exam.** Trust.\n>\n> More.\n>\n> **The evidence.** Small.\n>\n> > Said so."
    )

    assert html.count("<aside") == 2
    exam, evidence = html.split('<aside class="callout callout-evidence" role="note">')
    assert '<aside class="callout callout-exam" role="note">' in exam
    assert "<p>More.</p>" in exam
    assert "<blockquote>\n<p>Said so.</p>\n</blockquote>" in evidence


@pytest.mark.parametrize(
    "quote",
    ["> Trust.", "> **Note.** Trust.", "> Trust **for the exam.**", "> - **For the exam.** x", ">"],
)
def test_other_quotes_stay_quotes(quote: str) -> None:
    """Only the two openings make a call-out."""
    html = render(quote)

    assert "<blockquote>" in html
    assert "<aside" not in html


def test_a_callout_inside_a_quote_is_found() -> None:
    """Nesting does not confuse where a quote ends."""
    html = render("> Before\n>\n> > **The evidence.** x\n>\n> After")

    assert html.startswith("<blockquote>\n<p>Before</p>\n<div")
    assert html.endswith("<p>After</p>\n</blockquote>\n")


def test_tables_scroll_and_name_their_columns() -> None:
    """A wide table moves inside a focusable box; its header cells have a scope."""
    html = render("| A | B |\n|---|--:|\n| 1 | 2 |")

    assert html.startswith('<div class="table-scroll" tabindex="0">\n<table>')
    assert html.count('<th scope="col">') == 2


def test_marks_of_the_format_are_not_links() -> None:
    """`[x]` and `[50]` stay what they are, even where a file defines such a label."""
    assert render("[x] [50]\n\n[x]: https://e.org") == (
        "<p>[x] [50]</p>\n<p>[x]: https://e.org</p>\n"
    )


def test_inline_markdown_makes_no_blocks() -> None:
    """An option stays inside its label."""
    assert render_inline("# *a* `b`\n- c") == "# <em>a</em> <code>b</code>\n- c"


@pytest.mark.parametrize("path", shipped_modules(), ids=lambda path: path.name)
def test_shipped_readings_show_all_their_callouts_and_citations(path) -> None:
    """No call-out of a shipped module is left as a plain quote, no citation unresolved."""
    module = parse_bytes(path.read_bytes(), name=path.name)
    source = "\n\n".join(section.markdown for section in module.reading)
    html = render(source, sources=module.sources)

    assert html.count('class="callout ') == source.count("**For the exam.**") + source.count(
        "**The evidence.**"
    )
    assert "[@" not in html
    assert inspect(html).addresses == [
        a for a in inspect(html).addresses if a.startswith("#source-")
    ]
