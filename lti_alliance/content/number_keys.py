"""The numbers that a numeric item accepts: `= 8 ± 0.5`, `= 7..9`, and `~ 28 [0]` for a part."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from lti_alliance.content.faults import Faults
from lti_alliance.domain.items import NumericKey
from lti_alliance.domain.kinds.written import as_number

_LINE = re.compile(r" {0,3}(?P<mark>[=~])\s+(?P<range>[^\[]+?)(?:\s*\[(?P<percent>\d{1,3})\])?\s*")
_QUOTE = re.compile(r"\s{0,6}>\s?(?P<text>.*)")
_WRITE = "Write `= 8`, `= 8 ± 0.5` or `= 7..9`; `~ 28 [50]` for a part of the points."


def read_numbers(lines: Sequence[str], *, start: int, faults: Faults) -> tuple[NumericKey, ...]:
    """Read the lines from the first number on; ``start`` is the line of the file it stands on."""
    keys: list[NumericKey] = []
    for number, line in enumerate(lines, start=start):
        if found := _LINE.fullmatch(line):
            key = _read_key(found)
            if key is None:
                faults.error(number, "this number cannot be read", _WRITE)
            else:
                keys.append(key)
        elif (quote := _QUOTE.fullmatch(line)) and keys:
            said = f"{keys[-1].feedback}\n{quote['text'].strip()}".strip()
            keys[-1] = replace(keys[-1], feedback=said)
        elif line.strip():
            faults.error(number, "this line follows the accepted numbers but is none", _WRITE)
    return tuple(keys)


def _read_key(found: re.Match[str]) -> NumericKey | None:
    is_part = found["mark"] == "~"
    if is_part != (found["percent"] is not None) or (is_part and int(found["percent"]) > 99):
        return None
    share = Decimal(found["percent"]) / 100 if is_part else Decimal(1)
    text = found["range"].strip()
    if ".." in text:
        low, high = (as_number(end) for end in text.split("..", 1))
    else:
        middle_text, _, width_text = text.partition("±")
        middle = as_number(middle_text)
        width = as_number(width_text) if width_text.strip() else Decimal(0)
        if middle is None or width is None or width < 0:
            return None
        low, high = middle - width, middle + width
    if low is None or high is None or low > high:
        return None
    return NumericKey(low=low, high=high, share=share)
