"""An answer as its student gave it, in words: for reading it away from the page it was given on."""

from collections.abc import Mapping
from typing import assert_never

from lti_alliance.domain.items import (
    BranchItem,
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
)


def answer_words(item: Item, response: Response | None) -> tuple[str, ...]:
    """Return the parts of an answer as text: what was chosen, typed, or put beside each line.

    In Markdown, as the module has it; nothing for an item that was not answered.
    """
    match item:
        case SingleItem() | MultipleItem():
            chosen = response.chosen if isinstance(response, ChoiceResponse) else ()
            return tuple(each.text_markdown for each in item.options if each.id in chosen)
        case ShortItem() | NumericItem():
            return (response.text,) if isinstance(response, TextResponse | NumberResponse) else ()
        case MatchingItem() | OrderingItem() | RateItem():
            pairs = response.pairs if isinstance(response, LinesResponse) else {}
            return tuple(_lines(item, pairs))
        case BranchItem():
            path = response if isinstance(response, PathResponse) else None
            return tuple(
                step.choice.text_markdown
                for step in item.walk(path)
                if path is not None and step.choice is not None
            )
        case _:
            assert_never(item)


def _lines(item: LinesItem, pairs: Mapping[str, str]) -> list[str]:
    """Name each line with what was put beside it."""
    match item:
        case MatchingItem():
            lines = {row.id: row.text_markdown for row in item.rows}
            answers = {target.id: target.text_markdown for target in item.targets}
        case OrderingItem():
            lines = {entry.id: entry.text_markdown for entry in item.entries}
            answers = {place: place for place in item.choice_ids}
        case RateItem():
            lines = {reply.id: reply.text_markdown for reply in item.replies}
            answers = {str(point.number): point.name for point in item.scale}
    return [
        f"{text}: {answers.get(pairs[line_id], pairs[line_id])}"
        for line_id, text in lines.items()
        if line_id in pairs
    ]
