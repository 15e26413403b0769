"""Agreement of two markers about the same texts: exact, within a level, weighted kappa."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from lti_alliance.domain.decimals import as_decimal
from lti_alliance.domain.rubrics import BLANK, Rubric

Selections = Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionAgreement:
    """How far two markers chose the same levels of one criterion."""

    criterion_id: str
    pairs: int
    """Texts for which both chose a level; blank is a level like the others."""
    exact: int
    within_one: int
    """The same level or a neighbour of it."""
    kappa: Decimal | None
    """Quadratically weighted, 1 at best; None where everybody always chose the same level."""


def agreement(
    rubric: Rubric, pairs: Sequence[tuple[Selections, Selections]]
) -> tuple[CriterionAgreement, ...]:
    """Compare the levels that two markers chose, criterion by criterion.

    The two of a pair may be different people each time, so that which of them is called the first
    means nothing, and changes nothing.
    """
    return tuple(_about(criterion.id, pairs) for criterion in rubric.criteria)


def weighted_kappa(pairs: Sequence[tuple[int, int]]) -> Decimal | None:
    """Return the agreement beyond chance, with disagreements counted by the square of their size.

    Cohen's weighted kappa (1968) with the chance term of Scott (1955): both markers are taken to
    draw from one distribution, that of all levels chosen. None where nothing could disagree.
    """
    chosen = Counter(level for pair in pairs for level in pair)
    by_chance = sum(
        chosen[one] * chosen[other] * (one - other) ** 2 for one in chosen for other in chosen
    )
    if by_chance == 0:
        return None
    seen = sum((one - other) ** 2 for one, other in pairs)
    # The mean square of the differences seen, against that of any two levels put together.
    return as_decimal(1 - Fraction(seen, len(pairs)) / Fraction(by_chance, chosen.total() ** 2))


def _about(criterion_id: str, pairs: Sequence[tuple[Selections, Selections]]) -> CriterionAgreement:
    levels = [
        (one[criterion_id] or BLANK, other[criterion_id] or BLANK)
        for one, other in pairs
        if criterion_id in one and criterion_id in other
    ]
    return CriterionAgreement(
        criterion_id=criterion_id,
        pairs=len(levels),
        exact=sum(one == other for one, other in levels),
        within_one=sum(abs(one - other) <= 1 for one, other in levels),
        kappa=weighted_kappa(levels),
    )
