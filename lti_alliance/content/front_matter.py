"""The header of a module file: a flat piece of YAML, every value read as text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from lti_alliance.content.faults import Faults

FORMAT = "alliance-module/1"
IDENTIFIER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_IDENTIFIER_LENGTH = 64
MAX_HEADER_LINES = 300

_FENCE = "---"
_KEYS = (
    "format",
    "id",
    "title",
    "version",
    "language",
    "license",
    "minutes",
    "requires",
    "standards",
    "sources",
)
_VERSION = re.compile(r"\d{1,5}\.\d{1,5}\.\d{1,5}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_STANDARD = re.compile(r"[A-Za-z0-9][\w.-]*/[\w./-]+")
_SOURCE_KEY = re.compile(r"[A-Za-z][\w-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The header's values, empty where the file had none that could be read."""

    id: str
    title: str
    version: str
    language: str
    license: str
    minutes: int
    requires: tuple[str, ...]
    standards: tuple[str, ...]
    sources: Mapping[str, str]
    source_lines: Mapping[str, int]


def find_body(lines: Sequence[str], faults: Faults) -> int:
    """Return the index of the first line after the header, 0 if there is no header."""
    if not lines or lines[0].rstrip() != _FENCE:
        faults.error(
            1,
            "the file does not begin with a header",
            f"Begin with a line `{_FENCE}`, then `format: {FORMAT}` and the other keys, "
            f"then a line `{_FENCE}`.",
        )
        return 0
    for index, line in enumerate(lines[1:MAX_HEADER_LINES], start=1):
        if line.rstrip() == _FENCE:
            return index + 1
    faults.error(1, "the header has no end", f"Write a line `{_FENCE}` after its last key.")
    return 0


def read_front_matter(lines: Sequence[str], faults: Faults) -> FrontMatter:
    """Read the lines between the two fences."""
    header = _Header(lines, faults)
    if header.readable and header.text("format") not in (FORMAT, ""):
        faults.error(
            header.line("format"), "this format is not known", f"Write `format: {FORMAT}`."
        )
    sources = header.mapping("sources")
    return FrontMatter(
        id=header.matching("id", IDENTIFIER, "lower-case letters, digits and hyphens"),
        title=header.text("title"),
        version=header.matching("version", _VERSION, "three numbers like 1.0.0"),
        language=header.matching("language", _LANGUAGE, "a language code like en"),
        license=header.text("license"),
        minutes=header.number("minutes"),
        requires=header.each_matching("requires", IDENTIFIER, "module ids"),
        standards=header.each_matching("standards", _STANDARD, "names like NCE/5"),
        sources={key: text for key, (text, _line) in sources.items()},
        source_lines={key: line for key, (_text, line) in sources.items()},
    )


class _Header:
    """The YAML nodes of a header, read one key at a time."""

    def __init__(self, lines: Sequence[str], faults: Faults) -> None:
        self._faults = faults
        self._values: dict[str, yaml.Node] = {}
        self._lines: dict[str, int] = {}
        self.readable = self._compose("\n".join(lines))

    def line(self, key: str) -> int:
        """Return the line of a key in the file."""
        return self._lines.get(key, 1)

    def text(self, key: str) -> str:
        """Return a value that must be text and not empty."""
        node = self._values.get(key)
        if node is None:
            return ""
        if isinstance(node, yaml.ScalarNode) and node.value.strip():
            return str(node.value).strip()
        self._faults.error(self.line(key), f"`{key}` has no text", f'Write `{key}: "…"`.')
        return ""

    def matching(self, key: str, pattern: re.Pattern[str], expected: str) -> str:
        """Return a text of a certain form."""
        text = self.text(key)
        if text and not (pattern.fullmatch(text) and len(text) <= MAX_IDENTIFIER_LENGTH):
            self._faults.error(self.line(key), f"`{key}` is `{text}`", f"Write {expected}.")
        return text

    def number(self, key: str) -> int:
        """Return a value that must be a count above zero."""
        text = self.text(key)
        if text and not re.fullmatch(r"[1-9][0-9]{0,3}", text):
            self._faults.error(self.line(key), f"`{key}` is `{text}`", "Write a whole number.")
            return 0
        return int(text or 0)

    def each_matching(self, key: str, pattern: re.Pattern[str], expected: str) -> tuple[str, ...]:
        """Return a list of texts of a certain form."""
        node = self._values.get(key)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self._faults.error(
                self.line(key), f"`{key}` is not a list", f"Write `{key}: []` or `{key}: [a, b]`."
            )
            return ()
        texts = [str(child.value) for child in node.value if isinstance(child, yaml.ScalarNode)]
        if len(texts) < len(node.value) or not all(pattern.fullmatch(text) for text in texts):
            self._faults.error(
                self.line(key),
                f"`{key}` holds something else than {expected}",
                f"Write {expected}.",
            )
        return tuple(texts)

    def mapping(self, key: str) -> dict[str, tuple[str, int]]:
        """Return a mapping of citation keys to texts, each with its line."""
        node = self._values.get(key)
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return {}
        remedy = 'Write one line for each source: `  key2018: "Author (2018). Title."`.'
        if not isinstance(node, yaml.MappingNode):
            self._faults.error(self.line(key), f"`{key}` is not a list of sources", remedy)
            return {}
        found: dict[str, tuple[str, int]] = {}
        for name, value in node.value:
            line = name.start_mark.line + 2
            if not (
                isinstance(name, yaml.ScalarNode)
                and _SOURCE_KEY.fullmatch(name.value)
                and isinstance(value, yaml.ScalarNode)
                and value.value.strip()
            ):
                self._faults.error(line, "this source cannot be read", remedy)
            elif name.value in found:
                self._faults.error(line, f"the source `{name.value}` is there twice", "Remove one.")
            else:
                found[name.value] = (value.value.strip(), line)
        return found

    def _compose(self, text: str) -> bool:
        quotes = "Put a value that holds a colon, a # or a quote in double quotes."
        try:
            # Nothing is constructed: nodes are read one by one, so no text becomes a number, a
            # date or an object, and no alias is expanded.
            root = yaml.compose(text, Loader=yaml.BaseLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 2 if error.problem_mark else 1
            self._faults.error(line, f"the header cannot be read: {error.problem}", quotes)
            return False
        except (yaml.YAMLError, RecursionError):
            self._faults.error(1, "the header cannot be read", quotes)
            return False
        if not isinstance(root, yaml.MappingNode):
            self._faults.error(1, "the header holds no keys", f"Write `format: {FORMAT}` first.")
            return False
        for name, value in root.value:
            self._note_key(name, value)
        for key in _KEYS:
            if key not in self._values:
                self._faults.error(1, f"the header has no `{key}`", f"Add a line `{key}: …`.")
        return True

    def _note_key(self, name: yaml.Node, value: yaml.Node) -> None:
        line = name.start_mark.line + 2
        key = str(name.value)
        if not isinstance(name, yaml.ScalarNode) or key not in _KEYS:
            allowed = ", ".join(_KEYS)
            self._faults.error(line, "the header has a key that is not known", f"Use: {allowed}.")
        elif key in self._values:
            self._faults.error(line, f"the header has `{key}` twice", "Remove one.")
        else:
            self._values[key] = value
            self._lines[key] = line
