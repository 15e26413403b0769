"""What a student may be shown about an answered item, and when."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from lti_alliance.domain.attempts import FeedbackStage
from lti_alliance.domain.items import (
    BranchItem,
    ChoiceItem,
    ChoiceResponse,
    Item,
    LinesItem,
    LinesResponse,
    MatchingItem,
    MultipleItem,
    NumericItem,
    NumericKey,
    OrderingItem,
    PathResponse,
    RateItem,
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
class LineMark:
    """One line of a matching, ordering or rate item as the result shows it."""

    line_id: str
    given: str | None
    """The id of the answer that was chosen."""
    right: str | None = None
    """The id of the answer in the key; None is not shown."""
    verdict: Verdict | None = None
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceMark:
    """One choice at a moment of a dialogue; ``points`` None is not shown."""

    choice_id: str
    chosen: bool
    points: int | None = None
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMark:
    """One moment of the way through a dialogue, with its choices; none where the way ended."""

    node_id: str
    choices: tuple[ChoiceMark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFeedback:
    """What may be shown of one item; the defaults show nothing."""

    verdict: Verdict | None = None
    points: Decimal | None = None
    marks: tuple[OptionMark, ...] = ()
    """One for each option, in source order."""
    lines: tuple[LineMark, ...] = ()
    """One for each line, in source order."""
    steps: tuple[StepMark, ...] = ()
    """The way through a dialogue, from its start."""
    message: str = ""
    """Markdown: what the author says to a written answer."""
    accepted: tuple[str, ...] = ()
    """The wordings or numbers that would have earned all points."""
    unmatched: bool = False
    """No key knows the written answer; an instructor may still accept it."""
    is_counted: bool = True
    """Whether the item counts; one whose key is a draft does not."""


def visible_feedback(
    item: Item, response: Response | None, outcome: Outcome, *, stage: FeedbackStage
) -> ItemFeedback:
    """Select what a student may see of an item at this stage."""
    shown = _shown(item, response, outcome, stage=stage)
    if stage is FeedbackStage.NONE:
        return shown
    return replace(
        shown,
        verdict=verdict_of(outcome),
        points=outcome.points,
        unmatched=outcome.unmatched,
        is_counted=item.worth > 0,
    )


def _shown(
    item: Item, response: Response | None, outcome: Outcome, *, stage: FeedbackStage
) -> ItemFeedback:
    match item:
        case SingleItem() | MultipleItem():
            return ItemFeedback(marks=_option_marks(item, response, stage=stage))
        case MatchingItem() | OrderingItem() | RateItem():
            return ItemFeedback(lines=_line_marks(item, response, stage=stage))
        case BranchItem():
            return ItemFeedback(steps=_step_marks(item, response, stage=stage))
        case ShortItem() | NumericItem():
            return ItemFeedback(
                message=_key_message(item, outcome, stage=stage),
                accepted=_full_keys(item, stage=stage),
            )
        case _:
            assert_never(item)


def verdict_of(outcome: Outcome) -> Verdict:
    """Say in one word how an answer stands."""
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


def _line_marks(
    item: LinesItem, response: Response | None, *, stage: FeedbackStage
) -> tuple[LineMark, ...]:
    given = response if isinstance(response, LinesResponse) else LinesResponse({})
    if stage is FeedbackStage.NONE:
        return tuple(LineMark(line_id=i, given=given.pairs.get(i)) for i in item.shown_ids)
    final = stage is FeedbackStage.FINAL
    return tuple(
        LineMark(
            line_id=line_id,
            given=given.pairs.get(line_id),
            right=right if final else None,
            verdict=_line_verdict(item, line_id, given.pairs.get(line_id), right),
            # What belongs to a line says what its answer is, so that it waits for the key; what
            # is said of a rating does so too.
            feedback=feedback if final else "",
        )
        for line_id, right, feedback in _line_keys(item, given)
    )


def _line_keys(item: LinesItem, given: LinesResponse) -> tuple[tuple[str, str, str], ...]:
    """Return each line with the id of its right answer and its feedback, in source order."""
    match item:
        case MatchingItem():
            return tuple((row.id, row.target, row.feedback) for row in item.rows)
        case OrderingItem():
            order = item.closest(given)
            return tuple(
                (entry.id, str(order.index(entry.id) + 1), entry.feedback) for entry in item.entries
            )
        case RateItem():
            return tuple((reply.id, str(reply.value), reply.feedback) for reply in item.replies)


def _line_verdict(item: LinesItem, line_id: str, given: str | None, right: str) -> Verdict:
    if given is None:
        return Verdict.UNANSWERED
    if given == right:
        return Verdict.RIGHT
    if isinstance(item, RateItem):
        reply = next(reply for reply in item.replies if reply.id == line_id)
        return Verdict.PARTLY if item.share_of(reply, given) > 0 else Verdict.WRONG
    return Verdict.WRONG


def _step_marks(
    item: BranchItem, response: Response | None, *, stage: FeedbackStage
) -> tuple[StepMark, ...]:
    """Return the way that was gone; with the key also what the other choices would have done."""
    path = response if isinstance(response, PathResponse) else None
    final, between = stage is FeedbackStage.FINAL, stage is FeedbackStage.BETWEEN_ATTEMPTS
    return tuple(
        StepMark(
            node_id=step.node.id,
            choices=tuple(
                ChoiceMark(
                    choice_id=choice.id,
                    chosen=choice is step.choice,
                    points=choice.points if final else None,
                    feedback=choice.feedback
                    if final or (between and choice is step.choice)
                    else "",
                )
                for choice in step.node.choices
            ),
        )
        for step in item.walk(path)
    )


def _key_message(item: ShortItem | NumericItem, outcome: Outcome, *, stage: FeedbackStage) -> str:
    keys = () if stage is FeedbackStage.NONE else outcome.feedback_keys
    # A wording that an instructor accepted later stands behind the author's and has no feedback.
    said = (key.feedback for key in item.accepted)
    return next((text for index, text in enumerate(said) if str(index) in keys), "")


def _full_keys(item: ShortItem | NumericItem, *, stage: FeedbackStage) -> tuple[str, ...]:
    if stage is not FeedbackStage.FINAL:
        return ()
    if isinstance(item, NumericItem):
        return tuple(_range_words(key) for key in item.accepted if key.share == 1)
    return tuple(key.text for key in item.accepted if key.share == 1)


def _range_words(key: NumericKey) -> str:
    if key.low == key.high:
        return f"{key.low.normalize():f}"
    return f"{key.low.normalize():f}–{key.high.normalize():f}"
