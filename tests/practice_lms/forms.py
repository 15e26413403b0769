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


class _Panel(HTMLParser):
    """Collects the fields of the forms inside panels, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.inside = False
        self.open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = "panel" in found.get("class", "")
        if not self.inside:
            return
        is_sent = found.get("type") != "checkbox" or "checked" in found
        if tag == "input" and found.get("name") and is_sent:
            self.fields[found["name"]] = found.get("value", "")
        if tag in {"textarea", "select"}:
            self.open = found["name"]
            self.fields[self.open] = ""
        self.chosen = tag == "option" and "selected" in found

    def handle_endtag(self, tag: str) -> None:
        if tag in {"textarea", "select"}:
            self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open and (self.lasttag == "textarea" or self.chosen):
            self.fields[self.open] += data
        self.chosen = False


def panel_of(page: str) -> dict[str, str]:
    """Return what the page's own form would send, as it is filled in."""
    parser = _Panel()
    parser.feed(page)
    return parser.fields
