"""Items: reading what was submitted, storing it, and knowing an item by its content."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.items import (
    MAX_TEXT_LENGTH,
    ONE_CHOICE_ONLY,
    ONE_TEXT_ONLY,
    TEXT_TOO_LONG,
    TEXT_UNREADABLE,
    UNKNOWN_CHOICE,
    ChoiceResponse,
    Frame,
    MultipleItem,
    MultipleScoring,
    Option,
    Response,
    ShortItem,
    ShortKey,
    SingleItem,
    TextResponse,
    content_hash,
    parse_response,
    response_from_json,
    response_to_json,
    with_accepted,
)
from lti_alliance.errors import InvalidInput

OPTIONS = tuple(Option(i, f"option {i}", correct=i in "ab", feedback=f"on {i}") for i in "abcd")
SINGLE = SingleItem(
    id="q1", stem="Which?", options=tuple(replace(o, correct=o.id == "a") for o in OPTIONS)
)
MULTIPLE = MultipleItem(id="q2", stem="Which ones?", options=OPTIONS)
SHORT = ShortItem(id="q3", stem="Name it.", accepted=(ShortKey("bond"),))


def parsed(
    item: SingleItem | MultipleItem | ShortItem, values: list[str]
) -> tuple[Response | None, list[str]]:
    try:
        return parse_response(item, values), []
    except InvalidInput as invalid:
        return None, list(invalid.fields)


@pytest.mark.parametrize("item", [SINGLE, MULTIPLE, SHORT])
@pytest.mark.parametrize("values", [[], [""]])
def test_nothing_submitted_is_not_answered(
    item: SingleItem | MultipleItem | ShortItem, values: list[str]
) -> None:
    """No field, or an empty one, is no answer."""
    assert parse_response(item, values) is None


@pytest.mark.parametrize("text", [" ", "\t\n", "\u2003"])
def test_blanks_are_not_an_answer(text: str) -> None:
    """White space alone is no answer."""
    assert parse_response(SHORT, [text]) is None


def test_choices_come_back_in_source_order_and_once() -> None:
    """The order in which the boxes were shown or ticked leaves no trace."""
    response = parse_response(MULTIPLE, ["d", "a", "d"])

    assert response == ChoiceResponse(chosen=("a", "d"))


@pytest.mark.parametrize(
    ("item", "values", "message"),
    [
        (SINGLE, ["z"], UNKNOWN_CHOICE),
        (SINGLE, ["A"], UNKNOWN_CHOICE),
        (SINGLE, ["a", "b"], ONE_CHOICE_ONLY),
        (MULTIPLE, ["a", "z"], UNKNOWN_CHOICE),
        (MULTIPLE, ["a\x00"], UNKNOWN_CHOICE),
        (SHORT, ["bond", "task"], ONE_TEXT_ONLY),
        (SHORT, ["bo\x00nd"], TEXT_UNREADABLE),
        (SHORT, ["bo\x1bnd"], TEXT_UNREADABLE),
        (SHORT, ["bo\ud800nd"], TEXT_UNREADABLE),
        (SHORT, ["x" * (MAX_TEXT_LENGTH + 1)], TEXT_TOO_LONG),
    ],
)
def test_what_cannot_be_an_answer_is_refused(
    item: SingleItem | MultipleItem | ShortItem, values: list[str], message: str
) -> None:
    """A refusal names the field and says what to do."""
    with pytest.raises(InvalidInput) as caught:
        parse_response(item, values)

    assert caught.value.fields == {f"response.{item.id}": message}


def test_pasted_tabs_and_line_ends_become_spaces() -> None:
    """What a word processor puts between words is not held against the student."""
    assert parse_response(SHORT, ["  work\tin\r\nharmony "]) == TextResponse("work in  harmony")


def test_the_longest_text_is_accepted() -> None:
    """500 characters are allowed, blanks around them not counted."""
    text = "x" * MAX_TEXT_LENGTH

    assert parse_response(SHORT, [f"  {text}  "]) == TextResponse(text)


@given(st.lists(st.text(max_size=40), max_size=4))
def test_parsing_answers_or_refuses(values: list[str]) -> None:
    """Whatever is submitted becomes a response, no response, or a named fault."""
    for item in (SINGLE, MULTIPLE, SHORT):
        response, fields = parsed(item, values)

        assert fields in ([], [f"response.{item.id}"])
        assert response is None or response_from_json(response_to_json(response)) == response


@given(st.lists(st.sampled_from("abcd"), unique=True))
def test_a_stored_choice_reads_back(chosen: list[str]) -> None:
    """Storing and reading back changes nothing."""
    response = ChoiceResponse(tuple(chosen))

    assert response_from_json(response_to_json(response)) == response


@pytest.mark.parametrize("stored", [{}, {"chosen": "a"}, {"chosen": [1]}, {"text": 5}])
def test_what_was_never_stored_is_not_guessed_at(stored: dict[str, object]) -> None:
    """A value of another shape is a mistake, not an answer."""
    with pytest.raises(ValueError, match="not a stored response"):
        response_from_json(stored)


CHANGES = [
    replace(SINGLE, stem="Which one?"),
    replace(SINGLE, points=Decimal(2)),
    replace(SINGLE, frame=Frame.EXAM),
    replace(SINGLE, confidence=True),
    replace(SINGLE, options=OPTIONS[:3]),
    replace(SINGLE, options=tuple(reversed(SINGLE.options))),
    replace(SINGLE, options=(replace(SINGLE.options[0], correct=False), *SINGLE.options[1:])),
    replace(SINGLE, options=(replace(SINGLE.options[0], feedback="new"), *SINGLE.options[1:])),
    replace(SINGLE, options=(replace(SINGLE.options[0], text_markdown="n"), *SINGLE.options[1:])),
]


@pytest.mark.parametrize("changed", CHANGES)
def test_another_content_has_another_hash(changed: SingleItem) -> None:
    """Whatever a student sees or is judged by is part of the hash."""
    assert content_hash(changed) != content_hash(SINGLE)


def test_kinds_and_scoring_are_part_of_the_hash() -> None:
    """The same words judged in another way are another item."""
    single = SingleItem(id="q", stem="?", options=OPTIONS)
    multiple = MultipleItem(id="q", stem="?", options=OPTIONS)
    exact = replace(multiple, scoring=MultipleScoring.EXACT)
    short = ShortItem(id="q", stem="?", accepted=(ShortKey("bond"),))
    near = replace(short, accepted=(ShortKey("bond", Decimal("0.5")),))

    assert len({content_hash(item) for item in (single, multiple, exact, short, near)}) == 5


def test_the_vignette_is_part_of_the_hash() -> None:
    """An item of a case changes when its case does."""
    assert content_hash(SINGLE, vignette="Maya") != content_hash(SINGLE)


def test_moving_and_renaming_keep_the_hash() -> None:
    """Line, id, objective and the way a number is written are not content."""
    moved = replace(SINGLE, line=99, id="q9", objective=2, points=Decimal("1.00"))

    assert content_hash(moved) == content_hash(SINGLE)


def test_the_hash_outlives_the_program() -> None:
    """A stored hash stays valid: this one must never change by accident."""
    item = SingleItem(id="q", stem="?", options=(Option("a", "x", correct=True),))

    assert content_hash(item).startswith("4729c09c3af4ad1a")


def test_option_ids_follow_the_source() -> None:
    """An item without options has none."""
    assert MULTIPLE.shown_ids == ("a", "b", "c", "d")
    assert SHORT.shown_ids == ()


def test_further_wordings_are_added_behind() -> None:
    """An accepted wording joins the keys; the item itself stays as it was."""
    richer = with_accepted(SHORT, [("tie", Decimal("0.5"))])

    assert [(key.text, key.share) for key in richer.accepted] == [
        ("bond", Decimal(1)),
        ("tie", Decimal("0.5")),
    ]
    assert len(SHORT.accepted) == 1
