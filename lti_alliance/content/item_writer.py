"""One item as the Markdown block that ``item_blocks`` reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import assert_never

from lti_alliance.content.written_text import (
    block_text,
    cell,
    ends_in_bullets,
    one_line,
    one_paragraph,
    paragraphs,
    quoted,
    raw_lines,
    without_headings,
    without_options,
    without_wordings,
)
from lti_alliance.domain.items import (
    BranchChoice,
    BranchItem,
    BranchNode,
    ChoiceItem,
    Item,
    LineScoring,
    Lock,
    MatchingItem,
    MultipleItem,
    MultipleScoring,
    NumericItem,
    NumericKey,
    Option,
    OrderingItem,
    RateItem,
    ShortItem,
    ShortKey,
    SingleItem,
)
from lti_alliance.domain.kinds.base import digits


@dataclass(frozen=True, slots=True)
class TableWords:
    """What a matching table says beside its statements, and the item does not keep."""

    head: tuple[str, str, str] = ("Statement", "Belongs to", "Why")
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why nothing belongs to a thing, by its text."""


def write_item(item: Item, *, table: TableWords = TableWords()) -> str:
    """Write the block of one item, from its heading on, without a line end after the last line."""
    rows = [f"## {item.kind}: {item.id}", "", *_attributes(item)]
    match item:
        case SingleItem() | MultipleItem():
            rows += _choices(item)
        case ShortItem():
            rows += ["", without_wordings(_stem(item)), "", *_wordings(item.accepted)]
        case NumericItem():
            rows += ["", without_wordings(_stem(item)), ""]
            rows += [row for key in item.accepted for row in _number(key)]
        case MatchingItem():
            rows += ["", _stem(item, "table"), "", *_table(item, table)]
        case OrderingItem():
            rows += ["", _stem(item, "ordered_list"), "", *_entries(item)]
        case RateItem():
            rows += ["", _stem(item, "bullet_list"), "", *_replies(item)]
        case BranchItem():
            if item.stem.strip():
                rows += ["", _stem(item)]
            rows += [row for node in item.nodes for row in _node(node)]
        case _:
            assert_never(item)
    return "\n".join(rows).rstrip()


def _attributes(item: Item) -> Iterator[str]:
    """Write the lines under the heading; the points always, so that no question is taken for one.

    A first paragraph like ``name: …`` is read as attributes unless some stand before it.
    """
    if item.objective is not None:
        yield f"objective: {item.objective}"
    yield f"points: {digits(item.points)}"
    if item.aspect is not None:
        yield f"aspect: {item.aspect}"
    if item.frame is not None:
        yield f"frame: {item.frame}"
    if item.confidence:
        yield "confidence: yes"
    if item.case is not None:
        yield f"case: {item.case}"
        if item.stage != 1:
            yield f"stage: {item.stage}"
    if item.lock is not Lock.NONE:
        yield f"lock: {item.lock}"
    yield from _own_attributes(item)


def _own_attributes(item: Item) -> Iterator[str]:
    """Write the lines that only some kinds have."""
    if isinstance(item, RateItem):
        names = (f"{point.number} {one_line(point.name)}" for point in item.scale)
        yield f"scale: {', '.join(name.replace(',', ';') for name in names)}"
    if isinstance(item, MultipleItem | MatchingItem | OrderingItem | RateItem):
        yield from _scoring(item)
    if isinstance(item, OrderingItem) and item.also:
        places = {entry: str(place) for place, entry in enumerate(item.shown_ids, start=1)}
        orders = (" ".join(places[entry] for entry in order) for order in item.also)
        yield f"also: {'; '.join(orders)}"
    if isinstance(item, RateItem | BranchItem):
        yield f"key: {item.key}"
        if item.panel:
            yield f"panel: {'; '.join(item.panel)}"


def _scoring(item: MultipleItem | MatchingItem | OrderingItem | RateItem) -> Iterator[str]:
    usual = {
        MultipleItem: MultipleScoring.RIGHT_MINUS_WRONG,
        MatchingItem: LineScoring.PER_ROW,
    }.get(type(item), LineScoring.NEAR_MISS)
    if item.scoring is not usual:
        yield f"scoring: {item.scoring}"


def _stem(item: Item, *refused: str) -> str:
    return block_text(item.stem, without_headings(*refused))


def _choices(item: ChoiceItem) -> Iterator[str]:
    stem = block_text(item.stem, without_options)
    mark = "*" if ends_in_bullets(stem, "-") else "-"
    yield from ("", stem, "")
    for option in item.options:
        yield from _option(option, mark)


def _option(option: Option, mark: str) -> Iterator[str]:
    before = "[x] " if option.correct else "[ ] "
    yield from _line(mark, one_paragraph(option.text_markdown, before=before), option.feedback)


def _line(mark: str, text: str, feedback: str) -> Iterator[str]:
    """Write an entry of a list, its further lines and its feedback under its text."""
    indent = " " * (len(mark) + 1)
    first, *more = text.split("\n")
    yield f"{mark} {first}"
    yield from (f"{indent}{row}" for row in more)
    if feedback.strip():
        yield from quoted(paragraphs(feedback), indent=indent)


def _wordings(accepted: Sequence[ShortKey]) -> Iterator[str]:
    for (share, feedback), keys in groupby(accepted, key=lambda key: (key.share, key.feedback)):
        texts = " | ".join(one_line(key.text).replace("|", r"\|") for key in keys)
        yield _key_line(texts, share)
        if feedback.strip():
            yield from quoted(raw_lines(feedback), indent="  ")


def _number(key: NumericKey) -> Iterator[str]:
    low, high, middle = digits(key.low), digits(key.high), digits(key.middle)
    width = (key.high - key.low) / 2
    if key.low == key.high:
        number = low
    elif len(middle) <= max(len(low), len(high)) and _is_around(key, width):
        number = f"{middle} ± {digits(width)}"
    else:
        number = f"{low}..{high}"
    yield _key_line(number, key.share)
    if key.feedback.strip():
        yield from quoted(raw_lines(key.feedback), indent="  ")


def _is_around(key: NumericKey, width: Decimal) -> bool:
    return (key.middle - width, key.middle + width) == (key.low, key.high)


def _key_line(text: str, share: Decimal) -> str:
    if share == 1:
        return f"= {text}"
    return f"~ {text} [{(share * 100).to_integral_value()}]"


def _table(item: MatchingItem, words: TableWords) -> Iterator[str]:
    """Write the rows; what nothing belongs to stands where its letter puts it."""
    used = {row.target for row in item.rows}
    rows: list[tuple[str, str, str]] = []
    waiting = list(item.targets)
    texts = {target.id: target.text_markdown for target in item.targets}
    for row in item.rows:
        while waiting and waiting[0].id not in used:
            spare = waiting.pop(0).text_markdown
            rows.append(("", spare, words.reasons.get(spare, "")))
        if waiting and waiting[0].id == row.target:
            waiting.pop(0)
        rows.append((row.text_markdown, texts[row.target], row.feedback))
    for target in waiting:
        if target.id not in used:
            spare = target.text_markdown
            rows.append(("", spare, words.reasons.get(spare, "")))
    columns = 3 if any(why.strip() for _text, _target, why in rows) else 2
    yield _row(words.head[:columns])
    yield "|" + "---|" * columns
    yield from (_row(texts[:columns]) for texts in rows)


def _row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(cell(text) for text in texts)} |"


def _entries(item: OrderingItem) -> Iterator[str]:
    for place, entry in enumerate(item.entries, start=1):
        yield from _line(f"{place}.", one_paragraph(entry.text_markdown), entry.feedback)


def _replies(item: RateItem) -> Iterator[str]:
    for reply in item.replies:
        text = one_paragraph(reply.text_markdown, before=f"({reply.value}) ")
        yield from _line("-", text, reply.feedback)


def _node(node: BranchNode) -> Iterator[str]:
    yield from ("", f"### {node.id}", "")
    if node.is_end:
        yield paragraphs(node.text_markdown, before="end: ")
        return
    text = block_text(node.text_markdown, without_headings("bullet_list"))
    yield text.replace("end:", r"end\:", 1) if text.lstrip().startswith("end:") else text
    yield ""
    for choice in node.choices:
        yield from _choice(choice)


def _choice(choice: BranchChoice) -> Iterator[str]:
    after = f" -> {choice.to} ({choice.points:+d})"
    yield from _line("-", one_paragraph(choice.text_markdown, after=after), choice.feedback)
