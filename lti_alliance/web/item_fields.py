"""The form of a question as its page fills it in.

A form has common fields and numbered lines, `line.0.text` and so on. What they mean depends on the
kind: options, statements, entries, replies, accepted wordings or numbers. Empty lines are left out.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import assert_never

from lti_alliance.domain.items import (
    BranchItem,
    Item,
    MatchingItem,
    MultipleItem,
    NumericItem,
    NumericKey,
    OrderingItem,
    RateItem,
    ShortItem,
    SingleItem,
)
from lti_alliance.domain.kinds.base import digits

Typed = Mapping[str, str]
Line = Mapping[str, str]

MAX_LINES = 26
"""As many as there are letters to name them."""
FEWEST_LINES = 4
SPARE_LINES = 2
MORE_LINES = 6
"""How many are added for those who ask for more."""
LINE_PARTS = ("text", "right", "target", "value", "share", "feedback")
_WRITTEN = ("text", "target", "feedback")


def fields_of(item: Item) -> dict[str, str]:
    """Write an item as the fields of its form."""
    fields = {
        "stem": item.stem,
        "points": digits(item.points),
        "objective": str(item.objective or ""),
        "aspect": item.aspect or "",
        "frame": item.frame or "",
        "confidence": "on" if item.confidence else "",
        "lock": item.lock,
        **_own_fields(item),
    }
    for number, line in enumerate(_lines_of(item)):
        fields |= {f"line.{number}.{part}": text for part, text in line.items()}
    return fields


def lines_in(typed: Typed, *, spare: int = SPARE_LINES) -> list[Line]:
    """Return the lines of a form for its page, with a few empty ones after the last."""
    lines = used_lines(typed)
    wanted = min(MAX_LINES, max(len(lines) + spare, FEWEST_LINES))
    return lines + [dict.fromkeys(LINE_PARTS, "")] * (wanted - len(lines))


def used_lines(typed: Typed) -> list[Line]:
    """Return the lines of a form in which something is written."""
    lines = (
        {part: typed.get(f"line.{number}.{part}", "") for part in LINE_PARTS}
        for number in range(MAX_LINES)
    )
    return [line for line in lines if any(line[part].strip() for part in _WRITTEN)]


def _own_fields(item: Item) -> dict[str, str]:
    match item:
        case MultipleItem() | MatchingItem():
            return {"scoring": item.scoring}
        case OrderingItem():
            number = {name: str(place) for place, name in enumerate(item.shown_ids, start=1)}
            also = "\n".join(" ".join(number[name] for name in order) for order in item.also)
            return {"scoring": item.scoring, "also": also}
        case RateItem():
            scale = "\n".join(f"{point.number} {point.name}" for point in item.scale)
            return {
                "scoring": item.scoring,
                "scale": scale,
                "key": item.key,
                "panel": "; ".join(item.panel),
            }
        case SingleItem() | ShortItem() | NumericItem() | BranchItem():
            return {}
        case _:
            assert_never(item)


def _lines_of(item: Item) -> list[Line]:
    match item:
        case SingleItem() | MultipleItem():
            return [
                {
                    "text": option.text_markdown,
                    "right": "on" if option.correct else "",
                    "feedback": option.feedback,
                }
                for option in item.options
            ]
        case MatchingItem():
            return _matching_lines(item)
        case OrderingItem():
            return [{"text": e.text_markdown, "feedback": e.feedback} for e in item.entries]
        case RateItem():
            return [
                {"text": r.text_markdown, "value": str(r.value), "feedback": r.feedback}
                for r in item.replies
            ]
        case ShortItem():
            return _short_lines(item)
        case NumericItem():
            return [
                {"text": number_text(key), "share": _percent(key.share), "feedback": key.feedback}
                for key in item.accepted
            ]
        case BranchItem():
            return []
        case _:
            assert_never(item)


def _matching_lines(item: MatchingItem) -> list[Line]:
    names = {target.id: target.text_markdown for target in item.targets}
    lines: list[Line] = [
        {"text": row.text_markdown, "target": names[row.target], "feedback": row.feedback}
        for row in item.rows
    ]
    used = {row.target for row in item.rows}
    return lines + [{"target": text} for name, text in names.items() if name not in used]


def _short_lines(item: ShortItem) -> list[Line]:
    """Put wordings that earn and say the same into one line, as they are written in the source."""
    lines: list[dict[str, str]] = []
    for key in item.accepted:
        share = _percent(key.share)
        if lines and (lines[-1]["share"], lines[-1]["feedback"]) == (share, key.feedback):
            lines[-1]["text"] += f" | {key.text}"
        else:
            lines.append({"text": key.text, "share": share, "feedback": key.feedback})
    return list(lines)


def number_text(key: NumericKey) -> str:
    """Write a range of accepted numbers as its author would."""
    if key.low == key.high:
        return digits(key.low)
    return f"{digits(key.low)}..{digits(key.high)}"


def _percent(share: Decimal) -> str:
    return digits(share * 100)
