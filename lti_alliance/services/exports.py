"""Exports: the scores of a course as a table that a spreadsheet opens without doing anything."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from lti_alliance.services.desk import DeskColumn, DeskRow
from lti_alliance.services.desk_cells import Cell

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_QUOTE = "'"

Value = str | Decimal | None
Table = Sequence[Sequence[Value]]


def score_table(
    columns: Sequence[DeskColumn],
    rows: Iterable[DeskRow],
    *,
    name_of: Callable[[DeskRow], str],
    heading_of: Callable[[str], str],
    state_of: Callable[[Cell], str],
) -> list[list[Value]]:
    """Put the scores of a course into rows, the headings first.

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
    table = [headings]
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
        table.append(line)
    return table


def as_csv(table: Table) -> bytes:
    """Write a table as CSV in UTF-8, with the mark by which spreadsheets know the encoding.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in table:
        writer.writerow([_harmless(value) for value in row])
    return b"\xef\xbb\xbf" + file.getvalue().encode()


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


def _harmless(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return _QUOTE + value if value.startswith(_STARTS_FORMULA) else value
