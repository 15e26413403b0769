"""Lists of standards: what can be read, what is refused and where, what a new list changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import standards
from lti_alliance.domain.standard_targets import TargetKind, items_for, targets
from lti_alliance.domain.standards import (
    Standard,
    compare,
    count_bands,
    read_codes,
    read_standards,
    write_standards,
)
from lti_alliance.errors import InvalidInput

LINES = "code,title,text\nA.1,Ethics,What it asks\nA.2,Culture,\n"
READ = (Standard("A.1", "Ethics", "What it asks"), Standard("A.2", "Culture"))


def refused(data: bytes | str) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        read_standards(data.encode() if isinstance(data, str) else data)
    return caught.value.fields


@pytest.mark.parametrize(
    "data",
    [
        LINES.encode(),
        LINES.encode("utf-8-sig"),
        LINES.encode("utf-16"),
        LINES.replace(",", ";").encode(),
        LINES.replace(",", "\t").replace("\n", "\r\n").encode(),
        b"Text,CODE, Title \nWhat it asks,A.1,Ethics\n,A.2,Culture\n",
        b'code,title,text,notes\n\nA.1,"Ethics ","What it\nasks",x\n,,,\nA.2,Culture,,',
    ],
)
def test_a_list_is_read_however_a_spreadsheet_wrote_it(data: bytes) -> None:
    """Delimiters, marks of encodings, order of columns, empty lines, columns of one's own."""
    assert read_standards(data) == READ


def test_what_windows_writes_is_read() -> None:
    """Where it is no UTF-8 it is taken for the code page of Western Europe."""
    assert read_standards("code,title\n1,Éthique – “soin”\n".encode("cp1252")) == (
        Standard("1", "Éthique – “soin”"),
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", standards.FILE_MISSING),
        (b" \n", standards.FILE_MISSING),
        (b"PK\x03\x04\x00\x00", standards.FILE_UNREADABLE),
        (b"code,title\nA\x00,B\n", standards.FILE_UNREADABLE),
        (b"code,title\nA,\x81\n", standards.FILE_UNREADABLE),
        (b'code,title\nA,"B\n', standards.FILE_BROKEN),
        (b"number,name\n1,x\n", standards.HEADER_MISSING),
        (b"code,title,code\n1,x,2\n", standards.COLUMN_TWICE),
        (b"code,title\n,\n", standards.NONE_FOUND),
        (b"code,title\n" + b"x,y\n" * 1001, standards.TOO_MANY),
        (b"code,title\n" + b"x" * standards.MAX_BYTES, standards.FILE_TOO_LARGE),
    ],
)
def test_a_file_that_cannot_be_used_says_why(data: bytes, message: str) -> None:
    """One message for the file."""
    assert refused(data) == {"file": message}


def test_faulty_lines_are_named() -> None:
    """Each by its number in the file, whatever is wrong with it."""
    long = "x" * 5000
    found = refused(
        f"code,title,text\nA,One,\na,Two,\n,Three,\nB;1,Four,\nC,,\nD,{long},\nE,Five,{long}\nF,a,b,c\n"
    )

    assert found == {
        "line-3": standards.CODE_TWICE,
        "line-4": standards.CODE_INVALID,
        "line-5": standards.CODE_INVALID,
        "line-6": standards.TITLE_INVALID,
        "line-7": standards.TITLE_INVALID,
        "line-8": standards.TEXT_TOO_LONG,
        "line-9": standards.LINE_TOO_LONG,
    }


def test_not_every_fault_of_a_long_list_is_told() -> None:
    """Twenty are enough to see what is wrong."""
    assert len(refused("code,title\n" + ",x\n" * 50)) == standards.MAX_FAULTS


def test_what_a_new_list_changes() -> None:
    """Known by the code, however it is spelt in capitals."""
    before = (Standard("A", "One"), Standard("B", "Two"), Standard("C", "Three"))
    found = compare(before, (Standard("a", "One"), Standard("C", "Three"), Standard("D", "Four")))

    assert found.added == (Standard("D", "Four"),)
    assert found.changed == (Standard("a", "One"),)
    assert found.removed == (Standard("B", "Two"),)
    assert found.kept == 1


def test_codes_are_read_in_the_order_of_the_list() -> None:
    """Each once, in the spelling of the list; an unknown one is refused."""
    assert read_codes(" c, a;C ,", ("A", "B", "C")) == ("A", "C")
    assert read_codes("", ("A",)) == ()
    with pytest.raises(ValueError, match="not in your list"):
        read_codes("A, X", ("A",))


def test_shares_are_put_in_bands() -> None:
    """A share on a cut is in the band above it."""
    assert count_bands([0, 0.49, 0.5, 0.7, 0.1 + 0.6, 0.85, 1]) == (2, 1, 2, 2)


def test_targets_of_every_shipped_module() -> None:
    """Objectives and reflections have fields of their own; an objective leads to its items."""
    for module in Catalogue.load().list():
        found = targets(module)
        objectives = [each for each in found if each.kind is TargetKind.OBJECTIVE]
        led_to = set().union(*(items_for(module, [each.key]) for each in objectives))

        assert len({each.field for each in found}) == len(found)
        assert len(objectives) == len(module.objectives)
        assert led_to == {item.id for item in module.quiz.items if item.objective}


CELL = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)
CODE = CELL.filter(lambda text: not {",", ";"} & set(text))


@given(
    st.lists(
        st.builds(Standard, CODE, CELL, CELL | st.just("")),
        min_size=1,
        unique_by=lambda each: each.code.casefold(),
    )
)
def test_what_is_written_is_read_back(found: list[Standard]) -> None:
    """Whatever the words: the page that asks again carries the list on unchanged."""
    assert read_standards(write_standards(found).encode()) == tuple(found)


@given(st.binary(max_size=300))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    """Never anything else, and never a standard beyond the limits."""
    try:
        found = read_standards(data)
    except InvalidInput:
        return
    assert all(0 < len(each.code) <= standards.MAX_CODE and each.title for each in found)
