"""The values of attribute lines: numbers, names and words from a short list."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from lti_alliance.content.document import Attribute
from lti_alliance.content.faults import Faults
from lti_alliance.content.front_matter import IDENTIFIER, MAX_IDENTIFIER_LENGTH

_Word = TypeVar("_Word", bound=StrEnum)

_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,2})?", re.ASCII)


def read_choice(
    attribute: Attribute | None, words: type[_Word], default: _Word, faults: Faults
) -> _Word:
    """Read one of the words of an enumeration."""
    if attribute is None:
        return default
    try:
        return words(attribute.value)
    except ValueError:
        remedy = f"Write one of: {', '.join(words)}."
        faults.error(attribute.line, f"`{attribute.value}` is not known here", remedy)
        return default


def read_yes_no(attribute: Attribute | None, faults: Faults, *, default: bool) -> bool:
    """Read ``yes`` or ``no``."""
    if attribute is None:
        return default
    if attribute.value not in ("yes", "no"):
        faults.error(attribute.line, f"`{attribute.value}` is not known here", "Write yes or no.")
    return attribute.value == "yes"


def read_points(attribute: Attribute | None, faults: Faults) -> Decimal:
    """Read the points of an item, 1 where nothing is said."""
    if attribute is None:
        return Decimal(1)
    points = read_decimal(attribute.value)
    if points is None or not 0 < points <= 100:
        remedy = "Write a number above 0 and up to 100, with at most two decimals."
        faults.error(attribute.line, f"`points` is `{attribute.value}`", remedy)
        return Decimal(1)
    return points


def read_count(attribute: Attribute | None, default: int | None, faults: Faults) -> int | None:
    """Read a whole number."""
    if attribute is None:
        return default
    if not re.fullmatch(r"[0-9]{1,3}", attribute.value):
        faults.error(attribute.line, f"`{attribute.value}` is no count", "Write a whole number.")
        return default
    return int(attribute.value)


def read_decimal(text: str) -> Decimal | None:
    """Read a plain number with at most two decimals; None for anything else."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def check_identifier(name: str, line: int, faults: Faults) -> None:
    """Note an id that could not stand in an address or a form field."""
    if not IDENTIFIER.fullmatch(name) or len(name) > MAX_IDENTIFIER_LENGTH:
        remedy = "Use lower-case letters, digits and single hyphens, like `my-item-01`."
        faults.error(line, f"`{name}` is no id", remedy)
