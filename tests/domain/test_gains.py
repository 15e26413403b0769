"""Before and after: a published example, and what is not said of few people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.gains import MIN_PEOPLE, compare, t_quantile
from tests.domain import worked_examples as examples

SHARES = st.integers(0, 100).map(lambda number: number / 100)


def test_the_films_of_a_paper_on_effect_sizes() -> None:
    """The interval as printed, and d_av from the printed deviations."""
    pairs = list(zip(examples.SECOND_FILM, examples.FIRST_FILM, strict=True))
    found = compare(pairs, at_least=10)
    low, high = examples.FILM_INTERVAL

    assert found.difference == pytest.approx(1)
    assert found.interval == pytest.approx((low, high), abs=0.005)
    assert found.d_av == pytest.approx(2 / sum(examples.FILM_DEVIATIONS), abs=0.005)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(5, 2.5706), (9, 2.2622), (29, 2.0452), (60, 2.0003), (120, 1.9799)]
)
def test_quantiles_as_tables_print_them(freedom: int, quantile: float) -> None:
    """Of Student's t, two-sided 95 %."""
    assert t_quantile(freedom, 0.975) == pytest.approx(quantile, abs=5e-4)


def test_of_what_there_was_to_gain() -> None:
    """From 40 % to 70 % half of the missing 60 % was gained."""
    pairs = [(0.3, 0.6), (0.5, 0.8)] * 15
    found = compare(pairs)

    assert found.hake == pytest.approx(0.5)
    assert found.difference == pytest.approx(0.3)


def test_of_few_people_there_are_counts_and_means() -> None:
    """No interval and no effect; of nobody not even means."""
    found = compare([(0.5, 1.0)] * (MIN_PEOPLE - 1))

    assert (found.people, found.before, found.after) == (29, 0.5, 1.0)
    assert (found.difference, found.interval, found.d_av, found.hake) == (None,) * 4
    assert compare([]).before is None


def test_where_nothing_varies_there_is_no_effect_size() -> None:
    """And nothing to gain for those who know everything before."""
    found = compare([(1.0, 1.0)] * MIN_PEOPLE)

    assert (found.d_av, found.hake, found.difference) == (None, None, 0)


@given(st.lists(st.tuples(SHARES, SHARES), min_size=MIN_PEOPLE, max_size=50))
def test_the_difference_lies_in_its_interval(pairs: list[tuple[float, float]]) -> None:
    """And turned round it is the same with the other sign."""
    found, back = compare(pairs), compare([(after, before) for before, after in pairs])

    assert found.interval[0] - 1e-9 <= found.difference <= found.interval[1] + 1e-9
    assert back.difference == pytest.approx(-found.difference)
    assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]))
