"""Changing single values of a module's header, with every other line left as it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from lti_alliance.content.faults import Faults
from lti_alliance.content.front_matter import find_body

_QUOTED = frozenset({"title", "license"})
"""Texts that people write freely; all others hold nothing that YAML could misread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a file calls itself, empty where that cannot be read; the rest may be broken."""

    id: str = ""
    title: str = ""
    version: str = ""


def read_names(source: str) -> Names:
    """Read what a file calls itself as far as that is possible."""
    values = {key: node.value.strip() for key, node in _scalars(source).items()}
    return Names(**{name: values.get(name, "") for name in ("id", "title", "version")})


def line_of_key(source: str, key: str) -> int:
    """Return the line of a key of the header, counted from 1; the first where there is none."""
    node = _scalars(source).get(key)
    return node.start_mark.line + 2 if node else 1


def set_values(source: str, values: Mapping[str, str]) -> str:
    """Give keys that the header has other values; a key that it does not have is left out."""
    lines = source.split("\n")
    found = _scalars(source)
    # From the bottom up: a value of several lines becomes one, and moves what is below it.
    for key in sorted(values.keys() & found.keys(), key=lambda key: -found[key].start_mark.line):
        node = found[key]
        first, last = node.start_mark.line + 1, node.end_mark.line + 1
        if node.end_mark.column == 0 and last > first:
            last -= 1
        text = " ".join(values[key].split())
        if text == node.value.strip():
            continue
        lines[first : last + 1] = [f"{key}: {_quoted(text) if key in _QUOTED else text}"]
    return "\n".join(lines)


def _scalars(source: str) -> dict[str, yaml.ScalarNode]:
    lines = source.split("\n")
    body = find_body(lines, Faults())
    if body == 0:
        return {}
    try:
        root = yaml.compose("\n".join(lines[1 : body - 1]), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        return {}
    if not isinstance(root, yaml.MappingNode):
        return {}
    return {
        str(key.value): value
        for key, value in root.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
    }


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
