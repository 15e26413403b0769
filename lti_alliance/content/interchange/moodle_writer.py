"""Items as Moodle XML, https://docs.moodle.org/en/Moodle_XML_format."""

import html
from collections.abc import Mapping
from decimal import Decimal

from lxml import etree

from lti_alliance.content.interchange.plainer import Outgoing, outgoing
from lti_alliance.content.interchange.texts import to_html, to_inline_html, to_plain
from lti_alliance.content.interchange.values import Exported, Loss
from lti_alliance.domain.items import (
    Lock,
    MatchingItem,
    MultipleItem,
    NumericItem,
    ShortItem,
    SingleItem,
)
from lti_alliance.domain.kinds.base import digits
from lti_alliance.domain.modules import Module

_TYPES = {
    SingleItem: "multichoice",
    MultipleItem: "multichoice",
    ShortItem: "shortanswer",
    NumericItem: "numerical",
    MatchingItem: "matching",
}


def export_moodle_xml(module: Module) -> Exported:
    """Write a file of questions, and say what it does not carry."""
    losses: list[Loss] = []
    root = etree.Element("quiz")
    for piece in outgoing(module, losses, locks={Lock.ALL}):
        _question(root, piece, module.sources, losses)
    if module.quiz.pools:
        losses.append(Loss("the quiz", "its pools", "the format carries questions only"))
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Exported(content=content, losses=tuple(losses))


def _question(
    root: etree._Element, piece: Outgoing, sources: Mapping[str, str], losses: list[Loss]
) -> None:
    item = piece.item
    question = etree.SubElement(root, "question", type=_TYPES[type(item)])
    _text(etree.SubElement(question, "name"), item.id)
    text = "\n\n".join(part for part in (piece.vignette, piece.stem) if part)
    if piece.vignette:
        losses.append(Loss(item.id, "that its case is shared", "the vignette is in its text"))
    _html(etree.SubElement(question, "questiontext"), to_html(text, sources))
    etree.SubElement(question, "defaultgrade").text = digits(item.points)
    etree.SubElement(question, "penalty").text = "0"
    match item:
        case SingleItem() | MultipleItem():
            _options(question, item, sources)
        case ShortItem():
            etree.SubElement(question, "usecase").text = "0"
            for key in item.accepted:
                answer = _answer(question, key.share * 100, key.feedback, sources)
                _text(answer, key.text.replace("*", r"\*"))
        case NumericItem():
            for number in item.accepted:
                answer = _answer(question, number.share * 100, number.feedback, sources)
                _text(answer, digits(number.middle))
                width = digits((number.high - number.low) / 2)
                etree.SubElement(answer, "tolerance").text = width
        case MatchingItem():
            _pairs(question, item, sources, losses)


def _options(
    question: etree._Element, item: SingleItem | MultipleItem, sources: Mapping[str, str]
) -> None:
    is_single = isinstance(item, SingleItem)
    etree.SubElement(question, "single").text = "true" if is_single else "false"
    # A last option such as "none of these" has to stay there, at the price of all the others.
    etree.SubElement(question, "shuffleanswers").text = str(item.lock is Lock.NONE).lower()
    right = sum(option.correct for option in item.options)
    for option in item.options:
        wrong = Decimal(0) if is_single else Decimal(-100) / right
        share = Decimal(100) / right if option.correct else wrong
        answer = _answer(question, share, option.feedback, sources)
        _html(answer, to_inline_html(option.text_markdown, sources))


def _pairs(
    question: etree._Element, item: MatchingItem, sources: Mapping[str, str], losses: list[Loss]
) -> None:
    etree.SubElement(question, "shuffleanswers").text = "true"
    if any(row.feedback for row in item.rows):
        losses.append(Loss(item.id, "why each pair belongs together", "pairs have no feedback"))
    targets = {target.id: target.text_markdown for target in item.targets}
    spare = [
        (("", target) if target not in {r.target for r in item.rows} else None)
        for target in targets
    ]
    pairs = [(row.text_markdown, row.target) for row in item.rows]
    for statement, target in [*pairs, *(pair for pair in spare if pair)]:
        pair = etree.SubElement(question, "subquestion")
        _html(pair, to_inline_html(statement, sources))
        plain = to_plain(to_inline_html(targets[target], sources))
        # Moodle takes entities and tags in it for HTML, though nothing says so.
        as_it_is = plain if to_plain(plain) == plain else html.escape(plain, quote=False)
        _text(etree.SubElement(pair, "answer"), as_it_is)


def _answer(
    question: etree._Element, percent: Decimal, feedback: str, sources: Mapping[str, str]
) -> etree._Element:
    answer = etree.SubElement(question, "answer", fraction=digits(round(percent, 5)))
    if feedback.strip():
        _html(etree.SubElement(answer, "feedback"), to_html(feedback, sources))
    return answer


def _html(element: etree._Element, content: str) -> None:
    element.set("format", "html")
    _text(element, content)


def _text(element: etree._Element, text: str) -> None:
    etree.SubElement(element, "text").text = text
