"""An alliance module as a value: what a student reads, answers and writes about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from lti_alliance.domain.items import Item, content_hash
from lti_alliance.domain.rubrics import Rubric
from lti_alliance.errors import Fault, NotFound


class BloomLevel(StrEnum):
    """What an objective asks of a student, from the revised taxonomy."""

    REMEMBER = "remember"
    UNDERSTAND = "understand"
    APPLY = "apply"
    ANALYZE = "analyze"
    EVALUATE = "evaluate"
    CREATE = "create"


class Keep(StrEnum):
    """Which attempt counts when there are several."""

    HIGHEST = "highest"
    LATEST = "latest"
    FIRST = "first"
    AVERAGE = "average"


class FeedbackTiming(StrEnum):
    """When a student sees more than the score."""

    AFTER_EACH = "after each"
    """For an answer that the student has checked, at once; for the rest as after submit."""
    AFTER_SUBMIT = "after submit"
    AFTER_CLOSE = "after close"


class Share(StrEnum):
    """Who may read a reflection besides its writer."""

    PRIVATE = "private"
    """Nobody: only that it was written is reported."""
    INSTRUCTOR = "instructor"


class Grading(StrEnum):
    """How a reflection gets its points."""

    COMPLETION = "completion"
    RUBRIC = "rubric"


@dataclass(frozen=True, slots=True)
class Objective:
    """One thing a student can do after the module."""

    level: BloomLevel
    text: str


@dataclass(frozen=True, slots=True)
class ReadingSection:
    """One screen of the reading; ``id`` is made from the title and unique in the module."""

    id: str
    title: str
    markdown: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class CaseStage:
    """One part of a vignette; the title is empty where the case has one part only."""

    title: str
    markdown: str


@dataclass(frozen=True, slots=True)
class Case:
    """A vignette, in one or several stages, that several items and a reflection share."""

    id: str
    stages: tuple[CaseStage, ...]
    line: int = 0

    @property
    def markdown(self) -> str:
        """The whole vignette."""
        return self.up_to(len(self.stages))

    def up_to(self, stage: int, *, after: int = 0) -> str:
        """Return the vignette up to a stage, counted from 1, without those up to ``after``."""
        return "\n\n".join(
            f"**{part.title}.** {part.markdown}" if part.title else part.markdown
            for part in self.stages[after:stage]
        )


@dataclass(frozen=True, slots=True)
class Pool:
    """Items of which each attempt draws ``pick``; all of them are worth the same."""

    name: str
    pick: int
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiz:
    """The items of a module in source order, and the settings its author proposes."""

    items: tuple[Item, ...] = ()
    pools: tuple[Pool, ...] = ()
    attempts: int | None = 1
    """How many attempts; None is without limit."""
    keep: Keep = Keep.HIGHEST
    time_limit: timedelta | None = None
    wait: timedelta = timedelta(0)
    """From handing in one attempt to the start of the next."""
    feedback: FeedbackTiming = FeedbackTiming.AFTER_SUBMIT
    shuffle: bool = True

    def get_item(self, item_id: str) -> Item:
        """Return the item with this id."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise NotFound("item.unknown")

    @property
    def maximum(self) -> Decimal:
        """Add up the points of one attempt, counting of each pool only the items it draws."""
        points = {item.id: item.worth for item in self.items}
        pooled = {item_id for pool in self.pools for item_id in pool.item_ids}
        fixed = (worth for item_id, worth in points.items() if item_id not in pooled)
        drawn = (pool.pick * points[pool.item_ids[0]] for pool in self.pools)
        return sum(fixed, Decimal(0)) + sum(drawn, Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionPrompt:
    """What a student is asked to write about, and how it will be read."""

    id: str
    prompt: str
    """Markdown."""
    words_min: int
    words_max: int
    share: Share = Share.INSTRUCTOR
    grading: Grading = Grading.COMPLETION
    resubmit: int = 0
    """How often a returned reflection may be handed in again."""
    rubric: Rubric | None = None
    case: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplar:
    """A fictional reflection, marked with the rubric and annotated."""

    id: str
    reflection: str
    """The id of the prompt that it answers."""
    text: str
    levels: Mapping[str, int]
    """Criterion id to level number."""
    notes: str
    """Markdown: why these levels."""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherGuide:
    """What those who teach a module find beside it, and students do not."""

    sections: tuple[ReadingSection, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    phrases: tuple[str, ...] = ()
    """Sentences of feedback to use again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One version of a module; ``content_hash`` identifies it, ``source`` can rebuild it."""

    id: str
    title: str
    version: str
    language: str
    license: str
    minutes: int
    requires: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """Citation key to reference, in the order of the file."""
    objectives: tuple[Objective, ...] = ()
    reading: tuple[ReadingSection, ...] = ()
    quiz: Quiz = field(default_factory=Quiz)
    reflections: tuple[ReflectionPrompt, ...] = ()
    cases: Mapping[str, Case] = field(default_factory=dict)
    teacher: TeacherGuide = field(default_factory=TeacherGuide)
    content_hash: str = ""
    source: str = field(default="", repr=False)
    warnings: tuple[Fault, ...] = ()
    """What an author should look at; nothing here keeps the module from being used."""

    def get_reflection(self, prompt_id: str) -> ReflectionPrompt:
        """Return the reflection prompt with this id."""
        for prompt in self.reflections:
            if prompt.id == prompt_id:
                return prompt
        raise NotFound("reflection.unknown")

    def item_hash(self, item: Item) -> str:
        """Hash an item together with the text of its case, as far as it is shown with it."""
        return content_hash(item, vignette=self.vignette_of(item))

    def vignette_of(self, item: Item) -> str:
        """Return the text of an item's case, as far as it is shown with it."""
        case = self.cases.get(item.case) if item.case else None
        return case.up_to(item.stage) if case else ""
