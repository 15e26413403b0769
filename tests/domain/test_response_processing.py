"""Judging: exact shares, and a verdict for whatever may be written."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.items import (
    ChoiceResponse,
    MultipleItem,
    MultipleScoring,
    Option,
    ShortItem,
    ShortKey,
    SingleItem,
    TextResponse,
    with_accepted,
)
from lti_alliance.domain.response_processing import process
from lti_alliance.domain.wordings import matches, normalise

SINGLE = SingleItem(
    id="s", stem="?", points=Decimal(2), options=tuple(Option(i, i, i == "b") for i in "abcd")
)
MULTIPLE = MultipleItem(
    id="m", stem="?", points=Decimal(3), options=tuple(Option(i, i, i in "abc") for i in "abcde")
)
SHORT = ShortItem(
    id="w",
    stem="?",
    points=Decimal(2),
    accepted=(
        ShortKey("meta-communication"),
        ShortKey("bond"),
        ShortKey("immediacy", Decimal("0.5"), "Close."),
    ),
)
ITEMS = (SINGLE, MULTIPLE, SHORT)


def judge(scoring: MultipleScoring, chosen: str) -> Decimal:
    item = replace(MULTIPLE, scoring=scoring)
    return process(item, ChoiceResponse(tuple(chosen))).points


@pytest.mark.parametrize("item", ITEMS)
def test_no_answer_earns_nothing_and_is_not_called_wrong(
    item: SingleItem | MultipleItem | ShortItem,
) -> None:
    """An unanswered item has no verdict."""
    outcome = process(item, None)

    assert (outcome.points, outcome.correct, outcome.answered) == (0, None, False)
    assert outcome.maximum == item.points


@pytest.mark.parametrize(("chosen", "points"), [("b", 2), ("a", 0), ("z", 0)])
def test_a_single_item_is_right_or_wrong(chosen: str, points: int) -> None:
    """Only the right option earns the points."""
    outcome = process(SINGLE, ChoiceResponse((chosen,)))

    assert (outcome.points, outcome.correct) == (points, points == 2)
    assert outcome.feedback_keys == (chosen,)


@pytest.mark.parametrize(
    ("chosen", "points"),
    [("abc", 3), ("ab", 2), ("a", 1), ("abcd", 2), ("abcde", 1), ("ade", 0), ("de", 0), ("ad", 0)],
)
def test_right_minus_wrong(chosen: str, points: int) -> None:
    """A wrong choice takes back a right one, never more than was earned."""
    assert judge(MultipleScoring.RIGHT_MINUS_WRONG, chosen) == points


@pytest.mark.parametrize(("chosen", "points"), [("abc", 3), ("ab", 0), ("abcd", 0), ("de", 0)])
def test_exact(chosen: str, points: int) -> None:
    """All of the right options and no other, or nothing."""
    assert judge(MultipleScoring.EXACT, chosen) == points


@pytest.mark.parametrize(
    ("chosen", "points"), [("abc", "3"), ("ab", "2.4"), ("abcd", "2.4"), ("de", "0"), ("d", "0.6")]
)
def test_per_option(chosen: str, points: str) -> None:
    """Each option counts: chosen if right, left alone if wrong."""
    assert judge(MultipleScoring.PER_OPTION, chosen) == Decimal(points)


def test_thirds_of_three_points_are_whole_points() -> None:
    """Points are exact where the share cannot be written in digits."""
    outcome = process(MULTIPLE, ChoiceResponse(("a",)))

    assert outcome.points == 1
    assert outcome.share == Decimal("0.3333333333333333333333333333")


@pytest.mark.parametrize(
    "text",
    [
        "bond",
        " Bond. ",
        "BONDS",
        "“bond”",
        "bônd",
        "bond!?",
        "ｂｏｎｄ",
        "bo\u00adnd",
        "metacommunication",
        "meta communication",
        "Meta‑Communications",
        "meta – communication",
    ],
)
def test_spelling_variants_are_accepted(text: str) -> None:
    """Case, accents, width, dashes, spaces, end punctuation and the plural make no difference."""
    outcome = process(SHORT, TextResponse(text))

    assert (outcome.correct, outcome.unmatched) == (True, False)


@pytest.mark.parametrize("text", ["bondage", "bo nd", "not bond", "???", "", "communication", "b"])
def test_an_unknown_wording_is_not_correct_and_is_flagged(text: str) -> None:
    """What no key knows waits for an instructor."""
    outcome = process(SHORT, TextResponse(text))

    assert (outcome.points, outcome.correct, outcome.unmatched) == (0, False, True)


def test_a_near_wording_earns_its_share() -> None:
    """Part of the points, and known to the keys."""
    outcome = process(SHORT, TextResponse("Immediacy"))

    assert (outcome.points, outcome.share, outcome.correct) == (1, Decimal("0.5"), False)
    assert (outcome.unmatched, outcome.feedback_keys) == (False, ("2",))


def test_the_best_of_several_matching_wordings_counts() -> None:
    """A wording accepted later may be worth more than the near key it repeats."""
    item = with_accepted(SHORT, [("immediacy", Decimal(1))])

    assert process(item, TextResponse("immediacy")).correct is True


@pytest.mark.parametrize(
    ("key", "answer", "same"),
    [
        ("activity", "activities", True),
        ("processes", "process", True),
        ("hypothesis", "hypotheses", True),
        ("case", "cases", True),
        ("goals and tasks", "goal and task", True),
        ("congruence", "congruences", True),
        ("bus", "bu", False),
        ("stress", "stres", False),
        ("client's", "client’s", True),
        (".28", "28", False),
        (".28", "0.28", False),
        ("-0.3", "0.3", False),
        ("−0.3", "-0.3", True),
        ("8", "8%", True),
        ("8", "8.", True),
        ("self disclosure", "self-disclosure", True),
        ("selfdisclosure", "self disclosure", False),
    ],
)
def test_matching(key: str, answer: str, same: bool) -> None:
    """Plurals and hyphens are forgiven, signs and digits are not."""
    assert matches(key, answer) is same
    assert matches(answer, key) is same


def test_a_response_of_another_kind_is_a_mistake_of_ours() -> None:
    """A response is judged only by the kind of item it was given to."""
    with pytest.raises(TypeError, match="single"):
        process(SINGLE, TextResponse("b"))


@given(st.text(max_size=600))
def test_judging_is_total_over_text(text: str) -> None:
    """Any text has an outcome within the points of the item."""
    outcome = process(SHORT, TextResponse(text))

    assert 0 <= outcome.points <= SHORT.points
    assert outcome.points == outcome.share * SHORT.points
    assert outcome.unmatched is (outcome.points == 0)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text: str) -> None:
    """A normalised wording can be stored and compared again."""
    once = normalise(text)

    assert normalise(once) == once
    assert matches(once, text) is bool(once.replace("-", "").split())


def shares(draw: st.DrawFn) -> MultipleItem:
    keys = draw(st.lists(st.booleans(), min_size=2, max_size=8))
    points = draw(st.decimals(min_value="0.01", max_value=100, places=2))
    options = tuple(Option(chr(97 + n), str(n), right) for n, right in enumerate(keys))
    scoring = draw(st.sampled_from(MultipleScoring))
    return MultipleItem(id="m", stem="?", points=points, options=options, scoring=scoring)


multiple_items = st.composite(shares)()


@given(multiple_items, st.data())
def test_a_share_is_between_nothing_and_all(item: MultipleItem, data: st.DataObject) -> None:
    """Every choice earns from 0 to the points, and only the key earns all of them."""
    ids = [option.id for option in item.options]
    chosen = data.draw(st.lists(st.sampled_from(ids), unique=True))
    outcome = process(item, ChoiceResponse(tuple(chosen)))
    key = {option.id for option in item.options if option.correct}

    assert 0 <= outcome.points <= item.points
    assert 0 <= outcome.share <= 1
    assert outcome.correct is (set(chosen) == key)


@given(multiple_items, st.data())
def test_permuting_options_changes_nothing(item: MultipleItem, data: st.DataObject) -> None:
    """Neither the order of the options nor that of the choices matters."""
    ids = [option.id for option in item.options]
    chosen = data.draw(st.lists(st.sampled_from(ids), unique=True))
    shuffled = list(item.options)
    random.Random(data.draw(st.integers())).shuffle(shuffled)
    before = process(item, ChoiceResponse(tuple(chosen)))
    after = process(replace(item, options=tuple(shuffled)), ChoiceResponse(tuple(chosen[::-1])))

    assert (before.share, before.points, before.correct) == (
        after.share,
        after.points,
        after.correct,
    )
