"""Judging: an item and a response become an outcome, exactly and without side effects."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from lti_alliance.domain.decimals import as_decimal
from lti_alliance.domain.items import Item, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a response came to: ``share`` of the points, 0 to 1."""

    item_id: str
    share: Decimal
    points: Decimal
    maximum: Decimal
    """Zero for an item whose key is a draft: it counts for nothing."""
    answered: bool
    correct: bool | None
    """True for the whole points, False for less; None when nothing was answered."""
    unmatched: bool = False
    """A written answer that no key knows: not correct for now, worth a look by the instructor."""
    feedback_keys: tuple[str, ...] = ()
    """What was chosen, or the index of the accepted answer that matched."""


def process(item: Item, response: Response | None) -> Outcome:
    """Judge a response to an item.

    Total over anything that ``parse_response`` reads. Raises ``TypeError`` for a response that
    belongs to another kind of item.
    """
    if response is None:
        return Outcome(
            item_id=item.id,
            share=Decimal(0),
            points=Decimal(0),
            maximum=item.worth,
            answered=False,
            correct=None,
        )
    judged = item.judge(response)
    return Outcome(
        item_id=item.id,
        share=as_decimal(judged.share),
        # One division at the end: a third of three points is one point.
        points=as_decimal(judged.share * Fraction(item.worth)),
        maximum=item.worth,
        answered=True,
        correct=judged.share == 1,
        unmatched=judged.unmatched,
        feedback_keys=judged.feedback_keys,
    )
