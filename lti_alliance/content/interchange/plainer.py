"""Items as formats with fewer kinds can carry them."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from lti_alliance.content.interchange.values import Loss
from lti_alliance.domain.items import (
    BranchItem,
    Item,
    KeyState,
    Lock,
    MatchingItem,
    MatchRow,
    MultipleItem,
    MultipleScoring,
    OrderingItem,
    RateItem,
    SingleItem,
    Target,
)
from lti_alliance.domain.modules import Module

Tell = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An item to write, and its question with the vignette that it is shown with."""

    item: Item
    stem: str
    vignette: str
    stimulus: str = ""
    """Where a package keeps the vignette, which all items with the same one share."""


def outgoing(
    module: Module,
    losses: list[Loss],
    *,
    orders: bool = False,
    locks: Container[Lock] = (),
) -> list[Outgoing]:
    """Return what a format without dialogues and ratings carries.

    ``orders`` says that it has orderings, ``locks`` how options can keep their places in it.
    Whatever does not go with them is told once for the module or for its item.
    """

    def tell(where: str, what: str, why: str) -> None:
        losses.append(Loss(where, what, why))

    _tell_of_module(module, tell)
    found = []
    for item in module.quiz.items:
        plain = _plainer(item, tell, orders=orders)
        if plain is None:
            continue
        _tell_of_item(item, tell)
        if item.lock is not Lock.NONE and not (
            item.lock in locks and isinstance(plain, SingleItem | MultipleItem)
        ):
            tell(item.id, "which places are kept", "the format shuffles all or nothing")
        case = module.cases.get(item.case) if item.case else None
        vignette = case.up_to(item.stage) if case else ""
        stimulus = f"stimuli/{item.case}-{item.stage}.html" if vignette else ""
        found.append(Outgoing(plain, item.stem, vignette, stimulus))
    return found


def _plainer(item: Item, tell: Tell, *, orders: bool) -> Item | None:
    if isinstance(item, BranchItem):
        tell(item.id, "the whole item", "the format has no dialogues")
        return None
    if isinstance(item, OrderingItem):
        if item.also:
            tell(item.id, "its other right orders", "the format knows one order")
        if orders:
            return item
        tell(item.id, "it became a matching item", "the format has no orderings")
        places = [str(place) for place in range(1, len(item.entries) + 1)]
        lines = [(entry.text_markdown, entry.feedback) for entry in item.entries]
        return _matching(item, [(*line, place) for line, place in zip(lines, places, strict=True)])
    if isinstance(item, RateItem):
        tell(item.id, "it became a matching item", "the format has no ratings")
        if item.key is KeyState.DRAFT:
            tell(item.id, "that its key is a draft", "the format knows no drafts; it makes points")
        names = {point.number: f"{point.number} {point.name}" for point in item.scale}
        rows = [(reply.text_markdown, reply.feedback, names[reply.value]) for reply in item.replies]
        return _matching(item, rows, others=names.values())
    return item


def _matching(item: Item, rows: list[tuple[str, str, str]], *, others: Any = ()) -> MatchingItem:
    names = list(dict.fromkeys([name for _text, _why, name in rows] + list(others)))
    letters = dict(zip(names, ascii_lowercase, strict=False))
    return MatchingItem(
        id=item.id,
        stem=item.stem,
        points=item.points,
        rows=tuple(
            MatchRow(id=letter, text_markdown=text, target=letters[name], feedback=why)
            for letter, (text, why, name) in zip(ascii_lowercase, rows, strict=False)
        ),
        targets=tuple(Target(letter, name) for name, letter in letters.items()),
    )


def _tell_of_module(module: Module, tell: Tell) -> None:
    tell("the module", "objectives, reading and settings", "the format carries questions only")
    if module.reflections:
        tell("the module", f"{len(module.reflections)} reflections", "the format has no rubrics")
    if module.teacher.sections or module.teacher.exemplars or module.teacher.phrases:
        tell("the module", "what stands for those who teach", "the format has no place for it")


def _tell_of_item(item: Item, tell: Tell) -> None:
    if item.confidence:
        tell(item.id, "that it asks how sure the student is", "the format has no such question")
    if isinstance(item, MultipleItem) and item.scoring is not MultipleScoring.RIGHT_MINUS_WRONG:
        tell(item.id, f"its scoring, {item.scoring}", "wrong choices take off from right ones")
