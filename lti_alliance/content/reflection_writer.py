"""Reflections with their rubrics, and the teacher's section, as their Markdown."""

from collections.abc import Iterator, Sequence

from lti_alliance.content.teacher_blocks import PHRASES
from lti_alliance.content.written_text import (
    block_text,
    cell,
    one_line,
    one_paragraph,
    paragraphs,
    quoted,
    without_headings,
)
from lti_alliance.domain.kinds.base import digits
from lti_alliance.domain.modules import Exemplar, ReflectionPrompt, TeacherGuide
from lti_alliance.domain.rubrics import Rubric


def write_reflections(prompts: Sequence[ReflectionPrompt]) -> Iterator[str]:
    """Write the block of each prompt."""
    for prompt in prompts:
        yield from ("", f"## reflection: {prompt.id}", "")
        yield f"words: {prompt.words_min}-{prompt.words_max}"
        yield f"share: {prompt.share}"
        yield f"grading: {prompt.grading}"
        if prompt.resubmit:
            yield f"resubmit: {prompt.resubmit}"
        if prompt.case is not None:
            yield f"case: {prompt.case}"
        # Without a rubric of its own the last table of the prompt would be taken for one.
        refused = without_headings() if prompt.rubric else without_headings("table")
        yield from ("", block_text(prompt.prompt, refused))
        if prompt.rubric:
            yield from ("", *_rubric(prompt.rubric))


def write_teacher(guide: TeacherGuide, prompts: Sequence[ReflectionPrompt]) -> Iterator[str]:
    """Write what stands for those who teach."""
    rubrics = {prompt.id: prompt.rubric for prompt in prompts}
    for section in guide.sections:
        text = block_text(section.markdown, without_headings(upto=2))
        yield from ("", f"## {one_line(section.title)}", "", text)
    for exemplar in guide.exemplars:
        yield from _exemplar(exemplar, rubrics[exemplar.reflection])
    if guide.phrases:
        yield from ("", f"## {PHRASES}", "")
    for phrase in guide.phrases:
        first, *more = one_paragraph(phrase).split("\n")
        yield from (f"- {first}", *(f"  {row}" for row in more))


def _rubric(rubric: Rubric) -> Iterator[str]:
    levels = [f"{level.number} {level.name}" for level in rubric.criteria[0].levels]
    yield _row(["Criterion", "Weight", *levels])
    yield "|" + "---|" * (len(levels) + 2)
    for criterion in rubric.criteria:
        texts = [level.description for level in criterion.levels]
        yield _row([criterion.name, digits(criterion.weight), *texts])


def _exemplar(exemplar: Exemplar, rubric: Rubric | None) -> Iterator[str]:
    order = [criterion.id for criterion in rubric.criteria] if rubric else []
    yield from ("", f"## exemplar: {exemplar.id}", "")
    yield f"reflection: {exemplar.reflection}"
    yield f"levels: {' '.join(str(exemplar.levels[name]) for name in order)}"
    yield from ("", paragraphs(exemplar.text), "")
    yield from quoted(paragraphs(exemplar.notes), indent="")


def _row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(cell(text) for text in texts)} |"
