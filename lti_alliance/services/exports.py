"""Exports: the scores of a course as a table that a spreadsheet opens without doing anything."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from lti_alliance.services.desk import DeskColumn, DeskRow
from lti_alliance.services.desk_cells import Cell

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_QUOTE = "'"

Value = str | Decimal | None
Table = Iterable[Sequence[Value]]
"""Rows, the headings first; they may be made while they are written."""

_CHUNK_CHARS = 32_768


def score_table(
    columns: Sequence[DeskColumn],
    rows: Iterable[DeskRow],
    *,
    name_of: Callable[[DeskRow], str],
    heading_of: Callable[[str], str],
    state_of: Callable[[Cell], str],
) -> Iterator[list[Value]]:
    """Put the scores of a course into rows, the headings first, one after the other.

    Each activity takes three columns: the score as a number, its maximum, and how far it is. Words
    are the caller's: ``heading_of`` names `student`, `sections`, `left`, `maximum` and `state`.
    """
    headings: list[Value] = [heading_of("student"), heading_of("sections"), heading_of("left")]
    for column in columns:
        headings += [
            column.title,
            f"{column.title}: {heading_of('maximum')}",
            f"{column.title}: {heading_of('state')}",
        ]
    yield headings
    for row in rows:
        left = row.person.left_at
        line: list[Value] = [
            name_of(row),
            ", ".join(row.person.sections),
            f"{left:%Y-%m-%d}" if left else "",
        ]
        for cell, column in zip(row.cells, columns, strict=True):
            maximum = cell.maximum if cell.score is not None else column.settings.maximum
            line += [cell.score, maximum, state_of(cell)]
        yield line


def as_csv(table: Table) -> Iterator[bytes]:
    """Write a table as CSV in UTF-8, with the mark by which spreadsheets know the encoding.

    It comes in pieces, so that no more of it is held than one. A text that a spreadsheet would take
    for a formula gets an apostrophe before it.
    """
    file = io.StringIO("\ufeff", newline="")
    file.seek(0, io.SEEK_END)
    writer = csv.writer(file)
    for row in table:
        writer.writerow([_harmless(value) for value in row])
        if file.tell() >= _CHUNK_CHARS:
            yield _taken(file)
    yield _taken(file)


def as_xlsx(table: Table) -> bytes:
    """Write a table as an Office Open XML workbook; texts stay texts, whatever they begin with."""
    import xlsxwriter  # Here, since only an export needs it: it costs every process some memory.

    file = io.BytesIO()
    options = {
        "in_memory": True,
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet()
        sheet.freeze_panes(1, 1)
        heading = workbook.add_format({"bold": True})
        for number, row in enumerate(table):
            for place, value in enumerate(row):
                if isinstance(value, Decimal):
                    sheet.write_number(number, place, float(value))
                elif value:
                    sheet.write_string(number, place, value, None if number else heading)
    return file.getvalue()


def _taken(file: io.StringIO) -> bytes:
    """Empty a text buffer and return what was in it."""
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text.encode()


def _harmless(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return _QUOTE + value if value.startswith(_STARTS_FORMULA) else value
