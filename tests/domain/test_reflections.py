"""Reflections: words counted as people count them, texts kept plain, refusals with reasons."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.reflections import (
    MAX_TEXT_LENGTH,
    ReflectionState,
    check_may_submit,
    check_may_write,
    clean_text,
    count_words,
)
from lti_alliance.errors import AlreadySubmitted, AttemptClosed, InvalidInput

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
SETTINGS = ActivitySettings(parts=frozenset({Part.REFLECTION}), prompt_ids=("r1",), closes_at=NOON)
BEFORE = datetime(2027, 3, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" … — !", 0),
        ("I don't know", 3),
        ("a well-kept, 20-minute talk", 4),
        ("l’écoute\nactive", 2),
        ("信頼 と 共感", 3),
    ],
)
def test_words_are_counted_as_people_count_them(text: str, words: int) -> None:
    """Hyphens and apostrophes hold a word together; punctuation is none."""
    assert count_words(text) == words


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "x" * (MAX_TEXT_LENGTH + 1)])
def test_unreadable_or_endless_text_is_refused(text: str) -> None:
    """NUL, lone surrogates and texts beyond the limit are refused with the field named."""
    with pytest.raises(InvalidInput) as refusal:
        clean_text(text)

    assert set(refusal.value.fields) == {"text"}


def test_markup_is_kept_as_text() -> None:
    """What looks like HTML is what the student wrote."""
    assert clean_text("<img onerror=x>\r\nnext") == "<img onerror=x>\nnext"


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    """A text that was accepted stays as it is."""
    try:
        clean = clean_text(text)
    except InvalidInput:
        return

    assert clean_text(clean) == clean
    assert count_words(clean) >= 0


def test_an_empty_text_is_not_handed_in() -> None:
    """There must be at least one word."""
    with pytest.raises(InvalidInput):
        check_may_submit("  …  ")


@pytest.mark.parametrize(
    ("state", "prompt", "at", "error"),
    [
        (ReflectionState.SUBMITTED, "r1", BEFORE, AlreadySubmitted),
        (ReflectionState.GRADED, "r1", BEFORE, AlreadySubmitted),
        (ReflectionState.DRAFT, "r2", BEFORE, AttemptClosed),
        (ReflectionState.DRAFT, "r1", NOON, AttemptClosed),
    ],
)
def test_why_a_text_can_no_longer_be_changed(
    state: ReflectionState, prompt: str, at: datetime, error: type[Exception]
) -> None:
    """Handed in, not asked for and closed each refuse."""
    with pytest.raises(error):
        check_may_write(state, SETTINGS, prompt, at=at)


def test_a_draft_may_be_written_until_the_close() -> None:
    """Before the close a draft is open."""
    check_may_write(ReflectionState.DRAFT, SETTINGS, "r1", at=BEFORE)
