"""A module as its source: what ``parser`` reads, written; and one item of a source replaced."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from lti_alliance.content.blocks import cells
from lti_alliance.content.document import Document, Part, read_document
from lti_alliance.content.faults import Faults
from lti_alliance.content.front_matter import FORMAT, find_body
from lti_alliance.content.item_writer import TableWords, write_item
from lti_alliance.content.parser import parse_source
from lti_alliance.content.reflection_writer import write_reflections, write_teacher
from lti_alliance.content.written_text import block_text, one_line, without_headings
from lti_alliance.domain.items import Item
from lti_alliance.domain.modules import Case, Module, Quiz, TeacherGuide
from lti_alliance.errors import ContentError, Fault

_UNSAFE_IN_YAML = {mark: f"\\u{mark:04x}" for mark in (0x85, 0x2028, 0x2029, 0xFEFF)}
_NOT_ITSELF = (
    "the text of this item would be read as something else",
    "Look for lines that begin with a mark such as #, -, > or =.",
)


def write_module(module: Module) -> str:
    """Write a whole source; reading it gives the module again, but for what depends on its file."""
    quiz_cases, other_cases = _share_out_cases(module)
    rows = [*_header(module), "", "# Objectives", ""]
    rows += [f"- [{each.level}] {one_line(each.text)}" for each in module.objectives]
    rows += ["", "# Reading"]
    for section in module.reading:
        rows += _titled(2, section.title, block_text(section.markdown, without_headings(upto=2)))
    if module.quiz.items:
        rows += ["", "# Quiz", "", *_settings(module.quiz), *_items(module.quiz, quiz_cases)]
    if module.reflections:
        cases = (row for case in other_cases for row in _case(case))
        rows += ["", "# Reflections", *cases, *write_reflections(module.reflections)]
    if module.teacher != TeacherGuide():
        rows += ["", "# Teacher", *write_teacher(module.teacher, module.reflections)]
    return "\n".join(rows) + "\n"


def replace_item(source: str, module: Module, item: Item) -> str:
    """Put the block of an item where its line says that it stood; every other line stays.

    ``module`` is what ``source`` was read as. Raises ``ContentError`` where the item cannot stand
    in the module, or would change something else.
    """
    name = f"{module.id}.md"
    lines = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    document = read_document(lines, find_body(lines, Faults()), Faults())
    part = _part_at(document, item.line)
    if part is None or part.title.partition(":")[2].strip() not in _ids(module.quiz.items):
        raise ContentError(name, [Fault(item.line, "no item begins here", "Read the file again.")])
    block = write_item(item, table=_table_words(part))
    end = part.end
    while not lines[end - 1].strip():
        end -= 1
    written = "\n".join([*lines[: part.line - 1], block, *lines[end:]])
    _check_replaced(module, parse_source(written, name=name), item)
    return written


def without_file(module: Module) -> Module:
    """Return a module without what depends on the file that it was read from."""
    teacher = module.teacher
    return replace(
        module,
        reading=tuple(replace(section, line=0) for section in module.reading),
        quiz=replace(module.quiz, items=tuple(replace(i, line=0) for i in module.quiz.items)),
        reflections=tuple(replace(prompt, line=0) for prompt in module.reflections),
        cases={name: replace(case, line=0) for name, case in module.cases.items()},
        teacher=replace(
            teacher,
            sections=tuple(replace(section, line=0) for section in teacher.sections),
            exemplars=tuple(replace(exemplar, line=0) for exemplar in teacher.exemplars),
        ),
        content_hash="",
        source="",
        warnings=(),
    )


def _header(module: Module) -> Iterator[str]:
    yield from ("---", f"format: {FORMAT}", f"id: {module.id}", f"title: {_quoted(module.title)}")
    yield from (f"version: {module.version}", f"language: {module.language}")
    yield from (f"license: {_quoted(module.license)}", f"minutes: {module.minutes}")
    yield f"requires: [{', '.join(module.requires)}]"
    yield f"standards: [{', '.join(module.standards)}]"
    yield "sources:" if module.sources else "sources: {}"
    yield from (f"  {key}: {_quoted(text)}" for key, text in module.sources.items())
    yield "---"


def _quoted(text: str) -> str:
    """Write a text as YAML's double quotes hold it, which is nearly as JSON's do."""
    return json.dumps(one_line(text), ensure_ascii=False).translate(_UNSAFE_IN_YAML)


def _titled(rank: int, title: str, *texts: str) -> Iterator[str]:
    yield from ("", f"{'#' * rank} {one_line(title)}")
    for text in texts:
        yield from ("", text)


def _settings(quiz: Quiz) -> Iterator[str]:
    limit = quiz.time_limit
    yield f"attempts: {'unlimited' if quiz.attempts is None else quiz.attempts}"
    yield f"keep: {quiz.keep}"
    yield f"time limit: {'none' if limit is None else int(limit.total_seconds()) // 60}"
    if quiz.wait:
        yield f"wait: {quiz.wait // timedelta(minutes=1)} minutes"
    yield f"feedback: {quiz.feedback}"
    yield f"shuffle: {'yes' if quiz.shuffle else 'no'}"


def _items(quiz: Quiz, cases: Sequence[Case]) -> Iterator[str]:
    """Write the items, each pool before its first and each case before the first that shows it."""
    pools = {pool.item_ids[0]: pool for pool in quiz.pools if pool.item_ids}
    waiting = {case.id: case for case in cases}
    for item in quiz.items:
        if item.case in waiting:
            yield from _case(waiting.pop(item.case))
        if pool := pools.get(item.id):
            yield from ("", f"## pool: {one_line(pool.name)} pick {pool.pick}")
        yield from ("", write_item(item))
    for case in waiting.values():
        yield from _case(case)


def _case(case: Case) -> Iterator[str]:
    yield from ("", f"## case: {case.id}")
    for stage in case.stages:
        text = block_text(stage.markdown, without_headings())
        yield from _titled(3, stage.title, text) if stage.title else ("", text)


def _share_out_cases(module: Module) -> tuple[Sequence[Case], Sequence[Case]]:
    """Tell the cases that the quiz introduces from those of the reflections alone."""
    shown = {item.case for item in module.quiz.items}
    written = {prompt.case for prompt in module.reflections} - shown
    others = [
        case
        for case in module.cases.values()
        if case.id in written or (not module.quiz.items and case.id not in shown)
    ]
    return [case for case in module.cases.values() if case not in others], others


def _part_at(document: Document, line: int) -> Part | None:
    parts = (part for section in document.sections for part in section.parts)
    return next((part for part in parts if part.line == line), None)


def _ids(items: Iterable[Item]) -> frozenset[str]:
    return frozenset(item.id for item in items)


def _table_words(part: Part) -> TableWords:
    """Keep the head of a table and what it says of things to which nothing belongs."""
    table = next((node for node in part.nodes if node.type == "table"), None)
    if table is None:
        return TableWords()
    head, *rows = [cells(row) for group in table.children for row in group.children]
    text, belongs, why = (*head, *TableWords().head[len(head) :])[:3]
    spare = {texts[1]: texts[2] for texts in rows if len(texts) == 3 and not texts[0]}
    return TableWords(head=(text, belongs, why), reasons=spare)


def _check_replaced(before: Module, after: Module, item: Item) -> None:
    """See to it that the item was read as it was meant, and that nothing else has changed."""
    at = next(i for i, old in enumerate(before.quiz.items) if old.line == item.line)
    items = after.quiz.items
    found = items[at] if len(items) == len(before.quiz.items) else None
    others = [*before.quiz.items]
    if found is not None:
        others[at] = found
    expected = replace(before, quiz=replace(before.quiz, items=tuple(others)))
    if (
        found is None
        or write_item(found) != write_item(item)
        or without_file(expected) != without_file(after)
    ):
        raise ContentError(f"{before.id}.md", [Fault(item.line, *_NOT_ITSELF)])
