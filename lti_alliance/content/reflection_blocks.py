"""The `# Reflections` section: prompts, and the rubrics by which they are read."""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.blocks import cells, written_cells
from lti_alliance.content.document import (
    Attribute,
    Document,
    Part,
    line_of,
    take_attributes,
)
from lti_alliance.content.faults import Faults
from lti_alliance.content.quiz_blocks import read_case, split_heading
from lti_alliance.content.values import read_choice, read_count, read_decimal
from lti_alliance.domain.modules import Case, Grading, ReflectionPrompt, Share
from lti_alliance.domain.rubrics import Criterion, Level, LevelTable, Rubric

MAX_WORDS = 5000
MAX_RESUBMIT = 10

_ATTRIBUTES = ("words", "share", "grading", "resubmit", "case")
_WORDS = re.compile(r"(\d{1,4})\s*[-–]\s*(\d{1,4})", re.ASCII)
_LEVEL = re.compile(r"(\d)\s+(\S.*)", re.ASCII)
_LEVELS = len(LevelTable().shares)
_HEADER = "Write `| Criterion | Weight | 1 Not yet | 2 … | 3 … | 4 … |`."


def read_reflections(
    section: Part, document: Document, faults: Faults
) -> tuple[tuple[ReflectionPrompt, ...], tuple[Case, ...]]:
    """Read the section into prompts and the cases that it introduces."""
    if section.nodes:
        remedy = "Begin with `## reflection: my-id`."
        faults.error(line_of(section.nodes[0]), "there is text before the first prompt", remedy)
    prompts: list[ReflectionPrompt] = []
    cases: list[Case] = []
    for part in section.parts:
        kind, name = split_heading(part, faults, known=("reflection", "case"))
        if kind == "case":
            cases.append(read_case(part, name, document, faults))
        elif kind == "reflection":
            prompts.append(_read_prompt(part, name, document, faults))
    if not section.parts:
        remedy = "Write `## reflection: my-id`, or leave the section out."
        faults.error(section.line, "there is no reflection prompt", remedy)
    return tuple(prompts), tuple(cases)


def _read_prompt(part: Part, name: str, document: Document, faults: Faults) -> ReflectionPrompt:
    attributes, nodes = take_attributes(
        part.nodes, allowed=_ATTRIBUTES, owner="a reflection", faults=faults
    )
    tables = [index for index, node in enumerate(nodes) if node.type == "table"]
    split = tables[-1] if tables else len(nodes)
    for node in nodes[split + 1 :]:
        remedy = "Move the text above the rubric."
        faults.error(line_of(node), "this follows the rubric", remedy)
    prompt = document.text(nodes[:split])
    if not prompt.strip():
        remedy = "Write it after the blank line under the attributes."
        faults.error(part.line, f"{name} has no prompt", remedy)
    rubric = _read_rubric(nodes[split], document, faults) if tables else None
    words_min, words_max = _read_words(attributes.get("words"), part, faults)
    case = attributes.get("case")
    reflection = ReflectionPrompt(
        id=name,
        prompt=prompt,
        words_min=words_min,
        words_max=words_max,
        share=read_choice(attributes.get("share"), Share, Share.INSTRUCTOR, faults),
        grading=read_choice(attributes.get("grading"), Grading, Grading.COMPLETION, faults),
        resubmit=_read_resubmit(attributes.get("resubmit"), faults),
        rubric=rubric,
        case=case.value if case else None,
        line=part.line,
    )
    _check_grading(reflection, has_table=bool(tables), faults=faults)
    return reflection


def _check_grading(reflection: ReflectionPrompt, *, has_table: bool, faults: Faults) -> None:
    if reflection.grading is not Grading.RUBRIC:
        return
    if not has_table:
        faults.error(reflection.line, f"{reflection.id} is graded by a rubric it lacks", _HEADER)
    if reflection.share is Share.PRIVATE:
        remedy = "Write `grading: completion`, or `share: instructor`."
        faults.error(reflection.line, f"nobody may read {reflection.id} to grade it", remedy)


def _read_words(attribute: Attribute | None, part: Part, faults: Faults) -> tuple[int, int]:
    match = _WORDS.fullmatch(attribute.value) if attribute else None
    if match is not None:
        fewest, most = int(match[1]), int(match[2])
        if 0 < fewest <= most <= MAX_WORDS:
            return fewest, most
    line = attribute.line if attribute else part.line
    faults.error(line, "the number of words is not clear", "Write it like `words: 250-500`.")
    return 1, 1


def _read_resubmit(attribute: Attribute | None, faults: Faults) -> int:
    times = read_count(attribute, 0, faults) or 0
    if attribute is not None and times > MAX_RESUBMIT:
        remedy = f"Write a number up to {MAX_RESUBMIT}."
        faults.error(attribute.line, "this is resubmitted too often", remedy)
    return times


def _read_rubric(table: SyntaxTreeNode, document: Document, faults: Faults) -> Rubric | None:
    rows = [row for group in table.children for row in group.children]
    head = cells(rows[0])
    names = [_LEVEL.fullmatch(cell) for cell in head[2:]]
    numbers = [int(name[1]) for name in names if name]
    if (
        [cell.lower() for cell in head[:2]] != ["criterion", "weight"]
        or None in names
        or numbers != list(range(1, _LEVELS + 1))
    ):
        faults.error(line_of(table), "the columns of this rubric are not known", _HEADER)
        return None
    level_names = [name[2] for name in names if name]
    read = [_read_criterion(row, level_names, len(head), document, faults) for row in rows[1:]]
    criteria = tuple(criterion for criterion in read if criterion is not None)
    if len({criterion.id for criterion in criteria}) < len(criteria):
        remedy = "Give each criterion its own name."
        faults.error(line_of(table), "two criteria have the same name", remedy)
    if not rows[1:]:
        remedy = "Write one row for each criterion."
        faults.error(line_of(table), "this rubric has no criteria", remedy)
    return Rubric(criteria) if criteria else None


def _read_criterion(
    row: SyntaxTreeNode,
    level_names: Sequence[str],
    columns: int,
    document: Document,
    faults: Faults,
) -> Criterion | None:
    line = line_of(row)
    texts = cells(row)
    written = written_cells(row, document)
    if written != columns or not all(texts):
        remedy = r"Fill every cell; write \| for a bar inside a cell."
        faults.error(line, f"this row has {written} cells of {columns}, or an empty one", remedy)
        return None
    weight = read_decimal(texts[1])
    if weight is None or not 0 < weight <= 100:
        remedy = "Write a number above 0 and up to 100."
        faults.error(line, f"the weight is `{texts[1]}`", remedy)
        return None
    levels = tuple(
        Level(number=number, name=name, description=description)
        for number, (name, description) in enumerate(
            zip(level_names, texts[2:], strict=True), start=1
        )
    )
    return Criterion(id=slug(texts[0]), name=texts[0], weight=Decimal(weight), levels=levels)


def slug(text: str) -> str:
    """Make an id from a title: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-") or "untitled"
