"""Groups by score: nobody is lost, ties stay together, the order is from weak to strong."""

from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain import coefficients
from lti_alliance.domain.score_groups import curve, distribution, ends, upper_lower

SHARES = st.sampled_from([number / 10 for number in range(11)])
ROWS = st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=60)


def test_the_difference_between_the_best_and_the_weakest() -> None:
    """Ten people: three at the top, three at the bottom."""
    totals = [number / 10 for number in range(10)]
    own = [0, 0, 1, 0, 0, 0, 0, 1, 1, 1]
    at = ends(totals)

    assert at.top == {7, 8, 9}
    assert at.bottom == {0, 1, 2}
    assert upper_lower(own, at) == 1 - 1 / 3


def test_fifths() -> None:
    """Ten people, two in each, from the weakest in the rest."""
    rests = [number / 10 for number in range(10)]
    found = curve([0, 0, 0, 1, 0, 1, 1, 1, 1, 1], rests)

    assert [(point.group, point.count, point.share) for point in found] == [
        (1, 2, 0),
        (2, 2, 0.5),
        (3, 2, 0.5),
        (4, 2, 1),
        (5, 2, 1),
    ]


def test_a_full_score_is_in_the_last_tenth() -> None:
    """And 0.3, which is a little less than 3 · 0.1 in binary, in the fourth."""
    found = distribution([0, 0.3, 1 - 0.7, 1])

    assert [each.count for each in found] == [1, 0, 0, 2, 0, 0, 0, 0, 0, 1]


def test_of_nobody_there_are_no_groups() -> None:
    """And no difference."""
    assert ends([]).top == frozenset()
    assert curve([], []) == ()
    assert upper_lower([], ends([])) is None


@given(ROWS)
def test_nobody_is_lost_and_ties_stay_together(rows: list[tuple[float, float]]) -> None:
    """In the curve as in the ends; nobody is at both ends."""
    own, rests = [one for one, _ in rows], [rest for _, rest in rows]
    found, at = curve(own, rests), ends(rests)

    assert sum(point.count for point in found) == len(rows)
    assert [point.rest for point in found] == sorted(point.rest for point in found)
    assert sum(each.count for each in distribution(own)) == len(rows)
    assert at.top
    assert not at.top & at.bottom
    for group in (at.top, at.bottom):
        values = {rests[place] for place in group}
        assert all(place in group for place, rest in enumerate(rests) if rest in values)


@given(ROWS)
def test_efficiency_is_at_most_one(rows: list[tuple[float, float]]) -> None:
    """No row goes together better than in order; where nothing varies there is none."""
    own, rests = [one for one, _ in rows], [rest for _, rest in rows]
    found = coefficients.efficiency(own, rests)

    assert (found is None) == (len(set(own)) == 1 or len(set(rests)) == 1)
    assert found is None or found <= 1 + 1e-9


@given(st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=2))
def test_effective_weights_make_up_the_whole(rows: list[tuple[float, float, float]]) -> None:
    """All of them together are 1, unless nothing varies."""
    columns = {name: [row[place] for row in rows] for place, name in enumerate("abc")}
    weights = [weight for weight in coefficients.effective_weights(columns).values() if weight]

    assert not weights or abs(sum(weights) - 1) < 1e-9
