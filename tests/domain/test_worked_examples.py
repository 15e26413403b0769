"""The analysis gives the figures that others have published for the same answers."""

from statistics import pvariance

import pytest

from lti_alliance.domain import coefficients, score_groups
from lti_alliance.domain.item_analysis import Answer, Sheet, item_statistics, quiz_statistics
from tests.domain import worked_examples as examples


def sheets_of(rows: object, *, times: int = 1) -> list[Sheet]:
    """Make sheets of items worth a point each.

    A class that is there several times has the same population figures, and is large enough for
    coefficients to be given.
    """
    return [
        {f"q{number}": Answer(float(share), 1.0) for number, share in enumerate(row)}
        for row in rows
    ] * times


@pytest.fixture(scope="module")
def moodle() -> list[Sheet]:
    """The attempts of Moodle's test, by slot."""
    worth = {slot: 8.0 if slot == 8 else 1.0 for slot in examples.MOODLE_SLOTS}
    return [
        {
            str(slot): Answer(mark / worth[slot], worth[slot])
            for slot, mark in zip(examples.MOODLE_SLOTS, row, strict=True)
        }
        for row in examples.MOODLE_MARKS
    ] * 2


@pytest.mark.parametrize("slot", sorted(examples.MOODLE_EXPECTED))
def test_items_of_moodles_test(moodle: list[Sheet], slot: int) -> None:
    """Facility, discrimination, efficiency and weight, of questions worth 8 points and 1."""
    facility, discrimination, efficiency, weight = examples.MOODLE_EXPECTED[slot]
    found = item_statistics(str(slot), moodle)

    assert found.difficulty * 100 == pytest.approx(facility, abs=1e-6)
    assert found.discrimination * 100 == pytest.approx(discrimination, abs=1e-6)
    assert found.efficiency * 100 == pytest.approx(efficiency, abs=1e-6)
    assert quiz_statistics(moodle).weights[str(slot)] * 100 == pytest.approx(weight, abs=1e-6)


def test_kuder_richardson_of_a_lecture() -> None:
    """With answers of right and wrong alone, alpha is KR-20."""
    rows = [tuple(map(int, line)) for line in examples.KR20_ANSWERS]
    found = quiz_statistics(sheets_of(rows, times=3))
    expected = 10 / 9 * (1 - examples.KR20_SUM / examples.KR20_VARIANCE)

    assert pvariance([sum(row) for row in rows]) == pytest.approx(examples.KR20_VARIANCE)
    assert found.alpha == pytest.approx(expected)
    assert found.error_ratio == pytest.approx((1 - expected) ** 0.5)
    assert found.error == pytest.approx(((1 - expected) * examples.KR20_VARIANCE) ** 0.5 / 10)


def test_alpha_as_canvas_and_r_have_it() -> None:
    """An item that everybody has right is an item all the same."""
    found = quiz_statistics(sheets_of(examples.CANVAS_ROWS, times=10))

    assert found.alpha == pytest.approx(examples.CANVAS_ALPHA, abs=5e-4)
    assert found.deviation * 3 == pytest.approx(examples.CANVAS_DEVIATION)
    assert (found.deviation * 3) ** 2 == pytest.approx(examples.CANVAS_VARIANCE)


@pytest.mark.parametrize(("totals", "upper", "lower", "top", "bottom"), examples.CANVAS_ENDS)
def test_the_best_and_the_weakest_as_canvas_cuts_them(
    totals: tuple[int, ...], upper: float, lower: float, top: int, bottom: int
) -> None:
    """Who ties with the last of a group goes up into it."""
    found = score_groups.ends(totals, top_from=upper, bottom_below=lower)

    assert (len(found.top), len(found.bottom)) == (top, bottom)


def test_skewness_as_a_spreadsheet_has_it() -> None:
    """From k-statistics, as Moodle has it as well."""
    assert coefficients.skewness(examples.SKEWED) == pytest.approx(examples.SKEW, abs=1e-6)
