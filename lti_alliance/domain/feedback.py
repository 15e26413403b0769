"""What a student may be shown about an answered item, and when."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from lti_alliance.domain.attempts import FeedbackStage
from lti_alliance.domain.items import (
    ChoiceItem,
    ChoiceResponse,
    Item,
    MultipleItem,
    Response,
    ShortItem,
    SingleItem,
)
from lti_alliance.domain.response_processing import Outcome


class Verdict(StrEnum):
    """How an answer stands, in one word."""

    RIGHT = "right"
    PARTLY = "partly"
    WRONG = "wrong"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class OptionMark:
    """One option as the result shows it; ``correct`` None is not shown."""

    option_id: str
    chosen: bool
    correct: bool | None
    feedback: str
    """Markdown; empty when there is none, or when it may not be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFeedback:
    """What may be shown of one item; the defaults show nothing."""

    verdict: Verdict | None = None
    points: Decimal | None = None
    marks: tuple[OptionMark, ...] = ()
    """One for each option, in source order."""
    message: str = ""
    """Markdown: what the author says to a written answer."""
    accepted: tuple[str, ...] = ()
    """The wordings that would have earned all points."""
    unmatched: bool = False
    """No key knows the written answer; an instructor may still accept it."""


def visible_feedback(
    item: Item, response: Response | None, outcome: Outcome, *, stage: FeedbackStage
) -> ItemFeedback:
    """Select what a student may see of an item at this stage."""
    marks: tuple[OptionMark, ...] = ()
    message = ""
    accepted: tuple[str, ...] = ()
    match item:
        case SingleItem() | MultipleItem():
            marks = _option_marks(item, response, stage=stage)
        case ShortItem():
            message = _key_message(item, outcome, stage=stage)
            accepted = _full_keys(item, stage=stage)
        case _:
            assert_never(item)
    if stage is FeedbackStage.NONE:
        return ItemFeedback(marks=marks)
    return ItemFeedback(
        verdict=_verdict(outcome),
        points=outcome.points,
        marks=marks,
        message=message,
        accepted=accepted,
        unmatched=outcome.unmatched,
    )


def _verdict(outcome: Outcome) -> Verdict:
    if not outcome.answered:
        return Verdict.UNANSWERED
    if outcome.correct:
        return Verdict.RIGHT
    return Verdict.PARTLY if outcome.share > 0 else Verdict.WRONG


def _option_marks(
    item: ChoiceItem, response: Response | None, *, stage: FeedbackStage
) -> tuple[OptionMark, ...]:
    chosen = response.chosen if isinstance(response, ChoiceResponse) else ()
    final = stage is FeedbackStage.FINAL
    shown = {
        FeedbackStage.NONE: frozenset[str](),
        FeedbackStage.BETWEEN_ATTEMPTS: frozenset(chosen),
        FeedbackStage.FINAL: frozenset(option.id for option in item.options),
    }[stage]
    return tuple(
        OptionMark(
            option_id=option.id,
            chosen=option.id in chosen,
            correct=option.correct if final else None,
            feedback=option.feedback if option.id in shown else "",
        )
        for option in item.options
    )


def _key_message(item: ShortItem, outcome: Outcome, *, stage: FeedbackStage) -> str:
    keys = () if stage is FeedbackStage.NONE else outcome.feedback_keys
    # A wording that an instructor accepted later stands behind the author's and has no feedback.
    return next((key.feedback for index, key in enumerate(item.accepted) if str(index) in keys), "")


def _full_keys(item: ShortItem, *, stage: FeedbackStage) -> tuple[str, ...]:
    if stage is not FeedbackStage.FINAL:
        return ()
    return tuple(key.text for key in item.accepted if key.share == 1)
