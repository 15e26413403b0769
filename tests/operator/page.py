"""The commands of docs/operator.md, as they stand on the page."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operator.md"
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def text() -> str:
    """Return the whole page."""
    return PAGE.read_text(encoding="utf-8")


def section(heading: str) -> str:
    """Return what stands below a heading of the second level; its number may be left out."""
    for part in re.split(r"^## ", text(), flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        if title.split(". ", 1)[-1] == heading:
            return body
    raise AssertionError(f"the page has no section {heading!r}")


def blocks(body: str, language: str = "sh") -> list[list[str]]:
    """Return the commands of each block: one entry for each, its lines joined, no comments."""
    return [
        [line for line in _lines(found[3], found[1]) if line]
        for found in _FENCE.finditer(body)
        if found[2] == language
    ]


def commands(body: str) -> list[str]:
    """Return the commands of all blocks for a shell."""
    return [command for block in blocks(body) for command in block]


def _lines(code: str, indent: str) -> list[str]:
    joined = re.sub(r"\\\n\s*", " ", re.sub(rf"^{indent}", "", code, flags=re.MULTILINE))
    return [re.sub(r"(^|\s+)# .*$", "", line).strip() for line in joined.splitlines()]
