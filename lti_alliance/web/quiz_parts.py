"""What of an item is chosen from, in the order in which somebody was given it: by kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from lti_alliance.content import markup
from lti_alliance.domain.items import (
    BranchItem,
    ChoiceItem,
    LinesItem,
    MatchingItem,
    OrderingItem,
    RateItem,
    response_field,
)
from lti_alliance.errors import InvalidInput


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


def shown_options(
    item: ChoiceItem, order: Sequence[str], chosen: frozenset[str]
) -> tuple[ShownOption, ...]:
    """Prepare the options of an item in an order."""
    texts = {option.id: option.text_markdown for option in item.options}
    return tuple(
        ShownOption(id=i, text=markup.render_inline(texts[i]), chosen=i in chosen) for i in order
    )


def shown_lines(
    item: LinesItem, order: Sequence[str], values: Sequence[str]
) -> tuple[ShownLine, ...]:
    """Prepare the lines of an item in an order, with what is chosen beside each."""
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


def shown_answers(item: LinesItem, order: Sequence[str]) -> tuple[ShownAnswer, ...]:
    """Prepare what may be chosen beside each line, in an order."""
    texts = _answer_texts(item)
    return tuple(ShownAnswer(i, markup.render_inline(texts[i])) for i in order)


def shown_steps(item: BranchItem, values: Sequence[str]) -> tuple[ShownStep, ...]:
    """Prepare a dialogue from its start up to where it stands."""
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
