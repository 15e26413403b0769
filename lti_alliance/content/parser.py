"""One Markdown file of the format ``alliance-module/1`` becomes a ``Module``."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lti_alliance.content.cross_checks import check_references
from lti_alliance.content.document import Document, Part, inline_text, line_of, read_document
from lti_alliance.content.faults import Faults
from lti_alliance.content.front_matter import find_body, read_front_matter
from lti_alliance.content.habit_checks import check_habits
from lti_alliance.content.quiz_blocks import read_quiz
from lti_alliance.content.reflection_blocks import read_reflections, slug
from lti_alliance.content.teacher_blocks import read_teacher
from lti_alliance.domain.modules import (
    BloomLevel,
    Case,
    Module,
    Objective,
    Quiz,
    ReadingSection,
    ReflectionPrompt,
    TeacherGuide,
)
from lti_alliance.errors import ContentError, Fault

MAX_SOURCE_LENGTH = 150_000

SECTIONS = ("Objectives", "Reading", "Quiz", "Reflections", "Teacher")
_OBJECTIVE = re.compile(r"\[(?P<level>[A-Za-z]+)\]\s+(?P<text>\S.*)", re.DOTALL)


def parse_file(path: Path) -> Module:
    """Read a module from a file; raises ``ContentError`` with every fault found."""
    return parse_bytes(path.read_bytes(), name=path.name)


def parse_bytes(content: bytes, *, name: str) -> Module:
    """Read a module from the bytes of a file; raises ``ContentError``."""
    try:
        return parse_source(content.decode("utf-8-sig"), name=name)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        fault = Fault(line, "this is not UTF-8 text", "Save the file as UTF-8.")
        raise ContentError(name, [fault]) from error


def parse_source(text: str, *, name: str) -> Module:
    """Read a module from its source; raises ``ContentError`` with every fault found.

    ``name`` is what the faults call the file. Line ends are made alike before anything is hashed,
    so that the same module has the same hash wherever it was saved.
    """
    source = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    faults = Faults()
    _check_characters(source, faults)
    faults.raise_errors(name)
    lines = source.split("\n")
    body_start = find_body(lines, faults)
    # Without a header every line would be misread; one fault says more than fifty.
    faults.raise_errors(name)
    module = _assemble(lines, body_start, source, faults)
    faults.raise_errors(name)
    return module


def _assemble(lines: list[str], body_start: int, source: str, faults: Faults) -> Module:
    header = read_front_matter(lines[1 : body_start - 1], faults)
    document = read_document(lines, body_start, faults)
    sections = _by_title(document, faults)
    quiz, quiz_cases = Quiz(), tuple[Case, ...]()
    reflections, other_cases = tuple[ReflectionPrompt, ...](), tuple[Case, ...]()
    if "Quiz" in sections:
        quiz, quiz_cases = read_quiz(sections["Quiz"], document, faults)
    if "Reflections" in sections:
        reflections, other_cases = read_reflections(sections["Reflections"], document, faults)
    teacher = TeacherGuide()
    if "Teacher" in sections:
        teacher = read_teacher(sections["Teacher"], reflections, document, faults)
    module = Module(
        id=header.id,
        title=header.title,
        version=header.version,
        language=header.language,
        license=header.license,
        minutes=header.minutes,
        requires=header.requires,
        standards=header.standards,
        sources=header.sources,
        objectives=_read_objectives(sections.get("Objectives"), faults),
        reading=_read_reading(sections.get("Reading"), document, faults),
        quiz=quiz,
        reflections=reflections,
        cases=_by_id((*quiz_cases, *other_cases), faults),
        teacher=teacher,
        content_hash=hashlib.sha256(source.encode()).hexdigest(),
        source=source,
    )
    check_references(module, header, document, faults)
    check_habits(module, faults)
    return replace(module, warnings=faults.warnings)


def _check_characters(source: str, faults: Faults) -> None:
    if len(source) > MAX_SOURCE_LENGTH:
        remedy = f"Split the module: {MAX_SOURCE_LENGTH} characters are the most."
        faults.error(1, "the file is too long", remedy)
        return
    for number, line in enumerate(source.split("\n"), start=1):
        if any(unicodedata.category(mark) in ("Cc", "Cs") and mark != "\t" for mark in line):
            remedy = "Remove it; it may be invisible in your editor."
            faults.error(number, "this line holds a control character", remedy)


def _by_title(document: Document, faults: Faults) -> dict[str, Part]:
    sections: dict[str, Part] = {}
    order = ", ".join(f"`# {title}`" for title in SECTIONS)
    for section in document.sections:
        if section.title not in SECTIONS:
            problem = f"there is no section `# {section.title}`"
            faults.error(section.line, problem, f"Use, in this order: {order}.")
        elif section.title in sections:
            faults.error(section.line, f"`# {section.title}` is there twice", "Join the two.")
        else:
            sections[section.title] = section
    if list(sections) != [title for title in SECTIONS if title in sections]:
        faults.error(1, "the sections are in another order", f"Order them: {order}.")
    for title in ("Objectives", "Reading"):
        if title not in sections:
            faults.error(1, f"there is no section `# {title}`", f"Order the sections: {order}.")
    if "Quiz" not in sections and "Reflections" not in sections:
        faults.error(1, "there is nothing to do", "Add `# Quiz`, `# Reflections`, or both.")
    return sections


def _read_objectives(section: Part | None, faults: Faults) -> tuple[Objective, ...]:
    if section is None:
        return ()
    levels = ", ".join(BloomLevel)
    remedy = f"Write `- [level] text` lines; the levels are {levels}."
    for part in section.parts:
        faults.error(part.line, "the objectives hold no headings", remedy)
    objectives = []
    for node in section.nodes:
        rows = node.children if node.type == "bullet_list" else [node]
        for row in rows:
            text = inline_text(row.children[0]) if row.children else ""
            match = _OBJECTIVE.fullmatch(text) if row.type == "list_item" else None
            if match is None or match["level"] not in set(BloomLevel) or len(row.children) > 1:
                faults.error(line_of(row), "this is not an objective", remedy)
            else:
                level = BloomLevel(match["level"])
                objectives.append(Objective(level, " ".join(match["text"].split())))
    if not section.nodes:
        faults.error(section.line, "there are no objectives", remedy)
    return tuple(objectives)


def _read_reading(
    section: Part | None, document: Document, faults: Faults
) -> tuple[ReadingSection, ...]:
    if section is None:
        return ()
    remedy = "Begin each screen of the reading with `## Title`."
    if section.nodes:
        faults.error(line_of(section.nodes[0]), "there is text before the first screen", remedy)
    if not section.parts:
        faults.error(section.line, "the reading is empty", remedy)
    screens: dict[str, ReadingSection] = {}
    for part in section.parts:
        if not part.nodes:
            faults.error(part.line, f"“{part.title}” has no text", "Write it or leave it out.")
        screen_id = slug(part.title)
        while screen_id in screens:
            screen_id += "-more"
        markdown = document.text(part.nodes)
        screens[screen_id] = ReadingSection(screen_id, part.title, markdown, part.line)
    return tuple(screens.values())


def _by_id(cases: Iterable[Case], faults: Faults) -> dict[str, Case]:
    found: dict[str, Case] = {}
    for case in cases:
        if case.id in found:
            remedy = "Give each case its own id."
            faults.error(case.line, f"the case `{case.id}` is there twice", remedy)
        found.setdefault(case.id, case)
    return found
