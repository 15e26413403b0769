"""Aiken: questions with one right answer as plain text, https://docs.moodle.org/en/Aiken_format."""

import re
from decimal import Decimal

from lti_alliance.content.interchange.collecting import Answer, Collector, Question
from lti_alliance.content.interchange.texts import from_plain
from lti_alliance.content.interchange.values import Imported

_OPTION = re.compile(r"(?P<letter>[A-Z])[.)]\s+(?P<text>\S.*)")
_RIGHT = re.compile(r"ANSWER:\s*(?P<letter>[A-Z])\s*")


def is_aiken(text: str) -> bool:
    """Say whether a text has lines as this format ends each question with."""
    rows = [row.strip() for row in text.split("\n")]
    return any(_RIGHT.fullmatch(row) for row in rows) and any(_OPTION.fullmatch(r) for r in rows)


def read_aiken(text: str) -> Imported:
    """Read every question."""
    found = Collector()
    stem: list[str] = []
    options: dict[str, str] = {}
    for row in text.split("\n"):
        if found.is_full:
            break
        row = row.strip()
        if right := _RIGHT.fullmatch(row):
            answers = [
                Answer(from_plain(said), Decimal(letter == right["letter"]))
                for letter, said in options.items()
            ]
            found.choose(Question("", from_plain("\n".join(stem))), answers, single=True)
            stem, options = [], {}
        elif option := _OPTION.fullmatch(row):
            options[option["letter"]] = option["text"]
        elif row and not options:
            stem.append(row)
        elif row:
            found.lose("", f"a line after the options: {row[:40]}", "it belongs to nothing")
    if options:
        found.lose("", "the whole question", "it has no line with its answer")
    return found.imported("aiken")
