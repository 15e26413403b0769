"""Grouping a class by what it answered, beside the definitions written out person by person."""

from random import Random
from statistics import correlation, fmean, pvariance

import pytest

from lti_alliance.domain.answer_groups import groups_of, sheets_of
from lti_alliance.domain.calibration import calibrate
from lti_alliance.domain.item_analysis import (
    Answer,
    ItemStatistics,
    Sheet,
    item_statistics,
    mean_share,
    quiz_statistics,
)

ITEMS = [f"q{number}" for number in range(7)]
COMMON = ITEMS[:3]
WORTH = dict(zip(ITEMS, (1.0, 2.0, 0.5, 1.0, 1.0, 3.0, 1.0), strict=True))
OPTIONS = {"a": True, "b": False, "c": False}
ABILITY = 0.9


def drawn_class(count: int = 90) -> list[Sheet]:
    """Draw people of every ability; each is given the common items and two others."""
    chance = Random(11)
    known = {
        (item_id, chosen, sure): Answer(share, WORTH[item_id], tuple(chosen), sure)
        for item_id in ITEMS
        for chosen, share in (("a", 1.0), ("b", 0.0), ("c", 0.0), ("ab", 1 / 3), ("", 0.0))
        for sure in (None, 1, 2, 3)
    }
    sheets = []
    for number in range(count):
        given = COMMON + chance.sample(ITEMS[3:], 2)
        is_able = number / count * ABILITY
        sheets.append(
            {
                item_id: known[
                    item_id,
                    "a" if chance.random() < is_able else chance.choice(["a", "b", "c", "ab", ""]),
                    chance.choice([None, 1, 2, 3]),
                ]
                for item_id in given
            }
        )
    return sheets


CLASS = drawn_class()
MADE = [sum(a.share * a.worth for a in sheet.values()) for sheet in CLASS]
COULD = [sum(a.worth for a in sheet.values()) for sheet in CLASS]
SCORES = [made / could for made, could in zip(MADE, COULD, strict=True)]


def rest(place: int, item_id: str) -> float:
    """Return what somebody earned with the other items."""
    answer = CLASS[place][item_id]
    return (MADE[place] - answer.share * answer.worth) / (COULD[place] - answer.worth)


def places(item_id: str, option: str = "") -> list[int]:
    """Return who was given an item, or chose an option of it."""
    return [
        place
        for place, sheet in enumerate(CLASS)
        if item_id in sheet and (not option or option in sheet[item_id].chosen)
    ]


@pytest.fixture(params=ITEMS)
def item(request: pytest.FixtureRequest) -> ItemStatistics:
    """An item, described."""
    return item_statistics(request.param, CLASS, options=OPTIONS)


def test_an_item_is_as_defined(item: ItemStatistics) -> None:
    """Difficulty and discrimination, one person after the other."""
    given = places(item.item_id)
    own = [CLASS[place][item.item_id].share for place in given]
    rests = [rest(place, item.item_id) for place in given]

    assert item.count == len(given)
    assert item.difficulty == fmean(own)
    assert item.discrimination == pytest.approx(correlation(own, rests), rel=1e-9)
    assert sum(point.count for point in item.curve) == len(given)


def test_the_ends_are_as_defined(item: ItemStatistics) -> None:
    """At the top is who reaches the score at 73 %, at the bottom who is below that at 27 %."""
    given = places(item.item_id)
    ranked = sorted(round(SCORES[place], 9) for place in given)
    upper, lower = (ranked[round(len(given) * part)] for part in (0.73, 0.27))
    top = [place for place in given if round(SCORES[place], 9) >= upper]
    bottom = [place for place in given if round(SCORES[place], 9) < lower]
    means = [fmean(CLASS[place][item.item_id].share for place in end) for end in (top, bottom)]

    assert (item.top, item.bottom) == (len(top), len(bottom))
    assert item.upper_lower == pytest.approx(means[0] - means[1], rel=1e-9)
    for use in item.options:
        by = set(places(item.item_id, use.option_id))
        assert (use.top, use.bottom) == (len(by.intersection(top)), len(by.intersection(bottom)))


def test_options_are_as_defined(item: ItemStatistics) -> None:
    """Who chose each, and how they did with the rest."""
    for use in item.options:
        by = places(item.item_id, use.option_id)
        assert use.count == len(by)
        assert use.share == len(by) / item.count
        assert use.mean_rest == pytest.approx(fmean(rest(p, item.item_id) for p in by), rel=1e-9)


def test_the_quiz_is_as_defined() -> None:
    """Mean and spread of all scores; alpha over what everybody was given."""
    found = quiz_statistics(CLASS)
    points = {i: [sheet[i].share * sheet[i].worth for sheet in CLASS] for i in COMMON}
    sums = [sum(row) for row in zip(*points.values(), strict=True)]
    within = sum(pvariance(column) for column in points.values())

    assert (found.count, found.common_items) == (len(CLASS), len(COMMON))
    assert found.mean == pytest.approx(fmean(SCORES), rel=1e-12)
    assert found.deviation == pytest.approx(pvariance(SCORES) ** 0.5, rel=1e-9)
    assert found.alpha == pytest.approx(1.5 * (1 - within / pvariance(sums)), rel=1e-9)


def test_degrees_and_frames_are_as_defined() -> None:
    """All answers of one degree of sureness, and all to some items, are taken together."""
    answers = [answer for sheet in CLASS for answer in sheet.values()]
    some = [sheet[i].share for sheet in CLASS for i in ("q1", "q5") if i in sheet]

    for each in calibrate(CLASS):
        shares = [answer.share for answer in answers if answer.sure == each.sure]
        assert (each.count, each.mean) == (len(shares), fmean(shares))
    assert mean_share(CLASS, frozenset({"q1", "q5"})) == (len(some), fmean(some))


def test_sheets_come_back_from_their_groups() -> None:
    """Nobody and nothing is lost, or in two groups."""
    groups = groups_of(CLASS)

    assert sheets_of(groups) == dict(enumerate(CLASS))
    assert all(
        sum(len(group.people) for group in of_item) == len(places(item_id))
        for item_id, of_item in groups.items()
    )
