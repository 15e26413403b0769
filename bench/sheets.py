"""A page's form as a student fills it in: what it carries, and what may be chosen in it."""

from collections import defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class SheetForm:
    """One form: what is in it already, and the choices of each field that waits for one."""

    action: str
    kept: dict[str, str] = field(default_factory=dict)
    choices: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def filled(self, pick: int, *, answered: int | None = None) -> dict[str, str]:
        """Return the fields with choice number ``pick`` taken in the first ``answered`` of them."""
        names = list(self.choices)[:answered]
        chosen = {name: self.choices[name][pick % len(self.choices[name])] for name in names}
        return self.kept | chosen


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[SheetForm] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(SheetForm(told.get("action", "")))
        elif self.forms and tag == "select":
            self._select = told.get("name", "")
        elif self.forms and tag == "option" and self._select and told.get("value"):
            self.forms[-1].choices[self._select].append(told["value"])
        elif self.forms and tag == "input" and told.get("name"):
            self._input(told)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""

    def _input(self, told: dict[str, str]) -> None:
        form, kind, name = self.forms[-1], told.get("type", "text"), told["name"]
        if kind in ("radio", "checkbox"):
            form.choices[name].append(told.get("value", "on"))
        elif kind == "hidden":
            form.kept[name] = told.get("value", "")
        else:
            form.choices[name] += ["3", "4"]


def read_form(text: str, *, action_part: str) -> SheetForm:
    """Return the form of a page whose address holds ``action_part``; ``LookupError`` for none."""
    reader = _Reader()
    reader.feed(text)
    for form in reader.forms:
        if action_part in form.action:
            return form
    raise LookupError(f"no form goes to {action_part}")
