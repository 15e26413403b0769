"""What an instructor may decide about a grade beside the work: a score by hand, an excuse."""

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from lti_alliance.domain.scoring import ActivityScore
from lti_alliance.errors import InvalidInput

MAX_REASON = 500
"""Characters of the reason that goes with a decision."""

# Messages for the instructor, without values, so that the edge can translate them.
SCORE_INVALID = "Write a number of points from 0 up to the most that the activity gives."
SCORE_TOO_FINE = "Write at most two decimals."
REASON_MISSING = "Write a reason; it is kept with the score and shown to the student."
REASON_TOO_LONG = "Shorten the reason to 500 characters."
KIND_INVALID = "Choose one of the offered values."


class AdjustmentKind(StrEnum):
    """What was decided."""

    SCORE = "score"
    EXCUSED = "excused"
    """The activity counts for nothing; no score is sent."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A decision about one person's grade; ``score`` is empty for whoever is excused."""

    kind: AdjustmentKind
    score: Decimal | None = None


def parse_adjustment(kind: str, score: str, *, maximum: Decimal) -> Adjustment:
    """Read a decision as it was typed.

    Raises ``InvalidInput`` with the fields `kind` and `score`.
    """
    try:
        wanted = AdjustmentKind(kind)
    except ValueError:
        raise InvalidInput({"kind": KIND_INVALID}, code="adjustment.invalid") from None
    if wanted is AdjustmentKind.EXCUSED:
        return Adjustment(wanted)
    return Adjustment(wanted, _parse_score(score, maximum))


def parse_reason(text: str) -> str:
    """Read the reason of a decision; raises ``InvalidInput`` where there is none."""
    reason = " ".join(text.split())
    if not reason or not reason.isprintable():
        raise InvalidInput({"reason": REASON_MISSING}, code="adjustment.invalid")
    if len(reason) > MAX_REASON:
        raise InvalidInput({"reason": REASON_TOO_LONG}, code="adjustment.invalid")
    return reason


def adjusted(score: ActivityScore, adjustment: Adjustment | None) -> ActivityScore:
    """Return the score with the decision applied; the parts stay as the work made them.

    A score by hand that is above the maximum of today, because the points were lowered since, is
    cut to it.
    """
    if adjustment is None:
        return score
    if adjustment.score is None:
        return replace(score, score=None)
    return replace(score, score=min(adjustment.score, score.maximum))


def _parse_score(text: str, maximum: Decimal) -> Decimal:
    try:
        points = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        points = Decimal(-1)
    if not points.is_finite() or not 0 <= points <= maximum:
        raise InvalidInput({"score": SCORE_INVALID}, code="adjustment.invalid")
    if int(points.as_tuple().exponent) < -2:
        raise InvalidInput({"score": SCORE_TOO_FINE}, code="adjustment.invalid")
    return points
