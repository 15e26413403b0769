"""The `# Quiz` section: its settings, its cases, its pools, and the order of its items."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from lti_alliance.content.document import (
    Attribute,
    Document,
    Part,
    inline_text,
    line_of,
    take_attributes,
)
from lti_alliance.content.faults import Faults
from lti_alliance.content.item_blocks import ITEM_BLOCKS, read_item
from lti_alliance.content.values import check_identifier, read_choice, read_yes_no
from lti_alliance.domain.items import BranchItem, Item
from lti_alliance.domain.modules import Case, CaseStage, FeedbackTiming, Keep, Pool, Quiz
from lti_alliance.domain.waits import MAX_DAYS, read_wait

MAX_ITEMS = 200
MAX_ATTEMPTS = 20
MAX_MINUTES = 1440

_SETTINGS = ("attempts", "keep", "time limit", "wait", "feedback", "shuffle")
_HEADING = re.compile(r"(?P<kind>[a-z]+)\s*:\s*(?P<name>\S.*)")
_POOL = re.compile(r"(?P<name>\S.*?)\s+pick\s+(?P<pick>[1-9]\d{0,2})")


@dataclass(slots=True)
class _OpenPool:
    name: str
    pick: int
    line: int
    items: list[Item] = field(default_factory=list)


def read_quiz(section: Part, document: Document, faults: Faults) -> tuple[Quiz, tuple[Case, ...]]:
    """Read the section into a quiz and the cases that it introduces."""
    settings = _read_settings(section, faults)
    items: list[Item] = []
    cases: list[Case] = []
    pools: list[_OpenPool] = []
    for part in section.parts:
        kind, name = split_heading(part, faults, known=(*ITEM_BLOCKS, "case", "pool"))
        if kind == "case":
            cases.append(read_case(part, name, document, faults))
        elif kind == "pool":
            pools += _read_pool(part, name, faults)
        elif kind and (item := read_item(kind, name, part, document, faults)):
            items.append(item)
            if pools:
                pools[-1].items.append(item)
    if not section.parts:
        faults.error(section.line, "the quiz has no items", "Write `## single: my-id` or leave it.")
    if len(items) > MAX_ITEMS:
        faults.error(section.line, "the quiz is too long", f"Use at most {MAX_ITEMS} items.")
    return (
        Quiz(
            items=tuple(items),
            pools=tuple(_close_pool(pool, faults) for pool in pools),
            attempts=_read_attempts(settings.get("attempts"), faults),
            keep=read_choice(settings.get("keep"), Keep, Keep.HIGHEST, faults),
            time_limit=_read_time_limit(settings.get("time limit"), faults),
            wait=_read_wait(settings.get("wait"), faults),
            feedback=read_choice(
                settings.get("feedback"), FeedbackTiming, FeedbackTiming.AFTER_SUBMIT, faults
            ),
            shuffle=read_yes_no(settings.get("shuffle"), faults, default=True),
        ),
        tuple(cases),
    )


def split_heading(part: Part, faults: Faults, *, known: Sequence[str]) -> tuple[str, str]:
    """Split ``kind: name``; an unknown kind is a fault and comes back empty."""
    match = _HEADING.fullmatch(part.title)
    if match is None or match["kind"] not in known:
        problem = f"`## {part.title}` is not known here"
        faults.error(part.line, problem, f"Begin the heading with: {', '.join(known)}; then `: `.")
        return "", ""
    if match["kind"] != "pool":
        check_identifier(match["name"], part.line, faults)
    return match["kind"], match["name"]


def read_case(part: Part, name: str, document: Document, faults: Faults) -> Case:
    """Read the vignette under a ``## case: id`` heading; ``###`` headings cut it into stages."""
    if not part.nodes:
        faults.error(part.line, f"the case `{name}` has no text", "Write the vignette under it.")
    heads = [i for i, node in enumerate(part.nodes) if node.type == "heading"]
    stages = []
    if not heads or heads[0] > 0:
        lead = part.nodes[: heads[0]] if heads else part.nodes
        stages.append(CaseStage("", document.text(lead)))
    for start, stop in zip(heads, [*heads[1:], None], strict=False):
        heading, body = part.nodes[start], part.nodes[start + 1 : stop]
        if heading.tag != "h3" or not body:
            remedy = "Begin each stage with `### Title`, and write its text under it."
            faults.error(line_of(heading), "this stage cannot be read", remedy)
        stages.append(CaseStage(inline_text(heading).strip(), document.text(body)))
    return Case(id=name, stages=tuple(stages), line=part.line)


def _read_settings(section: Part, faults: Faults) -> dict[str, Attribute]:
    settings, rest = take_attributes(
        section.nodes, allowed=_SETTINGS, owner="the quiz", faults=faults
    )
    if rest:
        faults.error(
            line_of(rest[0]),
            "there is text before the first item",
            f"Only these lines may stand here: {', '.join(_SETTINGS)}.",
        )
    return dict(settings)


def _read_attempts(attribute: Attribute | None, faults: Faults) -> int | None:
    if attribute is None:
        return 1
    if attribute.value == "unlimited":
        return None
    if attribute.value.isdecimal() and 1 <= int(attribute.value) <= MAX_ATTEMPTS:
        return int(attribute.value)
    remedy = f"Write a number from 1 to {MAX_ATTEMPTS}, or unlimited."
    faults.error(attribute.line, f"`attempts` is `{attribute.value}`", remedy)
    return 1


def _read_time_limit(attribute: Attribute | None, faults: Faults) -> timedelta | None:
    if attribute is None or attribute.value == "none":
        return None
    if attribute.value.isdecimal() and 1 <= int(attribute.value) <= MAX_MINUTES:
        return timedelta(minutes=int(attribute.value))
    remedy = f"Write a number of minutes from 1 to {MAX_MINUTES}, or none."
    faults.error(attribute.line, f"`time limit` is `{attribute.value}`", remedy)
    return None


def _read_wait(attribute: Attribute | None, faults: Faults) -> timedelta:
    if attribute is None or attribute.value == "none":
        return timedelta(0)
    number, _, unit = attribute.value.partition(" ")
    wait = read_wait(number, unit)
    if wait:
        return wait
    remedy = f"Write `30 minutes`, `24 hours` or `7 days`, at most {MAX_DAYS} days, or none."
    faults.error(attribute.line, f"`wait` is `{attribute.value}`", remedy)
    return timedelta(0)


def _read_pool(part: Part, name: str, faults: Faults) -> list[_OpenPool]:
    match = _POOL.fullmatch(name)
    if match is None:
        faults.error(part.line, "this pool cannot be read", "Write `## pool: warm-ups pick 2`.")
        return []
    if part.nodes:
        faults.error(line_of(part.nodes[0]), "a pool has no text", "Begin an item here.")
    return [_OpenPool(match["name"], int(match["pick"]), part.line)]


def _close_pool(pool: _OpenPool, faults: Faults) -> Pool:
    if pool.pick >= len(pool.items):
        faults.error(
            pool.line,
            f"the pool `{pool.name}` picks {pool.pick} of {len(pool.items)} items",
            "Pick fewer than there are, or remove the pool.",
        )
    for item in pool.items:
        if item.case or isinstance(item, BranchItem):
            remedy = "Move it above the first pool: what belongs together is not drawn apart."
            faults.error(item.line, f"{item.id} cannot stand in a pool", remedy)
    if len({item.worth for item in pool.items}) > 1:
        faults.error(
            pool.line,
            f"the items of the pool `{pool.name}` differ in points",
            "Give them the same points, so that every draw has the same maximum.",
        )
    return Pool(pool.name, pool.pick, tuple(item.id for item in pool.items))
