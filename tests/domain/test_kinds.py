"""The kinds of item: each reads what a form sends, judges it within bounds, and is told apart."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.items import (
    CHOSEN_TWICE,
    NOT_A_NUMBER,
    UNKNOWN_CHOICE,
    BranchChoice,
    BranchItem,
    BranchNode,
    Entry,
    Item,
    KeyState,
    LineScoring,
    LinesResponse,
    MatchingItem,
    MatchRow,
    NumericItem,
    NumericKey,
    OrderingItem,
    RateItem,
    Reply,
    ScalePoint,
    Target,
    content_hash,
    field_names,
    is_whole,
    parse_response,
    read_confidence,
    response_from_json,
    response_to_json,
    right_choices,
)
from lti_alliance.domain.kinds.written import as_number
from lti_alliance.domain.response_processing import process
from lti_alliance.errors import InvalidInput

MATCHING = MatchingItem(
    id="m",
    stem="?",
    points=Decimal(3),
    rows=tuple(
        MatchRow(id=row, text_markdown=row, target=target)
        for row, target in (("a", "a"), ("b", "b"), ("c", "a"))
    ),
    targets=tuple(Target(target, target) for target in "abc"),
)
ORDERING = OrderingItem(
    id="o",
    stem="?",
    points=Decimal(4),
    entries=tuple(Entry(entry, entry) for entry in "abcde"),
    also=(("b", "a", "c", "d", "e"),),
)
RATE = RateItem(
    id="r",
    stem="?",
    points=Decimal(2),
    scale=tuple(ScalePoint(number, str(number)) for number in (4, 3, 2, 1)),
    replies=tuple(
        Reply(id=reply, text_markdown=reply, value=value)
        for reply, value in (("a", 4), ("b", 3), ("c", 2), ("d", 1))
    ),
)
NUMERIC = NumericItem(
    id="n",
    stem="?",
    accepted=(
        NumericKey(low=Decimal("7.5"), high=Decimal("8.5")),
        NumericKey(low=Decimal(28), high=Decimal(28), share=Decimal("0.25")),
    ),
)


def node(name: str, *ways: tuple[str, int]) -> BranchNode:
    return BranchNode(
        id=name,
        text_markdown=name,
        choices=tuple(
            BranchChoice(id=str(number), text_markdown=to, to=to, points=points)
            for number, (to, points) in enumerate(ways)
        ),
    )


BRANCH = BranchItem(
    id="b",
    stem="",
    points=Decimal(4),
    nodes=(
        node("start", ("push", 0), ("notice", 2)),
        node("notice", ("good", 2), ("push", -3)),
        node("push"),
        node("good"),
    ),
)
EVERY = (MATCHING, ORDERING, RATE, NUMERIC, BRANCH)


def share(item: Item, *values: str) -> Decimal:
    return process(item, parse_response(item, values)).share


def fault(item: Item, *values: str) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        parse_response(item, values)
    return dict(refused.value.fields)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("a:a", "b:b", "c:a"), "1"),
        (("a:a", "b:c", "c:a"), "0.6666666666666666666666666667"),
        (("b:b",), "0.3333333333333333333333333333"),
        (("a:c", "b:c", "c:c"), "0"),
    ],
)
def test_matching_gives_the_share_of_rows(values: tuple[str, ...], expected: str) -> None:
    """Half an answer earns what of it is right; exact asks for all."""
    exact = replace(MATCHING, scoring=LineScoring.EXACT)

    assert share(MATCHING, *values) == Decimal(expected)
    assert share(exact, *values) == (1 if expected == "1" else 0)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("abcde", Fraction(1)),
        ("bacde", Fraction(1)),  # as right as the first
        ("abced", 1 - Fraction(2, 12)),
        ("edcba", Fraction(0)),
        ("acbde", 1 - Fraction(2, 12)),
    ],
)
def test_ordering_takes_off_what_is_out_of_place(order: str, expected: Fraction) -> None:
    """Displacements over the most there can be, from the nearest of the right orders."""
    values = [f"{entry}:{place}" for place, entry in enumerate(order, start=1)]
    scored = process(ORDERING, parse_response(ORDERING, values))
    exact = share(replace(ORDERING, scoring=LineScoring.EXACT), *values)

    assert scored.share == Decimal(expected.numerator) / Decimal(expected.denominator)
    assert exact == (1 if expected == 1 else 0)


def test_half_an_order_earns_nothing() -> None:
    """Places missing or given twice can be saved, and are no order."""
    for values in (("a:1", "b:2"), ("a:3", "b:3", "c:3", "d:3", "e:3")):
        response = parse_response(ORDERING, values)

        assert process(ORDERING, response).share == 0
        assert not is_whole(ORDERING, response)


def test_no_order_of_a_few_scores_below_nothing() -> None:
    """Every permutation of up to five lies between nothing and everything, and one is the key."""
    scores = [
        share(ORDERING, *(f"{entry}:{place}" for place, entry in enumerate(order, start=1)))
        for order in permutations("abcde")
    ]

    assert min(scores) == 0
    assert scores.count(Decimal(1)) == 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("a:4", "b:3", "c:2", "d:1"), "1"),
        (("a:3", "b:3", "c:2", "d:1"), "0.875"),
        (("a:2", "b:1", "c:4", "d:3"), "0"),
        (("a:4",), "0.25"),
    ],
)
def test_a_rating_one_step_off_earns_half(values: tuple[str, ...], expected: str) -> None:
    """The mean over all replies, those left out included."""
    assert share(RATE, *values) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("8", "1"), ("7,5", "1"), ("8.51", "0"), ("28", "0.25"), (" 8 %", "1"), ("-8", "0")],
)
def test_a_number_earns_what_its_range_says(text: str, expected: str) -> None:
    """Ends included; a comma is a point; a sign counts."""
    assert share(NUMERIC, text) == Decimal(expected)


@pytest.mark.parametrize("text", ["eight", "1e9", "1,2,3", "NaN", "inf", "--5", "9" * 60, "8 %%"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """With words that say what to write."""
    assert fault(NUMERIC, text) == {"response.n": NOT_A_NUMBER}


def test_a_way_earns_its_points_over_the_best() -> None:
    """Losses count, and never below nothing; a way that stops early earns what it has."""
    assert BRANCH.best == 4
    assert share(BRANCH, "start:1", "notice:0") == 1
    assert share(BRANCH, "start:1") == Decimal("0.5")
    assert share(BRANCH, "start:1", "notice:1") == 0
    assert share(BRANCH, "start:0") == 0


def test_a_way_is_read_from_its_start() -> None:
    """What does not follow from the start belongs to a way that was left."""
    left = parse_response(BRANCH, ["notice:0", "start:0"])

    assert left is not None
    assert response_to_json(left) == {"path": ["start:0"]}
    assert parse_response(BRANCH, ["notice:0"]) is None
    assert is_whole(BRANCH, left)
    assert not is_whole(BRANCH, parse_response(BRANCH, ["start:1"]))
    assert fault(BRANCH, "start:7") == {"response.b": UNKNOWN_CHOICE}


def test_a_draft_key_counts_for_nothing() -> None:
    """It is judged all the same, for the feedback."""
    draft = replace(RATE, key=KeyState.DRAFT)
    outcome = process(draft, parse_response(draft, ["a:4", "b:3", "c:2", "d:1"]))

    assert (outcome.share, outcome.points, outcome.maximum) == (1, 0, 0)
    assert outcome.correct
    assert process(draft, None).maximum == 0


@pytest.mark.parametrize("item", [MATCHING, ORDERING, RATE])
def test_lines_refuse_what_is_not_theirs(item: Item) -> None:
    """An unknown line, an unknown answer, and two answers to one line."""
    field = f"response.{item.id}"
    one, other = item.choice_ids[:2]

    assert fault(item, f"z:{one}") == {field: UNKNOWN_CHOICE}
    assert fault(item, "a:z") == {field: UNKNOWN_CHOICE}
    assert fault(item, f"a:{one}", f"a:{other}") == {field: CHOSEN_TWICE}
    assert parse_response(item, ["", "a:"]) is None


@pytest.mark.parametrize("item", EVERY)
def test_a_response_survives_storage(item: Item) -> None:
    """What is stored comes back as it was, for each kind."""
    values = {"numeric": ["7.5"], "branch": ["start:1", "notice:0"]}.get(
        item.kind, [f"a:{item.choice_ids[0]}"] if item.choice_ids else []
    )
    response = parse_response(item, values)

    assert response is not None
    assert response_from_json(response_to_json(response)) == response


@given(item=st.sampled_from(EVERY), values=st.lists(st.text(max_size=20), max_size=6))
def test_any_text_is_read_or_refused(item: Item, values: list[str]) -> None:
    """Nothing that a form can send breaks a kind, and no outcome leaves its bounds."""
    try:
        response = parse_response(item, values)
    except InvalidInput:
        assert set(fault(item, *values)) == {f"response.{item.id}"}
        return
    outcome = process(item, response)

    assert 0 <= outcome.share <= 1
    assert 0 <= outcome.points <= item.points


@given(data=st.data())
def test_the_order_of_lines_changes_nothing(data: st.DataObject) -> None:
    """A form may send its lines in any order."""
    item = data.draw(st.sampled_from([MATCHING, ORDERING, RATE]))
    values = [f"{line}:{data.draw(st.sampled_from(item.choice_ids))}" for line in item.shown_ids]
    shuffled = data.draw(st.permutations(values))

    assert parse_response(item, shuffled) == parse_response(item, values)


@pytest.mark.parametrize("item", [MATCHING, ORDERING, RATE])
def test_the_key_earns_everything(item: Item) -> None:
    """And is whole."""
    response = LinesResponse(right_choices(item))  # type: ignore[arg-type]

    assert process(item, response).correct
    assert is_whole(item, response)


def test_each_part_has_a_field() -> None:
    """One for each line or moment, beside the one of the item."""
    assert field_names(MATCHING) == ("response.m", "response.m.a", "response.m.b", "response.m.c")
    assert "response.b.notice" in field_names(BRANCH)
    assert field_names(NUMERIC) == ("response.n",)


@pytest.mark.parametrize("item", EVERY)
def test_a_changed_key_makes_another_item(item: Item) -> None:
    """The hash follows what is asked and how it is judged, for each kind."""
    changed = {
        "m": {"scoring": LineScoring.EXACT},
        "o": {"also": ()},
        "r": {"key": KeyState.DRAFT},
        "n": {"accepted": NUMERIC.accepted[:1]},
        "b": {"nodes": (replace(BRANCH.nodes[0], text_markdown="Other."), *BRANCH.nodes[1:])},
    }[item.id]

    assert content_hash(replace(item, **changed)) != content_hash(item)
    assert content_hash(replace(item, id="other", line=9)) == content_hash(item)


def test_how_sure_somebody_is() -> None:
    """One of three, or nothing."""
    assert read_confidence(NUMERIC, ["2"]) == 2
    assert read_confidence(NUMERIC, [""]) is None
    for wrong in (["0"], ["4"], ["1", "2"], ["x"]):
        with pytest.raises(InvalidInput) as refused:
            read_confidence(NUMERIC, wrong)
        assert list(refused.value.fields) == ["confidence.n"]


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-9999, max_value=9999)
)
def test_numbers_read_as_they_are_written(number: Decimal) -> None:
    """With a point or a comma, with blanks between thousands, with a proper minus."""
    text = f"{number:f}"

    assert as_number(text) == number
    assert as_number(text.replace(".", ",")) == number
    assert as_number(text.replace("-", "\N{MINUS SIGN}")) == number
