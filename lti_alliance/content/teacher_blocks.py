"""The `# Teacher` section: what those who teach find beside a module, and students do not."""

from collections.abc import Mapping, Sequence

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.blocks import first_text, list_rows, refuse_rest
from lti_alliance.content.document import (
    Attribute,
    Document,
    Part,
    inline_text,
    line_of,
    take_attributes,
)
from lti_alliance.content.faults import Faults
from lti_alliance.content.reflection_blocks import slug
from lti_alliance.content.values import check_identifier
from lti_alliance.domain.modules import Exemplar, ReadingSection, ReflectionPrompt, TeacherGuide

PHRASES = "Feedback phrases"

_EXEMPLAR = "exemplar:"
_LEVELS = "Write one level for each criterion, in their order: `levels: 3 2 3 4 2 3`."
_NOTES = "Write the text first, then the annotations as a quote: `> **Criterion (3).** …`."


def read_teacher(
    section: Part, prompts: Sequence[ReflectionPrompt], document: Document, faults: Faults
) -> TeacherGuide:
    """Read the section; ``prompts`` are those that exemplars may answer."""
    if section.nodes:
        remedy = "Begin with a heading: `## Common misreadings`."
        faults.error(line_of(section.nodes[0]), "there is text before the first heading", remedy)
    sections: list[ReadingSection] = []
    exemplars: list[Exemplar] = []
    phrases: list[str] = []
    for part in section.parts:
        if not part.nodes:
            faults.error(part.line, f"“{part.title}” has no text", "Write it or leave it out.")
        elif part.title.startswith(_EXEMPLAR):
            name = part.title.removeprefix(_EXEMPLAR).strip()
            exemplars += _read_exemplar(part, name, prompts, faults)
        elif part.title == PHRASES:
            refuse_rest(part.nodes, "bullet_list", "Write each as `- sentence`.", faults)
            phrases += [first_text(row) for row in list_rows(part.nodes, "bullet_list")]
        else:
            text = document.text(part.nodes)
            sections.append(ReadingSection(slug(part.title), part.title, text, part.line))
    return TeacherGuide(
        sections=tuple(sections), exemplars=tuple(exemplars), phrases=tuple(phrases)
    )


def _read_exemplar(
    part: Part,
    name: str,
    prompts: Sequence[ReflectionPrompt],
    faults: Faults,
) -> list[Exemplar]:
    check_identifier(name, part.line, faults)
    attributes, nodes = take_attributes(
        part.nodes, allowed=("reflection", "levels"), owner="an exemplar", faults=faults
    )
    wanted = attributes.get("reflection")
    prompt = next((p for p in prompts if wanted and p.id == wanted.value), None)
    if prompt is None or prompt.rubric is None:
        remedy = "Write `reflection: …` with the id of a reflection that has a rubric."
        faults.error(part.line, f"`{name}` answers no reflection with a rubric", remedy)
        return []
    levels = _read_levels(attributes.get("levels"), prompt, part, faults)
    text, notes = _split(nodes)
    if not text or not notes:
        faults.error(part.line, f"`{name}` has no text or no annotations", _NOTES)
    return [
        Exemplar(
            id=name,
            reflection=prompt.id,
            text="\n\n".join(" ".join(inline_text(node).split()) for node in text),
            levels=levels,
            notes="\n\n".join(inline_text(child) for node in notes for child in node.children),
            line=part.line,
        )
    ]


def _split(
    nodes: Sequence[SyntaxTreeNode],
) -> tuple[list[SyntaxTreeNode], list[SyntaxTreeNode]]:
    text = [node for node in nodes if node.type == "paragraph"]
    return text, [node for node in nodes if node.type == "blockquote"]


def _read_levels(
    attribute: Attribute | None, prompt: ReflectionPrompt, part: Part, faults: Faults
) -> Mapping[str, int]:
    assert prompt.rubric is not None
    words = attribute.value.replace(",", " ").split() if attribute else []
    criteria = prompt.rubric.criteria
    numbers = [int(word) for word in words if word.isdecimal()]
    known = all(
        0 <= number <= len(criterion.levels)
        for number, criterion in zip(numbers, criteria, strict=False)
    )
    if len(words) != len(criteria) or len(numbers) != len(criteria) or not known:
        faults.error(attribute.line if attribute else part.line, "the levels do not fit", _LEVELS)
        return {}
    return {c.id: number for c, number in zip(criteria, numbers, strict=True)}
