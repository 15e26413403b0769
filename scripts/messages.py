"""Collect the sentences of the interface, and bring every catalogue up to date with them.

Usage: messages.py [LANGUAGE]; a language that has no catalogue yet gets an empty one.

Sentences are what `gettext` and its kin are given, in Python and in templates. Besides, a rule in
an inner room says a fault as a constant in capitals, `POINTS_INVALID = "Write a number …"`, which
the edge translates when it shows it: every such constant that is a sentence is taken as well.
"""

import ast
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lti_alliance"
TEMPLATES = PACKAGE / "web" / "templates"
TRANSLATIONS = PACKAGE / "translations"
CATALOGUES = "*/LC_MESSAGES/messages.po"
ROOMS = ("domain", "services", "web")
MARKS = {"_": 1, "gettext": 1, "_alike": 1, "ngettext": 2, "_counts": 2}
"""What marks a sentence in Python, and how many of its arguments are sentences."""
SENTENCE = re.compile(r"[A-Z][^\n]* [^\n]*[.!?]")
UNKNOWN_TO_READERS = frozenset({"delivery_metrics.py", "registration_fields.py"})
"""Modules whose sentences only operators meet: in `/metrics`, on the command line."""

Text = str | tuple[str, str]
"""A sentence, or one with its plural."""


def collect() -> Catalog:
    """Read every source file and return its sentences, without translations."""
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            if path.name not in UNKNOWN_TO_READERS:
                for text in in_python(path.read_text(encoding="utf-8")):
                    _add(catalog, text, path)
    for path in sorted(TEMPLATES.rglob("*.html")):
        for _, text, _, _ in extract_from_file("jinja2", path):
            _add(catalog, text, path)
    return catalog


def in_python(source: str) -> Iterator[Text]:
    """Find what a Python file marks, and its constants that are sentences, in their order."""
    tree = ast.parse(source)
    found: list[tuple[int, Text]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in MARKS:
                wanted = node.args[: MARKS[name]]
                told = [each.value for each in wanted if isinstance(each, ast.Constant)]
                if len(told) == MARKS[name]:
                    found.append((node.lineno, told[0] if len(told) == 1 else (told[0], told[1])))
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))) if (
                name.isupper() and SENTENCE.fullmatch(text)
            ):
                found.append((node.lineno, text))
    yield from (text for _, text in sorted(found, key=lambda entry: entry[0]))


def read(path: Path) -> Catalog:
    """Read a catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name)


def write(path: Path, catalog: Catalog) -> None:
    """Write a catalogue in its one form: no line numbers, so that only sentences change it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, include_lineno=False)


def updated(old: Catalog, template: Catalog) -> Catalog:
    """Return a catalogue with the sentences of now: new ones empty, lost ones left out."""
    new = Catalog(
        locale=old.locale,
        header_comment="# Translation of LTI Alliance; see docs/translating.md.",
        project="LTI Alliance",
        version="(every release)",
        msgid_bugs_address="see CONTRIBUTING.md",
        last_translator="see the history of this file",
        language_team="see docs/translating.md",
        # Moments of the tool that wrote the file say nothing about the translation.
        creation_date=datetime(2026, 1, 1, tzinfo=UTC),
        revision_date=datetime(2026, 1, 1, tzinfo=UTC),
        charset="utf-8",
        fuzzy=False,
    )
    for message in template:
        if message.id:
            known = old.get(message.id)
            told = known.string if known else ("", "") if message.pluralizable else ""
            notes = known.user_comments if known else ()
            new.add(message.id, told, message.locations, message.flags, user_comments=notes)
    return new


def is_whole(message: Message) -> bool:
    """Whether a sentence is translated, in every form that the language has."""
    return all(message.string if message.pluralizable else (message.string,))


def main(languages: list[str]) -> None:
    """Write the catalogues and say what is left to translate."""
    template = collect()
    for name in languages:
        path = TRANSLATIONS / name / "LC_MESSAGES" / "messages.po"
        if not path.exists():
            write(path, Catalog(locale=Locale.parse(name), charset="utf-8", fuzzy=False))
    for path in sorted(TRANSLATIONS.glob(CATALOGUES)):
        catalog = updated(read(path), template)
        write(path, catalog)
        missing = sum(not is_whole(message) for message in catalog if message.id)
        print(f"{path.relative_to(ROOT)}: {len(catalog)} sentences, {missing} to translate")


def _add(catalog: Catalog, text: Text, path: Path) -> None:
    catalog.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)])


if __name__ == "__main__":
    main(sys.argv[1:])
