"""Passages: found by their words, marked without changing the text, redacted without a trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.passages import Span, find_passage, mark
from lti_alliance.domain.redaction import GAP, moved, redact
from lti_alliance.errors import InvalidInput


def test_spaces_and_line_ends_count_alike() -> None:
    """A passage pasted from a page is found where the text breaks its lines otherwise."""
    text = "One. She fell\nsilent  then. Two."
    span = find_passage(text, " She fell silent then. ")

    assert text[span.start : span.end] == "She fell\nsilent  then."


@pytest.mark.parametrize("quote", ["", "  ", "not there"])
def test_words_that_do_not_occur_are_refused(quote: str) -> None:
    """A comment hangs on words of the text."""
    with pytest.raises(InvalidInput):
        find_passage("Some words.", quote)


@given(
    st.text(max_size=50),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=5),
)
def test_marking_changes_nothing(text: str, places: list[tuple[int, int]]) -> None:
    """The segments put together are the text, however the marks overlap."""
    segments = mark(text, [Span(start, length) for start, length in places])

    assert "".join(segment.text for segment in segments) == text


def test_overlapping_marks_keep_their_numbers() -> None:
    """Where two marks overlap, the stretch lies in both."""
    segments = mark("abcdef", [Span(0, 4), Span(2, 4)])

    assert [(s.text, s.numbers, s.ends) for s in segments] == [
        ("ab", (1,), ()),
        ("cd", (1, 2), (1,)),
        ("ef", (2,), (2,)),
    ]


@given(st.text(alphabet="ab \n", max_size=40), st.text(alphabet="ab ", min_size=1, max_size=4))
def test_what_is_taken_out_is_gone(text: str, quote: str) -> None:
    """No occurrence of the words is left."""
    left = redact(text, [quote]).text

    if quote.strip():
        assert " ".join(quote.split()) not in left.replace(GAP, "\0")


def test_places_move_with_the_text() -> None:
    """A place behind a removal is found again; one that was touched is gone."""
    text = "Kim Doe came. She spoke."
    made = redact(text, ["kim doe"])
    spoke = moved(find_passage(text, "She spoke."), made.removed)

    assert made.text == f"{GAP} came. She spoke."
    assert spoke is not None
    assert made.text[spoke.start : spoke.end] == "She spoke."
    assert moved(find_passage(text, "Doe came"), made.removed) is None
