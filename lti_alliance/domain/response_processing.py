"""Judging: an item and a response become an outcome, exactly and without side effects."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from lti_alliance.domain.decimals import as_decimal
from lti_alliance.domain.items import (
    MAX_TEXT_LENGTH,
    ChoiceResponse,
    Item,
    MultipleItem,
    MultipleScoring,
    Response,
    ShortItem,
    SingleItem,
    TextResponse,
)

_DASHES = re.compile(r"\s*[\u2010-\u2015\u2043\u2212\uFE58\uFE63\uFF0D-]\s*")
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’‛ʼ`´", "'"))
_SIGNED_NUMBER = re.compile(r"-?\.?\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a response came to: ``share`` of the points, 0 to 1."""

    item_id: str
    share: Decimal
    points: Decimal
    maximum: Decimal
    answered: bool
    correct: bool | None
    """True for the whole points, False for less; None when nothing was answered."""
    unmatched: bool = False
    """A written answer that no key knows: not correct for now, worth a look by the instructor."""
    feedback_keys: tuple[str, ...] = ()
    """The chosen option ids, or the index of the accepted wording that matched."""


def process(item: Item, response: Response | None) -> Outcome:
    """Judge a response to an item.

    Total over any text and any set of option ids. Raises ``TypeError`` for a response that
    belongs to another kind of item.
    """
    if response is None:
        return Outcome(
            item_id=item.id,
            share=Decimal(0),
            points=Decimal(0),
            maximum=item.points,
            answered=False,
            correct=None,
        )
    match item, response:
        case SingleItem(), ChoiceResponse(chosen=chosen):
            right = {option.id for option in item.options if option.correct}
            return _outcome(item, Fraction(set(chosen) == right), feedback_keys=chosen)
        case MultipleItem(), ChoiceResponse(chosen=chosen):
            return _outcome(item, _share_of_choices(item, set(chosen)), feedback_keys=chosen)
        case ShortItem(), TextResponse(text=text):
            return _judge_text(item, text)
        case _:
            raise TypeError(f"{type(response).__name__} does not answer a {item.kind} item")


def normalise(text: str) -> str:
    """Bring a written answer into the form in which answers are compared and counted.

    Width, case, accents, kinds of dash and apostrophe, white space, and punctuation at the ends
    make no difference. The result fits where an answer fits.
    """
    text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    letters = "".join(
        mark
        for mark in unicodedata.normalize("NFKD", text)
        if mark.isspace() or unicodedata.category(mark) not in ("Mn", "Cf", "Cc", "Cs")
    )
    words = " ".join(_DASHES.sub("-", letters).split())
    return _trim(unicodedata.normalize("NFKC", words)[:MAX_TEXT_LENGTH])


def matches(key: str, answer: str) -> bool:
    """Say whether an answer is the wording of a key, give or take spelling variants.

    Besides what ``normalise`` evens out, a hyphen may stand for a space or for nothing, and each
    word may be in the plural on one side and in the singular on the other.
    """
    return any(
        _same_words(key_words, answer_words)
        for key_words in _readings(key)
        for answer_words in _readings(answer)
    )


def _outcome(
    item: Item, share: Fraction, *, feedback_keys: tuple[str, ...], unmatched: bool = False
) -> Outcome:
    return Outcome(
        item_id=item.id,
        share=as_decimal(share),
        # One division at the end: a third of three points is one point.
        points=as_decimal(share * Fraction(item.points)),
        maximum=item.points,
        answered=True,
        correct=share == 1,
        unmatched=unmatched,
        feedback_keys=feedback_keys,
    )


def _share_of_choices(item: MultipleItem, chosen: set[str]) -> Fraction:
    right = {option.id for option in item.options if option.correct}
    every = {option.id for option in item.options}
    match item.scoring:
        case MultipleScoring.EXACT:
            return Fraction(chosen == right)
        case MultipleScoring.RIGHT_MINUS_WRONG:
            net = len(chosen & right) - len(chosen - right)
            return Fraction(max(net, 0), len(right)) if right else Fraction(not chosen)
        case MultipleScoring.PER_OPTION:
            return Fraction(len(every) - len((chosen ^ right) & every), len(every))
        case _:
            assert_never(item.scoring)


def _judge_text(item: ShortItem, text: str) -> Outcome:
    matching = [index for index, key in enumerate(item.accepted) if matches(key.text, text)]
    if not matching:
        return _outcome(item, Fraction(0), feedback_keys=(), unmatched=True)
    best = max(matching, key=lambda index: item.accepted[index].share)
    return _outcome(item, Fraction(item.accepted[best].share), feedback_keys=(str(best),))


def _readings(text: str) -> set[tuple[str, ...]]:
    """Split a text into words, once with hyphens as spaces and once without them."""
    plain = normalise(text)
    if _SIGNED_NUMBER.match(plain):
        # The hyphen of -0.3 is a sign, and 0.3 is another answer.
        return {tuple(plain.split())}
    return {tuple(plain.replace("-", " ").split()), tuple(plain.replace("-", "").split())} - {()}


def _trim(text: str) -> str:
    """Drop punctuation at both ends, except what makes a number: -5, .28."""
    while text and _is_punctuation(text[-1]):
        text = text[:-1]
    while text and _is_punctuation(text[0]) and not _SIGNED_NUMBER.match(text):
        text = text[1:]
    return text


def _is_punctuation(mark: str) -> bool:
    return mark.isspace() or unicodedata.category(mark).startswith("P")


def _same_words(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    return len(left) == len(right) and all(
        a == b or a in _singulars(b) or b in _singulars(a) for a, b in zip(left, right, strict=True)
    )


def _singulars(word: str) -> set[str]:
    """Guess what an English plural may be the plural of."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us")):
        return set()
    guesses = {word[:-1]}
    if word.endswith("ies"):
        guesses.add(f"{word[:-3]}y")
    if word.endswith(("ses", "xes", "zes", "ches", "shes")):
        guesses.add(word[:-2])
    if word.endswith("ses"):
        guesses.add(f"{word[:-2]}is")
    return guesses
