"""What the pages of a quiz show: items to answer, items as they were judged, the last look."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from markupsafe import Markup

from lti_alliance.content import markup
from lti_alliance.domain.attempts import FeedbackStage
from lti_alliance.domain.feedback import ItemFeedback, OptionMark, visible_feedback
from lti_alliance.domain.items import (
    ChoiceResponse,
    Item,
    Option,
    Response,
    ShortItem,
    TextResponse,
    response_field,
)
from lti_alliance.domain.modules import Module
from lti_alliance.domain.response_processing import Outcome
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


@dataclass(frozen=True, slots=True, kw_only=True)
class QuizItem:
    """One item on a page, with what has been answered so far."""

    number: int
    item: Item
    stem: Markup
    rest: Markup
    """The stem after its first paragraph."""
    vignette: Markup
    """The case, where it has not been shown with an item above."""
    options: tuple[ShownOption, ...] = ()
    chosen: frozenset[str] = frozenset()
    text: str = ""

    @property
    def field(self) -> str:
        """The name of the form field that carries the response."""
        return response_field(self.item.id)

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return bool(self.chosen or self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """One item as it was judged, cut down to what may be shown."""

    shown: QuizItem
    feedback: ItemFeedback
    marks: tuple[ShownOption, ...]
    message: Markup


def quiz_items(sheet: Sheet, *, typed: Mapping[str, Sequence[str]] | None = None) -> list[QuizItem]:
    """Prepare the items of an attempt in the order of its form.

    ``typed`` are fields of a form that could not be saved; they stay as they were sent.
    """
    orders = {item.item_id: item.option_ids for item in sheet.form.items}
    return [
        _quiz_item(
            number,
            item,
            vignette=vignette,
            order=orders[item.id],
            values=_values(item, sheet.responses, typed or {}),
        )
        for number, item, vignette in _with_vignettes(sheet.items, sheet.module)
    ]


def preview_items(module: Module) -> list[QuizItem]:
    """Prepare the items of a module in source order, as for somebody who only looks."""
    return [
        _quiz_item(
            number,
            item,
            vignette=vignette,
            order=tuple(option.id for option in _options(item)),
            values=(),
        )
        for number, item, vignette in _with_vignettes(module.quiz.items, module)
    ]


def item_results(
    sheet: Sheet, outcomes: Mapping[str, Outcome], *, stage: FeedbackStage
) -> list[ItemResult]:
    """Prepare the items of a handed-in attempt with what may be shown of their judgement."""
    results = []
    for shown in quiz_items(sheet):
        item = shown.item
        response = sheet.responses.get(item.id)
        feedback = visible_feedback(item, response, outcomes[item.id], stage=stage)
        by_option = {mark.option_id: mark for mark in feedback.marks}
        results.append(
            ItemResult(
                shown=shown,
                feedback=feedback,
                marks=tuple(_mark(o, by_option[o.id], sheet.module) for o in shown.options),
                message=markup.render_inline(feedback.message, sources=sheet.module.sources),
            )
        )
    return results


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
    values: Sequence[str],
) -> QuizItem:
    lead, rest = _split_stem(item.stem)
    texts = {option.id: option.text_markdown for option in _options(item)}
    is_text = isinstance(item, ShortItem)
    return QuizItem(
        number=number,
        item=item,
        stem=lead,
        rest=rest,
        vignette=vignette,
        options=tuple(
            ShownOption(id=option_id, text=markup.render_inline(texts[option_id]))
            for option_id in order
        ),
        chosen=frozenset() if is_text else frozenset(filter(None, values)),
        text=" ".join(values) if is_text else "",
    )


def _split_stem(markdown: str) -> tuple[Markup, Markup]:
    """Split a stem into its first paragraph, which fits a legend, and the blocks after it."""
    lead, _, rest = markdown.strip().partition("\n\n")
    if not _PLAIN_PARAGRAPH.match(lead):
        return markup.render(markdown, link_sources=False), Markup()
    return markup.render_inline(lead), markup.render(rest, link_sources=False)


def _with_vignettes(items: Sequence[Item], module: Module) -> Iterator[tuple[int, Item, Markup]]:
    """Count the items off, and give the first of a row that share a case the case to show."""
    shown = None
    for number, item in enumerate(items, 1):
        vignette = Markup()
        if item.case and item.case != shown:
            vignette = markup.render(module.cases[item.case].markdown, link_sources=False)
        shown = item.case
        yield number, item, vignette


def _values(
    item: Item, responses: Mapping[str, Response], typed: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    if response_field(item.id) in typed:
        return typed[response_field(item.id)]
    match responses.get(item.id):
        case ChoiceResponse(chosen=chosen):
            return chosen
        case TextResponse(text=text):
            return (text,)
        case _:
            return ()


def _options(item: Item) -> tuple[Option, ...]:
    return () if isinstance(item, ShortItem) else item.options


def _mark(option: ShownOption, mark: OptionMark, module: Module) -> ShownOption:
    return ShownOption(
        id=option.id,
        text=option.text,
        chosen=mark.chosen,
        correct=mark.correct,
        feedback=markup.render_inline(mark.feedback, sources=module.sources),
    )
