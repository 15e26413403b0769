"""What only the whole module can tell: references that lead nowhere, and habits that mislead."""

import re
from collections.abc import Iterator

from lti_alliance.content.document import Document
from lti_alliance.content.faults import Faults
from lti_alliance.content.front_matter import FrontMatter
from lti_alliance.domain.items import Item, MultipleItem, Option, SingleItem
from lti_alliance.domain.modules import Module, ReadingSection

MAX_SENTENCE_WORDS = 25
"""The average above which a reading section is called hard to read."""
MIN_KEYS = 5
"""How many single items it takes before a pattern in their keys means anything."""

_SUPERLATIVE = re.compile(r"\b(most|best|core)\b", re.IGNORECASE)
_ALL_OF_ABOVE = re.compile(r"\b(all|none|both|neither) of (the above|these|them)\b", re.IGNORECASE)
_FREQUENCIES = {"never", "rarely", "seldom", "occasionally", "sometimes", "often", "always"}
_AGREEMENTS = {"strongly agree", "agree", "disagree", "strongly disagree"}
_SCALE_WORDS = _FREQUENCIES | _AGREEMENTS
_SENTENCE_END = re.compile(r"[.!?:;][\"')\]*_”’]*\s+")
_NOT_PROSE = re.compile(r"^\s*(\||>|[-*+] |\d+\. |#).*$", re.MULTILINE)


def check_references(
    module: Module, header: FrontMatter, document: Document, faults: Faults
) -> None:
    """Note ids used twice, and objectives, cases and sources that are missing or never used."""
    named = [(item.id, item.line) for item in module.quiz.items]
    named += [(prompt.id, prompt.line) for prompt in module.reflections]
    first: dict[str, int] = {}
    for name, line in named:
        if name in first:
            faults.error(line, f"the id `{name}` is used twice", f"See line {first[name]}.")
        first.setdefault(name, line)
    _check_objectives(module, faults)
    _check_cases(module, faults)
    cited = {key for key, _line in document.citations}
    for key, line in document.citations:
        if key not in header.sources:
            known = ", ".join(header.sources) or "none"
            faults.error(line, f"the source `{key}` is not in the header", f"There: {known}.")
    for key, line in header.source_lines.items():
        if key not in cited:
            faults.warn(line, f"the source `{key}` is never cited", f"Cite it: `[@{key}]`.")
    if module.id in module.requires:
        faults.error(1, "the module requires itself", "Remove it from `requires`.")


def check_habits(module: Module, faults: Faults) -> None:
    """Warn of what makes items easier, harder or less honest than they look."""
    for item in module.quiz.items:
        if item.frame is None and (found := _SUPERLATIVE.search(item.stem)):
            faults.warn(
                item.line,
                f"{item.id} asks for the “{found[0].lower()}” without a point of view",
                "Write `frame: exam` or `frame: evidence`.",
            )
        if isinstance(item, SingleItem | MultipleItem):
            _check_options(item, item.options, faults)
    _check_keys(module, faults)
    for section in module.reading:
        _check_sentences(section, faults)


def _check_objectives(module: Module, faults: Faults) -> None:
    count = len(module.objectives)
    for item in module.quiz.items:
        if item.objective is not None and not 1 <= item.objective <= count:
            problem = f"{item.id} is for objective {item.objective} of {count}"
            faults.error(item.line, problem, "Count the objectives from 1.")


def _check_cases(module: Module, faults: Faults) -> None:
    users = [*module.quiz.items, *module.reflections]
    for user in users:
        if user.case is not None and user.case not in module.cases:
            remedy = f"Write `## case: {user.case}` before it, with the text under it."
            faults.error(user.line, f"there is no case `{user.case}`", remedy)
    for item in module.quiz.items:
        case = module.cases.get(item.case) if item.case else None
        if case is not None and not 1 <= item.stage <= len(case.stages):
            problem = f"{item.id} is for stage {item.stage} of {len(case.stages)}"
            faults.error(item.line, problem, "Count the stages of the case from 1.")
    for case in module.cases.values():
        if case.id not in {user.case for user in users}:
            remedy = f"Write `case: {case.id}` under an item, or remove the case."
            faults.warn(case.line, f"no item uses the case `{case.id}`", remedy)


def _check_options(item: Item, options: tuple[Option, ...], faults: Faults) -> None:
    texts = [option.text_markdown for option in options]
    if any(_ALL_OF_ABOVE.search(text) for text in texts):
        remedy = "Name what is meant: options are shown in another order to each student."
        faults.warn(item.line, f"{item.id} has an option about the other options", remedy)
    if sum(text.strip(" .*_").lower() in _SCALE_WORDS for text in texts) >= 3:
        remedy = "Items of published measures must not be copied; ask about the measure instead."
        faults.warn(item.line, f"{item.id} looks like an item of a questionnaire", remedy)


def _check_keys(module: Module, faults: Faults) -> None:
    singles = [item for item in module.quiz.items if isinstance(item, SingleItem)]
    if len(singles) < MIN_KEYS:
        return
    longest = sum(_key_is_longest(item) for item in singles)
    if longest * 3 > len(singles) * 2:
        remedy = "Shorten keys or lengthen distractors: length must not give the key away."
        problem = f"the key is the longest option in {longest} of {len(singles)} single items"
        faults.warn(singles[0].line, problem, remedy)
    positions = [_key_position(item) for item in singles]
    common = max(set(positions), key=positions.count)
    often = positions.count(common)
    if not module.quiz.shuffle and often * 5 > len(singles) * 3:
        problem = f"the key is option {common + 1} in {often} of {len(singles)} single items"
        faults.warn(singles[0].line, problem, "Move some keys, or write `shuffle: yes`.")


def _key_is_longest(item: SingleItem) -> bool:
    wrong = (len(option.text_markdown) for option in item.options if not option.correct)
    right = (len(option.text_markdown) for option in item.options if option.correct)
    return max(right, default=0) > max(wrong, default=0)


def _key_position(item: SingleItem) -> int:
    return next((index for index, option in enumerate(item.options) if option.correct), 0)


def _check_sentences(section: ReadingSection, faults: Faults) -> None:
    lengths = list(_sentence_lengths(section.markdown))
    if lengths and sum(lengths) / len(lengths) > MAX_SENTENCE_WORDS:
        average = round(sum(lengths) / len(lengths))
        problem = f"the sentences of “{section.title}” have {average} words on average"
        faults.warn(section.line, problem, "Split the longest ones.")


def _sentence_lengths(markdown: str) -> Iterator[int]:
    for paragraph in _NOT_PROSE.sub("", markdown).split("\n\n"):
        for sentence in _SENTENCE_END.split(f"{paragraph.strip()} "):
            if words := len(sentence.split()):
                yield words
