"""What in a text looks as if it could identify a real person: patterns, and nothing cleverer.

It finds what has a form; a rare story identifies somebody as surely and looks like any other. It
stops nobody: whoever wrote the text says whether the words are a real person's.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from lti_alliance.domain.passages import Span


class DetailKind(StrEnum):
    """What a passage looks like."""

    EMAIL = "email"
    URL = "url"
    PHONE = "phone"
    SOCIAL_SECURITY = "social security"
    DATE = "date"
    ADDRESS = "address"
    NAME = "name"
    AGE = "age"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Detail:
    """A passage that looks as if it could identify somebody."""

    kind: DetailKind
    span: Span


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_STREET = (
    r"(?:street|st\.|avenue|ave\.?|road|rd\.?|lane|ln\.?|drive|boulevard|blvd\.?|court|"
    r"terrace|highway|hwy\.?)"
)
# The bounds on every repetition keep the search linear in the length of the text.
_PATTERNS: tuple[tuple[DetailKind, re.Pattern[str]], ...] = (
    (
        DetailKind.EMAIL,
        re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"),
    ),
    (DetailKind.URL, re.compile(r"\b(?:https?://|www\.)[^\s<>\"]{1,300}", re.IGNORECASE)),
    (DetailKind.SOCIAL_SECURITY, re.compile(r"(?<![\d-])\d{3}[- ]\d{2}[- ]\d{4}(?![\d-])")),
    (
        DetailKind.PHONE,
        re.compile(
            r"(?<![\w+])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]?\d{4}(?!\d)"
            r"|(?<![\w+])\+\d{1,3}(?:[ .-]?\d){7,12}(?!\d)"
        ),
    ),
    (
        DetailKind.DATE,
        re.compile(
            rf"\b{_MONTH}\s{{1,3}}{_DAY}\b(?:,?\s{{1,3}}\d{{4}}\b)?"
            rf"|\b{_DAY}\s{{1,3}}(?:of\s{{1,3}})?{_MONTH}(?![a-z])(?:\s{{1,3}}\d{{4}}\b)?"
            r"|(?<![\d/.-])\d{1,2}([/.-])\d{1,2}\1(?:\d{4}|\d{2})(?![\d/-])"
            r"|(?<![\d-])\d{4}-\d{2}-\d{2}(?![\d-])",
            re.IGNORECASE,
        ),
    ),
    (
        DetailKind.ADDRESS,
        re.compile(rf"\b\d{{1,5}}\s{{1,3}}(?:[A-Z][\w'-]{{0,30}}\s{{1,3}}){{1,3}}(?i:{_STREET})"),
    ),
    (
        DetailKind.NAME,
        re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr)\b\.?\s{1,3}[^\W\d_a-z][\w'’-]{0,40}"),
    ),
    (
        DetailKind.AGE,
        re.compile(
            r"\b(?:9\d|1[01]\d)[ -]years?[ -]old\b"
            r"|\b(?:aged?|age\s(?:of|is))\s{1,3}(?:9\d|1[01]\d)\b",
            re.IGNORECASE,
        ),
    ),
    (
        DetailKind.RECORD,
        re.compile(
            r"\b(?:MRN|(?:medical\s)?record|case|file|chart|patient|client|policy|account|member)"
            r"(?:\s{1,3}(?:number|no\.?|id))?\s{0,3}[:#]?\s{0,3}(?=[A-Z-]{0,6}\d)[A-Z\d-]{4,20}\b"
            r"|\b[A-Z]{2,4}-?\d{5,12}\b",
            re.IGNORECASE,
        ),
    ),
)


def find_details(text: str) -> tuple[Detail, ...]:
    """Return what looks identifying, in the order of the text and without overlaps."""
    found = sorted(
        (
            Detail(kind, Span(match.start(), match.end() - match.start()))
            for kind, pattern in _PATTERNS
            for match in pattern.finditer(text)
        ),
        key=lambda detail: (detail.span.start, -detail.span.length),
    )
    kept: list[Detail] = []
    for detail in found:
        if not kept or detail.span.start >= kept[-1].span.end:
            kept.append(detail)
    return tuple(kept)
