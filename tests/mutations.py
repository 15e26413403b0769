"""Good messages spoiled at random: values of other kinds, too long, twice, nested, badly encoded.

A spoiling is drawn apart from the message, because a message carries what only its login knows.
"""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from math import inf, nan
from typing import Any

from hypothesis import strategies as st

EVIL = "evil.example"
"""A host that nothing may ever be sent to, whatever a message says."""

ODD_TEXTS = (
    "",
    " ",
    "0",
    "null",
    "a\x00b",
    "a\r\nSet-Cookie: evil=1",
    "a\u202eb\u2066",
    "\ud800",
    "a\ufeff\U000e0041",
    "e\u0301" * 200,
    "\U0001f600" * 300,
    "x" * 256,
    "x" * 70_000,
    "javascript:alert(1)",
    f"https://{EVIL}/",
    f"https://lms.test@{EVIL}/",
    f"//{EVIL}",
    "http://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "file:///etc/passwd",
    "../../etc/passwd",
    "%00%0d%0a",
    "' OR 1=1 --",
    "{{7*7}}${7*7}",
    "<script>alert(1)</script>",
    "$User.id",
    "=cmd|'/C calc'!A0",
)
ODD_NUMBERS = (0, -1, 1.5, 2**31, 2**63, -(2**63), 10**30, 10**400, 1e308, nan, inf, -inf)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    ["a", 1],
    {"id": {}},
    {"": ""},
    *ODD_NUMBERS,
    *ODD_TEXTS,
)
ENCODINGS = ("utf-8-sig", "utf-16", "utf-32", "latin-1", "cp037")


class How(StrEnum):
    """One way to spoil a place in a message."""

    DROPPED = "dropped"
    REPLACED = "replaced"
    LISTED = "listed"
    NESTED = "nested"
    REPEATED = "repeated"
    ADDED = "added"


@dataclass(frozen=True)
class Spoiling:
    """What is done to one place; ``where`` is counted through, however many places there are."""

    how: How
    where: int
    value: Any


def spoilings(most: int = 3) -> st.SearchStrategy[list[Spoiling]]:
    """Draw a few ways to spoil a message."""
    one = st.builds(
        Spoiling, st.sampled_from(How), st.integers(0, 10_000), st.sampled_from(ODD_VALUES)
    )
    return st.lists(one, min_size=1, max_size=most)


def spoiled(message: Mapping[str, Any], ways: Sequence[Spoiling]) -> dict[str, Any]:
    """Return a copy of a message, spoiled."""
    made: Any = deepcopy(dict(message))
    for way in ways:
        places = list(_places(made))
        if places:
            _spoil(*places[way.where % len(places)], way)
    return made  # type: ignore[no-any-return]


def _places(value: Any) -> Any:
    """Yield each place in a message: what holds it, and its key or number there."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _spoil(holder: Any, key: Any, way: Spoiling) -> None:
    match way.how:
        case How.DROPPED:
            del holder[key]
        case How.REPLACED:
            holder[key] = deepcopy(way.value)
        case How.LISTED:
            holder[key] = [holder[key], deepcopy(way.value)]
        case How.NESTED:
            for _ in range(60):
                holder[key] = {"id": holder[key]}
        case How.REPEATED:
            holder[key] = [holder[key]] * 200
        case How.ADDED if isinstance(holder, dict):
            holder[f"{key} "] = holder[f"x{key}"] = deepcopy(way.value)
        case _:
            holder.append(deepcopy(way.value))


def written(message: Any, *, encoding: str, twice: Any, is_cut: bool) -> bytes:
    """Write a message as JSON, perhaps with a key twice, in an odd encoding, or cut off."""
    text = json.dumps(message)
    if twice is not None and isinstance(message, dict) and message:
        key = sorted(message)[len(message) // 2]
        text = f"{text[:-1]}, {json.dumps(key)}: {json.dumps(twice)}}}"
    content = text.encode(encoding, errors="replace")
    return content[: len(content) // 2] if is_cut else content


def writings() -> st.SearchStrategy[dict[str, Any]]:
    """Draw how a message is written; mostly as it should be."""
    often = st.sampled_from(("utf-8", "utf-8", "utf-8", *ENCODINGS))
    twice = st.one_of(st.none(), st.none(), st.sampled_from(ODD_VALUES[1:]))
    is_cut = st.sampled_from((False, False, False, True))
    return st.fixed_dictionaries({"encoding": often, "twice": twice, "is_cut": is_cut})


def as_fields(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Write a message as the fields of a form; a list becomes a field that comes several times."""
    fields = []
    for name, value in message.items():
        for each in value if isinstance(value, list) else [value]:
            text = each if isinstance(each, str) else json.dumps(each)
            fields.append((name, text.encode("utf-8", "replace").decode()))
    return fields
