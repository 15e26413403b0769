"""docs/logs.md: every event and every field that the code can log, and no other."""

import json
import re

import pytest

from lti_alliance.observability import FIELDS
from lti_alliance.worker import HOST_JOBS, JOBS
from scripts.reference_docs import DOCS
from tests import log_calls

TEXT = (DOCS / "logs.md").read_text(encoding="utf-8")
EVENTS = log_calls.events()
ON_EVERY_LINE = {"event", "level", "timestamp"}
ADDED = {"left_out"}
"""The formatter's own."""


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    part = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell: str) -> set[str]:
    """Return the names that a cell has in code."""
    return set(re.findall(r"`([\w.]+)`", cell))


def test_every_event_is_there() -> None:
    """The table has the events of the code."""
    assert {row[0].strip("`") for row in rows("Events")} == set(EVENTS)


@pytest.mark.parametrize("row", rows("Events"), ids=lambda row: row[0])
def test_events_are_told_as_they_are(row: list[str]) -> None:
    """Each has the level and the fields of the code, and a meaning."""
    name, level, told, meaning = row
    event = EVENTS[name.strip("`")]
    levels = {"error" if each == "exception" else each for each in event.levels}

    assert level in levels
    assert levels - {level} <= names(meaning) | set(meaning.split())
    assert names(told) == event.fields
    assert meaning.endswith(".")


def test_every_field_is_there_once() -> None:
    """The table has the fields that may be logged, and each of them is logged somewhere."""
    told = [row[0].strip("`") for row in rows("Fields")]
    logged = set().union(*(event.fields for event in EVENTS.values()))
    logged |= log_calls.about_a_request() | ON_EVERY_LINE

    assert len(told) == len(set(told))
    assert set(told) == FIELDS | ADDED
    assert logged == FIELDS


def test_jobs_are_named() -> None:
    """The field `job` says which there are."""
    (row,) = [row for row in rows("Fields") if row[0] == "`job`"]

    assert names(row[2]) == {*JOBS, *HOST_JOBS}


def test_examples_are_lines_of_such_events() -> None:
    """Each example is JSON, with the fields that its event has."""
    examples = [json.loads(line) for line in re.findall(r"^\{.*\}$", TEXT, re.MULTILINE)]

    assert len(examples) == 2
    for example in examples:
        own = EVENTS[example["event"]].fields

        assert own <= set(example)
        assert set(example) <= own | ON_EVERY_LINE | log_calls.about_a_request()
