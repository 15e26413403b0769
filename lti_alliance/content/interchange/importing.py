"""A file of any known format becomes items, and items become the source of a module."""

from collections.abc import Mapping

from lti_alliance.content.interchange.aiken_reader import is_aiken, read_aiken
from lti_alliance.content.interchange.archives import MAX_PACKED, read_archive
from lti_alliance.content.interchange.collecting import Collector
from lti_alliance.content.interchange.gift_reader import read_gift
from lti_alliance.content.interchange.moodle_reader import read_moodle
from lti_alliance.content.interchange.qti1_reader import read_qti1
from lti_alliance.content.interchange.qti2_reader import read_qti2
from lti_alliance.content.interchange.safe_xml import Element, read_xml, tag
from lti_alliance.content.interchange.values import Imported, unreadable
from lti_alliance.content.writer import write_module
from lti_alliance.domain.modules import BloomLevel, Module, Objective, Quiz, ReadingSection

MAX_TEXT = 2_000_000
"""How many bytes a file of text may have."""
MAX_FILE = MAX_PACKED
"""How many bytes any file may have."""
FORMATS = "GIFT, Aiken, Moodle XML, or a QTI 1.2 or 2.1 package"

_TO_WRITE = "To be written: say what a student can do after this module."
_READING = "To be written: what a student should read before the questions."


def import_items(data: bytes, name: str) -> Imported:
    """Read the items of a file; its content tells its format.

    Raises ``ContentError`` where nothing can be read. Nothing in a file is run or fetched.
    """
    if data.startswith(b"PK"):
        found = _from_package(read_archive(data, name), name)
    elif len(data) > MAX_TEXT:
        raise unreadable(name, "the file is too large", "Export fewer questions at a time.")
    elif _looks_like_xml(data):
        found = _from_xml(read_xml(data, name), name)
    else:
        found = _from_text(_decoded(data, name), name)
    if not found.items and not found.losses:
        raise unreadable(name, "there are no questions in the file", f"Choose {FORMATS}.")
    return found


def as_module(imported: Imported, *, id: str, title: str, language: str = "en") -> str:  # noqa: A002 (the header's word)
    """Write the source of a module from items; what only an author can say is marked as missing.

    The source may still have faults, which the parser names.
    """
    return write_module(
        Module(
            id=id,
            title=title,
            version="0.1.0",
            language=language,
            license="To be written",
            minutes=30,
            objectives=(Objective(BloomLevel.REMEMBER, _TO_WRITE),),
            reading=(ReadingSection("to-be-written", "To be written", _READING),),
            quiz=Quiz(items=imported.items),
            cases={case.id: case for case in imported.cases},
        )
    )


def _looks_like_xml(data: bytes) -> bool:
    start = data[:400].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return start.startswith(b"<") and not start.startswith((b"<p", b"<b>", b"<i>"))


def _from_xml(root: Element, name: str) -> Imported:
    if tag(root) == "quiz":
        return read_moodle(root)
    found = Collector()
    if form := _read_qti(root, found):
        return found.imported(form)
    raise unreadable(name, "this XML is of no format that is known", f"Choose {FORMATS}.")


def _from_package(files: Mapping[str, bytes], name: str) -> Imported:
    found = Collector()
    forms = set()
    for path in sorted(files):
        if files[path].strip() and not found.is_full:
            forms.add(_read_qti(read_xml(files[path], f"{name}: {path}"), found))
    known = sorted(form for form in forms if form)
    if not known:
        raise unreadable(name, "the package holds no QTI items", f"Choose {FORMATS}.")
    return found.imported(known[0])


def _read_qti(root: Element, found: Collector) -> str:
    """Read a document into a collector; returns its format, empty for any other document."""
    match tag(root):
        case "questestinterop":
            read_qti1(root, found)
            return "qti12"
        case "assessmentItem":
            read_qti2(root, found)
            return "qti21"
        case _:
            return ""


def _from_text(text: str, name: str) -> Imported:
    if is_aiken(text):
        return read_aiken(text)
    if "{" in text and "}" in text:
        return read_gift(text)
    raise unreadable(name, "this text is of no format that is known", f"Choose {FORMATS}.")


def _decoded(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise unreadable(name, "this is not UTF-8 text", "Save it as UTF-8.", line=line) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
