"""What of a module may bear on a standard: its objectives with their items, its reflections."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from textwrap import shorten

from lti_alliance.domain.modules import Module

MAX_LABEL = 500
MAX_SENTENCE = 150

_SENTENCE_END = re.compile(r"(?<=[.?!])\s|\n\n")


class TargetKind(StrEnum):
    """What a standard is linked to."""

    OBJECTIVE = "objective"
    REFLECTION = "reflection"


@dataclass(frozen=True, slots=True)
class Target:
    """An objective or a reflection, known in every version that has it in the same words."""

    kind: TargetKind
    key: str
    label: str
    """Markdown."""

    @property
    def field(self) -> str:
        """The form field with the codes of its standards."""
        return f"{self.kind}.{self.key}"


def targets(module: Module) -> tuple[Target, ...]:
    """List what of one version of a module may bear on a standard."""
    prompts = (
        Target(TargetKind.REFLECTION, prompt.id, f"{prompt.id}: {_first_sentence(prompt.prompt)}")
        for prompt in module.reflections
    )
    return (*_objectives(module), *prompts)


def items_for(module: Module, keys: Iterable[str]) -> frozenset[str]:
    """Return the ids of the items that are for objectives with these keys."""
    wanted = set(keys)
    numbers = {
        number for number, target in enumerate(_objectives(module), start=1) if target.key in wanted
    }
    return frozenset(item.id for item in module.quiz.items if item.objective in numbers)


def _objectives(module: Module) -> list[Target]:
    return [
        Target(
            TargetKind.OBJECTIVE,
            hashlib.sha256(objective.text.encode()).hexdigest(),
            objective.text[:MAX_LABEL],
        )
        for objective in module.objectives
    ]


def _first_sentence(markdown: str) -> str:
    first = _SENTENCE_END.split(markdown.strip(), maxsplit=1)[0]
    return shorten(first, MAX_SENTENCE, placeholder=" …")
