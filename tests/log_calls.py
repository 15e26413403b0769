"""What the tool's code can log, read from the code itself."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "lti_alliance"
NOT_THE_TOOL = ("demo", "practice_lms")
_LOGGERS = {"log", "_log"}
_LEVELS = {"debug", "info", "warning", "error", "exception"}
_SAYS_HOW = {"exc_info"}


@dataclass
class Event:
    """One event: at which levels it is logged, and with which fields."""

    levels: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def events() -> dict[str, Event]:
    """Return every event by its name."""
    found: dict[str, Event] = defaultdict(Event)
    for call in _calls():
        levels = set(_levels_of(call.func))
        if not levels:
            continue
        (name,) = (each.value for each in call.args if isinstance(each, ast.Constant))
        found[name].levels |= levels
        found[name].fields |= {str(each.arg) for each in call.keywords} - _SAYS_HOW
        if "exception" in levels or any(each.arg == "exc_info" for each in call.keywords):
            found[name].fields.add("exception")
    return found


def about_a_request() -> set[str]:
    """Return the fields that are added to every line of a request."""
    return {
        str(each.arg)
        for call in _calls()
        if isinstance(call.func, ast.Name) and call.func.id == "about"
        for each in call.keywords
    }


def _levels_of(function: ast.expr) -> Iterator[str]:
    """Name the levels at which a call logs; one may be chosen by a condition."""
    if isinstance(function, ast.IfExp):
        yield from _levels_of(function.body)
        yield from _levels_of(function.orelse)
    elif (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id in _LOGGERS
        and function.attr in _LEVELS
    ):
        yield function.attr


def _calls() -> Iterator[ast.Call]:
    for path in sorted(ROOT.rglob("*.py")):
        if path.relative_to(ROOT).parts[0] not in NOT_THE_TOOL:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from (each for each in ast.walk(tree) if isinstance(each, ast.Call))
