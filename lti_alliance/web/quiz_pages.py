"""What the pages of a quiz show: items to answer, items as they were judged, the last look."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from markupsafe import Markup

from lti_alliance.content import markup
from lti_alliance.domain.attempts import FeedbackStage
from lti_alliance.domain.feedback import ItemFeedback, LineMark, OptionMark, visible_feedback
from lti_alliance.domain.items import (
    BranchItem,
    ChoiceItem,
    ChoiceResponse,
    Item,
    LinesItem,
    LinesResponse,
    MatchingItem,
    MultipleItem,
    NumberResponse,
    NumericItem,
    OrderingItem,
    PathResponse,
    RateItem,
    Response,
    ShortItem,
    SingleItem,
    TextResponse,
    confidence_field,
    field_names,
    is_whole,
    key_response,
    response_field,
)
from lti_alliance.domain.modules import Module
from lti_alliance.domain.response_processing import Outcome, process
from lti_alliance.errors import InvalidInput
from lti_alliance.models import Attempt
from lti_alliance.services.attempts import Sheet

_PLAIN_PARAGRAPH = re.compile(r"(?![>*+|#\-`]|\d+[.)]\s)")


@dataclass(frozen=True, slots=True)
class ShownOption:
    """One option in the order in which this student was given it."""

    id: str
    text: Markup
    chosen: bool = False
    correct: bool | None = None
    feedback: Markup = field(default_factory=Markup)


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One of the answers to choose from beside each line."""

    id: str
    text: Markup


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line beside which an answer is chosen."""

    id: str
    text: Markup
    field: str
    chosen: str = ""


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One moment of a dialogue, with the choices there; an end has none."""

    id: str
    text: Markup
    field: str
    choices: tuple[ShownOption, ...] = ()

    @property
    def chosen(self) -> ShownOption | None:
        """What was chosen here."""
        return next((choice for choice in self.choices if choice.chosen), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuizItem:
    """One item on a page, with what has been answered so far."""

    number: int
    item: Item
    stem: Markup
    rest: Markup
    """The stem after its first paragraph."""
    vignette: Markup
    """The case, as far as it has not been shown with an item above."""
    options: tuple[ShownOption, ...] = ()
    chosen: frozenset[str] = frozenset()
    text: str = ""
    lines: tuple[ShownLine, ...] = ()
    answers: tuple[ShownAnswer, ...] = ()
    """What may be chosen beside each line."""
    steps: tuple[ShownStep, ...] = ()
    """A dialogue from its start up to where it stands."""
    sure: int | None = None
    """How sure the student is, from 1 to 3."""
    is_answered: bool = False
    """Whether all of it has been answered."""
    is_begun: bool = False
    """Whether some of it has been answered."""

    @property
    def field(self) -> str:
        """The name of the form field that carries the response, or what stands before its parts."""
        return response_field(self.item.id)

    @property
    def sure_field(self) -> str:
        """The name of the form field that carries how sure the student is."""
        return confidence_field(self.item.id)


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


def quiz_items(sheet: Sheet, *, typed: Mapping[str, Sequence[str]] | None = None) -> list[QuizItem]:
    """Prepare the items of an attempt in the order of its form.

    ``typed`` are fields of a form that could not be saved; they stay as they were sent.
    """
    given = {item.item_id: item for item in sheet.form.items}
    return [
        _quiz_item(
            number,
            item,
            vignette=vignette,
            order=given[item.id].option_ids,
            answer_order=given[item.id].choice_ids,
            values=_values(item, sheet.responses, typed or {}),
            sure=_sure(item, sheet.confidences, typed or {}),
        )
        for number, item, vignette in _with_vignettes(sheet.items, sheet.module)
    ]


def preview_items(module: Module) -> list[QuizItem]:
    """Prepare the items of a module in source order, as for somebody who only looks."""
    return [
        _quiz_item(
            number, item, vignette=vignette, order=item.shown_ids, answer_order=(), values=()
        )
        for number, item, vignette in _with_vignettes(module.quiz.items, module)
    ]


def item_results(
    sheet: Sheet, outcomes: Mapping[str, Outcome], *, stage: FeedbackStage
) -> list[ItemResult]:
    """Prepare the items of a handed-in attempt with what may be shown of their judgement."""
    return [
        _item_result(
            shown,
            visible_feedback(
                shown.item,
                sheet.responses.get(shown.item.id),
                outcomes[shown.item.id],
                stage=stage,
            ),
            sheet.module,
        )
        for shown in quiz_items(sheet)
    ]


def key_items(module: Module) -> list[ItemResult]:
    """Prepare the items of a module in source order with their keys, for those who teach it."""
    return [
        _item_result(
            _quiz_item(
                number,
                item,
                vignette=vignette,
                order=item.shown_ids,
                answer_order=(),
                values=_values(item, {item.id: key_response(item)}, {}),
            ),
            replace(
                visible_feedback(
                    item,
                    key_response(item),
                    process(item, key_response(item)),
                    stage=FeedbackStage.FINAL,
                ),
                verdict=None,
            ),
            module,
        )
        for number, item, vignette in _with_vignettes(module.quiz.items, module)
    ]


def time_left(attempt: Attempt, *, at: datetime) -> timedelta | None:
    """Return how much of its time an attempt has left; nothing where its time is not limited."""
    if attempt.deadline_at is None:
        return None
    return max(attempt.deadline_at - at, timedelta(0))


def _quiz_item(
    number: int,
    item: Item,
    *,
    vignette: Markup,
    order: Sequence[str],
    answer_order: Sequence[str],
    values: Sequence[str],
    sure: int | None = None,
) -> QuizItem:
    lead, rest = _split_stem(item.stem)
    begun = QuizItem(
        number=number,
        item=item,
        stem=lead,
        rest=rest,
        vignette=vignette,
        sure=sure,
        is_begun=any(values),
        is_answered=_is_whole(item, values),
    )
    match item:
        case SingleItem() | MultipleItem():
            chosen = frozenset(filter(None, values))
            return replace(begun, chosen=chosen, options=_shown_options(item, order, chosen))
        case ShortItem() | NumericItem():
            return replace(begun, text=" ".join(values))
        case MatchingItem() | OrderingItem() | RateItem():
            return replace(
                begun,
                lines=_shown_lines(item, order, values),
                answers=_shown_answers(item, answer_order or item.choice_ids),
            )
        case BranchItem():
            return replace(begun, steps=_shown_steps(item, values))
        case _:
            assert_never(item)


def _is_whole(item: Item, values: Sequence[str]) -> bool:
    try:
        return is_whole(item, item.read(values))
    except InvalidInput:
        return False


def _shown_options(
    item: ChoiceItem, order: Sequence[str], chosen: frozenset[str]
) -> tuple[ShownOption, ...]:
    texts = {option.id: option.text_markdown for option in item.options}
    return tuple(
        ShownOption(id=i, text=markup.render_inline(texts[i]), chosen=i in chosen) for i in order
    )


def _shown_lines(
    item: LinesItem, order: Sequence[str], values: Sequence[str]
) -> tuple[ShownLine, ...]:
    given = {line: choice for line, _, choice in (value.partition(":") for value in values)}
    texts = _line_texts(item)
    return tuple(
        ShownLine(
            id=line_id,
            text=markup.render_inline(texts[line_id]),
            field=f"{response_field(item.id)}.{line_id}",
            chosen=given.get(line_id, ""),
        )
        for line_id in order
    )


def _shown_answers(item: LinesItem, order: Sequence[str]) -> tuple[ShownAnswer, ...]:
    texts = _answer_texts(item)
    return tuple(ShownAnswer(i, markup.render_inline(texts[i])) for i in order)


def _line_texts(item: LinesItem) -> dict[str, str]:
    match item:
        case MatchingItem():
            return {row.id: row.text_markdown for row in item.rows}
        case OrderingItem():
            return {entry.id: entry.text_markdown for entry in item.entries}
        case RateItem():
            return {reply.id: reply.text_markdown for reply in item.replies}


def _answer_texts(item: LinesItem) -> dict[str, str]:
    match item:
        case MatchingItem():
            return {target.id: target.text_markdown for target in item.targets}
        case OrderingItem():
            return {place: place for place in item.choice_ids}
        case RateItem():
            return {str(point.number): f"{point.number} {point.name}" for point in item.scale}


def _shown_steps(item: BranchItem, values: Sequence[str]) -> tuple[ShownStep, ...]:
    try:
        way = item.read(values)
    except InvalidInput:
        way = None
    return tuple(
        ShownStep(
            id=step.node.id,
            text=markup.render(step.node.text_markdown, link_sources=False),
            field=f"{response_field(item.id)}.{step.node.id}",
            choices=tuple(
                ShownOption(
                    id=choice.id,
                    text=markup.render_inline(choice.text_markdown),
                    chosen=choice is step.choice,
                )
                for choice in step.node.choices
            ),
        )
        for step in item.walk(way)
    )


def _item_result(shown: QuizItem, feedback: ItemFeedback, module: Module) -> ItemResult:
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


def _split_stem(markdown: str) -> tuple[Markup, Markup]:
    """Split a stem into its first paragraph, which fits a legend, and the blocks after it."""
    lead, _, rest = markdown.strip().partition("\n\n")
    if not _PLAIN_PARAGRAPH.match(lead):
        return markup.render(markdown, link_sources=False), Markup()
    return markup.render_inline(lead), markup.render(rest, link_sources=False)


def _with_vignettes(items: Sequence[Item], module: Module) -> Iterator[tuple[int, Item, Markup]]:
    """Count the items off, each with what of its case has not been shown just above it."""
    shown: tuple[str | None, int] = (None, 0)
    for number, item in enumerate(items, 1):
        vignette = Markup()
        if item.case:
            so_far = shown[1] if shown[0] == item.case else 0
            text = module.cases[item.case].up_to(item.stage, after=so_far)
            vignette = markup.render(text, link_sources=False) if text else Markup()
            shown = (item.case, max(so_far, item.stage))
        else:
            shown = (None, 0)
        yield number, item, vignette


def _values(
    item: Item, responses: Mapping[str, Response], typed: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    sent = [typed[name] for name in field_names(item) if name in typed]
    if sent:
        return [value for part in sent for value in part]
    match responses.get(item.id):
        case ChoiceResponse(chosen=chosen):
            return chosen
        case TextResponse(text=text) | NumberResponse(text=text):
            return (text,)
        case LinesResponse(pairs=pairs):
            return [f"{line}:{choice}" for line, choice in pairs.items()]
        case PathResponse(path=path):
            return path
        case None:
            return ()


def _sure(
    item: Item, confidences: Mapping[str, int], typed: Mapping[str, Sequence[str]]
) -> int | None:
    sent = typed.get(confidence_field(item.id))
    if sent is None:
        return confidences.get(item.id)
    return int(sent[-1]) if sent and sent[-1] in ("1", "2", "3") else None


def _mark(option: ShownOption, mark: OptionMark, module: Module) -> ShownOption:
    return ShownOption(
        id=option.id,
        text=option.text,
        chosen=mark.chosen,
        correct=mark.correct,
        feedback=markup.render_inline(mark.feedback, sources=module.sources),
    )
