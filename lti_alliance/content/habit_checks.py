"""Habits that make items easier, harder or less honest than they look; all of them warn."""

import re

from lti_alliance.content.faults import Faults
from lti_alliance.content.measure_names import find_measure
from lti_alliance.content.pattern_checks import check_patterns
from lti_alliance.content.reading_checks import check_reading
from lti_alliance.domain.items import (
    Frame,
    Item,
    MultipleItem,
    NumericItem,
    OrderingItem,
    RateItem,
    ShortItem,
    SingleItem,
)
from lti_alliance.domain.modules import Module

# "First" is a rank in "which comes first", and only an order of acts in "what should she do first".
_SUPERLATIVE = re.compile(
    r"\b(?P<word>most|best|core)\b"
    r"|\b(?:comes?|ranks?|stands?|is|are) (?:the )?(?P<rank>first)\b",
    re.IGNORECASE,
)
_EXAM = re.compile(r"\bexam", re.IGNORECASE)
_ALL_OF_ABOVE = re.compile(r"\b(all|none|both|neither) of (the above|these|them)\b", re.IGNORECASE)
_FREQUENCIES = {
    *("never", "rarely", "seldom", "occasionally", "sometimes"),
    *("often", "very often", "almost always", "always"),
}
_AGREEMENTS = {"strongly agree", "agree", "neutral", "disagree", "strongly disagree"}
_DEGREES = {"not at all", "a little", "somewhat", "moderately", "very much", "extremely"}
_SCALES = (_FREQUENCIES, _AGREEMENTS, _DEGREES)
_FILL_IN = re.compile(
    r"\brate (?:your|yourself|how)\b|\bon a scale\b|\bscore yourself\b"
    r"|\bagree or disagree\b|\bhow (?:much|often|strongly|true)\b[^?]*\b(?:you|your)\b",
    re.IGNORECASE,
)
_COPIED = "Items of published measures must not be copied; ask about the measure instead."


def check_habits(module: Module, faults: Faults) -> None:
    """Warn of what makes a module easier, harder or less honest than it looks."""
    for item in module.quiz.items:
        _check_frame(item, faults)
        _check_feedback(item, faults)
        _check_copying(item, faults)
        if any(_ALL_OF_ABOVE.search(text) for text in _options(item)):
            remedy = "Name what is meant: options are shown in another order to each student."
            faults.warn(item.line, f"{item.id} has an option about the other options", remedy)
    check_patterns(module, faults)
    for section in module.reading:
        check_reading(section, faults)


def _check_frame(item: Item, faults: Faults) -> None:
    if item.frame is None and (found := _SUPERLATIVE.search(item.stem)):
        faults.warn(
            item.line,
            f"{item.id} asks for the “{(found['word'] or found['rank']).lower()}” "
            "without a point of view",
            "Write `frame: exam` or `frame: evidence`.",
        )
    if item.frame is Frame.EXAM and not _EXAM.search(item.stem):
        remedy = "Name the account: “According to one supervisor-exam practice source, …”."
        faults.warn(item.line, f"{item.id} does not say that an exam's account is asked", remedy)


def _check_feedback(item: Item, faults: Faults) -> None:
    """Warn of lines that teach nothing; options, rows and replies are checked as they are read."""
    match item:
        case OrderingItem():
            silent = sum(not entry.feedback for entry in item.entries)
        case ShortItem() | NumericItem():
            silent = sum(not key.feedback for key in item.accepted if key.share < 1)
        case _:
            return
    if silent:
        remedy = "Say why in a quote under it: `  > text`."
        faults.warn(item.line, f"{item.id} has {silent} lines without feedback", remedy)


def _check_copying(item: Item, faults: Faults) -> None:
    texts = [text.strip(" .*_").lower() for text in _options(item)]
    if isinstance(item, RateItem):
        texts = [point.name.lower() for point in item.scale]
    if any(sum(text in scale for text in texts) >= 3 for scale in _SCALES):
        faults.warn(item.line, f"{item.id} looks like an item of a questionnaire", _COPIED)
    measure = find_measure(item.stem)
    if measure is not None and _FILL_IN.search(item.stem):
        faults.warn(item.line, f"{item.id} asks to answer the {measure}", _COPIED)


def _options(item: Item) -> list[str]:
    if isinstance(item, SingleItem | MultipleItem):
        return [option.text_markdown for option in item.options]
    return []
