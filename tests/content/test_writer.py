"""A module written as its source: reading it gives the module again."""

import dataclasses
import re
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lti_alliance.content.catalogue import shipped_modules
from lti_alliance.content.item_writer import write_item
from lti_alliance.content.parser import parse_bytes
from lti_alliance.content.writer import replace_item, without_file, write_module
from lti_alliance.domain.items import (
    BranchItem,
    Item,
    MatchingItem,
    Option,
    RateItem,
    ShortItem,
    ShortKey,
    SingleItem,
)
from lti_alliance.domain.modules import Module
from lti_alliance.errors import ContentError
from tests.content.made_items import KINDS
from tests.content.test_parser import GOOD, parse

SHIPPED = {path.name: path for path in shipped_modules()}
REFUSED = re.compile("nested too deeply|raw HTML|link cannot|no question|needs a text")
SINGLE = SingleItem(
    id="sm-01",
    stem="Which?",
    options=(
        Option("a", "This", correct=True, feedback="Yes."),
        Option("b", "That", correct=False),
    ),
)


@cache
def shipped(name: str) -> Module:
    return parse_bytes(SHIPPED[name].read_bytes(), name=name)


def with_item(item: Item) -> Module:
    module = parse(GOOD)
    return replace(module, quiz=replace(module.quiz, items=(item,)), cases={})


def read_again(item: Item) -> Item:
    """Write a module that holds an item, read it, and return what became of the item."""
    found = parse(write_module(replace(with_item(item), reflections=()))).quiz.items
    assert len(found) == 1
    return replace(found[0], line=0)


def in_words(value: object) -> object:
    """Leave of every text what Markdown shows: no escapes, no white space, no end of a fence."""
    if isinstance(value, str):
        text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", value)
        return re.sub(r"\\|\s", "", text).rstrip("`~")
    if isinstance(value, tuple):
        return tuple(in_words(each) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value)]
        return {name: in_words(getattr(value, name)) for name in names}
    return value


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_module_is_written_and_read(name: str) -> None:
    """All that a file says comes back; only lines and hashes belong to the file."""
    module = shipped(name)

    again = parse_bytes(write_module(module).encode(), name=name)

    assert without_file(again) == without_file(module)
    assert list(again.cases) == list(module.cases)


def test_a_small_module_is_written_and_read() -> None:
    """Settings, rubrics and marks that shipped modules do not use."""
    module = parse(GOOD)

    assert without_file(parse(write_module(module))) == without_file(module)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_item_of_any_kind_is_written_and_read(kind: str, data: st.DataObject) -> None:
    """Nothing but escapes and white space may differ, and what was read comes back exactly."""
    item = data.draw(KINDS[kind])
    try:
        found = read_again(item)
    except ContentError as error:
        # What no escape can save is refused by name, and never becomes another item.
        if any(not REFUSED.search(fault.problem) for fault in error.faults):
            raise
        return

    assert in_words(found) == in_words(item)
    assert read_again(found) == found


def test_a_feedback_underlines_no_feedback_above_it() -> None:
    """The lines of a written answer's keys run on from one quote to the next."""
    keys = (
        ShortKey(text="one", share=Decimal(1), feedback="#######"),
        ShortKey(text="two", share=Decimal("0.5"), feedback="="),
    )
    item = ShortItem(id="sh-01", stem="Q.", points=Decimal(1), accepted=keys)

    assert in_words(read_again(item)) == in_words(item)


@pytest.mark.parametrize("name", SHIPPED)
def test_replacing_an_item_by_itself_changes_no_value(name: str) -> None:
    """One item of each kind; the lines around it stay as their author wrote them."""
    module = shipped(name)
    for item in {item.kind: item for item in module.quiz.items}.values():
        source = replace_item(module.source, module, item)

        assert without_file(parse_bytes(source.encode(), name=name)) == without_file(module)
        before, after = module.source.split("\n"), source.split("\n")
        assert before[: item.line] == after[: item.line]
        following = [line for line in before[item.line :] if line.startswith(("## ", "# "))][:1]
        if following:
            rest = before.index(following[0], item.line)
            assert before[rest - 1 :] == after[-len(before[rest - 1 :]) :]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_changed_item_changes_nothing_else(name: str) -> None:
    """The new stem is read, and every other value is the old one."""
    module = shipped(name)
    old = next(item for item in module.quiz.items if item.stem)
    new = replace(old, stem="Another question.\n\n# It seems\n\n- points: 3", objective=1)

    again = parse_bytes(replace_item(module.source, module, new).encode(), name=name)

    found = again.quiz.get_item(old.id)
    assert in_words(found.stem) == in_words(new.stem)
    back = replace(again.quiz, items=tuple(old if i.id == old.id else i for i in again.quiz.items))
    assert without_file(replace(again, quiz=back)) == without_file(module)


def test_a_table_keeps_its_head_and_its_spare_reasons() -> None:
    """What an item does not hold is taken over from the lines that stood there."""
    module = shipped("rupture-repair.md")
    item = next(item for item in module.quiz.items if isinstance(item, MatchingItem))

    source = replace_item(module.source, module, replace(item, points=Decimal(3)))

    assert "| Remark | Movement | Why |" in source
    assert "|  | Toward the other, by joining | No remark here fits. Moving toward" in source


def test_an_item_that_nothing_can_hold_is_refused() -> None:
    """A dialogue without an end and a heading that is no id leave the source alone."""
    module = shipped("rupture-repair.md")
    branch = next(item for item in module.quiz.items if isinstance(item, BranchItem))
    broken = replace(branch, nodes=branch.nodes[:1])

    with pytest.raises(ContentError, match="which does not exist"):
        replace_item(module.source, module, broken)
    with pytest.raises(ContentError, match="no id"):
        replace_item(module.source, module, replace(branch, id="two words"))
    with pytest.raises(ContentError, match="no item begins here"):
        replace_item(module.source, module, replace(branch, line=1))


def test_an_item_that_would_be_read_as_another_is_refused() -> None:
    """A name with a comma would be two points of a scale; it is written with a semicolon."""
    module = shipped("rupture-repair.md")
    rate = next(item for item in module.quiz.items if isinstance(item, RateItem))
    lines = "x\n```\nThe fence never ends."

    source = replace_item(module.source, module, replace(rate, stem=lines))

    found = parse_bytes(source.encode(), name="x").quiz.get_item(rate.id)
    assert found.stem == f"{lines}\n```"
    assert len(parse_bytes(source.encode(), name="x").quiz.items) == len(module.quiz.items)


def test_html_is_not_hidden_from_its_author() -> None:
    """An escape would show the tags to students; the parser says what to do instead."""
    with pytest.raises(ContentError, match="raw HTML"):
        read_again(replace(SINGLE, stem="<div>Which?</div>"))


@pytest.mark.parametrize(
    ("stem", "written"),
    [
        ("# Which?", "\\# Which?"),
        ("#Which?", "\\#Which?"),
        ("Which?\n---", "Which?\n\\---"),
        ("- [x] Which?", "\\- [x] Which?"),
        ("-[x] Which?", "\\-[x] Which?"),
        ("- a list\n- stays\n\n1. so\n2. too", "- a list\n- stays\n\n1. so\n2. too"),
        ("points: 3", "points: 3"),
        ("= 3", "= 3"),
        ("```\n# code\n```", "```\n# code\n```"),
        ("    indented\n\n\n\nlast  ", "    indented\n\n\n\nlast"),
    ],
)
def test_only_what_would_be_misread_is_escaped(stem: str, written: str) -> None:
    """What the place of the text allows stays as it was typed."""
    found = read_again(replace(SINGLE, stem=stem))

    assert found.stem == written


def test_options_do_not_run_on_in_a_list_of_the_question() -> None:
    """Another mark begins another list."""
    found = read_again(replace(SINGLE, stem="Look:\n\n- one\n- two"))

    assert isinstance(found, SingleItem)
    assert (found.stem, len(found.options)) == ("Look:\n\n- one\n- two", 2)


def test_wordings_that_share_their_feedback_share_a_line() -> None:
    """As an author would write them; a bar inside a wording is escaped."""
    keys = (ShortKey("bond", feedback="Yes."), ShortKey("a|b", feedback="Yes."), ShortKey("tie"))
    item = ShortItem(id="sm-01", stem="Name it.", accepted=keys)

    assert write_item(item).endswith("= bond | a\\|b\n  > Yes.\n= tie")
    assert read_again(item) == item
