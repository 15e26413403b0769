"""Habits of the reading: sentences and words of a bearable length, and call-outs in pairs."""

import re
from collections.abc import Iterator

from lti_alliance.content.faults import Faults
from lti_alliance.domain.modules import ReadingSection

MAX_SENTENCE_WORDS = 25
"""The average above which a reading section is called hard to read."""
MAX_READING_LEVEL = 12
"""The school year, by the Automated Readability Index, above which a section is hard to read."""
MIN_WORDS = 60
"""How many words it takes before the index means anything."""

_EXAM = "**For the exam.**"
_EVIDENCE = "**The evidence.**"
_SENTENCE_END = re.compile(r"[.!?:;][\"')\]*_”’]*\s+")
_NOT_PROSE = re.compile(r"^\s*(\||>|[-*+] |\d+\. |#).*$", re.MULTILINE)
_CITATION = re.compile(r"\[@[^\]]*\]")
_WORD = re.compile(r"[^\W_][\w'’-]*")


def check_reading(section: ReadingSection, faults: Faults) -> None:
    """Warn of a section that is hard to read, or that gives one of the two accounts alone."""
    prose = _CITATION.sub("", _NOT_PROSE.sub("", section.markdown))
    lengths = list(_sentence_lengths(prose))
    average = sum(lengths) / len(lengths) if lengths else 0
    if average > MAX_SENTENCE_WORDS:
        problem = f"the sentences of “{section.title}” have {round(average)} words on average"
        faults.warn(section.line, problem, "Split the longest ones.")
    elif sum(lengths) >= MIN_WORDS and (level := _level(prose, average)) > MAX_READING_LEVEL:
        problem = f"“{section.title}” reads like school year {round(level)}"
        faults.warn(section.line, problem, "Use shorter words, and shorter sentences.")
    if section.markdown.count(_EXAM) != section.markdown.count(_EVIDENCE):
        remedy = f"Write both, one after the other: `> {_EXAM} …` and `> {_EVIDENCE} …`."
        problem = f"“{section.title}” has a call-out without its counterpart"
        faults.warn(section.line, problem, remedy)


def _level(prose: str, sentence_words: float) -> float:
    """Return the Automated Readability Index, which needs no count of syllables."""
    words = _WORD.findall(prose)
    letters = sum(len(word) for word in words) / len(words) if words else 0
    return 4.71 * letters + 0.5 * sentence_words - 21.43


def _sentence_lengths(prose: str) -> Iterator[int]:
    for paragraph in prose.split("\n\n"):
        for sentence in _SENTENCE_END.split(f"{paragraph.strip()} "):
            if words := len(sentence.split()):
                yield words
