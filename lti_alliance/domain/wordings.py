"""Written answers compared: what makes no difference, and which spellings are one wording."""

import re
import unicodedata

MAX_TEXT_LENGTH = 500

_DASHES = re.compile(r"\s*[\u2010-\u2015\u2043\u2212\uFE58\uFE63\uFF0D-]\s*")
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’‛ʼ`´", "'"))
_SIGNED_NUMBER = re.compile(r"-?\.?\d")


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
