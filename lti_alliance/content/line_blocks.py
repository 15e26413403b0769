"""Matching, ordering and rate: a table, a numbered list, and a list with values."""

import re
from collections.abc import Sequence
from string import ascii_lowercase

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.blocks import (
    Block,
    cells,
    check_twins,
    first_text,
    list_rows,
    read_feedback,
    read_members,
    refuse_rest,
    written_cells,
)
from lti_alliance.content.document import Attribute, line_of
from lti_alliance.content.faults import Faults
from lti_alliance.content.key_notes import read_key, read_panel
from lti_alliance.content.values import read_choice
from lti_alliance.domain.items import (
    Entry,
    Item,
    LineScoring,
    MatchingItem,
    MatchRow,
    OrderingItem,
    RateItem,
    Reply,
    ScalePoint,
    Target,
)

MAX_LINES = 12
MAX_ENTRIES = 8

_TABLE = "Write `| Statement | Belongs to |`, and if you like a third column with the feedback."
_NUMBERED = "Write the entries in the right order: `1. text`, `2. text`."
_SCALE_POINT = re.compile(r"(?P<number>\d)\s+(?P<name>\S.*)", re.ASCII)
_REPLY = re.compile(r"\((?P<value>\d)\)\s+(?P<text>\S.*)", re.DOTALL | re.ASCII)
_REPLIES = "Write each reply with its value: `- (4) text`."


def read_matching(block: Block, faults: Faults) -> Item:
    """Read a table: a statement, what it belongs to, and why."""
    stem, rest = block.split("table")
    refuse_rest(rest, "table", _TABLE, faults)
    rows, targets = _read_table(block, rest, faults)
    if len(rows) < 2 or len(targets) < 2 or len(targets) + len(rows) < 5:
        remedy = "Write at least two statements, with a third thing to which one might belong."
        faults.error(block.part.line, f"{block.id} leaves too little to choose", remedy)
    return MatchingItem(
        **read_members(block, stem, faults),
        rows=rows,
        targets=targets,
        scoring=_scoring(block, LineScoring.PER_ROW, LineScoring.NEAR_MISS, faults),
    )


def read_ordering(block: Block, faults: Faults) -> Item:
    """Read a numbered list in the right order."""
    stem, rest = block.split("ordered_list")
    refuse_rest(rest, "ordered_list", _NUMBERED, faults)
    rows = list_rows(rest, "ordered_list")
    if not 3 <= len(rows) <= MAX_ENTRIES:
        problem = f"{block.id} has {len(rows)} entries"
        faults.error(block.part.line, problem, f"Write from 3 to {MAX_ENTRIES}. {_NUMBERED}")
    entries = tuple(
        Entry(
            id=entry_id,
            text_markdown=first_text(row),
            feedback=read_feedback(row.children[1:], block.document, faults),
        )
        for row, entry_id in zip(rows, ascii_lowercase, strict=False)
    )
    check_twins(
        [(e.text_markdown, line_of(r)) for e, r in zip(entries, rows, strict=False)], faults
    )
    return OrderingItem(
        **read_members(block, stem, faults),
        entries=entries,
        also=_read_orders(block.attributes.get("also"), len(entries), faults),
        scoring=_scoring(block, LineScoring.NEAR_MISS, LineScoring.PER_ROW, faults),
    )


def read_rate(block: Block, faults: Faults) -> Item:
    """Read replies with the values of the key."""
    stem, rest = block.split("bullet_list")
    refuse_rest(rest, "bullet_list", _REPLIES, faults)
    scale = _read_scale(block, faults)
    rows = list_rows(rest, "bullet_list")
    if not 2 <= len(rows) <= MAX_LINES:
        faults.error(block.part.line, f"{block.id} has {len(rows)} replies", _REPLIES)
    replies = tuple(
        _read_reply(block, row, reply_id, scale, faults)
        for row, reply_id in zip(rows, ascii_lowercase, strict=False)
    )
    check_twins(
        [(r.text_markdown, line_of(w)) for r, w in zip(replies, rows, strict=False)], faults
    )
    return RateItem(
        **read_members(block, stem, faults),
        scale=scale,
        replies=replies,
        scoring=_scoring(block, LineScoring.NEAR_MISS, LineScoring.PER_ROW, faults),
        key=read_key(block, faults),
        panel=read_panel(block),
    )


def _scoring(
    block: Block, default: LineScoring, not_here: LineScoring, faults: Faults
) -> LineScoring:
    attribute = block.attributes.get("scoring")
    scoring = read_choice(attribute, LineScoring, default, faults)
    if attribute is not None and scoring is not_here:
        words = ", ".join(word for word in LineScoring if word is not not_here)
        faults.error(attribute.line, f"`{scoring}` is not for this kind", f"Write one of: {words}.")
    return scoring


def _read_table(
    block: Block, nodes: Sequence[SyntaxTreeNode], faults: Faults
) -> tuple[tuple[MatchRow, ...], tuple[Target, ...]]:
    rows: list[MatchRow] = []
    targets: dict[str, Target] = {}
    for table in (node for node in nodes if node.type == "table"):
        head, *lines = [row for group in table.children for row in group.children]
        columns = len(cells(head))
        if columns not in (2, 3) or len(lines) > MAX_LINES:
            faults.error(line_of(table), "the columns of this table are not known", _TABLE)
            continue
        for line in lines:
            text, belongs, *why = cells(line)
            if written_cells(line, block.document) != columns or not belongs:
                faults.error(line_of(line), "this row is not whole", _TABLE)
                continue
            target = targets.setdefault(
                belongs.casefold(), Target(ascii_lowercase[len(targets)], belongs)
            )
            if text:
                row_id = ascii_lowercase[len(rows)]
                feedback = why[0] if why else ""
                rows.append(
                    MatchRow(id=row_id, text_markdown=text, target=target.id, feedback=feedback)
                )
                if not feedback:
                    remedy = "Say in a third column why it belongs there."
                    faults.warn(line_of(line), "this row has no feedback", remedy)
        check_twins(
            [(row.text_markdown, line_of(line)) for row, line in zip(rows, lines, strict=False)],
            faults,
        )
    return tuple(rows), tuple(targets.values())


def _read_orders(
    attribute: Attribute | None, count: int, faults: Faults
) -> tuple[tuple[str, ...], ...]:
    if attribute is None:
        return ()
    orders = []
    for text in attribute.value.split(";"):
        numbers = [int(word) for word in text.split() if word.isdecimal()]
        if sorted(numbers) != list(range(1, count + 1)):
            remedy = f"Write every number from 1 to {count} once, like `also: 2 1 3; 1 3 2`."
            faults.error(attribute.line, f"`{text.strip()}` is no order of the entries", remedy)
            continue
        orders.append(tuple(ascii_lowercase[number - 1] for number in numbers))
    return tuple(orders)


def _read_scale(block: Block, faults: Faults) -> tuple[ScalePoint, ...]:
    attribute = block.attributes.get("scale")
    remedy = "Write it like `scale: 4 helpful now, 3 somewhat helpful, 2 better later, 1 harmful`."
    points = (
        [_SCALE_POINT.fullmatch(part.strip()) for part in attribute.value.split(",")]
        if (attribute is not None)
        else []
    )
    found = [ScalePoint(int(point["number"]), point["name"].strip()) for point in points if point]
    if len(found) < 2 or None in points or len({point.number for point in found}) < len(found):
        line = attribute.line if attribute else block.part.line
        faults.error(line, f"{block.id} has no scale that can be read", remedy)
    return tuple(found)


def _read_reply(
    block: Block,
    row: SyntaxTreeNode,
    reply_id: str,
    scale: Sequence[ScalePoint],
    faults: Faults,
) -> Reply:
    match = _REPLY.fullmatch(first_text(row))
    feedback = read_feedback(row.children[1:], block.document, faults)
    if match is None:
        faults.error(line_of(row), "this reply has no value or no text", _REPLIES)
        return Reply(id=reply_id, text_markdown="", value=0, feedback=feedback)
    value = int(match["value"])
    if value not in {point.number for point in scale}:
        faults.error(line_of(row), f"the scale has no {value}", "Use one of its numbers.")
    if not feedback:
        remedy = "Say why it has this value, in a quote under it: `  > text`."
        faults.error(line_of(row), "this reply has no reason", remedy)
    return Reply(id=reply_id, text_markdown=match["text"].strip(), value=value, feedback=feedback)
