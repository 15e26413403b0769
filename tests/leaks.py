"""Watching a whole run of tests for what no log and no metric may hold.

Every name, address, answer, sealed text and cookie that the tool handles in the run is taken down
as it passes, whoever made it up. At the end the lines that were logged and the metrics are searched
for them. Lines are kept once, without times and ids, so that a long run stays small.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine, event
from werkzeug.wrappers import Response

from lti_alliance import observability
from lti_alliance.sealing import Sealer

SHORTEST_WORD = 3
SHORTEST_TEXT = 12
"""A shorter answer or text, such as "a", stands in any log by chance."""
SHORTEST_SECRET = 16

# Names that tests give to people and that are also words of ours.
WORDS_OF_OURS = frozenset(
    [
        "assistant",
        "back",
        "course",
        "designer",
        "early",
        "helper",
        "idle",
        "instructor",
        "late",
        "later",
        "new",
        "old",
        "other",
        "preview",
        "student",
        "teacher",
        "test",
        "user",
        "view",
        "working",
    ]
)

_VARIES = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|\+00:00)?|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"
    r"|\b[0-9a-f]{12}\b|(?<=duration_ms=)[\d.]+"
)
_SHAPES = {
    "e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "signed token": re.compile(r"\beyJ[\w-]{8,}"),
}
_WORD = re.compile(r"[^\W_]+")
_IS_NO_NAME = re.compile(r"[0-9a-f-]{32,36}|[\d:.+ -]+|")
_TABLES = {"profiles": "name", "responses": "answer"}
_WRITES = re.compile(r"(?:INSERT INTO|UPDATE) (profiles|responses)\b")


class Watch:
    """What one process has logged, and what it has handled that must not be logged."""

    def __init__(self, *, known: Mapping[str, str]) -> None:
        self._lines: dict[str, str] = {}
        self._canaries: dict[str, str] = {value: kind for kind, value in known.items()}

    def begin(self, patch: pytest.MonkeyPatch) -> None:
        """Take down what passes from now on."""
        event.listen(Engine, "before_cursor_execute", self._on_statement)
        written, sealed, cookie = (
            observability.write_line,
            Sealer.seal_text,
            Response.set_cookie,
        )

        def write_line(line: str) -> None:
            self.take_line(line)
            written(line)

        def seal_text(sealer: Sealer, text: str, *, purpose: str) -> bytes:
            self.take_text("sealed text", text)
            return sealed(sealer, text, purpose=purpose)

        def set_cookie(response: Response, key: str, value: str = "", **more: Any) -> None:
            if len(value) >= SHORTEST_SECRET:
                self._canaries[value] = "cookie"
            cookie(response, key, value, **more)

        patch.setattr(observability, "write_line", write_line)
        patch.setattr(Sealer, "seal_text", seal_text)
        patch.setattr(Response, "set_cookie", set_cookie)

    def end(self) -> None:
        """Take nothing down any more, but what the metrics are now."""
        event.remove(Engine, "before_cursor_execute", self._on_statement)
        for line in observability.metrics_text().decode().splitlines():
            self._lines.setdefault(line, "the metrics")

    def take_line(self, line: str) -> None:
        """Take a logged line down, with the test that it was first seen in."""
        self._lines.setdefault(_VARIES.sub("·", line), os.environ.get("PYTEST_CURRENT_TEST", ""))

    def take_text(self, kind: str, text: str) -> None:
        """Take down a text that must not be logged, if it is long enough to be known again."""
        text = text.strip()
        if len(text) >= SHORTEST_TEXT:
            self._canaries.setdefault(text, kind)

    def take_name(self, name: str) -> None:
        """Take down a name or an address of a person."""
        is_name = len(name) >= SHORTEST_WORD and not _IS_NO_NAME.fullmatch(name)
        if is_name and name.casefold() not in WORDS_OF_OURS:
            self._canaries.setdefault(name, "name")

    def leaks(self) -> list[str]:
        """Say of each leak what it is, where it was first logged, and the line."""
        text = "\n".join(self._lines)
        words = set(_WORD.findall(text))
        found = {
            canary: kind
            for canary, kind in self._canaries.items()
            # A single word is looked for as a word: Ann is not in Announced.
            if (
                canary in words
                if _WORD.fullmatch(canary)
                else _may_stand_in(words, canary) and canary in text
            )
        }
        told = [f"{kind} {canary!r} in {self._where(canary)}" for canary, kind in found.items()]
        for kind, shape in _SHAPES.items():
            told += [f"{kind} in {self._where(hit)}" for hit in set(shape.findall(text))]
        return told

    def _where(self, canary: str) -> str:
        line, test = next(
            (line, test)
            for line, test in self._lines.items()
            if (canary in _WORD.findall(line) if _WORD.fullmatch(canary) else canary in line)
        )
        return f"{test}: {line[:300]}"

    def _on_statement(
        self, _conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any
    ) -> None:
        wrote = _WRITES.match(statement)
        if wrote is None:
            return
        for value in _strings(parameters):
            if wrote[1] == "profiles":
                self.take_name(value)
            elif value.startswith("{"):
                self._take_answer(value)

    def _take_answer(self, written: str) -> None:
        for value in _strings(json.loads(written)):
            self.take_text("answer", value)


def _may_stand_in(words: set[str], canary: str) -> bool:
    """Say whether a text of these words may hold it: all but its first and last word are there."""
    return words.issuperset(_WORD.findall(canary)[1:-1])


def _strings(value: Any) -> Iterator[str]:
    """Yield every text in what was given to a statement, however it is nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))
    elif isinstance(value, Iterable) and not isinstance(value, bytes):
        for each in value:
            yield from _strings(each)
    elif hasattr(value, "obj"):
        # The driver of PostgreSQL wraps what goes into a JSON column.
        yield from _strings(value.obj)
