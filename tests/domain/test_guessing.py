"""What an item gives away by chance, against figures worked out by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.guessing import guess_share
from lti_alliance.domain.items import (
    BranchItem,
    Entry,
    LineScoring,
    MatchingItem,
    MatchRow,
    MultipleItem,
    Option,
    OrderingItem,
    RateItem,
    Reply,
    ScalePoint,
    ShortItem,
    ShortKey,
    SingleItem,
    Target,
)

ENTRIES = tuple(Entry(name, name) for name in "abc")
SCALE = tuple(ScalePoint(number, str(number)) for number in (1, 2, 3))


def option(name: str, *, correct: bool = False) -> Option:
    return Option(id=name, text_markdown=name, correct=correct)


def test_one_of_four() -> None:
    """A quarter."""
    options = (option("a", correct=True), option("b"), option("c"), option("d"))

    assert guess_share(SingleItem(id="i", stem="?", options=options)) == Fraction(1, 4)


def test_ticks_at_random() -> None:
    """One right, one wrong: right alone 1, wrong alone 0, both 0; a third in the mean."""
    item = MultipleItem(id="i", stem="?", options=(option("a", correct=True), option("b")))

    assert guess_share(item) == Fraction(1, 3)


@pytest.mark.parametrize(
    ("scoring", "share"), [(LineScoring.PER_ROW, "1/3"), (LineScoring.EXACT, "1/9")]
)
def test_statements_matched_at_random(scoring: LineScoring, share: str) -> None:
    """Each of two statements has one chance in three."""
    item = MatchingItem(
        id="i",
        stem="?",
        rows=tuple(MatchRow(id=name, text_markdown=name, target=name) for name in "ab"),
        targets=tuple(Target(name, name) for name in "abc"),
        scoring=scoring,
    )

    assert guess_share(item) == Fraction(share)


def test_orders_at_random() -> None:
    """Three entries: displacements 0, 2, 2, 4, 4, 4 of at most 4; exactly right one in six."""
    near = OrderingItem(id="i", stem="?", entries=ENTRIES)
    exact = OrderingItem(id="i", stem="?", entries=ENTRIES, scoring=LineScoring.EXACT)

    assert guess_share(near) == Fraction(1 + 1, 6)
    assert guess_share(exact) == Fraction(1, 6)


def test_ratings_at_random() -> None:
    """The key in the middle of three earns 1/2, 1, 1/2; at an end 1, 1/2, 0."""
    replies = (
        Reply(id="a", text_markdown="a", value=2),
        Reply(id="b", text_markdown="b", value=1),
    )
    item = RateItem(id="i", stem="?", scale=SCALE, replies=replies)

    assert guess_share(item) == Fraction(2 + Fraction(3, 2)) / 6


def test_words_are_not_guessed() -> None:
    """Nothing is earned by chance; of a conversation nobody can say."""
    short = ShortItem(id="i", stem="?", accepted=(ShortKey(text="bond", share=Decimal(1)),))
    items = [item for module in Catalogue.load().list() for item in module.quiz.items]
    branch = next(item for item in items if isinstance(item, BranchItem))

    assert guess_share(short) == 0
    assert guess_share(branch) is None


def test_every_shipped_item_gives_less_than_all_away() -> None:
    """Chance earns at least nothing, and never everything."""
    for module in Catalogue.load().list():
        for item in module.quiz.items:
            share = guess_share(item)

            assert share is None or 0 <= share < 1, item.id
