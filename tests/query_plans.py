"""How PostgreSQL would carry out what the tool asks it: statements as they were sent, explained."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from tests.full_tables import STAY_SMALL

_SCANS_OF_AN_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})


@dataclass
class Sent:
    """The statements that were sent, each once, with the values they were sent with first."""

    statements: dict[str, Any] = field(default_factory=dict)

    def take(self, statement: str, values: Any, *, is_many: bool) -> None:
        """Keep a statement that a plan can be made for."""
        word = statement.lstrip("( \n").split(None, 1)[0].upper()
        if word in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            self.statements.setdefault(statement, values[0] if is_many else values)

    def without(self, *parts: str) -> "Sent":
        """Return the statements that hold none of these parts."""
        kept = {k: v for k, v in self.statements.items() if not any(part in k for part in parts)}
        return Sent(kept)


@contextmanager
def sent_to(engine: Engine) -> Iterator[Sent]:
    """Collect what a block sends to a database."""
    sent = Sent()

    def listen(*told: Any) -> None:
        _connection, _cursor, statement, values, _context, is_many = told
        sent.take(statement, values, is_many=is_many)

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def whole_scans(engine: Engine, sent: Sent) -> list[str]:
    """Name each statement that can only be answered by reading the whole of a table that grows.

    PostgreSQL is told to avoid that wherever an index allows it, so that the answer does not depend
    on how many rows there are today. An index that is read from end to end counts as the whole,
    unless the statement takes the first rows of it and stops.
    """
    found = []
    with engine.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, values in sent.statements.items():
            told = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values)
            plan = told.scalar_one()[0]["Plan"]
            tables = sorted(set(_whole(plan, takes_first=False)))
            if tables:
                found.append(f"all of {', '.join(tables)}: {statement}")
        connection.rollback()
    return found


def _whole(plan: dict[str, Any], *, takes_first: bool) -> Iterator[str]:
    """Yield the tables that a plan reads to their end."""
    kind, table = plan["Node Type"], plan.get("Relation Name", "")
    if table and table not in STAY_SMALL:
        is_whole = kind == "Seq Scan"
        if kind in _SCANS_OF_AN_INDEX and "Index Cond" not in plan:
            is_whole = not takes_first
        if is_whole:
            yield table
    # What sorts, counts or hashes has to see everything first.
    goes_on = takes_first and kind not in ("Sort", "Aggregate", "Hash", "WindowAgg")
    for part in plan.get("Plans", ()):
        yield from _whole(part, takes_first=goes_on or kind == "Limit")
