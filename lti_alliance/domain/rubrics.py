"""Rubrics: criteria with levels, and what a choice of levels is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from lti_alliance.domain.decimals import as_decimal
from lti_alliance.errors import InvalidInput

BLANK = 0
"""The level number of a criterion to which nothing was written; it earns nothing."""

# Messages for the instructor. They hold no values, so that the edge can translate them.
CRITERION_MISSING = "Choose a level for this criterion."
LEVEL_UNKNOWN = "This is not one of the levels of this criterion."
CRITERION_UNKNOWN = "This criterion is not in the rubric."
PERCENT_INVALID = "Write a percentage from 0 to 100."
PERCENT_FALLS = "A higher level cannot earn less than the one below it."


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a criterion; 1 is the lowest."""

    number: int
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One quality that is judged by itself, and how much it counts."""

    id: str
    name: str
    weight: Decimal
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Rubric:
    """The criteria by which a reflection is read."""

    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        if not self.criteria or any(criterion.weight <= 0 for criterion in self.criteria):
            raise ValueError("a rubric needs criteria, each with a weight above zero")


@dataclass(frozen=True, slots=True)
class LevelTable:
    """The share of a criterion's points that each level earns, level 1 first; blank earns none."""

    shares: tuple[Decimal, ...] = (Decimal("0.60"), Decimal("0.75"), Decimal("0.90"), Decimal(1))

    def share(self, level: int | None) -> Decimal:
        """Look up what a level earns; None and 0 are blank."""
        return self.shares[level - 1] if level else Decimal(0)


@dataclass(frozen=True, slots=True)
class CriterionOutcome:
    """What one criterion came to; ``level`` None is blank."""

    criterion_id: str
    level: int | None
    weight: Decimal
    share: Decimal

    @property
    def points(self) -> Decimal:
        """Return the weighted share: of ``weight`` points, this many were earned."""
        return self.weight * self.share


@dataclass(frozen=True, slots=True)
class RubricOutcome:
    """The share of a reflection's points that an assessment comes to, 0 to 1."""

    score: Decimal
    criteria: tuple[CriterionOutcome, ...]


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """An assessment made up to show how levels become points."""

    outcome: RubricOutcome
    weight: Decimal
    """The weights of all criteria together."""
    points: Decimal
    maximum: Decimal


def assess(
    rubric: Rubric, selections: Mapping[str, int | None], table: LevelTable
) -> RubricOutcome:
    """Judge a reflection by one level for each criterion; None means left blank.

    Raises ``InvalidInput`` with fields ``criterion.<id>`` where a level is missing or unknown.
    """
    _check_selections(rubric, selections, table)
    outcomes = tuple(
        CriterionOutcome(
            criterion_id=criterion.id,
            level=selections[criterion.id] or None,
            weight=criterion.weight,
            share=table.share(selections[criterion.id]),
        )
        for criterion in rubric.criteria
    )
    earned = sum(Fraction(outcome.weight) * Fraction(outcome.share) for outcome in outcomes)
    weight = sum(Fraction(outcome.weight) for outcome in outcomes)
    return RubricOutcome(score=as_decimal(Fraction(earned, weight)), criteria=outcomes)


def parse_level_table(values: Mapping[int, str]) -> LevelTable:
    """Read the percentages of the levels 1, 2, ... as an instructor typed them.

    Raises ``InvalidInput`` with fields ``level.<number>``.
    """
    faults: dict[str, str] = {}
    shares: list[Decimal] = []
    for number in sorted(values):
        percent = _parse_percent(values[number])
        if percent is None:
            faults[f"level.{number}"] = PERCENT_INVALID
            continue
        share = percent / 100
        if shares and share < shares[-1]:
            faults[f"level.{number}"] = PERCENT_FALLS
        shares.append(share)
    if faults or not shares:
        raise InvalidInput(faults or {"level.1": PERCENT_INVALID}, code="rubric.levels_invalid")
    return LevelTable(shares=tuple(shares))


def worked_example(rubric: Rubric, table: LevelTable, *, maximum: Decimal) -> WorkedExample:
    """Assess an imagined reflection: one criterion a level below the top, the others at it."""
    top = {criterion.id: len(criterion.levels) for criterion in rubric.criteria}
    first = rubric.criteria[0].id
    outcome = assess(rubric, {**top, first: max(1, top[first] - 1)}, table)
    return WorkedExample(
        outcome=outcome,
        weight=sum((criterion.weight for criterion in rubric.criteria), Decimal(0)),
        points=outcome.score * maximum,
        maximum=maximum,
    )


def _check_selections(
    rubric: Rubric, selections: Mapping[str, int | None], table: LevelTable
) -> None:
    known = {criterion.id: criterion for criterion in rubric.criteria}
    faults = {f"criterion.{name}": CRITERION_UNKNOWN for name in selections if name not in known}
    for criterion in rubric.criteria:
        if criterion.id not in selections:
            faults[f"criterion.{criterion.id}"] = CRITERION_MISSING
            continue
        numbers = {level.number for level in criterion.levels if level.number <= len(table.shares)}
        if (selections[criterion.id] or BLANK) not in numbers | {BLANK}:
            faults[f"criterion.{criterion.id}"] = LEVEL_UNKNOWN
    if faults:
        raise InvalidInput(faults, code="rubric.selection_invalid")


def _parse_percent(text: str) -> Decimal | None:
    """Read ``90``, ``62.5 %`` or ``62,5``; None for anything else or outside 0 to 100."""
    try:
        percent = Decimal(text.strip().removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        return None
    return percent if percent.is_finite() and 0 <= percent <= 100 else None
