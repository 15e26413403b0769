"""Evidence of a certification case: what came of it, and the tool's own log lines about it.

The certification asks for an excerpt of the log for each test. Of a line only the fields below are
kept: those that differ from run to run, such as ids, hosts and durations, would say nothing here,
and none of those kept tells about a person.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.certification.cases import Case

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
FOLDER_VARIABLE = "CONFORMANCE_EVIDENCE"
"""Names the folder into which `make conformance` has each case write its row."""
OPENING = ("lti.login", "lti.launch", "student.home")
KEPT = (
    *("method", "endpoint", "scope", "media_type", "status", "code"),
    *("message_type", "role", "count"),
)


@dataclass(frozen=True)
class Line:
    """What is kept of one line of the log."""

    event: str
    fields: Mapping[str, str]

    def __str__(self) -> str:
        return " ".join([self.event, *(f"{name}={value}" for name, value in self.fields.items())])


class Log:
    """The tool's log as a test has written it so far."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self.text = ""

    def begin(self) -> None:
        """Forget what was logged before: what came first was preparation."""
        self._read()
        self.text = ""

    def lines(self, *endpoints: str) -> list[Line]:
        """Return the requests of these endpoints and every call of a platform's service."""
        self.text += self._read()
        return [
            Line(found["event"], {name: str(found[name]) for name in KEPT if name in found})
            for found in self._found()
            if found.get("event", "").startswith("platform_")
            or (found.get("event") == "request" and found["endpoint"] in endpoints)
        ]

    def _found(self) -> Iterator[dict[str, Any]]:
        for line in self.text.splitlines():
            if line.startswith("{"):
                yield json.loads(line)


@dataclass(frozen=True)
class Evidence:
    """Keeps the row of a case, or compares it with the one in the document."""

    log: Log

    def of(self, case: Case, result: str, lines: Iterable[Line]) -> None:
        """Put down what was observed; an observation without a line of the log is none."""
        shown = list(dict.fromkeys(f"`{line}`" for line in lines))
        assert shown, f"{case.id}: the log says nothing of it"
        row = f"| {case.id} | {case.asks} | {result} | {'<br>'.join(shown)} |"
        if folder := os.environ.get(FOLDER_VARIABLE):
            (Path(folder) / case.id).write_text(row, encoding="utf-8")
            return
        assert row in PAGE.read_text(encoding="utf-8").splitlines(), (
            f"docs/conformance.md says something else of {case.id}: see why, then "
            f"`make conformance`\n{row}"
        )
