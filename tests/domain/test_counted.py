"""Rows in which entries stand for many: everything is as with the row written out in full."""

from collections.abc import Sequence
from itertools import chain, repeat
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain import coefficients, counted, score_groups

FIGURES = st.sampled_from([0.0, 0.1, 1 / 3, 0.5, 0.7, 2 / 3, 1.0])
Entry = tuple[float, float, int]
ENTRIES = st.lists(st.tuples(FIGURES, FIGURES, st.integers(1, 40)), min_size=1, max_size=12)


def written_out(values: Sequence[float], counts: Sequence[int]) -> list[float]:
    return list(chain.from_iterable(map(repeat, values, counts)))


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(1, 30_000)), max_size=8))
def test_a_sum_is_the_same_to_the_last_digit(entries: list[tuple[float, int]]) -> None:
    """However many an entry stands for, nothing is rounded but the sum."""
    values, counts = [value for value, _ in entries], [count for _, count in entries]

    assert counted.total(values, counts) == fsum(written_out(values, counts))


@given(ENTRIES)
def test_coefficients_are_those_of_the_row_written_out(entries: list[Entry]) -> None:
    """Spread, lopsidedness, and what an item has to do with the rest."""
    own, rests, counts = ([entry[i] for entry in entries] for i in range(3))
    full, full_rests = written_out(own, counts), written_out(rests, counts)

    assert coefficients.variance(own, counts) == coefficients.variance(full)
    assert coefficients.skewness(own, counts) == coefficients.skewness(full)
    assert coefficients.correlation(own, rests, counts) == coefficients.correlation(
        full, full_rests
    )
    assert coefficients.efficiency(own, rests, counts) == coefficients.efficiency(full, full_rests)


@given(ENTRIES)
def test_groups_of_people_are_those_of_the_row_written_out(entries: list[Entry]) -> None:
    """The same people at the ends, the same fifths, the same tenths."""
    own, rests, counts = ([entry[i] for entry in entries] for i in range(3))
    full, full_rests = written_out(own, counts), written_out(rests, counts)
    at, full_at = score_groups.ends(rests, counts), score_groups.ends(full_rests)

    assert score_groups.people_at(at.top, counts) == len(full_at.top)
    assert score_groups.people_at(at.bottom, counts) == len(full_at.bottom)
    assert score_groups.upper_lower(own, at, counts) == score_groups.upper_lower(full, full_at)
    assert score_groups.curve(own, rests, counts) == score_groups.curve(full, full_rests)
    assert score_groups.distribution(own, counts) == score_groups.distribution(full)


def test_two_rows_are_put_together() -> None:
    """Pairs that are the same are one entry."""
    assert counted.pairs([1, 0, 1], [2, 2, 2]) == ([1, 0], [2, 2], [2, 1])
    with pytest.raises(ValueError, match="zip"):
        counted.pairs([1], [])
