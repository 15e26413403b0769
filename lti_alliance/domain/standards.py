"""A programme's own standards: read from a file, compared, and scores put in bands."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from unicodedata import category

from lti_alliance.errors import InvalidInput

MAX_BYTES = 200_000
MAX_STANDARDS = 1000
MAX_CODE, MAX_TITLE, MAX_TEXT = 50, 255, 4000
MAX_FAULTS = 20
BANDS = (0.5, 0.7, 0.85)
"""Where the shares of the points are cut; a share on a cut is in the upper band."""

# Messages for the person who loads the file, without values, so that the edge can translate them.
FILE_MISSING = "Choose a CSV file."
FILE_TOO_LARGE = (
    "The file is larger than 200 kB. Leave out what is not needed, or shorten the texts."
)
FILE_UNREADABLE = "This is no text that can be read. Save it as CSV in UTF-8."
FILE_BROKEN = "The quotation marks of a line do not match. Save it as CSV once more."
HEADER_MISSING = "The first line has to name the columns: code, title and, if you like, text."
COLUMN_TWICE = "A column is named twice in the first line."
NONE_FOUND = "There is no standard in it: one line for each, below the names of the columns."
TOO_MANY = "There are more than 1000 standards in it."
LINE_TOO_LONG = "This line has more columns than the first one. Put texts with commas into quotes."
CODE_INVALID = "Write a code of at most 50 characters, without comma, semicolon or line break."
CODE_TWICE = "This code is there twice."
TITLE_INVALID = "Write a title of at most 255 characters."
TEXT_TOO_LONG = "The text has more than 4000 characters."
UNKNOWN_CODE = "One of these codes is not in your list."

_COLUMNS = ("code", "title", "text")
_DELIMITERS = (",", ";", "\t")
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard as a programme words it."""

    code: str
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """What a list that is loaded does to the one that is there, by code."""

    added: tuple[Standard, ...]
    changed: tuple[Standard, ...]
    """As they will be."""
    removed: tuple[Standard, ...]
    kept: int


def read_standards(data: bytes) -> tuple[Standard, ...]:
    """Read a CSV file with the columns code, title and text, in any order.

    Commas, semicolons or tabs; UTF-8, UTF-16 with its mark, or else what spreadsheets on Windows
    write. Raises ``InvalidInput`` with the field ``file``, or ``line-<number>`` for each faulty
    line.
    """
    if not data.strip():
        raise _refused(FILE_MISSING)
    if len(data) > MAX_BYTES:
        raise _refused(FILE_TOO_LARGE)
    rows = _rows(_decoded(data))
    places = _places(rows[0][1]) if rows else {}
    if not {"code", "title"} <= places.keys():
        raise _refused(HEADER_MISSING)
    lines = [(number, row) for number, row in rows[1:] if any(cell.strip() for cell in row)]
    if not lines:
        raise _refused(NONE_FOUND)
    if len(lines) > MAX_STANDARDS:
        raise _refused(TOO_MANY)
    return _checked(lines, places, width=len(rows[0][1]))


def write_standards(standards: Iterable[Standard]) -> str:
    """Write standards so that ``read_standards`` reads them back; not meant for a spreadsheet."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((each.code, each.title, each.text) for each in standards)
    return file.getvalue()


def compare(before: Sequence[Standard], after: Sequence[Standard]) -> ListChange:
    """Say what becomes of each standard, known by its code."""
    old = {_key(each.code): each for each in before}
    new = {_key(each.code) for each in after}
    return ListChange(
        added=tuple(each for each in after if _key(each.code) not in old),
        changed=tuple(
            each for each in after if (was := old.get(_key(each.code))) is not None and was != each
        ),
        removed=tuple(each for each in before if _key(each.code) not in new),
        kept=sum(old.get(_key(each.code)) == each for each in after),
    )


def read_codes(typed: str, known: Iterable[str]) -> tuple[str, ...]:
    """Read codes with commas between them; as the list writes them, each once, in its order.

    Raises ``ValueError`` for one that is not in the list.
    """
    by_key = {_key(code): code for code in known}
    wanted = {_key(part) for part in typed.replace(";", ",").split(",") if part.strip()}
    if not wanted <= by_key.keys():
        raise ValueError(UNKNOWN_CODE)
    return tuple(code for key, code in by_key.items() if key in wanted)


def count_bands(shares: Iterable[float]) -> tuple[int, ...]:
    """Count the shares in each band, the lowest first."""
    counts = [0] * (len(BANDS) + 1)
    for share in shares:
        counts[sum(round(share, 9) >= cut for cut in BANDS)] += 1
    return tuple(counts)


def _key(code: str) -> str:
    return " ".join(code.split()).casefold()


def _refused(message: str, field: str = "file") -> InvalidInput:
    return InvalidInput({field: message}, code="standards.invalid")


def _decoded(data: bytes) -> str:
    marked = [name for mark, name in _MARKS.items() if data.startswith(mark)]
    for name in marked or ["utf-8", "cp1252"]:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if all(char in "\r\n\t" or category(char) != "Cc" for char in text):
            return text
    raise _refused(FILE_UNREADABLE)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Split a text into rows, each with the number of its last line in the file."""
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        # One row more than may be there tells that there are too many.
        return [(reader.line_num, row) for row in islice(reader, 2 * MAX_STANDARDS + 2)]
    except csv.Error:
        raise _refused(FILE_BROKEN) from None


def _places(names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        column = name.strip().casefold()
        if column in found:
            raise _refused(COLUMN_TWICE)
        if column in _COLUMNS:
            found[column] = place
    return found


def _checked(
    lines: Sequence[tuple[int, list[str]]], places: Mapping[str, int], *, width: int
) -> tuple[Standard, ...]:
    faults: dict[str, str] = {}
    found: list[Standard] = []
    seen: set[str] = set()
    for number, row in lines:
        cells = {
            name: " ".join(row[place].split()) if place < len(row) else ""
            for name, place in places.items()
        }
        standard = Standard(cells["code"], cells["title"], cells.get("text", ""))
        fault = LINE_TOO_LONG if any(cell.strip() for cell in row[width:]) else _fault(standard)
        if fault is None and _key(standard.code) in seen:
            fault = CODE_TWICE
        if fault is not None and len(faults) < MAX_FAULTS:
            faults[f"line-{number}"] = fault
        seen.add(_key(standard.code))
        found.append(standard)
    if faults:
        raise InvalidInput(faults, code="standards.invalid")
    return tuple(found)


def _fault(standard: Standard) -> str | None:
    if not 0 < len(standard.code) <= MAX_CODE or any(mark in standard.code for mark in ",;"):
        return CODE_INVALID
    if not 0 < len(standard.title) <= MAX_TITLE:
        return TITLE_INVALID
    return TEXT_TOO_LONG if len(standard.text) > MAX_TEXT else None
