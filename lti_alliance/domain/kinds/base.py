"""What every kind of item has, and the words in which a kind answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar

from lti_alliance.errors import InvalidInput

# Messages for the person who answers. They hold no values, so that the edge can translate them.
UNKNOWN_CHOICE = "This is not one of the choices of this question."
CHOSEN_TWICE = "Answer each line once."


class ItemKind(StrEnum):
    """What a student does to answer an item."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    MATCHING = "matching"
    ORDERING = "ordering"
    SHORT = "short"
    NUMERIC = "numeric"
    RATE = "rate"
    BRANCH = "branch"


class Frame(StrEnum):
    """The point of view an item asks for: what an exam expects, or what research supports."""

    EXAM = "exam"
    EVIDENCE = "evidence"


class Aspect(StrEnum):
    """What of the alliance an item is plainly about, in the words of the practice exam."""

    TRUST = "trust"
    CREDIBILITY = "credibility"
    EXPERTISE = "expertise"
    EMPATHY = "empathy"
    UNDERSTANDING = "understanding"
    HARMONY = "harmony"
    """That the others work together."""


class Lock(StrEnum):
    """What keeps its place when the options of an item are shuffled."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


class KeyState(StrEnum):
    """Whether the key of an item may make points."""

    ADOPTED = "adopted"
    DRAFT = "draft"
    """Written by the author alone: it gives feedback and counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a response came to."""

    share: Fraction
    """0 to 1 of the points."""
    feedback_keys: tuple[str, ...] = ()
    """What was chosen, or the index of the key that matched: to find the feedback."""
    unmatched: bool = False
    """A written answer that no key knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemBase:
    """What every kind of item has."""

    kind: ClassVar[ItemKind]
    id: str
    stem: str
    """Markdown."""
    points: Decimal = Decimal(1)
    objective: int | None = None
    """The number of an objective of the module, counted from 1."""
    aspect: Aspect | None = None
    frame: Frame | None = None
    confidence: bool = False
    """Whether the student is also asked how sure they are."""
    case: str | None = None
    """The id of a case of the module: a vignette that several items and a reflection share."""
    stage: int = 1
    """Up to which stage of the case, counted from 1, the vignette is shown."""
    lock: Lock = Lock.NONE
    line: int = 0
    """Where the item begins in its source file."""

    @property
    def worth(self) -> Decimal:
        """The points that the item can earn: none while its key is a draft."""
        return self.points

    @property
    def shown_ids(self) -> tuple[str, ...]:
        """What is shown in an order of its own to each student, in source order."""
        return ()

    @property
    def choice_ids(self) -> tuple[str, ...]:
        """The answers to choose from beside each shown line, in source order."""
        return ()

    @property
    def part_ids(self) -> tuple[str, ...]:
        """What has a form field of its own, beside the one of the item."""
        return ()

    @property
    def shown_groups(self) -> tuple[Mapping[str, str], ...]:
        """What a student reads beside the stem, id to Markdown; each group has ids of its own."""
        return ()

    def unlocked(self) -> slice:
        """Return which of the shown ids may change places."""
        match self.lock:
            case Lock.NONE:
                return slice(None)
            case Lock.LAST:
                return slice(0, max(0, len(self.shown_ids) - 1))
            case Lock.ALL:
                return slice(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftableItem(ItemBase):
    """An item whose key is a judgement, which somebody has to adopt before it counts."""

    key: KeyState = KeyState.ADOPTED
    panel: tuple[str, ...] = ()
    """Who agreed on an adopted key, by name or role; it makes no other item of it."""

    @property
    def worth(self) -> Decimal:
        """The points that the item can earn: none while its key is a draft."""
        return Decimal(0) if self.key is KeyState.DRAFT else self.points


def response_field(item_id: str) -> str:
    """Name the form field that carries the response to an item."""
    return f"response.{item_id}"


def field_names(item: ItemBase) -> tuple[str, ...]:
    """Name every form field that may carry a part of the response to an item."""
    field = response_field(item.id)
    return (field, *(f"{field}.{part}" for part in item.part_ids))


def confidence_field(item_id: str) -> str:
    """Name the form field that carries how sure the student is."""
    return f"confidence.{item_id}"


def invalid(item: ItemBase, message: str) -> InvalidInput:
    """Return the refusal of a response, under the field of its item."""
    return InvalidInput({response_field(item.id): message}, code="response.invalid")


def read_pairs(
    item: ItemBase, values: Sequence[str], *, lines: Sequence[str], choices: Sequence[str]
) -> dict[str, str]:
    """Read ``line:choice`` values, as a form with one control for each line sends them.

    An empty choice leaves its line out. The pairs come back in the order of ``lines``.
    """
    found: dict[str, str] = {}
    for value in values:
        line, _, choice = value.partition(":")
        if not choice:
            continue
        if line not in lines or choice not in choices:
            raise invalid(item, UNKNOWN_CHOICE)
        if found.setdefault(line, choice) != choice:
            raise invalid(item, CHOSEN_TWICE)
    return {line: found[line] for line in lines if line in found}


def digits(number: Decimal) -> str:
    """Write a number so that 1, 1.0 and 1.00 look the same."""
    return format(number.normalize(), "f")


def wrong_response(item: ItemBase, response: object) -> TypeError:
    """Return the mistake of judging an item by the response to another kind."""
    return TypeError(f"{type(response).__name__} does not answer a {item.kind} item")
