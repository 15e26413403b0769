"""GIFT: Moodle's format of plain text, https://docs.moodle.org/en/GIFT_format."""

import re
from decimal import Decimal

from lti_alliance.content.interchange.collecting import Answer, Collector, Question, decimal_of
from lti_alliance.content.interchange.texts import from_html, from_markdown, from_plain
from lti_alliance.content.interchange.values import Imported
from lti_alliance.domain.items import NumericKey

_ESCAPED = "~=#{}:\\"
_HELD = {mark: chr(0xE000 + place) for place, mark in enumerate(_ESCAPED)}
_RESTORE = {ord(held): mark for mark, held in _HELD.items()}
_ESCAPE = re.compile(r"\\([~=#{}:\\n])")
_NAME = re.compile(r"\s*::(?P<name>.*?)::", re.DOTALL)
_FORMAT = re.compile(r"\s*\[(?P<format>html|moodle|plain|markdown)\]")
_WEIGHT = re.compile(r"%(?P<weight>-?\d+(?:\.\d+)?)%")
_ANSWERS = re.compile(r"(?=[=~])")
_TRUTH = {"T": True, "TRUE": True, "F": False, "FALSE": False}


def read_gift(text: str) -> Imported:
    """Read every question; what is none is told as a loss."""
    found = Collector()
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("//")]
    for block in re.split(r"\n[ \t]*(?:\n[ \t]*)*\n", "\n".join(lines)):
        if found.is_full:
            break
        rows = [row for row in block.split("\n") if not row.startswith("$CATEGORY:")]
        if rows != block.split("\n"):
            found.lose("the file", "a category", "modules have none")
        if body := "\n".join(rows).strip():
            _read_question(_hold(body), found)
    return found.imported("gift")


def _hold(text: str) -> str:
    """Put what is escaped out of the way of what is not."""
    text = re.sub("[\ue000-\ue00f]", "\ufffd", text)
    return _ESCAPE.sub(lambda mark: "\n" if mark[1] == "n" else _HELD[mark[1]], text)


def _read_question(text: str, found: Collector) -> None:
    named = _NAME.match(text)
    name = _free(named["name"]).strip() if named else ""
    rest = text[named.end() :] if named else text
    form = _FORMAT.match(rest)
    kind = form["format"] if form else "moodle"
    rest = rest[form.end() :] if form else rest
    start, end = rest.find("{"), rest.rfind("}")
    if start < 0 or end < start:
        found.lose(name, "a text without answers", "a description is no question")
        return
    before, answers, after = rest[:start], rest[start + 1 : end].strip(), rest[end + 1 :]
    gap = " \\_\\_\\_\\_\\_ " if after.strip() else ""
    stem = f"{_text(before, kind, name, found)}{gap}{_text(after, kind, name, found)}"
    answers, _, general = answers.partition("####")
    if general.strip():
        found.lose(name, "its general feedback", "feedback belongs to an answer")
    _read_answers(Question(name, stem), answers.strip(), kind, found)


def _read_answers(question: Question, answers: str, kind: str, found: Collector) -> None:
    first, _, rest = answers.partition("#")
    if not answers:
        found.lose(question.name, "the whole question", "essays are reflections here")
    elif answers.startswith("#"):
        _read_numbers(question, answers[1:], kind, found)
    elif first.strip().upper() in _TRUTH:
        truth = _TRUTH[first.strip().upper()]
        wrong, _, right = rest.partition("#")
        texts = [_text(each, kind, question.name, found) for each in (right, wrong)]
        feedback = {truth: texts[0], not truth: texts[1]}
        pairs = [
            Answer(str(value), Decimal(value == truth), feedback[value]) for value in (True, False)
        ]
        found.choose(question, pairs, single=True)
    else:
        _read_list(question, answers, kind, found)


def _read_list(question: Question, answers: str, kind: str, found: Collector) -> None:
    parts = [part.strip() for part in _ANSWERS.split(answers) if part.strip()]
    if any(part[0] not in "=~" for part in parts):
        found.lose(question.name, "the whole question", "its answers cannot be read")
        return
    if all(part[0] == "=" and "->" in part for part in parts):
        pairs = [part[1:].partition("#")[0].partition("->") for part in parts]
        found.match(
            question,
            [
                (
                    _text(a, kind, question.name, found),
                    _free(b).strip() and from_plain(_free(b)),
                    "",
                )
                for a, _, b in pairs
            ],
        )
        return
    is_short = all(part[0] == "=" for part in parts)
    read = [_answer(part, kind, question.name, found, plain=is_short) for part in parts]
    if is_short:
        found.write_wild(question, read)
    else:
        right = sum(part[0] == "=" for part in parts)
        found.choose(question, read, single=right == 1)


def _answer(part: str, kind: str, name: str, found: Collector, *, plain: bool) -> Answer:
    body = part[1:].strip()
    weight = _WEIGHT.match(body)
    share = Decimal(weight["weight"]) / 100 if weight else Decimal(part[0] == "=")
    body = body[weight.end() :] if weight else body
    text, _, feedback = body.partition("#")
    return Answer(
        _free(text).strip() if plain else _text(text, kind, name, found),
        share,
        _text(feedback, kind, name, found),
    )


def _read_numbers(question: Question, answers: str, kind: str, found: Collector) -> None:
    keys = []
    for part in _ANSWERS.split(answers):
        body = part.strip().removeprefix("=").removeprefix("~").strip()
        weight = _WEIGHT.match(body)
        share = Decimal(weight["weight"]) / 100 if weight else Decimal(1)
        number, _, feedback = (body[weight.end() :] if weight else body).partition("#")
        limits = _limits(number)
        if limits is None:
            if body:
                found.lose(question.name, "an answer that is no number", "it cannot be read")
            continue
        said = _text(feedback, kind, question.name, found)
        keys.append(NumericKey(low=limits[0], high=limits[1], share=share, feedback=said))
    found.count(question, keys)


def _limits(text: str) -> tuple[Decimal, Decimal] | None:
    if ".." in text:
        low, high = (decimal_of(end) for end in text.split("..", 1))
    else:
        middle_text, _, width_text = text.partition(":")
        middle, width = decimal_of(middle_text), decimal_of(width_text or "0")
        if middle is None or width is None:
            return None
        low, high = middle - abs(width), middle + abs(width)
    return (low, high) if low is not None and high is not None else None


def _text(text: str, kind: str, name: str, found: Collector) -> str:
    own = _FORMAT.match(text)
    text, kind = (text[own.end() :], own["format"]) if own else (text, kind)
    plain = _free(text).strip()
    if kind == "markdown":
        return from_markdown(plain)
    if kind == "plain" or not re.search(r"<[a-zA-Z/!]|&[#\w]+;", plain):
        return from_plain(plain)
    return from_html(plain, tell=lambda what: found.lose(name, what, "modules hold text only"))


def _free(text: str) -> str:
    return text.translate(_RESTORE)
