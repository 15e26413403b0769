"""What a benchmark answers: tables, targets met or missed, and what went wrong; kept as JSON.

Each question is a module of its own that runs alone (``python -m bench.launches``) and writes its
outcome with ``--json FILE``; ``python -m bench`` runs them all and puts the outcomes together.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_FEW = ("0%", "1%")
"""How the lines of a profile begin that say next to nothing."""
_ROOMS = ("services", "lti", "models")
"""Where acts are: what is above them in a stack is under way in every act."""
_ACTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One target and the number that was measured."""

    target: str
    """What is aimed at, in words: *scores to a gradebook, CPU with the database*."""
    aim: float
    measured: float
    unit: str
    """What both numbers count: *CPU s per 1,000*, *times the floor*, *lost*."""
    is_floor: bool = False
    """Whether more is better: the aim is then the least that will do."""
    note: str = ""
    """Where the time goes, or how the number came about, in a few words."""

    @property
    def is_met(self) -> bool:
        """Say whether the target is met."""
        return self.measured >= self.aim if self.is_floor else self.measured <= self.aim


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that one question brought to light."""

    question: str
    command: str
    """How the same can be had again."""
    machine: str
    """One line: commit, versions, processor, load."""
    tables: Sequence[str] = ()
    """Markdown, in the order in which they are to be read."""
    verdicts: Sequence[Verdict] = ()
    faults: Sequence[str] = ()
    """What must not happen at any speed: a launch that failed, a score that was lost or doubled."""
    profile: Sequence[str] = field(default=())
    """Where the time goes, a line each, busiest first; empty where nobody looked."""

    def write(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read_outcome(file: Path) -> Outcome:
    """Read what ``Outcome.write`` wrote."""
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Outcome(**(told | {"verdicts": tuple(Verdict(**each) for each in told["verdicts"])}))


def verdict_table(outcomes: Sequence[Outcome]) -> str:
    """Return one Markdown table of all targets: met or missed, each with its number."""
    lines = ["| Target | Aim | Measured | |", "|---|---:|---:|---|"]
    for outcome in outcomes:
        for verdict in outcome.verdicts:
            sign = "≥" if verdict.is_floor else "≤"
            word = "met" if verdict.is_met else "**missed**"
            note = f": {verdict.note}" if verdict.note else ""
            lines.append(
                f"| {verdict.target} | {sign} {_number(verdict.aim)} {verdict.unit} "
                f"| {_number(verdict.measured)} | {word}{note} |"
            )
    return "\n".join(lines)


def profile_list(outcomes: Sequence[Outcome]) -> str:
    """Return a Markdown list of where the time goes: layers, and the busiest acts of this tool."""
    return "\n".join(
        f"- **{outcome.question}**: {', '.join(_worth_telling(outcome.profile))}."
        for outcome in outcomes
        if outcome.profile
    )


def _worth_telling(profile: Sequence[str]) -> list[str]:
    layers = [line for line in profile if " under " not in line and not line.startswith(_FEW)]
    acts = [line for line in profile if any(f" under {room}/" in line for room in _ROOMS)]
    return layers + acts[:_ACTS]


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
