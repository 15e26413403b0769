"""Items as they were judged, cut down to what may be shown of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from lti_alliance.content import markup
from lti_alliance.domain.attempts import FeedbackStage, item_stage
from lti_alliance.domain.feedback import ItemFeedback, LineMark, OptionMark, visible_feedback
from lti_alliance.domain.modules import Module
from lti_alliance.domain.response_processing import Outcome
from lti_alliance.web.quiz_items import Answered, QuizItem, quiz_items
from lti_alliance.web.quiz_parts import ShownLine, ShownOption


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One line of an answered item; ``right`` is empty where it is not shown."""

    text: Markup
    given: Markup
    right: Markup
    verdict: str
    feedback: Markup


@dataclass(frozen=True, slots=True)
class ResultChoice:
    """One choice at a moment of a dialogue; ``points`` None is not shown."""

    text: Markup
    chosen: bool
    points: int | None
    feedback: Markup


@dataclass(frozen=True, slots=True)
class ResultStep:
    """One moment of the way that was gone."""

    text: Markup
    choices: tuple[ResultChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """One item as it was judged, cut down to what may be shown."""

    shown: QuizItem
    feedback: ItemFeedback
    marks: tuple[ShownOption, ...]
    lines: tuple[ResultLine, ...]
    steps: tuple[ResultStep, ...]
    message: Markup


def item_results(
    sheet: Answered, outcomes: Mapping[str, Outcome], *, stage: FeedbackStage
) -> list[ItemResult]:
    """Prepare the items that were judged with what may be shown of that.

    ``outcomes`` are those of a handed-in attempt, or of what was checked in one under way.
    """
    return [
        as_result(
            shown,
            visible_feedback(
                shown.item,
                sheet.responses.get(shown.item.id),
                outcomes[shown.item.id],
                stage=item_stage(stage, is_checked=shown.item.id in sheet.checked),
            ),
            sheet.module,
        )
        for shown in quiz_items(sheet)
        if shown.item.id in outcomes
    ]


def as_result(shown: QuizItem, feedback: ItemFeedback, module: Module) -> ItemResult:
    """Put one item together with what may be shown of how it was judged."""
    marks = {mark.option_id: mark for mark in feedback.marks}
    lines = {mark.line_id: mark for mark in feedback.lines}
    return ItemResult(
        shown=shown,
        feedback=feedback,
        marks=tuple(_mark(o, marks[o.id], module) for o in shown.options),
        lines=tuple(_line(line, lines[line.id], shown, module) for line in shown.lines),
        steps=_result_steps(shown, feedback, module),
        message=markup.render_inline(feedback.message, sources=module.sources),
    )


def _line(line: ShownLine, mark: LineMark, shown: QuizItem, module: Module) -> ResultLine:
    texts = {answer.id: answer.text for answer in shown.answers}
    return ResultLine(
        text=line.text,
        given=texts.get(mark.given or "", Markup()),
        right=texts.get(mark.right or "", Markup()),
        verdict=mark.verdict or "",
        feedback=markup.render_inline(mark.feedback, sources=module.sources),
    )


def _result_steps(
    shown: QuizItem, feedback: ItemFeedback, module: Module
) -> tuple[ResultStep, ...]:
    return tuple(
        ResultStep(
            text=step.text,
            choices=tuple(
                ResultChoice(
                    text=choice.text,
                    chosen=mark.chosen,
                    points=mark.points,
                    feedback=markup.render_inline(mark.feedback, sources=module.sources),
                )
                for choice, mark in zip(step.choices, marked.choices, strict=True)
            ),
        )
        for step, marked in zip(shown.steps, feedback.steps, strict=True)
    )


def _mark(option: ShownOption, mark: OptionMark, module: Module) -> ShownOption:
    return ShownOption(
        id=option.id,
        text=option.text,
        chosen=mark.chosen,
        correct=mark.correct,
        feedback=markup.render_inline(mark.feedback, sources=module.sources),
    )
