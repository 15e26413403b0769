"""Item analysis: against figures worked out by hand, and against properties that must hold."""

from statistics import correlation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.calibration import calibrate
from lti_alliance.domain.item_analysis import (
    Answer,
    Flag,
    Sheet,
    item_statistics,
    mean_share,
    quiz_statistics,
)


def sheet(*shares: float, chosen: str = "", sure: int | None = None) -> Sheet:
    """Make a sheet of items q0, q1, … worth a point each."""
    return {
        f"q{number}": Answer(share, 1.0, (chosen,) if chosen and not number else (), sure)
        for number, share in enumerate(shares)
    }


# Four people, three items, ten times over: variances of the items 3/16, 1/4, 3/16; of the totals
# (3, 2, 1, 0) 5/4; alpha = 3/2 · (1 - 0.625 / 1.25) = 0.75.
LADDER = [sheet(1, 1, 1), sheet(1, 1, 0), sheet(1, 0, 0), sheet(0, 0, 0)] * 10


def test_alpha_and_error_are_as_worked_out_by_hand() -> None:
    """Cronbach's formula with population variances; the error is SD · sqrt(1 - alpha)."""
    found = quiz_statistics(LADDER)

    assert (found.count, found.common_items) == (40, 3)
    assert found.mean == pytest.approx(0.5)
    assert found.deviation == pytest.approx((1.25**0.5) / 3)
    assert found.alpha == pytest.approx(0.75)
    assert found.error == pytest.approx((1.25**0.5) * 0.5 / 3)


def test_an_item_is_compared_with_the_rest() -> None:
    """Difficulty is the mean; discrimination leaves the item out of the total."""
    found = item_statistics("q1", LADDER)
    rests = [1, 0.5, 0.5, 0] * 10

    assert found.difficulty == pytest.approx(0.5)
    assert found.discrimination == pytest.approx(correlation([1, 1, 0, 0] * 10, rests))
    assert found.flags == ()


def test_under_thirty_there_are_counts_and_flags_only() -> None:
    """A coefficient of a small class is chance more than quality."""
    few = LADDER[:28]

    assert quiz_statistics(few).alpha is None
    assert item_statistics("q1", few).discrimination is None
    assert item_statistics("q1", few).difficulty == pytest.approx(0.5)
    assert quiz_statistics([]).mean is None
    assert item_statistics("q1", []).difficulty is None


def test_distractors_are_counted_with_the_rest_of_their_choosers() -> None:
    """A distractor whose choosers do better than the key's is called out; a rare one as well."""
    good = [sheet(0, 1, 1, chosen="b") for _ in range(12)]
    weak = [sheet(1, 0, 0, chosen="a") for _ in range(12)]
    found = item_statistics("q0", good + weak, options={"a": True, "b": False, "c": False})

    assert [(use.count, use.share, use.mean_rest) for use in found.options] == [
        (12, 0.5, 0.0),
        (12, 0.5, 1.0),
        (0, 0.0, None),
    ]
    assert set(found.flags) == {Flag.NEGATIVE, Flag.MISKEYED, Flag.RARE_DISTRACTOR}


@pytest.mark.parametrize(("share", "flag"), [(0.0, Flag.HARD), (1.0, Flag.EASY)])
def test_an_item_at_an_end_is_called_out(share: float, flag: Flag) -> None:
    """Nearly nobody or nearly everybody has it right; nothing varies, so nothing is related."""
    found = item_statistics("q0", [sheet(share, 1, 0)] * 40)

    assert found.flags == (flag,)
    assert found.discrimination is None


def test_what_was_not_drawn_is_not_counted() -> None:
    """A pool gives each person other items: difficulty is of those who had it, alpha of none."""
    halves = [{"a": Answer(1, 1)}, {"b": Answer(0, 1)}] * 20

    assert item_statistics("a", halves).count == 20
    assert item_statistics("a", halves).difficulty == 1
    assert quiz_statistics(halves).common_items == 0
    assert quiz_statistics(halves).alpha is None


def test_being_sure_and_being_right() -> None:
    """By degree of sureness; degrees that nobody chose are left out."""
    found = calibrate([sheet(1, sure=3), sheet(0, sure=3), sheet(1, sure=1), sheet(0)])

    assert [(each.sure, each.count, each.mean) for each in found] == [(1, 1, 1.0), (3, 2, 0.5)]


def test_items_of_one_kind_are_taken_together() -> None:
    """Such as those that ask from one point of view."""
    assert mean_share([sheet(1, 0), sheet(0, 0)], frozenset({"q0"})) == (2, 0.5)
    assert mean_share([], frozenset({"q0"})) == (0, None)


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=4, max_size=4),
        min_size=30,
        max_size=40,
    )
)
def test_coefficients_stay_in_their_bounds(rows: list[list[float]]) -> None:
    """Whatever is answered: alpha at most 1, correlations from -1 to 1, shares from 0 to 1."""
    sheets = [sheet(*row) for row in rows]
    whole = quiz_statistics(sheets)
    items = [item_statistics(f"q{number}", sheets) for number in range(4)]

    assert whole.alpha is None or whole.alpha <= 1 + 1e-9
    assert all(i.discrimination is None or -1.000001 <= i.discrimination <= 1.000001 for i in items)
    assert all(0 <= (i.difficulty or 0) <= 1 for i in items)
