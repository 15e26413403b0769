"""Single and multiple: choose the right options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar, Self

from lti_alliance.domain.kinds.base import (
    UNKNOWN_CHOICE,
    ItemBase,
    ItemKind,
    Judgement,
    invalid,
    wrong_response,
)

ONE_CHOICE_ONLY = "Choose one answer only."


class MultipleScoring(StrEnum):
    """How the choices of a multiple-response item become a share of its points."""

    RIGHT_MINUS_WRONG = "right minus wrong"
    """(right chosen - wrong chosen) / number right, never below zero."""
    EXACT = "exact"
    """Everything when exactly the right options are chosen, nothing otherwise."""
    PER_OPTION = "per option"
    """The share of options treated as in the key: chosen if right, left alone if wrong."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a single or multiple item; ``id`` follows the source order and never moves."""

    id: str
    text_markdown: str
    correct: bool
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceResponse:
    """The ids of the chosen options, in the order of the source."""

    chosen: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for storage."""
        return {"chosen": list(self.chosen)}

    def renamed(self, names: Sequence[Mapping[str, str]]) -> "ChoiceResponse":
        """Return the same choices by other ids, group by group as ``shown_groups`` has them."""
        return ChoiceResponse(tuple(names[0][each] for each in self.chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsItem(ItemBase):
    """An item with options."""

    options: tuple[Option, ...]

    @property
    def shown_ids(self) -> tuple[str, ...]:
        """The options."""
        return tuple(option.id for option in self.options)

    @property
    def shown_groups(self) -> tuple[Mapping[str, str], ...]:
        """The options."""
        return ({option.id: option.text_markdown for option in self.options},)

    @property
    def key_texts(self) -> Any:
        """What decides about the points, in the words that a student reads."""
        return sorted((option.text_markdown, option.correct) for option in self.options)

    def with_key(self, response: object) -> Self:
        """Return the item with these options as the right ones."""
        if not isinstance(response, ChoiceResponse):
            raise wrong_response(self, response)
        return replace(
            self,
            options=tuple(
                replace(option, correct=option.id in response.chosen) for option in self.options
            ),
        )

    @property
    def right_ids(self) -> frozenset[str]:
        """The options that are right."""
        return frozenset(option.id for option in self.options if option.correct)

    def content(self) -> dict[str, Any]:
        """Return what makes the item this item and no other."""
        return {
            "options": [
                [option.id, option.text_markdown, option.correct, option.feedback]
                for option in self.options
            ]
        }

    def _read(self, values: Sequence[str]) -> ChoiceResponse | None:
        wanted = {value for value in values if value}
        if not wanted:
            return None
        chosen = tuple(option.id for option in self.options if option.id in wanted)
        if len(chosen) < len(wanted):
            raise invalid(self, UNKNOWN_CHOICE)
        return ChoiceResponse(chosen=chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleItem(OptionsItem):
    """Choose the one right option."""

    kind: ClassVar[ItemKind] = ItemKind.SINGLE

    def read(self, values: Sequence[str]) -> ChoiceResponse | None:
        """Read the submitted values; None means that nothing was chosen."""
        response = self._read(values)
        if response is not None and len(response.chosen) > 1:
            raise invalid(self, ONE_CHOICE_ONLY)
        return response

    def judge(self, response: object) -> Judgement:
        """Give all points for the right option."""
        if not isinstance(response, ChoiceResponse):
            raise wrong_response(self, response)
        return Judgement(
            share=Fraction(set(response.chosen) == self.right_ids), feedback_keys=response.chosen
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipleItem(OptionsItem):
    """Choose every right option."""

    kind: ClassVar[ItemKind] = ItemKind.MULTIPLE
    scoring: MultipleScoring = MultipleScoring.RIGHT_MINUS_WRONG

    def read(self, values: Sequence[str]) -> ChoiceResponse | None:
        """Read the submitted values; None means that nothing was chosen."""
        return self._read(values)

    def judge(self, response: object) -> Judgement:
        """Weigh right and wrong choices by the scoring rule."""
        if not isinstance(response, ChoiceResponse):
            raise wrong_response(self, response)
        share = self._share(set(response.chosen))
        return Judgement(share=share, feedback_keys=response.chosen)

    @property
    def key_texts(self) -> Any:
        """What decides about the points, in the words that a student reads."""
        return self.scoring, sorted((each.text_markdown, each.correct) for each in self.options)

    def content(self) -> dict[str, Any]:
        """Return what makes the item this item and no other."""
        # Named at length: a class with slots is made anew, and super() alone finds the old one.
        return OptionsItem.content(self) | {"scoring": self.scoring}

    def _share(self, chosen: set[str]) -> Fraction:
        right, every = self.right_ids, set(self.shown_ids)
        match self.scoring:
            case MultipleScoring.EXACT:
                return Fraction(chosen == right)
            case MultipleScoring.RIGHT_MINUS_WRONG:
                net = len(chosen & right) - len(chosen - right)
                return Fraction(max(net, 0), len(right)) if right else Fraction(not chosen)
            case MultipleScoring.PER_OPTION:
                return Fraction(len(every) - len((chosen ^ right) & every), len(every))
