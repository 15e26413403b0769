"""Corrected keys: what an earlier answer means by a later version, for every kind of item."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.items import (
    BranchItem,
    Item,
    ItemKind,
    MatchingItem,
    NumericItem,
    OrderingItem,
    RateItem,
    ShortItem,
    key_response,
    parse_response,
)
from lti_alliance.domain.kinds.choices import OptionsItem
from lti_alliance.domain.regrades import (
    Regrade,
    RegradeChoice,
    as_judged,
    can_translate,
    has_same_key,
    judge,
    looks_the_same,
    translate,
)
from lti_alliance.domain.response_processing import process

ITEMS = [item for module in Catalogue.load().list() for item in module.quiz.items]
CORRECTABLE = [item for item in ITEMS if not isinstance(item, BranchItem)]
KINDS = {type(item) for item in ITEMS}


def some_answer(item: Item, data: st.DataObject) -> object:
    """Draw an answer that a student may give."""
    if isinstance(item, ShortItem):
        values = [data.draw(st.sampled_from(["alliance", "bond", item.accepted[0].text]))]
    elif isinstance(item, NumericItem):
        values = [str(data.draw(st.integers(0, 100)))]
    elif isinstance(item, OrderingItem):
        places = data.draw(st.permutations(item.choice_ids))
        values = [f"{i}:{place}" for i, place in zip(item.shown_ids, places, strict=True)]
    elif isinstance(item, MatchingItem | RateItem):
        values = [f"{i}:{data.draw(st.sampled_from(item.choice_ids))}" for i in item.shown_ids]
    elif isinstance(item, BranchItem):
        return key_response(item)
    else:
        values = [data.draw(st.sampled_from(item.shown_ids))]
    return parse_response(item, values)


def test_every_kind_is_here() -> None:
    """The shipped modules hold all kinds, so that what follows is about all of them."""
    assert len(KINDS) == 8


@pytest.mark.parametrize("kind", ItemKind)
def test_an_item_has_its_own_key(kind: ItemKind) -> None:
    """Read by itself nothing changes; sent as it stands, its key corrects nothing."""
    for item in (item for item in ITEMS if item.kind is kind):
        assert has_same_key(item, item)
        assert looks_the_same(item, item)
        assert translate(item, item, key_response(item)) == key_response(item)
        if not isinstance(item, BranchItem):
            again = item.with_key(key_response(item))
            assert process(again, key_response(item)).share == 1
            # A range becomes its middle, and one order the only one; the others stay as they are.
            assert isinstance(item, NumericItem | OrderingItem) or has_same_key(item, again)


@given(st.data(), st.sampled_from(CORRECTABLE))
def test_an_answer_that_becomes_the_key_earns_everything(data: st.DataObject, item: Item) -> None:
    """By the corrected key, alone or beside the other; and nobody gets more than the item has."""
    right, given_answer = some_answer(item, data), some_answer(item, data)
    corrected = item.with_key(right)
    outcomes = {
        choice: judge(item, given_answer, Regrade(choice, corrected)) for choice in RegradeChoice
    }
    was = process(item, given_answer)

    assert judge(item, right, Regrade(RegradeChoice.UPDATE, corrected)).share == 1
    assert outcomes[RegradeChoice.LEAVE] == was
    assert outcomes[RegradeChoice.FULL].points == item.worth
    assert outcomes[RegradeChoice.BOTH].share == max(
        was.share, outcomes[RegradeChoice.UPDATE].share
    )
    assert {each.maximum for each in outcomes.values()} == {item.worth}
    assert all(0 <= each.points <= item.worth for each in outcomes.values())


@given(st.data(), st.sampled_from([item for item in ITEMS if isinstance(item, OptionsItem)]))
def test_options_are_found_by_their_text(data: st.DataObject, item: OptionsItem) -> None:
    """Moved about and given other letters, they are judged as before."""
    moved = data.draw(st.permutations(item.options))
    letters = [option.id for option in item.options]
    later = replace(
        item,
        options=tuple(
            replace(option, id=letter) for option, letter in zip(moved, letters, strict=True)
        ),
    )
    answer = some_answer(item, data)

    assert has_same_key(item, later)
    assert process(later, translate(item, later, answer)).share == process(item, answer).share


def test_a_reworded_option_is_the_one_in_its_place() -> None:
    """As long as nothing was added."""
    item = next(item for item in ITEMS if isinstance(item, OptionsItem))
    first, *rest = item.options
    reworded = replace(item, options=(replace(first, text_markdown="Other words"), *rest))
    more = replace(item, options=(*item.options, replace(first, id="z", text_markdown="More")))

    assert has_same_key(item, reworded)
    assert not looks_the_same(item, reworded)
    assert can_translate(item, reworded)
    assert not can_translate(item, more)
    assert as_judged(item, Regrade(RegradeChoice.UPDATE, reworded)) == item


def test_the_item_is_worth_what_it_was_worth() -> None:
    """A later version that is worth more, or whose key is still a draft, changes no maximum."""
    single = next(item for item in ITEMS if isinstance(item, OptionsItem))
    dearer = replace(single, points=Decimal(10))
    rate = next(item for item in ITEMS if isinstance(item, RateItem))
    adopted = replace(rate, key="adopted")

    assert (
        judge(single, key_response(single), Regrade(RegradeChoice.UPDATE, dearer)).points
        == single.points
    )
    assert (
        judge(adopted, key_response(rate), Regrade(RegradeChoice.UPDATE, rate)).points
        == rate.points
    )


def test_nothing_answered_earns_nothing_but_full_credit() -> None:
    """Everybody who was given the item is everybody."""
    item = CORRECTABLE[0]
    empty = {choice: judge(item, None, Regrade(choice, item)).points for choice in RegradeChoice}

    assert empty[RegradeChoice.FULL] == item.worth
    assert {points for choice, points in empty.items() if choice is not RegradeChoice.FULL} == {0}
