"""What differs between two versions of a module, told in the order of the file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from lti_alliance.domain.items import Item
from lti_alliance.domain.modules import Module, ReadingSection, ReflectionPrompt
from lti_alliance.domain.regrades import has_same_key, looks_the_same


class Place(StrEnum):
    """Where in a module something changed."""

    ABOUT = "about"
    """Its title, minutes, licence, standards or sources."""
    OBJECTIVES = "objectives"
    READING = "reading"
    CASE = "case"
    ITEM = "item"
    QUIZ = "quiz"
    """What its author proposes for the quiz, and its pools."""
    REFLECTION = "reflection"
    TEACHER = "teacher"


class Aspect(StrEnum):
    """What about it changed."""

    ADDED = "added"
    REMOVED = "removed"
    WORDING = "wording"
    """What a student reads."""
    KEY = "key"
    """What earns points."""
    POINTS = "points"
    FEEDBACK = "feedback"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs; ``before`` and ``after`` are Markdown, empty where there is none."""

    place: Place
    id: str = ""
    aspects: tuple[Aspect, ...]
    before: str = ""
    after: str = ""


def compare(old: Module, new: Module) -> tuple[Change, ...]:
    """List what differs between an earlier and a later version of a module."""
    return (
        *_about(old, new),
        *_texts(Place.OBJECTIVES, {"": _objectives(old)}, {"": _objectives(new)}),
        *_texts(Place.READING, _screens(old.reading), _screens(new.reading)),
        *_texts(Place.CASE, _cases(old), _cases(new)),
        *_quiz(old, new),
        *_items(old, new),
        *_reflections(old, new),
        *_texts(Place.TEACHER, _screens(old.teacher.sections), _screens(new.teacher.sections)),
    )


def item_aspects(old: Item, new: Item) -> tuple[Aspect, ...]:
    """Say what about an item differs; nothing where it only moved."""
    found = []
    if not looks_the_same(old, new):
        found.append(Aspect.WORDING)
    if not has_same_key(old, new):
        found.append(Aspect.KEY)
    if old.points != new.points:
        found.append(Aspect.POINTS)
    if found:
        return tuple(found)
    plain = replace(new, line=old.line)
    if old.content() != plain.content():
        return (Aspect.FEEDBACK,)
    return (Aspect.OTHER,) if plain != old else ()


def _about(old: Module, new: Module) -> Iterator[Change]:
    def told(module: Module) -> str:
        sources = "\n".join(f"- {key}: {text}" for key, text in module.sources.items())
        return (
            f"{module.title}\n\n{module.minutes} · {module.license} · "
            f"{', '.join(module.standards)}\n\n{sources}"
        )

    yield from _texts(Place.ABOUT, {"": told(old)}, {"": told(new)})


def _objectives(module: Module) -> str:
    return "\n".join(f"{n}. {each.text}" for n, each in enumerate(module.objectives, 1))


def _screens(sections: tuple[ReadingSection, ...]) -> dict[str, str]:
    return {each.title: each.markdown for each in sections}


def _cases(module: Module) -> dict[str, str]:
    return {case.id: case.markdown for case in module.cases.values()}


def _quiz(old: Module, new: Module) -> Iterator[Change]:
    if replace(old.quiz, items=()) != replace(new.quiz, items=()):
        yield Change(place=Place.QUIZ, aspects=(Aspect.OTHER,))


def _items(old: Module, new: Module) -> Iterator[Change]:
    before = {item.id: item for item in old.quiz.items}
    after = {item.id: item for item in new.quiz.items}
    for item_id in _in_order(before, after):
        was, now = before.get(item_id), after.get(item_id)
        aspects = _aspects(was, now)
        if aspects:
            yield Change(
                place=Place.ITEM,
                id=item_id,
                aspects=aspects,
                before=was.stem if was else "",
                after=now.stem if now else "",
            )


def _aspects(was: Item | None, now: Item | None) -> tuple[Aspect, ...]:
    if was is None:
        return (Aspect.ADDED,)
    if now is None:
        return (Aspect.REMOVED,)
    return item_aspects(was, now)


def _reflections(old: Module, new: Module) -> Iterator[Change]:
    before = {prompt.id: prompt for prompt in old.reflections}
    after = {prompt.id: prompt for prompt in new.reflections}
    yield from _texts(
        Place.REFLECTION,
        {key: prompt.prompt for key, prompt in before.items()},
        {key: prompt.prompt for key, prompt in after.items()},
    )
    for key, prompt in after.items():
        if key in before and _rules(before[key]) != _rules(prompt):
            yield Change(place=Place.REFLECTION, id=key, aspects=(Aspect.OTHER,))


def _rules(prompt: ReflectionPrompt) -> ReflectionPrompt:
    return replace(prompt, prompt="", line=0)


def _texts(place: Place, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for key in _in_order(before, after):
        was, now = before.get(key, ""), after.get(key, "")
        if was == now:
            continue
        if key not in before:
            aspect = Aspect.ADDED
        else:
            aspect = Aspect.WORDING if key in after else Aspect.REMOVED
        yield Change(place=place, id=key, aspects=(aspect,), before=was, after=now)


def _in_order(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Go through what is there now, and then through what is there no more."""
    return [*after, *(key for key in before if key not in after)]
