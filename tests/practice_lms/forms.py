"""Read the forms of the practice LMS's pages."""

from __future__ import annotations

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        if tag == "input" and found.get("name"):
            self.fields[found["name"] or ""] = found.get("value") or ""


def form_of(page: str) -> tuple[str, dict[str, str]]:
    """Return the address and fields of the page's form."""
    parser = _Form()
    parser.feed(page)
    return parser.action, parser.fields
