"""Short and numeric: write a word or a few, or a number."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, ClassVar, Self

from lti_alliance.domain.kinds.base import (
    ItemBase,
    ItemKind,
    Judgement,
    digits,
    invalid,
    wrong_response,
)
from lti_alliance.domain.wordings import MAX_TEXT_LENGTH, matches

MAX_NUMBER_LENGTH = 40

ONE_TEXT_ONLY = "Write one answer only."
TEXT_TOO_LONG = "Use at most 500 characters."
TEXT_UNREADABLE = "Remove the characters that cannot be displayed."
NOT_A_NUMBER = "Write one number, such as 12 or 0.5, without a unit."


@dataclass(frozen=True, slots=True)
class ShortKey:
    """One wording that a short item accepts, and the share of the points that it earns."""

    text: str
    share: Decimal = Decimal(1)
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class TextResponse:
    """What was written, trimmed."""

    text: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values for storage."""
        return {"text": self.text}

    def renamed(self, names: Sequence[Mapping[str, str]]) -> "TextResponse":
        """Return the response itself: nothing in it has an id."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortItem(ItemBase):
    """Write a word or a few."""

    kind: ClassVar[ItemKind] = ItemKind.SHORT
    accepted: tuple[ShortKey, ...]

    def read(self, values: Sequence[str]) -> TextResponse | None:
        """Read what was written; None means nothing."""
        text = _one_text(self, values)
        if not text:
            return None
        if any(unicodedata.category(mark) in ("Cc", "Cs") for mark in text):
            raise invalid(self, TEXT_UNREADABLE)
        if len(text) > MAX_TEXT_LENGTH:
            raise invalid(self, TEXT_TOO_LONG)
        return TextResponse(text=text)

    def judge(self, response: object) -> Judgement:
        """Give what the best of the matching wordings earns; one that none matches waits."""
        if not isinstance(response, TextResponse):
            raise wrong_response(self, response)
        matching = [i for i, key in enumerate(self.accepted) if matches(key.text, response.text)]
        if not matching:
            return Judgement(share=Fraction(0), unmatched=True)
        best = max(matching, key=lambda index: self.accepted[index].share)
        return Judgement(share=Fraction(self.accepted[best].share), feedback_keys=(str(best),))

    @property
    def key_texts(self) -> Any:
        """What decides about the points."""
        return sorted((key.text, key.share) for key in self.accepted)

    def with_key(self, response: object) -> Self:
        """Return the item with a further wording that earns everything."""
        if not isinstance(response, TextResponse):
            raise wrong_response(self, response)
        text = response.text
        if not any(matches(key.text, text) for key in self.accepted):
            return replace(self, accepted=(*self.accepted, ShortKey(text)))
        accepted = (
            replace(key, share=Decimal(1)) if matches(key.text, text) else key
            for key in self.accepted
        )
        return replace(self, accepted=tuple(accepted))

    def content(self) -> dict[str, Any]:
        """Return what makes the item this item and no other."""
        return {"accepted": [[key.text, digits(key.share), key.feedback] for key in self.accepted]}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericKey:
    """A range of numbers, its ends included, and the share of the points that it earns."""

    low: Decimal
    high: Decimal
    share: Decimal = Decimal(1)
    feedback: str = ""

    @property
    def middle(self) -> Decimal:
        """The number that the range is around."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class NumberResponse:
    """A number as it was typed, which reads as one."""

    text: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values for storage."""
        return {"number": self.text}

    def renamed(self, names: Sequence[Mapping[str, str]]) -> "NumberResponse":
        """Return the response itself: nothing in it has an id."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericItem(ItemBase):
    """Write a number."""

    kind: ClassVar[ItemKind] = ItemKind.NUMERIC
    accepted: tuple[NumericKey, ...]

    def read(self, values: Sequence[str]) -> NumberResponse | None:
        """Read a number with a point or a comma; None means that nothing was written."""
        text = _one_text(self, values)
        if not text:
            return None
        if as_number(text) is None:
            raise invalid(self, NOT_A_NUMBER)
        return NumberResponse(text=text)

    def judge(self, response: object) -> Judgement:
        """Give what the best of the ranges earns in which the number lies."""
        if not isinstance(response, NumberResponse):
            raise wrong_response(self, response)
        number = as_number(response.text)
        within = [
            index
            for index, key in enumerate(self.accepted)
            if number is not None and key.low <= number <= key.high
        ]
        if not within:
            return Judgement(share=Fraction(0))
        best = max(within, key=lambda index: self.accepted[index].share)
        return Judgement(share=Fraction(self.accepted[best].share), feedback_keys=(str(best),))

    @property
    def key_texts(self) -> Any:
        """What decides about the points."""
        return sorted((key.low, key.high, key.share) for key in self.accepted)

    def with_key(self, response: object) -> Self:
        """Return the item with this number as the one that earns everything."""
        number = as_number(response.text) if isinstance(response, NumberResponse) else None
        if number is None:
            raise wrong_response(self, response)
        partly = tuple(
            key for key in self.accepted if key.share < 1 and not key.low <= number <= key.high
        )
        return replace(self, accepted=(NumericKey(low=number, high=number), *partly))

    def content(self) -> dict[str, Any]:
        """Return what makes the item this item and no other."""
        return {
            "numbers": [
                [digits(key.low), digits(key.high), digits(key.share), key.feedback]
                for key in self.accepted
            ]
        }


def as_number(text: str) -> Decimal | None:
    """Read ``12``, ``-0.5``, ``.28``, ``1 200`` or ``8,5 %``; None for anything else.

    One comma is taken for the point of a fraction, since a thousand is seldom asked for here and
    a half often is.
    """
    plain = unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-")
    plain = "".join(plain.removesuffix("%").split())
    if len(plain) > MAX_NUMBER_LENGTH or not plain.isascii() or plain.count(",") > 1:
        return None
    if set(plain.lower()) - set("0123456789.,+-"):
        return None
    try:
        number = Decimal(plain.replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _one_text(item: ItemBase, values: Sequence[str]) -> str:
    if len(values) > 1:
        raise invalid(item, ONE_TEXT_ONLY)
    # Text pasted from a document may bring tabs and line ends; they are spaces to its author.
    return "".join(" " if mark in "\t\r\n" else mark for mark in "".join(values)).strip()
