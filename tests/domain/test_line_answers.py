"""Ratings against the key, and orders against the right one."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.items import Entry, OrderingItem, RateItem, Reply, ScalePoint
from lti_alliance.domain.line_answers import Swap, orders, ratings

ITEM = OrderingItem(id="o", stem="?", entries=tuple(Entry(name, name) for name in "abcd"))
RATE = RateItem(
    id="r",
    stem="?",
    # The steps count, not the numbers: 1 and 3 are neighbours here.
    scale=tuple(ScalePoint(number, str(number)) for number in (4, 3, 1)),
    replies=(
        Reply(id="a", text_markdown="a", value=4),
        Reply(id="b", text_markdown="b", value=1),
    ),
)


def placed(order: str) -> dict[str, str]:
    return {entry: str(place) for place, entry in enumerate(order, start=1)}


def test_ratings_are_described() -> None:
    """Mean, population deviation, how many say what the key says and how many are a step off."""
    one, other = ratings(RATE, [{"a": "4", "b": "3"}, {"a": "1"}, {"a": "4", "b": "1"}])

    assert (one.count, one.agree, one.near) == (3, 2, 0)
    assert one.mean == pytest.approx(3)
    assert one.deviation == pytest.approx(2**0.5)
    assert (other.count, other.agree, other.near) == (2, 1, 1)
    assert ratings(RATE, [])[0].mean is None


def test_orders_are_described() -> None:
    """By how many places an entry is off in the mean, and which two are swapped most."""
    found = orders(ITEM, [placed("bacd"), placed("bacd"), placed("abdc"), placed("abcd")])

    assert found.count == 4
    assert found.displacement == pytest.approx(6 / 16)
    assert found.swap == Swap("a", "b", 2)


def test_of_swaps_as_frequent_the_neighbours_are_named() -> None:
    """The whole order turned round swaps every pair once."""
    assert orders(ITEM, [placed("dcba")]).swap == Swap("a", "b", 1)


def test_half_an_order_says_nothing() -> None:
    """Nor does none; and a right one has no swap."""
    assert orders(ITEM, [{"a": "1"}]).count == 0
    assert orders(ITEM, []).displacement is None
    assert orders(ITEM, [placed("abcd")]).swap is None


def test_an_order_that_is_as_right_counts_as_right() -> None:
    """The nearest right order is the one that is compared with."""
    item = OrderingItem(id="o", stem="?", entries=ITEM.entries, also=(("b", "a", "c", "d"),))

    assert orders(item, [placed("bacd")]).displacement == 0


@given(st.lists(st.sampled_from(["".join(p) for p in permutations("abcd")]), min_size=1))
def test_the_displacement_is_what_the_points_were_taken_off_for(given_orders: list[str]) -> None:
    """Near-miss scoring takes off the displacement as a share of the most there can be."""
    pairs = [placed(order) for order in given_orders]
    shares = [float(ITEM.judge(ITEM.read([f"{e}:{n}" for e, n in p.items()])).share) for p in pairs]
    found = orders(ITEM, pairs)

    assert found.displacement == pytest.approx(sum(8 * (1 - s) for s in shares) / len(pairs) / 4)
    assert (found.swap is None) == all(order == "abcd" for order in given_orders)
