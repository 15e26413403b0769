"""Mutate what decides, and see whether its tests notice: `make mutants`, docs/mutation.md.

Usage: python -m scripts.mutants [words …] takes the modules whose group or name has one of the
words, or all of them.
"""

import difflib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

LEAST_SCORE = 0.9
FOLDER = Path("build/mutants")
"""Where the survivors of each module are written, as differences."""


@dataclass(frozen=True, slots=True)
class Target:
    """A module that decides, and the quick tests that say what it has to decide."""

    group: str
    module: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file of the module."""
        return Path(*self.module.split(".")).with_suffix(".py")


TARGETS = (
    Target("launch validator", "lti_alliance.lti.id_token", ("tests/lti/test_id_token.py",)),
    Target("launch validator", "lti_alliance.lti.claims", ("tests/lti/test_claims.py",)),
    Target("launch validator", "lti_alliance.lti.launch", ("tests/lti/test_messages.py",)),
    Target("launch validator", "lti_alliance.lti.login", ("tests/lti/test_login.py",)),
    Target("launch validator", "lti_alliance.lti.state", ("tests/lti/test_state.py",)),
    Target("role table", "lti_alliance.domain.launch", ("tests/domain/test_launch.py",)),
    Target("delivery rules", "lti_alliance.domain.delivery", ("tests/domain/test_delivery.py",)),
    Target(
        "delivery rules",
        "lti_alliance.domain.looks",
        ("tests/domain/test_looks.py", "tests/domain/test_delivery.py"),
    ),
    Target("delivery rules", "lti_alliance.domain.circuits", ("tests/domain/test_circuits.py",)),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of mutants; those that cannot even be imported count for nothing."""

    killed: int = 0
    timed_out: int = 0
    survived: int = 0
    stillborn: int = 0

    @classmethod
    def of(cls, outcomes: Iterable[str]) -> "Figures":
        """Count outcomes."""
        counted = Counter(outcomes)
        return cls(
            killed=counted["killed"],
            timed_out=counted["timed out"],
            survived=counted["survived"],
            stillborn=counted["stillborn"],
        )

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.killed + other.killed,
            self.timed_out + other.timed_out,
            self.survived + other.survived,
            self.stillborn + other.stillborn,
        )

    @property
    def counted(self) -> int:
        """How many mutants could have been noticed."""
        return self.killed + self.timed_out + self.survived

    @property
    def score(self) -> float:
        """The share that was noticed: by a test that failed, or by tests that never ended."""
        return (self.killed + self.timed_out) / self.counted if self.counted else 1.0


def by_group(figures: dict[Target, Figures]) -> dict[str, Figures]:
    """Add up the modules of each group."""
    sums: dict[str, Figures] = {}
    for target, each in figures.items():
        sums[target.group] = sums.get(target.group, Figures()) + each
    return sums


def lines(figures: dict[Target, Figures]) -> list[str]:
    """Return the table of all modules and groups, as docs/mutation.md shows it."""
    rows = [
        "| | Mutants | Killed | Timed out | Survived | Score |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for group, total in by_group(figures).items():
        rows += [
            _row(f"`{target.path}`", each)
            for target, each in figures.items()
            if target.group == group
        ]
        rows.append(_row(f"**{group}**", total))
    return rows


def too_weak(figures: dict[Target, Figures]) -> list[str]:
    """Name the groups whose tests notice too little."""
    return [group for group, total in by_group(figures).items() if total.score < LEAST_SCORE]


def chosen(words: Sequence[str]) -> list[Target]:
    """Return the targets whose group or module has one of the words; all where there is none."""
    return [
        target
        for target in TARGETS
        if not words or any(word in f"{target.group} {target.module}" for word in words)
    ]


def _row(name: str, figures: Figures) -> str:
    score = f"{int(figures.score * 1000) / 10} %"
    numbers = (figures.counted, figures.killed, figures.timed_out, figures.survived, score)
    return f"| {name} | {' | '.join(str(each) for each in numbers)} |"


class Runner:
    """Judges the mutants of one module in several processes at once."""

    def __init__(self, target: Target, python: str) -> None:
        self.target = target
        self.python = python
        self.waiting: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self.outcomes: dict[int, str] = {}

    def run(self, mutants: Sequence[str], *, at_once: int) -> list[str]:
        """Return the outcome of each mutant."""
        for place, mutant in enumerate(mutants):
            self.waiting.put((place, mutant))
        threads = [threading.Thread(target=self._work) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(self.outcomes) < len(mutants):
            sys.exit(f"{self.target.module}: its tests fail without any change, or cannot be run")
        return [self.outcomes[place] for place in range(len(mutants))]

    def _work(self) -> None:
        command = [self.python, "-m", "scripts.mutant_tests", self.target.module]
        with subprocess.Popen(
            [*command, *self.target.tests], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin
            assert process.stdout
            sound = process.stdout.readline()
            if not sound or json.loads(sound)["outcome"] != "survived":
                return
            while True:
                try:
                    place, code = self.waiting.get_nowait()
                except queue.Empty:
                    break
                print(json.dumps(code), file=process.stdin, flush=True)
                self.outcomes[place] = json.loads(process.stdout.readline())["outcome"]


def _write_survivors(target: Target, mutants: Sequence[str], outcomes: Sequence[str]) -> None:
    original = target.path.read_text(encoding="utf-8").splitlines()
    texts = [
        "\n".join(difflib.unified_diff(original, mutant.splitlines(), lineterm="", n=1))
        for mutant, outcome in zip(mutants, outcomes, strict=True)
        if outcome == "survived"
    ]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{target.module}.diff").write_text("\n".join(texts) + "\n", encoding="utf-8")


def main(python: str, *words: str) -> None:
    """Judge the chosen modules, print the figures, and fail where tests notice too little."""
    # Imported here: the tests of the counting have no mutation tool at hand.
    from scripts.mutant_changes import mutants_of

    targets = chosen(words)
    if not targets:
        sys.exit(f"No module or group is called {' or '.join(words)}.")
    figures: dict[Target, Figures] = {}
    for target in targets:
        began = time.monotonic()
        mutants = mutants_of(target.path.read_text(encoding="utf-8"))
        outcomes = Runner(target, python).run(mutants, at_once=os.cpu_count() or 1)
        _write_survivors(target, mutants, outcomes)
        figures[target] = Figures.of(outcomes)
        took_s = time.monotonic() - began
        print(f"{target.module}: {figures[target].score:.1%} in {took_s:.0f} s", flush=True)
    print("\n".join(["", *lines(figures), ""]))
    if weak := too_weak(figures):
        sys.exit(f"Below {LEAST_SCORE:.0%}: {', '.join(weak)}. The survivors are in {FOLDER}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
