"""Branch: `### node` headings with what is said there, and choices that lead on."""

import re
from collections.abc import Mapping, Sequence

from markdown_it.tree import SyntaxTreeNode

from lti_alliance.content.blocks import Block, first_text, list_rows, read_feedback, read_members
from lti_alliance.content.document import inline_text, line_of
from lti_alliance.content.faults import Faults
from lti_alliance.content.key_notes import read_key, read_panel
from lti_alliance.domain.items import START, BranchChoice, BranchItem, BranchNode, Item

MAX_NODES = 30
MAX_CHOICES = 6

_NODE_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CHOICE = re.compile(
    r"(?P<text>\S.*?)\s*->\s*(?P<to>[a-z0-9-]+)\s*\((?P<points>[+-]?\d{1,2})\)",
    re.DOTALL | re.ASCII,
)
_END = re.compile(r"end:\s*(?P<text>\S.*)", re.DOTALL)
_WRITE_CHOICE = "Write each choice as `- text -> node (+2)`."
_WRITE_NODE = "Begin with `### start`; each node has choices, or one paragraph `end: text`."


def read_branch(block: Block, faults: Faults) -> Item:
    """Read the nodes of a dialogue; every one is reachable, every way ends."""
    stem, rest = block.split("heading")
    nodes: list[BranchNode] = []
    lines: dict[str, int] = {}
    for heading, body in _cut(rest):
        node_id = inline_text(heading).strip()
        if heading.tag != "h3" or not _NODE_ID.fullmatch(node_id) or node_id in lines:
            problem = f"`{node_id}` is no name for a node, or is there twice"
            faults.error(line_of(heading), problem, _WRITE_NODE)
            continue
        lines[node_id] = line_of(heading)
        nodes.append(_read_node(block, node_id, lines[node_id], body, faults))
    if not nodes or nodes[0].id != START or len(nodes) > MAX_NODES:
        faults.error(block.part.line, f"{block.id} does not begin with `start`", _WRITE_NODE)
    else:
        _check_ways(nodes, lines, faults)
    return BranchItem(
        **read_members(block, stem, faults, needs_stem=False),
        nodes=tuple(nodes) or (BranchNode(id=START, text_markdown=""),),
        key=read_key(block, faults),
        panel=read_panel(block),
    )


def _cut(
    nodes: Sequence[SyntaxTreeNode],
) -> list[tuple[SyntaxTreeNode, list[SyntaxTreeNode]]]:
    found: list[tuple[SyntaxTreeNode, list[SyntaxTreeNode]]] = []
    for node in nodes:
        if node.type == "heading":
            found.append((node, []))
        else:
            found[-1][1].append(node)
    return found


def _read_node(
    block: Block, node_id: str, line: int, body: Sequence[SyntaxTreeNode], faults: Faults
) -> BranchNode:
    end = _END.fullmatch(inline_text(body[0])) if body and body[0].type == "paragraph" else None
    if end:
        if any(node.type != "paragraph" for node in body):
            faults.error(line, f"`{node_id}` is an end and goes on", _WRITE_NODE)
        text = "\n\n".join([end["text"], *(inline_text(node) for node in body[1:])])
        return BranchNode(id=node_id, text_markdown=text)
    said = [node for node in body if node.type != "bullet_list"]
    rows = list_rows(body, "bullet_list")
    if not said or not 2 <= len(rows) <= MAX_CHOICES:
        problem = f"`{node_id}` needs a text and from two to {MAX_CHOICES} choices"
        faults.error(line, problem, _WRITE_NODE)
    choices = tuple(
        _read_choice(block, row, str(number), faults) for number, row in enumerate(rows)
    )
    text = block.document.text(said) if said else ""
    return BranchNode(id=node_id, text_markdown=text, choices=choices)


def _read_choice(block: Block, row: SyntaxTreeNode, choice_id: str, faults: Faults) -> BranchChoice:
    match = _CHOICE.fullmatch(first_text(row).strip())
    feedback = read_feedback(row.children[1:], block.document, faults)
    if match is None:
        faults.error(line_of(row), "this choice leads nowhere", _WRITE_CHOICE)
        return BranchChoice(id=choice_id, text_markdown="", to=START, points=0)
    if not feedback:
        remedy = "Say what it does and what would be better, in a quote under it: `  > text`."
        faults.error(line_of(row), "this choice has no feedback", remedy)
    return BranchChoice(
        id=choice_id,
        text_markdown=match["text"],
        to=match["to"],
        points=int(match["points"]),
        feedback=feedback,
    )


def _check_ways(nodes: Sequence[BranchNode], lines: Mapping[str, int], faults: Faults) -> None:
    by_id = {node.id: node for node in nodes}
    for node in nodes:
        for choice in node.choices:
            if choice.to not in by_id:
                problem = f"`{node.id}` leads to `{choice.to}`, which does not exist"
                faults.error(lines[node.id], problem, "Write its `###` heading, or another name.")
    reached: set[str] = set()
    _go(START, (), by_id, reached, lines, faults)
    for node in nodes:
        if node.id not in reached:
            faults.error(
                lines[node.id], f"no way leads to `{node.id}`", "Lead to it, or remove it."
            )
    if not any(choice.points > 0 for node in nodes for choice in node.choices):
        faults.error(lines[START], "no choice earns anything", "Give the better ones (+1) or (+2).")


def _go(
    node_id: str,
    way: tuple[str, ...],
    by_id: Mapping[str, BranchNode],
    reached: set[str],
    lines: Mapping[str, int],
    faults: Faults,
) -> None:
    """Go every way on from a node, and note one that comes back to where it has been."""
    if node_id in way:
        problem = f"the dialogue comes back to `{node_id}`"
        faults.error(lines[node_id], problem, "Let every way lead on to an end.")
        return
    if node_id in reached or node_id not in by_id:
        return
    for choice in by_id[node_id].choices:
        _go(choice.to, (*way, node_id), by_id, reached, lines, faults)
    reached.add(node_id)
