"""The catalogues: whole, in step with the sources, and with the same placeholders."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from lti_alliance.web.languages import TRANSLATIONS, catalogue
from scripts import messages

CATALOGUES = sorted(TRANSLATIONS.glob(messages.CATALOGUES))
HOLES = re.compile(r"%\(\w+\)s|%%|\{\w+\}|</?[a-z]+[^>]*>|\*+")


def language_of(path: Path) -> str:
    return path.parents[1].name


@cache
def sources() -> Catalog:
    return messages.collect()


def pairs(message: Message) -> list[tuple[str, str]]:
    """Return what is said in English beside each form of its translation."""
    if not message.pluralizable:
        return [(message.id, message.string)]
    one, several = message.id
    return [(one if n == 0 else several, form) for n, form in enumerate(message.string)]


def sentences(path: Path) -> list[Message]:
    return [message for message in messages.read(path) if message.id]


def test_there_is_spanish() -> None:
    """The tool speaks Spanish, and what is checked below is checked of something."""
    assert "es" in map(language_of, CATALOGUES)


@pytest.mark.parametrize("path", CATALOGUES, ids=language_of)
def test_a_catalogue_is_in_step_with_the_sources(path: Path) -> None:
    """Every sentence of the sources is in it and no other: run `make messages`."""
    known = {message.id for message in sentences(path)}
    wanted = {message.id for message in sources() if message.id}

    assert (wanted - known, known - wanted) == (set(), set())


@pytest.mark.parametrize("path", CATALOGUES, ids=language_of)
def test_every_sentence_is_translated(path: Path) -> None:
    """No sentence is left in English, none is doubtful, and each has every plural form."""
    catalog = messages.read(path)
    left = [
        message.id
        for message in catalog
        if message.id
        and (
            not messages.is_whole(message)
            or message.fuzzy
            or (message.pluralizable and len(message.string) != catalog.num_plurals)
        )
    ]

    assert left == []


@pytest.mark.parametrize("path", CATALOGUES, ids=language_of)
def test_a_translation_keeps_what_is_filled_in(path: Path) -> None:
    """Placeholders, percent signs and marks are the same in both, as often."""
    wrong = [
        (english, told)
        for message in sentences(path)
        for english, told in pairs(message)
        if Counter(HOLES.findall(english)) != Counter(HOLES.findall(told))
    ]

    assert wrong == []


@pytest.mark.parametrize("path", CATALOGUES, ids=language_of)
def test_a_translation_ends_as_its_sentence_does(path: Path) -> None:
    """A sentence stays a sentence, a label a label, a question a question."""
    wrong = [
        (english, told)
        for message in sentences(path)
        for english, told in pairs(message)
        if (english[-1] in ".?:") != (told[-1] in ".?:") or told != told.strip()
    ]

    assert wrong == []


def test_marked_sentences_are_found() -> None:
    """What marks a sentence in Python is understood, with brackets around it or without."""
    source = """
_("One.")
gettext(("Two " "and more."), n=1)
ngettext("%(num)s day", "%(num)s days", 3)
_counts(("One open."), ("%(num)s open."))
_alike("Both.")
gettext(variable)
TOO_LONG = "Shorten it."
NAME = "the alliance"
"""

    assert list(messages.in_python(source)) == [
        "One.",
        "Two and more.",
        ("%(num)s day", "%(num)s days"),
        ("One open.", "%(num)s open."),
        "Both.",
        "Shorten it.",
    ]


def test_a_new_sentence_is_left_to_translate(tmp_path: Path) -> None:
    """Bringing a catalogue up to date keeps what is translated, adds what is new, drops others."""
    old = Catalog(locale="es")
    old.add("Kept.", "Queda.")
    old.add("Gone.", "Ido.")
    wanted = Catalog()
    wanted.add("Kept.")
    wanted.add(("%(num)s new", "%(num)s new ones"))
    path = tmp_path / "es" / "LC_MESSAGES" / "messages.po"
    messages.write(path, messages.updated(old, wanted))
    found = {m.id: m.string for m in sentences(path)}

    assert found == {"Kept.": "Queda.", ("%(num)s new", "%(num)s new ones"): ("", "")}
    assert catalogue(tmp_path, "es").gettext("Kept.") == "Queda."
    assert catalogue(tmp_path, "es").ngettext("%(num)s new", "%(num)s new ones", 2) == (
        "%(num)s new ones"
    )


@pytest.mark.parametrize("path", CATALOGUES, ids=language_of)
def test_writing_a_catalogue_again_changes_nothing(path: Path, tmp_path: Path) -> None:
    """The file is in the form that `make messages` writes."""
    again = tmp_path / language_of(path) / "LC_MESSAGES" / "messages.po"
    messages.write(again, messages.updated(messages.read(path), sources()))

    assert again.read_bytes() == path.read_bytes()
