"""The wordings that a short item accepts: `= key | key` lines and `~ near [50]` lines."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from lti_alliance.content.faults import Faults
from lti_alliance.domain.items import MAX_TEXT_LENGTH, ShortKey
from lti_alliance.domain.wordings import matches, normalise

_WORDING = re.compile(r" {0,3}(?P<mark>[=~])\s+(?P<keys>\S.*)")
_SHARE = re.compile(r"(?P<keys>.*\S)\s+\[(?P<percent>[0-9]{1,3})\]")
_BAR = re.compile(r"(?<!\\)\|")
_QUOTE = re.compile(r"\s{0,6}>\s?(?P<text>.*)")


def is_wording(line: str) -> bool:
    """Say whether a line of the source gives wordings."""
    return _WORDING.fullmatch(line) is not None


def read_wordings(lines: Sequence[str], *, start: int, faults: Faults) -> tuple[ShortKey, ...]:
    """Read the lines from the first wording on; ``start`` is the line of the file it stands on."""
    groups: list[tuple[int, list[ShortKey]]] = []
    for number, line in enumerate(lines, start=start):
        if wording := _WORDING.fullmatch(line):
            groups.append((number, _read_keys(wording, number, faults)))
        elif quote := _QUOTE.fullmatch(line):
            keys = groups[-1][1]
            keys[:] = [_with_feedback(key, quote["text"].strip()) for key in keys]
        elif line.strip():
            faults.error(
                number,
                "this line follows the accepted wordings but is none",
                "Write `= wording | wording`, `~ near wording [50]`, or `  > feedback`.",
            )
    _check_overlaps(groups, faults)
    return tuple(key for _number, keys in groups for key in keys)


def _read_keys(wording: re.Match[str], number: int, faults: Faults) -> list[ShortKey]:
    texts = wording["keys"]
    share = Decimal(1)
    if wording["mark"] == "~":
        near = _SHARE.fullmatch(texts.rstrip())
        if near is None or not 0 < int(near["percent"]) < 100:
            remedy = "Write the percent at the end: `~ wording [50]`."
            faults.error(number, "this near wording has no share from 1 to 99", remedy)
            return []
        texts, share = near["keys"], Decimal(near["percent"]) / 100
    wordings = (text.strip().replace(r"\|", "|") for text in _BAR.split(texts))
    keys = [ShortKey(text=text, share=share) for text in wordings]
    for key in keys:
        if not normalise(key.text) or len(key.text) > MAX_TEXT_LENGTH:
            remedy = "Write words between the bars, at most 500 characters."
            faults.error(number, "a wording here is empty or too long", remedy)
    return keys


def _with_feedback(key: ShortKey, text: str) -> ShortKey:
    return replace(key, feedback=f"{key.feedback}\n{text}".strip())


def _check_overlaps(groups: Sequence[tuple[int, list[ShortKey]]], faults: Faults) -> None:
    """Refuse a wording that an earlier line already judges, and judges otherwise."""
    earlier: list[ShortKey] = []
    for number, keys in groups:
        for key in keys:
            if any(key.share != other.share and matches(other.text, key.text) for other in earlier):
                problem = f"`{key.text}` is accepted above with another share"
                faults.error(number, problem, "Remove one of the two.")
        earlier += keys
