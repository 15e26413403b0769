"""Items as a page shows them to be answered: in their order, with what is given so far."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, assert_never

from markupsafe import Markup

from lti_alliance.content import markup
from lti_alliance.domain.attempts import Form
from lti_alliance.domain.items import (
    BranchItem,
    ChoiceResponse,
    Item,
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
    response_field,
)
from lti_alliance.domain.modules import Module
from lti_alliance.errors import InvalidInput
from lti_alliance.web.quiz_parts import (
    ShownAnswer,
    ShownLine,
    ShownOption,
    ShownStep,
    shown_answers,
    shown_lines,
    shown_options,
    shown_steps,
)

_PLAIN_PARAGRAPH = re.compile(r"(?![>*+|#\-`]|\d+[.)]\s)")


class Answered(Protocol):
    """Items as somebody was given them, with what was answered: a quiz, or a set of practice."""

    @property
    def module(self) -> Module:
        """Where the items are from."""

    @property
    def form(self) -> Form:
        """The order of items and options."""

    @property
    def items(self) -> tuple[Item, ...]:
        """The items in their order."""

    @property
    def responses(self) -> Mapping[str, Response]:
        """What was answered, by item."""

    @property
    def confidences(self) -> Mapping[str, int]:
        """How sure somebody is, by item."""

    @property
    def checked(self) -> frozenset[str]:
        """The items whose answers were checked and stay."""


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
    def given(self) -> tuple[object, ...]:
        """What is answered, to be held against another version of it."""
        return self.chosen, self.text, self.lines, self.steps

    @property
    def sure_field(self) -> str:
        """The name of the form field that carries how sure the student is."""
        return confidence_field(self.item.id)


def quiz_items(
    sheet: Answered, *, typed: Mapping[str, Sequence[str]] | None = None
) -> list[QuizItem]:
    """Prepare the items of an attempt in the order of its form.

    ``typed`` are fields of a form that could not be saved; they stay as they were sent, but for
    what was checked.
    """
    typed = typed or {}
    given = {item.item_id: item for item in sheet.form.items}
    return [
        as_shown(
            number,
            item,
            vignette=vignette,
            order=given[item.id].option_ids,
            answer_order=given[item.id].choice_ids,
            values=given_values(item, sheet.responses, {} if item.id in sheet.checked else typed),
            sure=_sure(item, sheet.confidences, {} if item.id in sheet.checked else typed),
        )
        for number, item, vignette in with_vignettes(sheet.items, sheet.module)
    ]


def preview_items(module: Module) -> list[QuizItem]:
    """Prepare the items of a module in source order, as for somebody who only looks."""
    return [
        as_shown(number, item, vignette=vignette, order=item.shown_ids, answer_order=(), values=())
        for number, item, vignette in with_vignettes(module.quiz.items, module)
    ]


def as_shown(
    number: int,
    item: Item,
    *,
    vignette: Markup,
    order: Sequence[str],
    answer_order: Sequence[str],
    values: Sequence[str],
    sure: int | None = None,
) -> QuizItem:
    """Prepare one item; ``values`` are those of its form fields, in their order."""
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
            return replace(begun, chosen=chosen, options=shown_options(item, order, chosen))
        case ShortItem() | NumericItem():
            return replace(begun, text=" ".join(values))
        case MatchingItem() | OrderingItem() | RateItem():
            return replace(
                begun,
                lines=shown_lines(item, order, values),
                answers=shown_answers(item, answer_order or item.choice_ids),
            )
        case BranchItem():
            return replace(begun, steps=shown_steps(item, values))
        case _:
            assert_never(item)


def _is_whole(item: Item, values: Sequence[str]) -> bool:
    try:
        return is_whole(item, item.read(values))
    except InvalidInput:
        return False


def _split_stem(markdown: str) -> tuple[Markup, Markup]:
    """Split a stem into its first paragraph, which fits a legend, and the blocks after it."""
    lead, _, rest = markdown.strip().partition("\n\n")
    if not _PLAIN_PARAGRAPH.match(lead):
        return markup.render(markdown, link_sources=False), Markup()
    return markup.render_inline(lead), markup.render(rest, link_sources=False)


def with_vignettes(items: Sequence[Item], module: Module) -> Iterator[tuple[int, Item, Markup]]:
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


def given_values(
    item: Item, responses: Mapping[str, Response], typed: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    """Return the values of an item's form fields: as they were typed, or else as was answered."""
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
