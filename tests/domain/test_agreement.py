"""Agreement of two markers: counts by criterion, and kappa against figures worked out by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.agreement import agreement, weighted_kappa
from lti_alliance.domain.rubrics import Criterion, Level, Rubric

LEVELS = tuple(Level(n, f"level {n}", f"what {n} looks like") for n in range(1, 5))
RUBRIC = Rubric(
    (
        Criterion("own", "Own contribution", Decimal(2), LEVELS),
        Criterion("step", "Next step", Decimal(1), LEVELS),
    )
)
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40)


def test_each_criterion_is_counted_by_itself() -> None:
    """Exact, within a level, and blank as a level of its own."""
    own, step = agreement(
        RUBRIC,
        [
            ({"own": 3, "step": None}, {"own": 3, "step": 0}),
            ({"own": 2, "step": 4}, {"own": 3, "step": 1}),
            ({"own": 4, "step": 2}, {"own": 1}),
        ],
    )

    assert (own.criterion_id, own.pairs, own.exact, own.within_one) == ("own", 3, 1, 2)
    assert (step.pairs, step.exact, step.within_one) == (2, 1, 1)


@pytest.mark.parametrize(
    ("pairs", "kappa"),
    [
        # Levels chosen: 1 twice, 2 four times, 3 twice. Two levels put together differ by a mean
        # square of 1; those of the pairs by 2/4.
        ([(1, 1), (2, 2), (2, 3), (3, 2)], Fraction(1, 2)),
        # Opposite ends each time: as far below chance as it goes.
        ([(1, 4), (4, 1)], Fraction(-1)),
        # Half of them the same, half at opposite ends: no more than chance.
        ([(1, 1), (4, 4), (1, 4), (4, 1)], Fraction(0)),
        ([(1, 1), (4, 4)], Fraction(1)),
    ],
)
def test_kappa_is_as_worked_out_by_hand(pairs: list[tuple[int, int]], kappa: Fraction) -> None:
    """The mean square of the differences, against that of any two levels put together."""
    assert weighted_kappa(pairs) == Decimal(kappa.numerator) / Decimal(kappa.denominator)


@pytest.mark.parametrize("pairs", [[], [(3, 3)], [(0, 0), (0, 0)]])
def test_without_a_difference_among_levels_there_is_no_kappa(pairs: list[tuple[int, int]]) -> None:
    """Everybody chose the same level always: agreement beyond chance has no meaning."""
    assert weighted_kappa(pairs) is None


@given(pairs=PAIRS, data=st.data())
def test_who_is_called_the_first_changes_nothing(
    pairs: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Kappa is the same with any of the pairs turned round, and never outside -1 to 1."""
    turned = [(b, a) if data.draw(st.booleans()) else (a, b) for a, b in pairs]
    kappa = weighted_kappa(pairs)

    assert weighted_kappa(turned) == kappa
    assert kappa is None or -1 <= kappa <= 1


@given(pairs=PAIRS, shift=st.integers(1, 5))
def test_names_of_levels_change_nothing(pairs: list[tuple[int, int]], shift: int) -> None:
    """Only distances count."""
    assert weighted_kappa([(a + shift, b + shift) for a, b in pairs]) == weighted_kappa(pairs)
