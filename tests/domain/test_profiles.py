"""Profiles: shares of points by aspect, and silence where there are too few items."""

from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.item_analysis import Answer
from lti_alliance.domain.items import Aspect
from lti_alliance.domain.profiles import MIN_ITEMS, TaggedSheets, profile

TRUST = {f"q{number}": Aspect.TRUST for number in range(MIN_ITEMS)}


def of(activities: list[TaggedSheets], aspect: Aspect = Aspect.TRUST):
    return next(each for each in profile(activities) if each.aspect is aspect)


def test_points_are_added_up() -> None:
    """A question of two points counts twice as much; others are about something else."""
    sheet = {"q0": Answer(1, 2), "q1": Answer(0.5, 1), "q2": Answer(0, 1), "other": Answer(1, 9)}
    found = of([TaggedSheets(TRUST, (sheet, sheet))])

    assert (found.items, found.people, found.share) == (3, 2, 2.5 / 4)
    assert of([TaggedSheets(TRUST, (sheet,))], Aspect.HARMONY).items == 0


def test_of_fewer_than_three_questions_nothing_is_said() -> None:
    """Two are counted and not rated, and one that makes no points is not counted at all."""
    sheet = {"q0": Answer(1, 1), "q1": Answer(1, 1), "q2": Answer(1, 0)}
    found = of([TaggedSheets(TRUST, (sheet,))])

    assert (found.items, found.share) == (2, None)


def test_activities_are_taken_together() -> None:
    """Two questions here and one there are three."""
    one = TaggedSheets(TRUST, ({"q0": Answer(1, 1), "q1": Answer(1, 1)},))
    other = TaggedSheets(TRUST, ({"q2": Answer(0, 1)}, {"q2": Answer(0, 1)}))
    found = of([one, other])

    assert (found.items, found.people, found.share) == (3, 2, 0.5)


@given(st.lists(st.lists(st.floats(0, 1), min_size=MIN_ITEMS, max_size=MIN_ITEMS), min_size=1))
def test_a_share_is_a_share(rows: list[list[float]]) -> None:
    """Whatever is answered: from 0 to 1, and within what the best and the weakest earned."""
    sheets = tuple(
        {f"q{number}": Answer(share, 1) for number, share in enumerate(row)} for row in rows
    )
    found = of([TaggedSheets(TRUST, sheets)])

    assert found.share is not None
    assert min(map(min, rows)) - 1e-9 <= found.share <= max(map(max, rows)) + 1e-9
