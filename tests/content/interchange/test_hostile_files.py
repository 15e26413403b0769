"""Files made to do harm, and files that are merely broken: one clear error, and soon."""

import io
import stat
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lti_alliance.content.catalogue import shipped_modules
from lti_alliance.content.interchange.archives import MAX_FILES, MAX_PACKED
from lti_alliance.content.interchange.exporting import EXPORTS
from lti_alliance.content.interchange.importing import as_module, import_items
from lti_alliance.content.parser import parse_bytes, parse_source
from lti_alliance.errors import ContentError

TASTER = next(path for path in shipped_modules() if path.name == "taster.md").read_bytes()
MODULE = parse_bytes(TASTER, name="taster.md")
SOON_S = 20


def problem_of(data: bytes) -> str:
    began = time.monotonic()
    with pytest.raises(ContentError) as caught:
        import_items(data, "file")
    assert time.monotonic() - began < SOON_S
    assert len(caught.value.faults) == 1
    return caught.value.faults[0].problem


def zipped(*files: tuple[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for path, content in files:
            entry = zipfile.ZipInfo(path)
            if change:
                change(entry)
            package.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


ENTITY = b'<?xml version="1.0"?><!DOCTYPE quiz [<!ENTITY a "%s">]><quiz>&a;</quiz>'
DOCTYPES = {
    "entity": ENTITY % b"x",
    "outside": b'<!DOCTYPE quiz SYSTEM "http://127.0.0.1/x.dtd"><quiz/>',
    "file": b'<!DOCTYPE quiz [<!ENTITY a SYSTEM "file:///etc/passwd">]><quiz>&a;</quiz>',
    "quadratic": ENTITY.replace(b"&a;", b"&a;" * 9000) % (b"x" * 9000),
    "laughs": b'<!DOCTYPE q [<!ENTITY a "ha"><!ENTITY b "%s">]><quiz>&b;</quiz>' % (b"&a;" * 99),
    "wide": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE quiz><quiz/>'.encode("utf-16"),
}


@pytest.mark.parametrize("name", DOCTYPES)
def test_a_document_type_is_refused(name: str) -> None:
    """Whatever it would have defined is never read."""
    assert "document type" in problem_of(DOCTYPES[name])


def test_an_entity_without_a_document_type_is_refused() -> None:
    """Nothing defines it, so the file is not well-formed."""
    assert "not well-formed" in problem_of(b"<quiz>&a;</quiz>")


def test_deep_nesting_is_refused() -> None:
    """The parser's own limit holds."""
    assert "not well-formed" in problem_of(b"<quiz>" + b"<a>" * 50_000)


def test_deep_html_in_a_question_keeps_its_text() -> None:
    """Its layout is given up and told."""
    html = "&lt;b&gt;" * 3000 + "Which?" + "&lt;/b&gt;" * 3000
    answers = "".join(f'<answer fraction="{n}"><text>o{n}</text></answer>' for n in ("100", "0"))
    text = f"<questiontext><text>{html}</text></questiontext><single>true</single>{answers}"
    imported = import_items(
        f'<quiz><question type="multichoice">{text}</question></quiz>'.encode(), "x"
    )

    assert imported.items[0].stem == "Which?"
    assert any("nested too deeply" in loss.what for loss in imported.losses)


@pytest.mark.parametrize("path", ["../a.xml", "/a.xml", "a/../../b.xml", "C:\\a.xml", "..\\a.xml"])
def test_a_path_out_of_the_package_is_refused(path: str) -> None:
    """Nothing is unpacked to a disk; a package that tries is not trusted either."""
    assert "leads out of it" in problem_of(zipped((path, b"<a/>")))


def test_a_package_in_a_package_is_refused() -> None:
    """Limits would not hold for what is inside."""
    assert "another archive" in problem_of(zipped(("a.zip", zipped(("b.xml", b"<a/>")))))


def test_a_link_is_refused() -> None:
    """A symbolic link names a place on somebody's disk."""

    def link(entry: zipfile.ZipInfo) -> None:
        entry.create_system = 3
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert "symbolic link" in problem_of(zipped(("a.xml", b"/etc/passwd"), change=link))


def test_what_unpacks_too_large_is_refused() -> None:
    """By its ratio, by the whole, and by the number of files."""
    assert "too densely" in problem_of(zipped(("a.xml", b"0" * 5_000_000)))
    many = [(f"{n}.xml", b"") for n in range(MAX_FILES + 1)]
    assert "too many files" in problem_of(zipped(*many))
    assert "too large" in problem_of(b"PK" + b"0" * MAX_PACKED)


def test_two_files_of_one_path_are_refused() -> None:
    """Which of the two would be meant?"""
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(("a.xml", b"<a/>"), ("a.xml", b"<b/>"))
    assert "same path" in problem_of(twice)


def test_a_size_that_is_a_lie_is_refused() -> None:
    """The bytes are counted, whatever the entry says."""
    good = zipped(("imsmanifest.xml", b"<assessmentItem>" + b" " * 5000 + b"</assessmentItem>"))
    short = good.replace((5033).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert short != good

    assert problem_of(short) in (
        "the package cannot be unpacked",
        "a file of the package is larger than it says",
        "this is not well-formed XML",
    )


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no format that is known"),
        (b"Hello", "no format that is known"),
        (b"\xff\xff", "not UTF-8"),
        (b"<html></html>", "no format that is known"),
        (b"PK\x03\x04", "cannot be unpacked"),
        (zipped(("readme.txt", b"Hello")), "no QTI items"),
        (b"<quiz></quiz>", "no questions in the file"),
    ],
)
def test_a_file_without_questions_is_said(data: bytes, problem: str) -> None:
    """One sentence, for the person who chose the file."""
    assert problem in problem_of(data)


CANVAS = b"""<questestinterop><item ident="a" title="Q"><itemmetadata><qtimetadata>
<qtimetadatafield>
<fieldlabel>question_type</fieldlabel><fieldentry>multiple_answers_question</fieldentry>
</qtimetadatafield></qtimetadata></itemmetadata><presentation><material>
<mattext texttype="text/html">&lt;p&gt;Which?&lt;/p&gt;</mattext></material><response_lid ident="r">
<render_choice><response_label ident="1"><material><mattext>A</mattext></material></response_label>
<response_label ident="2"><material><mattext>B</mattext></material></response_label>
</render_choice></response_lid></presentation><resprocessing><respcondition><conditionvar><and>
<varequal respident="r">1</varequal><not><varequal respident="r">2</varequal></not></and>
</conditionvar><setvar varname="SCORE">100</setvar></respcondition></resprocessing></item>
</questestinterop>"""
VALID = {form: export(MODULE).content for form, export in EXPORTS.items()} | {"qti12": CANVAS}
FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def try_to_import(data: bytes) -> None:
    began = time.monotonic()
    with suppress(ContentError):
        imported = import_items(data, "file")
        parse_source(as_module(imported, id="x", title="X"), name="x.md")
    assert time.monotonic() - began < SOON_S


@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
@FUZZ
def test_anything_at_all_is_read_or_refused(data: bytes) -> None:
    """No exception but the one that says what is wrong."""
    try_to_import(data)
    try_to_import(b"<quiz>" + data)
    try_to_import(b"PK\x03\x04" + data)


@given(text=st.text(alphabet="::{}=~#%->\\[html] \nABc1.ANSWER:", max_size=120))
@FUZZ
def test_text_with_the_marks_of_a_format_is_read_or_refused(text: str) -> None:
    """GIFT and Aiken have no grammar that a text could break."""
    try_to_import(f"::a::{text}{{{text}}}\n\n{text}{{=b ~c}}".encode())
    try_to_import(f"{text}\nA. b\nB. c\nANSWER: A\n".encode())


@pytest.mark.parametrize("form", VALID)
@given(data=st.data())
@FUZZ
def test_a_damaged_file_is_read_or_refused(form: str, data: st.DataObject) -> None:
    """Bytes changed, cut out or doubled in a file that was good."""
    content = VALID[form]
    at = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(0, 60))
    put = data.draw(st.one_of(st.binary(max_size=8), st.just(content[at : at + 200])))

    try_to_import(content[:at] + put + content[at + length :])


@given(data=st.data())
@FUZZ
def test_a_damaged_module_is_read_or_refused(data: st.DataObject) -> None:
    """The same for the Markdown of modules."""
    at = data.draw(st.integers(0, len(TASTER) - 1))
    put = data.draw(
        st.one_of(
            st.binary(max_size=8), st.sampled_from([b"\n## ", b"|", b"- [x] ", b"> ", b"```"])
        )
    )
    began = time.monotonic()
    with suppress(ContentError):
        parse_bytes(TASTER[:at] + put + TASTER[at + data.draw(st.integers(0, 60)) :], name="x")
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize(
    "data",
    [
        b"::a::" + b"<img " * 300_000 + b"{=a ~b}",
        b"::a::Which?{" + b"=a " * 100_000 + b"}",
        b"::a::Which?{=a ~b}\n\n" * 20_000,
        b"::a::" + b"- a " * 200_000 + b"{=a ~b}",
    ],
    ids=["tags", "answers", "questions", "text"],
)
def test_a_long_file_takes_no_long_time(data: bytes) -> None:
    """What would take long is cut, left alone, or told."""
    try_to_import(data)
