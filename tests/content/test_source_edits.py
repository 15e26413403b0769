"""Edits of single parts of a source: what they do not name stays to the letter."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.content.catalogue import Catalogue, shipped_modules
from lti_alliance.content.checking import check_source
from lti_alliance.content.header_edits import line_of_key, read_names, set_values
from lti_alliance.content.parser import SECTIONS, parse_source
from lti_alliance.content.skeleton import SKELETON
from lti_alliance.content.source_blocks import (
    add_block,
    insert_before,
    list_blocks,
    remove_block,
    replace_block,
    swap_blocks,
)
from lti_alliance.domain.modules import Module

TASTER = Catalogue.load().get("taster")
lines_of_text = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=60
).filter(lambda text: text.strip() and "\ufeff" not in text)


def test_the_skeleton_is_whole() -> None:
    """A new module begins without a fault."""
    checked = check_source(SKELETON, name="new")

    assert checked.module
    assert checked.errors == checked.warnings == ()


@given(lines_of_text)
def test_a_title_is_written_as_it_was_meant(title: str) -> None:
    """Whatever stands in it, the header reads back the same, and nothing else changes."""
    source = set_values(TASTER.source, {"title": title})
    module = parse_source(source, name="x")

    assert module.title == " ".join(title.split())
    assert source.split("\n")[4:] == TASTER.source.split("\n")[4:]


def test_a_value_over_several_lines_becomes_one() -> None:
    """What stood on the lines below it goes with it."""
    folded = TASTER.source.replace(
        'title: "A two-minute taster"', "title: >\n  A two-minute\n  taster"
    )
    source = set_values(folded, {"title": "Ours", "version": "2.0.0", "unknown": "x"})

    assert read_names(folded).title == "A two-minute taster"
    assert (parse_source(source, name="x").title, read_names(source).version) == ("Ours", "2.0.0")
    assert line_of_key(source, "version") == 5
    assert len(source.split("\n")) == len(TASTER.source.split("\n"))


@given(st.text(max_size=200))
def test_any_text_has_names(text: str) -> None:
    """What cannot be read is empty; nothing is raised, nothing is changed."""
    names = read_names(text)
    assert isinstance(names.id + names.title + names.version, str)
    header = f"---\n{text}\n---\n"
    assert isinstance(read_names(header).title, str)
    assert isinstance(set_values(header, {"title": "T"}), str)


@pytest.mark.parametrize("path", shipped_modules(), ids=lambda path: path.name)
def test_blocks_cover_their_section(path) -> None:
    """Each block put back as it is, and two changed about twice, give the same file."""
    source = path.read_text(encoding="utf-8")
    for section in SECTIONS:
        blocks = list_blocks(source, section)
        for block in blocks[:4]:
            assert replace_block(source, block, block.text) == source
        for upper, lower in pairwise(blocks[:4]):
            swapped = swap_blocks(source, upper, lower)
            again = list_blocks(swapped, section)
            at = blocks.index(upper)
            assert [block.text for block in again[at : at + 2]] == [lower.text, upper.text]
            assert swap_blocks(swapped, again[at], again[at + 1]) == source


def ids(module: Module) -> list[str]:
    return [item.id for item in module.quiz.items]


NEW = "## single: new-01\n\nWhich?\n\n- [x] This\n  > Yes.\n- [ ] That\n  > No."


def test_blocks_come_and_go() -> None:
    """At the end, above another, and out again."""
    added = add_block(TASTER.source, "Quiz", NEW, order=SECTIONS)
    first = list_blocks(TASTER.source, "Quiz")[0]
    above = insert_before(TASTER.source, first, NEW)
    removed = remove_block(above, list_blocks(above, "Quiz")[0])

    assert ids(parse_source(added, name="x")) == [*ids(TASTER), "new-01"]
    assert ids(parse_source(above, name="x")) == ["new-01", *ids(TASTER)]
    assert removed == TASTER.source


def test_a_section_is_begun_where_it_belongs() -> None:
    """A module without a quiz gets one between the reading and the reflections."""
    source = TASTER.source
    start = source.index("# Quiz")
    without = source[:start] + source[source.index("# Reflections") :]
    module = parse_source(add_block(without, "Quiz", NEW, order=SECTIONS), name="x")

    assert ids(module) == ["new-01"]
    assert [each.id for each in module.reflections] == ["ta-r1"]
