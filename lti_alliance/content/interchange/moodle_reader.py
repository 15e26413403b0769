"""Moodle XML, https://docs.moodle.org/en/Moodle_XML_format."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from lti_alliance.content.interchange.collecting import Answer, Collector, Question, decimal_of
from lti_alliance.content.interchange.safe_xml import Element, children, each, first, text_of
from lti_alliance.content.interchange.texts import from_html, from_markdown, from_plain, to_plain
from lti_alliance.content.interchange.values import Imported
from lti_alliance.domain.items import Lock, NumericKey

_NOT_HERE = {
    "essay": "essays are reflections here",
    "description": "a description is no question",
    "category": "modules have no categories",
}


def read_moodle(root: Element) -> Imported:
    """Read every question of a file."""
    found = Collector()
    for element in children(root, "question"):
        if found.is_full:
            break
        kind = element.get("type") or ""
        name = to_plain(text_of(first(element, "name")))
        if kind not in _READERS:
            why = _NOT_HERE.get(kind, f"there is no kind like `{kind[:40]}`")
            what = "a category" if kind == "category" else "the whole question"
            found.lose(name, what, why)
            continue
        grade = decimal_of(_child_text(element, "defaultgrade"), Decimal(1)) or Decimal(1)
        stem = _formatted(first(element, "questiontext"), name, found)
        _tell_of_rest(element, name, found)
        _READERS[kind](element, Question(name, stem, points=grade), found)
    return found.imported("moodle-xml")


def _choice(element: Element, question: Question, found: Collector) -> None:
    is_single = _child_text(element, "single").strip().lower() in ("", "true", "1")
    is_mixed = _child_text(element, "shuffleanswers").strip().lower() in ("", "true", "1")
    question = replace(question, lock=Lock.NONE if is_mixed else Lock.ALL)
    found.choose(question, _answers(element, question, found), single=is_single)


def _truth(element: Element, question: Question, found: Collector) -> None:
    answers = _answers(element, question, found)
    found.choose(
        question,
        [Answer(each.text.strip().capitalize(), each.share, each.feedback) for each in answers],
        single=True,
    )


def _short(element: Element, question: Question, found: Collector) -> None:
    if _child_text(element, "usecase").strip() == "1":
        found.lose(question.name, "that case matters", "case never matters here")
    answers = [
        Answer(
            _child_text(answer, "text"),
            _fraction(answer),
            _formatted(first(answer, "feedback"), question.name, found),
        )
        for answer in children(element, "answer")
    ]
    found.write_wild(question, answers)


def _number(element: Element, question: Question, found: Collector) -> None:
    keys = []
    for answer in children(element, "answer"):
        middle = decimal_of(_child_text(answer, "text"))
        width = decimal_of(_child_text(answer, "tolerance") or "0", Decimal(0)) or Decimal(0)
        if middle is None:
            found.lose(question.name, "an answer that is no number", "it cannot be read")
            continue
        said = _formatted(first(answer, "feedback"), question.name, found)
        low, high = middle - abs(width), middle + abs(width)
        keys.append(NumericKey(low=low, high=high, share=_fraction(answer), feedback=said))
    if children(element, "units") and len(list(each(element, "unit"))):
        found.lose(question.name, "its units", "numbers are written without a unit")
    found.count(question, keys)


def _match(element: Element, question: Question, found: Collector) -> None:
    pairs = []
    for pair in children(element, "subquestion"):
        statement = _formatted(pair, question.name, found)
        belongs = from_plain(to_plain(_child_text(first(pair, "answer"), "text")))
        pairs.append((statement, belongs, ""))
    found.match(question, pairs)


def _order(element: Element, question: Question, found: Collector) -> None:
    answers = children(element, "answer")
    found.order(question, [_formatted(answer, question.name, found) for answer in answers])


_READERS: Mapping[str, Callable[[Element, Question, Collector], None]] = {
    "multichoice": _choice,
    "truefalse": _truth,
    "shortanswer": _short,
    "numerical": _number,
    "matching": _match,
    "ordering": _order,
}


def _answers(element: Element, question: Question, found: Collector) -> list[Answer]:
    return [
        Answer(
            _formatted(answer, question.name, found),
            _fraction(answer),
            _formatted(first(answer, "feedback"), question.name, found),
        )
        for answer in children(element, "answer")
    ]


def _fraction(answer: Element) -> Decimal:
    return (decimal_of(answer.get("fraction") or "0", Decimal(0)) or Decimal(0)) / 100


def _child_text(element: Element | None, name: str) -> str:
    found = children(element, name) if element is not None else []
    return text_of(found[0]) if found else ""


def _formatted(element: Element | None, name: str, found: Collector) -> str:
    """Read a text by the format that its element names."""
    if element is None:
        return ""
    text = _child_text(element, "text")
    if children(element, "file"):
        found.lose(name, "a file", "modules hold text only")
    match element.get("format") or "html":
        case "markdown":
            return from_markdown(text)
        case "plain_text":
            return from_plain(text)
        case _:
            return from_html(text, tell=lambda what: found.lose(name, what, "modules hold text"))


def _tell_of_rest(element: Element, name: str, found: Collector) -> None:
    lost = {
        "generalfeedback": "its general feedback",
        "correctfeedback": "its feedback for right answers",
        "partiallycorrectfeedback": "its feedback for partly right answers",
        "incorrectfeedback": "its feedback for wrong answers",
        "hint": "its hints",
    }
    for tag, what in lost.items():
        if any(_child_text(part, "text").strip() for part in children(element, tag)):
            found.lose(name, what, "feedback belongs to an answer")
