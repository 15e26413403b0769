"""Items and responses of every kind, read, stored and told apart.

What a kind is stands in its module in ``domain.kinds``; here they are listed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, assert_never

from lti_alliance.domain.kinds.base import (
    CHOSEN_TWICE,
    UNKNOWN_CHOICE,
    Aspect,
    Frame,
    ItemKind,
    KeyState,
    Lock,
    confidence_field,
    digits,
    field_names,
    response_field,
)
from lti_alliance.domain.kinds.choices import (
    ONE_CHOICE_ONLY,
    ChoiceResponse,
    MultipleItem,
    MultipleScoring,
    Option,
    SingleItem,
)
from lti_alliance.domain.kinds.dialogues import (
    START,
    BranchChoice,
    BranchItem,
    BranchNode,
    PathResponse,
)
from lti_alliance.domain.kinds.lines import (
    Entry,
    LineScoring,
    LinesResponse,
    MatchingItem,
    MatchRow,
    OrderingItem,
    RateItem,
    Reply,
    ScalePoint,
    Target,
)
from lti_alliance.domain.kinds.written import (
    NOT_A_NUMBER,
    ONE_TEXT_ONLY,
    TEXT_TOO_LONG,
    TEXT_UNREADABLE,
    NumberResponse,
    NumericItem,
    NumericKey,
    ShortItem,
    ShortKey,
    TextResponse,
)
from lti_alliance.domain.wordings import MAX_TEXT_LENGTH
from lti_alliance.errors import InvalidInput

__all__ = [
    "CHOSEN_TWICE",
    "MAX_TEXT_LENGTH",
    "NOT_A_NUMBER",
    "ONE_CHOICE_ONLY",
    "ONE_TEXT_ONLY",
    "START",
    "TEXT_TOO_LONG",
    "TEXT_UNREADABLE",
    "UNKNOWN_CHOICE",
    "Aspect",
    "BranchChoice",
    "BranchItem",
    "BranchNode",
    "ChoiceItem",
    "ChoiceResponse",
    "Entry",
    "Frame",
    "Item",
    "ItemKind",
    "KeyState",
    "LineScoring",
    "LinesItem",
    "LinesResponse",
    "Lock",
    "MatchRow",
    "MatchingItem",
    "MultipleItem",
    "MultipleScoring",
    "NumberResponse",
    "NumericItem",
    "NumericKey",
    "Option",
    "OrderingItem",
    "PathResponse",
    "RateItem",
    "Reply",
    "Response",
    "ScalePoint",
    "ShortItem",
    "ShortKey",
    "SingleItem",
    "Target",
    "TextResponse",
    "confidence_field",
    "content_hash",
    "field_names",
    "is_whole",
    "key_response",
    "parse_response",
    "read_confidence",
    "response_field",
    "response_from_json",
    "response_to_json",
    "right_choices",
    "with_accepted",
]

ChoiceItem = SingleItem | MultipleItem
LinesItem = MatchingItem | OrderingItem | RateItem
Item = ChoiceItem | LinesItem | ShortItem | NumericItem | BranchItem
Response = ChoiceResponse | TextResponse | NumberResponse | LinesResponse | PathResponse


def parse_response(item: Item, values: Sequence[str]) -> Response | None:
    """Read the submitted fields of one item; None means that it was not answered.

    Raises ``InvalidInput`` with the field ``response.<item id>``.
    """
    return item.read(values)


def read_confidence(item: Item, values: Sequence[str]) -> int | None:
    """Read how sure the student is, from 1 to 3; None where nothing was said.

    Raises ``InvalidInput`` with the field ``confidence.<item id>``.
    """
    given = [value for value in values if value]
    if not given:
        return None
    if len(given) > 1 or given[0] not in ("1", "2", "3"):
        field = confidence_field(item.id)
        raise InvalidInput({field: UNKNOWN_CHOICE}, code="response.invalid")
    return int(given[0])


def response_to_json(response: Response) -> dict[str, Any]:
    """Turn a response into plain values for storage."""
    return response.to_json()


def response_from_json(value: Mapping[str, Any]) -> Response:
    """Read a stored response back; raises ``ValueError`` for anything we never stored."""
    match value:
        case {"chosen": [*chosen]} if _all_text(chosen):
            return ChoiceResponse(chosen=tuple(chosen))
        case {"text": str(text)}:
            return TextResponse(text=text)
        case {"number": str(text)}:
            return NumberResponse(text=text)
        case {"pairs": dict(pairs)} if _all_text([*pairs, *pairs.values()]):
            return LinesResponse(pairs=pairs)
        case {"path": [*path]} if _all_text(path):
            return PathResponse(path=tuple(path))
        case _:
            raise ValueError("not a stored response")


def content_hash(item: Item, *, vignette: str = "") -> str:
    """Hash what a student sees of an item and how it is judged.

    ``vignette`` is the text of the item's case. The id, the line, the objective and the aspect are
    left out: moving, renaming or sorting an item does not make it another one.
    """
    content: dict[str, Any] = {
        "kind": item.kind,
        "stem": item.stem,
        "points": digits(item.points),
        "frame": item.frame,
        "confidence": item.confidence,
        "vignette": vignette,
        **item.content(),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def with_accepted(item: ShortItem, wordings: Iterable[tuple[str, Decimal]]) -> ShortItem:
    """Return the item with further wordings accepted, each with its share of the points."""
    further = tuple(ShortKey(text=text, share=share) for text, share in wordings)
    return replace(item, accepted=item.accepted + further)


def right_choices(item: LinesItem) -> dict[str, str]:
    """Return the answer of the key for each line of an item, in source order."""
    match item:
        case MatchingItem():
            return {row.id: row.target for row in item.rows}
        case OrderingItem():
            return dict(zip(item.shown_ids, item.choice_ids, strict=True))
        case RateItem():
            return {reply.id: str(reply.value) for reply in item.replies}


def key_response(item: Item) -> Response:
    """Return a response that earns everything: what the key says."""
    match item:
        case SingleItem() | MultipleItem():
            right = tuple(option.id for option in item.options if option.correct)
            return ChoiceResponse(chosen=right)
        case MatchingItem() | OrderingItem() | RateItem():
            return LinesResponse(right_choices(item))
        case ShortItem():
            return TextResponse(next(key.text for key in item.accepted if key.share == 1))
        case NumericItem():
            middle = next(key.middle for key in item.accepted if key.share == 1)
            return NumberResponse(digits(middle))
        case BranchItem():
            return item.best_way()
        case _:
            assert_never(item)


def is_whole(item: Item, response: Response | None) -> bool:
    """Say whether a response answers all of an item, and not only a part of it."""
    if response is None:
        return False
    if isinstance(item, OrderingItem | BranchItem):
        return item.is_whole(response)  # type: ignore[arg-type]
    if isinstance(item, MatchingItem | RateItem) and isinstance(response, LinesResponse):
        return len(response.pairs) == len(item.shown_ids)
    return True


def _all_text(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
