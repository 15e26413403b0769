"""Items with their keys, for those who teach them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from lti_alliance.domain.attempts import FeedbackStage
from lti_alliance.domain.feedback import visible_feedback
from lti_alliance.domain.items import (
    Item,
    key_response,
)
from lti_alliance.domain.modules import Module
from lti_alliance.domain.response_processing import process
from lti_alliance.web.quiz_items import QuizItem, as_shown, given_values, with_vignettes
from lti_alliance.web.quiz_results import ItemResult, as_result


def key_items(module: Module) -> list[ItemResult]:
    """Prepare the items of a module in source order with their keys, for those who teach it."""
    return [
        _key_result(_key_entry(number, item, vignette, {}), module)
        for number, item, vignette in with_vignettes(module.quiz.items, module)
    ]


def keys_by_id(module: Module) -> dict[str, ItemResult]:
    """Prepare the items of a module with their keys, by id."""
    return {entry.shown.item.id: entry for entry in key_items(module)}


def key_item(module: Module, item_id: str) -> ItemResult:
    """Prepare one item with its key and the whole of its case."""
    return _key_result(_one_entry(module, item_id, {}), module)


def key_form(module: Module, item_id: str, *, typed: Mapping[str, Sequence[str]]) -> QuizItem:
    """Prepare one item as a form that holds its key, or what was typed instead."""
    return _one_entry(module, item_id, typed)


def _one_entry(module: Module, item_id: str, typed: Mapping[str, Sequence[str]]) -> QuizItem:
    item = module.quiz.get_item(item_id)
    number = module.quiz.items.index(item) + 1
    [(_, _, vignette)] = with_vignettes([item], module)
    return _key_entry(number, item, vignette, typed)


def _key_entry(
    number: int, item: Item, vignette: Markup, typed: Mapping[str, Sequence[str]]
) -> QuizItem:
    return as_shown(
        number,
        item,
        vignette=vignette,
        order=item.shown_ids,
        answer_order=(),
        values=given_values(item, {item.id: key_response(item)}, typed),
    )


def _key_result(shown: QuizItem, module: Module) -> ItemResult:
    right = key_response(shown.item)
    feedback = visible_feedback(
        shown.item, right, process(shown.item, right), stage=FeedbackStage.FINAL
    )
    return as_result(shown, replace(feedback, verdict=None), module)
