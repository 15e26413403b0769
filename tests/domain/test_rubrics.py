"""Rubrics: levels become a share, and a table of levels is read from a form."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.rubrics import (
    CRITERION_MISSING,
    CRITERION_UNKNOWN,
    LEVEL_UNKNOWN,
    PERCENT_FALLS,
    PERCENT_INVALID,
    Criterion,
    Level,
    LevelTable,
    Rubric,
    assess,
    parse_level_table,
    worked_example,
)
from lti_alliance.errors import InvalidInput

LEVELS = tuple(Level(n, f"level {n}", f"what {n} looks like") for n in range(1, 5))
RUBRIC = Rubric(
    (
        Criterion("own", "Own contribution", Decimal(2), LEVELS),
        Criterion("concepts", "Use of concepts", Decimal(1), LEVELS),
        Criterion("step", "Next step", Decimal(1), LEVELS),
    )
)
TABLE = LevelTable()


@pytest.mark.parametrize(
    ("own", "concepts", "step", "score"),
    [
        (4, 4, 4, "1"),
        (3, 4, 4, "0.95"),
        (1, 1, 1, "0.6"),
        (None, None, None, "0"),
        (None, 4, 4, "0.5"),
        (0, 2, 2, "0.375"),
    ],
)
def test_the_score_is_the_weighted_mean_of_the_levels(
    own: int | None, concepts: int | None, step: int | None, score: str
) -> None:
    """Each criterion counts by its weight; a blank one earns nothing."""
    outcome = assess(RUBRIC, {"own": own, "concepts": concepts, "step": step}, TABLE)

    assert outcome.score == Decimal(score)


def test_each_criterion_says_what_it_came_to() -> None:
    """Points of a criterion are its weight times the share of its level."""
    outcome = assess(RUBRIC, {"own": 3, "concepts": None, "step": 1}, TABLE)

    assert [(c.criterion_id, c.level, c.points) for c in outcome.criteria] == [
        ("own", 3, Decimal("1.80")),
        ("concepts", None, 0),
        ("step", 1, Decimal("0.60")),
    ]


def test_every_criterion_needs_a_level_that_exists() -> None:
    """Missing, unknown and foreign selections are all named at once."""
    with pytest.raises(InvalidInput) as caught:
        assess(RUBRIC, {"own": 5, "step": -1, "other": 1}, TABLE)

    assert caught.value.fields == {
        "criterion.other": CRITERION_UNKNOWN,
        "criterion.own": LEVEL_UNKNOWN,
        "criterion.concepts": CRITERION_MISSING,
        "criterion.step": LEVEL_UNKNOWN,
    }


def test_a_level_that_the_table_does_not_know_is_unknown() -> None:
    """A shorter table never ends in an index error."""
    short = LevelTable((Decimal("0.5"), Decimal(1)))

    with pytest.raises(InvalidInput):
        assess(RUBRIC, {"own": 3, "concepts": 1, "step": 1}, short)


levels = st.one_of(st.none(), st.integers(0, 4))
tables = st.lists(st.decimals(min_value=0, max_value=1, places=4), min_size=4, max_size=4).map(
    lambda shares: LevelTable(tuple(sorted(shares)))
)


@given(levels, levels, levels, tables)
def test_a_score_is_between_nothing_and_all_and_never_falls(
    own: int | None, concepts: int | None, step: int | None, table: LevelTable
) -> None:
    """Raising a level never lowers the score."""
    score = assess(RUBRIC, {"own": own, "concepts": concepts, "step": step}, table).score
    raised = min((own or 0) + 1, 4)
    higher = assess(RUBRIC, {"own": raised, "concepts": concepts, "step": step}, table).score

    assert 0 <= score <= higher <= 1


@pytest.mark.parametrize(
    "rubric",
    [(), (Criterion("a", "A", Decimal(0), LEVELS),)],
)
def test_a_rubric_has_weight(rubric: tuple[Criterion, ...]) -> None:
    """A rubric without criteria, or with a weightless one, cannot be made."""
    with pytest.raises(ValueError, match="weight"):
        Rubric(rubric)


def test_a_level_table_is_read_as_it_is_typed() -> None:
    """Percent signs, blanks and a decimal comma are understood."""
    table = parse_level_table({2: " 62,5 %", 1: "50", 3: "90%", 4: "100"})

    assert table.shares == (Decimal("0.5"), Decimal("0.625"), Decimal("0.9"), Decimal(1))


@pytest.mark.parametrize("text", ["", "x", "-1", "100.1", "NaN", "Infinity", "1e9", "٥٠٠"])
def test_a_level_is_worth_0_to_100_percent(text: str) -> None:
    """Anything else is refused in its own field."""
    with pytest.raises(InvalidInput) as caught:
        parse_level_table({1: text, 2: "100"})

    assert caught.value.fields == {"level.1": PERCENT_INVALID}


def test_a_higher_level_never_earns_less() -> None:
    """A table that falls is refused where it falls."""
    with pytest.raises(InvalidInput) as caught:
        parse_level_table({1: "60", 2: "50", 3: "90", 4: "80"})

    assert caught.value.fields == {"level.2": PERCENT_FALLS, "level.4": PERCENT_FALLS}


def test_a_table_has_levels() -> None:
    """An empty form is refused."""
    with pytest.raises(InvalidInput):
        parse_level_table({})


def test_the_worked_example_adds_up() -> None:
    """The example is judged by the same function as a student."""
    example = worked_example(RUBRIC, TABLE, maximum=Decimal(10))

    assert (example.points, example.weight, example.maximum) == (Decimal("9.5"), 4, 10)
    assert [c.level for c in example.outcome.criteria] == [3, 4, 4]
