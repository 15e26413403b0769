"""The kinds of quiz item, and the response that each of them takes.

A kind is one class here, one function in ``response_processing``, one in ``feedback`` and one in
``content.item_blocks``. Nothing else needs to know how many kinds there are.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, assert_never

from lti_alliance.errors import InvalidInput

MAX_TEXT_LENGTH = 500

# Messages for the person who answers. They hold no values, so that the edge can translate them.
UNKNOWN_CHOICE = "This is not one of the choices of this question."
ONE_CHOICE_ONLY = "Choose one answer only."
ONE_TEXT_ONLY = "Write one answer only."
TEXT_TOO_LONG = "Use at most 500 characters."
TEXT_UNREADABLE = "Remove the characters that cannot be displayed."


class ItemKind(StrEnum):
    """What a student does to answer an item."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    SHORT = "short"


class Frame(StrEnum):
    """The point of view an item asks for: what an exam expects, or what research supports."""

    EXAM = "exam"
    EVIDENCE = "evidence"


class MultipleScoring(StrEnum):
    """How the choices of a multiple-response item become a share of its points."""

    RIGHT_MINUS_WRONG = "right minus wrong"
    """(right chosen - wrong chosen) / number right, never below zero."""
    EXACT = "exact"
    """Everything when exactly the right options are chosen, nothing otherwise."""
    PER_OPTION = "per option"
    """The share of options treated as in the key: chosen if right, left alone if wrong."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a single or multiple item; ``id`` follows the source order and never moves."""

    id: str
    text_markdown: str
    correct: bool
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class ShortKey:
    """One wording that a short item accepts, and the share of the points that it earns."""

    text: str
    share: Decimal = Decimal(1)
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemBase:
    """What every kind of item has."""

    id: str
    stem: str
    """Markdown."""
    points: Decimal = Decimal(1)
    objective: int | None = None
    """The number of an objective of the module, counted from 1."""
    frame: Frame | None = None
    confidence: bool = False
    """Whether the student is also asked how sure they are."""
    case: str | None = None
    """The id of a case of the module: a vignette that several items and a reflection share."""
    line: int = 0
    """Where the item begins in its source file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleItem(ItemBase):
    """Choose the one right option."""

    kind: ClassVar[ItemKind] = ItemKind.SINGLE
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipleItem(ItemBase):
    """Choose every right option."""

    kind: ClassVar[ItemKind] = ItemKind.MULTIPLE
    options: tuple[Option, ...]
    scoring: MultipleScoring = MultipleScoring.RIGHT_MINUS_WRONG


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortItem(ItemBase):
    """Write a word or a few."""

    kind: ClassVar[ItemKind] = ItemKind.SHORT
    accepted: tuple[ShortKey, ...]


Item = SingleItem | MultipleItem | ShortItem
ChoiceItem = SingleItem | MultipleItem


@dataclass(frozen=True, slots=True)
class ChoiceResponse:
    """The ids of the chosen options, in the order of the source."""

    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextResponse:
    """What was written, trimmed."""

    text: str


Response = ChoiceResponse | TextResponse


def parse_response(item: Item, values: Sequence[str]) -> Response | None:
    """Read the submitted fields of one item; None means that it was not answered.

    Raises ``InvalidInput`` with the field ``response.<item id>``.
    """
    match item:
        case SingleItem() | MultipleItem():
            return _parse_choices(item, values)
        case ShortItem():
            return _parse_text(item, values)
        case _:
            assert_never(item)


def response_to_json(response: Response) -> dict[str, Any]:
    """Turn a response into plain values for storage."""
    match response:
        case ChoiceResponse(chosen=chosen):
            return {"chosen": list(chosen)}
        case TextResponse(text=text):
            return {"text": text}
        case _:
            assert_never(response)


def response_from_json(value: Mapping[str, Any]) -> Response:
    """Read a stored response back; raises ``ValueError`` for anything we never stored."""
    match value:
        case {"chosen": [*chosen]} if all(isinstance(option_id, str) for option_id in chosen):
            return ChoiceResponse(chosen=tuple(chosen))
        case {"text": str(text)}:
            return TextResponse(text=text)
        case _:
            raise ValueError("not a stored response")


def content_hash(item: Item, *, vignette: str = "") -> str:
    """Hash what a student sees of an item and how it is judged.

    ``vignette`` is the text of the item's case. The id, the line and the objective are left out:
    moving or renaming an item does not make it another one.
    """
    content: dict[str, Any] = {
        "kind": item.kind,
        "stem": item.stem,
        "points": _digits(item.points),
        "frame": item.frame,
        "confidence": item.confidence,
        "vignette": vignette,
    }
    match item:
        case SingleItem():
            content["options"] = [_option_content(option) for option in item.options]
        case MultipleItem():
            content["options"] = [_option_content(option) for option in item.options]
            content["scoring"] = item.scoring
        case ShortItem():
            content["accepted"] = [
                [key.text, _digits(key.share), key.feedback] for key in item.accepted
            ]
        case _:
            assert_never(item)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def option_ids(item: Item) -> tuple[str, ...]:
    """List the options of an item in source order; empty for an item without options."""
    return () if isinstance(item, ShortItem) else tuple(option.id for option in item.options)


def with_accepted(item: ShortItem, wordings: Iterable[tuple[str, Decimal]]) -> ShortItem:
    """Return the item with further wordings accepted, each with its share of the points."""
    further = tuple(ShortKey(text=text, share=share) for text, share in wordings)
    return replace(item, accepted=item.accepted + further)


def response_field(item_id: str) -> str:
    """Name the form field that carries the response to an item."""
    return f"response.{item_id}"


def _parse_choices(item: ChoiceItem, values: Sequence[str]) -> ChoiceResponse | None:
    wanted = {value for value in values if value}
    if not wanted:
        return None
    chosen = tuple(option.id for option in item.options if option.id in wanted)
    if len(chosen) < len(wanted):
        raise _invalid(item, UNKNOWN_CHOICE)
    if isinstance(item, SingleItem) and len(chosen) > 1:
        raise _invalid(item, ONE_CHOICE_ONLY)
    return ChoiceResponse(chosen=chosen)


def _parse_text(item: ShortItem, values: Sequence[str]) -> TextResponse | None:
    if len(values) > 1:
        raise _invalid(item, ONE_TEXT_ONLY)
    # Text pasted from a document may bring tabs and line ends; they are spaces to its author.
    text = "".join(" " if mark in "\t\r\n" else mark for mark in "".join(values)).strip()
    if not text:
        return None
    if any(unicodedata.category(mark) in ("Cc", "Cs") for mark in text):
        raise _invalid(item, TEXT_UNREADABLE)
    if len(text) > MAX_TEXT_LENGTH:
        raise _invalid(item, TEXT_TOO_LONG)
    return TextResponse(text=text)


def _invalid(item: Item, message: str) -> InvalidInput:
    return InvalidInput({response_field(item.id): message}, code="response.invalid")


def _option_content(option: Option) -> list[str | bool]:
    return [option.id, option.text_markdown, option.correct, option.feedback]


def _digits(number: Decimal) -> str:
    """Write a number so that 1, 1.0 and 1.00 look the same."""
    return format(number.normalize(), "f")
