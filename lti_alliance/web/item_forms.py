"""Reading the form of a question back as an item."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from string import ascii_lowercase
from typing import Any

from lti_alliance.content.faults import Faults
from lti_alliance.content.key_notes import read_names
from lti_alliance.content.number_keys import read_numbers
from lti_alliance.content.values import read_decimal
from lti_alliance.domain.items import (
    Aspect,
    Entry,
    Frame,
    Item,
    ItemKind,
    KeyState,
    LineScoring,
    Lock,
    MatchingItem,
    MatchRow,
    MultipleItem,
    MultipleScoring,
    NumericItem,
    Option,
    OrderingItem,
    RateItem,
    Reply,
    ScalePoint,
    ShortItem,
    ShortKey,
    SingleItem,
    Target,
)
from lti_alliance.errors import InvalidInput
from lti_alliance.web.item_fields import Line, Typed, used_lines

FORM_KINDS = tuple(kind for kind in ItemKind if kind is not ItemKind.BRANCH)
"""The kinds that have a form; a conversation is written in the source."""

# Messages for the author, without values, so that the edge can translate them.
POINTS_INVALID = "Write a number above 0 and up to 100, with at most two decimals."
CHOICE_INVALID = "Choose one of these."
SHARE_INVALID = "Write a percentage up to 100."
NUMBER_INVALID = "Write a number like 8, a range like 7..9, or 8 ± 0.5."
SCALE_INVALID = "Write one point of the scale in each line, its number first: 4 helpful now."
VALUE_INVALID = "Write a number of the scale."
ORDERS_INVALID = "Write each order in a line of its own, as the numbers of the entries: 2 1 3."

_SCORINGS: Mapping[ItemKind, Sequence[str]] = {
    ItemKind.MULTIPLE: tuple(MultipleScoring),
    ItemKind.MATCHING: (LineScoring.PER_ROW, LineScoring.EXACT),
    ItemKind.ORDERING: (LineScoring.NEAR_MISS, LineScoring.EXACT),
    ItemKind.RATE: (LineScoring.NEAR_MISS, LineScoring.EXACT),
}


def scorings(kind: ItemKind) -> Sequence[str]:
    """List the scoring rules of a kind, the usual one first; none where there is only one."""
    return _SCORINGS.get(kind, ())


def read_item(kind: ItemKind, typed: Typed, *, item_id: str, before: Item | None) -> Item:
    """Read the form of a question; what it does not show is as it was ``before``.

    Raises ``InvalidInput`` for fields that cannot be read. Whether the question makes sense is
    for the parser to say.
    """
    faults: dict[str, str] = {}
    lines = used_lines(typed)
    objective = typed.get("objective", "")
    members: dict[str, Any] = {
        "id": item_id,
        "stem": _block(typed.get("stem", "")),
        "points": _points(typed, faults),
        "objective": int(objective) if objective.isdecimal() and len(objective) < 3 else None,
        "aspect": Aspect(typed["aspect"]) if typed.get("aspect") in set(Aspect) else None,
        "frame": Frame(typed["frame"]) if typed.get("frame") in set(Frame) else None,
        "confidence": bool(typed.get("confidence")),
        "lock": Lock(typed["lock"]) if typed.get("lock") in set(Lock) else Lock.NONE,
        "case": before.case if before else None,
        "stage": before.stage if before else 1,
        "line": before.line if before else 0,
    }
    if scorings(kind):
        scoring = typed.get("scoring", "") or scorings(kind)[0]
        if scoring not in scorings(kind):
            faults["scoring"] = CHOICE_INVALID
        else:
            make = MultipleScoring if kind is ItemKind.MULTIPLE else LineScoring
            members["scoring"] = make(scoring)
    item = _READERS[kind](members, lines, typed, faults)
    if faults:
        raise InvalidInput(faults, code="module.invalid")
    return item


def _read_options(
    members: dict[str, Any], lines: Sequence[Line], kind: type[SingleItem] | type[MultipleItem]
) -> Item:
    options = tuple(
        Option(
            id=name,
            text_markdown=_one_line(line["text"]),
            correct=bool(line["right"]),
            feedback=_block(line["feedback"]),
        )
        for name, line in zip(ascii_lowercase, lines, strict=False)
    )
    return kind(**members, options=options)


def _read_single(
    members: dict[str, Any], lines: Sequence[Line], _typed: Typed, _faults: dict[str, str]
) -> Item:
    return _read_options(members, lines, SingleItem)


def _read_multiple(
    members: dict[str, Any], lines: Sequence[Line], _typed: Typed, _faults: dict[str, str]
) -> Item:
    return _read_options(members, lines, MultipleItem)


def _read_matching(
    members: dict[str, Any], lines: Sequence[Line], _typed: Typed, _faults: dict[str, str]
) -> Item:
    rows: list[MatchRow] = []
    targets: dict[str, Target] = {}
    for line in lines:
        text, belongs = _one_line(line["text"]), _one_line(line["target"])
        found = Target(ascii_lowercase[len(targets)], belongs)
        target = targets.setdefault(belongs.casefold(), found)
        if text:
            name = ascii_lowercase[len(rows)]
            said = _one_line(line["feedback"])
            rows.append(MatchRow(id=name, text_markdown=text, target=target.id, feedback=said))
    return MatchingItem(**members, rows=tuple(rows), targets=tuple(targets.values()))


def _read_ordering(
    members: dict[str, Any], lines: Sequence[Line], typed: Typed, faults: dict[str, str]
) -> Item:
    entries = tuple(
        Entry(name, _one_line(line["text"]), _block(line["feedback"]))
        for name, line in zip(ascii_lowercase, lines, strict=False)
    )
    also = []
    for row in typed.get("also", "").splitlines():
        numbers = [int(word) for word in row.split() if word.isdecimal() and len(word) < 3]
        if not row.strip():
            continue
        if sorted(numbers) != list(range(1, len(entries) + 1)):
            faults["also"] = ORDERS_INVALID
            continue
        also.append(tuple(ascii_lowercase[number - 1] for number in numbers))
    return OrderingItem(**members, entries=entries, also=tuple(also))


def _read_short(
    members: dict[str, Any], lines: Sequence[Line], _typed: Typed, faults: dict[str, str]
) -> Item:
    keys = [
        ShortKey(text=text.strip(), share=share, feedback=_block(line["feedback"]))
        for number, line in enumerate(lines)
        for share in [_share(line, number, faults)]
        for text in _one_line(line["text"]).split("|")
    ]
    return ShortItem(**members, accepted=tuple(keys))


def _read_numeric(
    members: dict[str, Any], lines: Sequence[Line], _typed: Typed, faults: dict[str, str]
) -> Item:
    keys = []
    for number, line in enumerate(lines):
        share = _share(line, number, faults)
        found = read_numbers([f"= {_one_line(line['text'])}"], start=1, faults=Faults())
        if len(found) != 1:
            faults[f"line.{number}.text"] = NUMBER_INVALID
            continue
        keys.append(replace(found[0], share=share, feedback=_block(line["feedback"])))
    return NumericItem(**members, accepted=tuple(keys))


def _read_rate(
    members: dict[str, Any], lines: Sequence[Line], typed: Typed, faults: dict[str, str]
) -> Item:
    scale = []
    for row in typed.get("scale", "").splitlines():
        number, _, name = row.strip().partition(" ")
        if row.strip() and (len(number) != 1 or not number.isdecimal() or not name.strip()):
            faults["scale"] = SCALE_INVALID
        elif row.strip():
            scale.append(ScalePoint(int(number), _one_line(name)))
    replies = []
    for place, (name, line) in enumerate(zip(ascii_lowercase, lines, strict=False)):
        value = line["value"].strip()
        if len(value) != 1 or not value.isdecimal():
            faults[f"line.{place}.value"] = VALUE_INVALID
            continue
        replies.append(
            Reply(
                id=name,
                text_markdown=_one_line(line["text"]),
                value=int(value),
                feedback=_block(line["feedback"]),
            )
        )
    key = KeyState.ADOPTED if typed.get("key") == KeyState.ADOPTED else KeyState.DRAFT
    panel = read_names(typed.get("panel", ""))
    return RateItem(**members, scale=tuple(scale), replies=tuple(replies), key=key, panel=panel)


_READERS: Mapping[
    ItemKind, Callable[[dict[str, Any], Sequence[Line], Typed, dict[str, str]], Item]
] = {
    ItemKind.SINGLE: _read_single,
    ItemKind.MULTIPLE: _read_multiple,
    ItemKind.MATCHING: _read_matching,
    ItemKind.ORDERING: _read_ordering,
    ItemKind.SHORT: _read_short,
    ItemKind.NUMERIC: _read_numeric,
    ItemKind.RATE: _read_rate,
}


def _points(typed: Typed, faults: dict[str, str]) -> Decimal:
    points = read_decimal(typed.get("points", "").strip() or "1")
    if points is None or not 0 < points <= 100:
        faults["points"] = POINTS_INVALID
        return Decimal(1)
    return points


def _share(line: Line, number: int, faults: dict[str, str]) -> Decimal:
    text = line["share"].strip().removesuffix("%").strip() or "100"
    if not text.isdecimal() or len(text) > 3 or int(text) > 100:
        faults[f"line.{number}.share"] = SHARE_INVALID
        return Decimal(1)
    return Decimal(int(text)) / 100


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _block(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n")]
    return "\n".join(lines)
