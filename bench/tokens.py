"""Big tokens: how much more a launch costs when its token is long, for everybody in one run.

Run as ``python -m bench.tokens``. Platforms put long descriptions and lists of groups into tokens;
here a description is made longer. Each size is compared with the smallest of the same round. Exit
status 1 means that a launch of this tool failed.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from bench import report
from bench.arena import Arena, arena
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.contestants import FILES, FLOOR, REDIS, TOOL, Contestant, Serving, is_redis_up
from bench.crowd import Browser, crowd_of, fault_of, launching_s
from bench.messages import Issuer
from bench.outcome import Outcome, Verdict

AIM_GROWTH = 2.0
PADDINGS = (0, 9_000, 45_000)
"""Characters added to a description: in base 64 they make tokens of 3, 15 and 63 KB."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everybody launched one contestant once, with tokens of one size."""

    name: str
    round: int
    padding: int
    token_chars: int
    count: int
    cpu_s: float
    faults: tuple[str, ...]

    def per_thousand(self) -> float:
        """CPU seconds for a thousand launches with their logins, the database included."""
        return self.cpu_s * 1000 / max(1, self.count - len(self.faults))


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    how = Serving(workers=chosen.workers, threads=chosen.threads)
    names = tuple(name for name in (FLOOR, FILES, REDIS, TOOL) if name != REDIS or is_redis_up())
    with ending_clearly(), arena(names, server=server, how=how) as found:
        runs = list(_rounds(chosen, found))
    finish(chosen, _outcome(runs, facts))


def _rounds(chosen: argparse.Namespace, found: Arena) -> Iterator[Run]:
    crowds = {each.name: crowd_of(chosen.students) for each in found.contestants}
    # The first visits write people down, whatever the size of their tokens: they are not counted.
    for number in range(chosen.rounds + 1):
        turn = number % len(found.contestants)
        for contestant in [*found.contestants[turn:], *found.contestants[:turn]]:
            for padding in PADDINGS if number % 2 else reversed(PADDINGS):
                issuer = replace(found.issuer, padding_chars=padding)
                run = _run(contestant, issuer, crowds[contestant.name], number)
                tell(
                    f"round {number}: {run.name}, {run.token_chars:,} characters: "
                    f"{run.per_thousand():.2f} CPU s per 1,000"
                )
                if number:
                    yield run


def _run(contestant: Contestant, issuer: Issuer, crowd: Sequence[Browser], number: int) -> Run:
    used_s = launching_s(contestant, issuer, crowd, at_once=16)
    return Run(
        name=contestant.name,
        round=number,
        padding=issuer.padding_chars,
        token_chars=len(crowd[0].token),
        count=len(crowd),
        cpu_s=used_s,
        faults=tuple(text for browser in crowd if (text := fault_of(browser))),
    )


def _outcome(runs: Sequence[Run], facts: dict[str, object]) -> Outcome:
    names = tuple(dict.fromkeys(run.name for run in runs))
    growths = {name: _growth(runs, name, PADDINGS[-1]) for name in names}
    others = ", ".join(f"{name} {growths[name]:.2f}" for name in names if name != TOOL)
    return Outcome(
        question="tokens",
        command="python -m bench.tokens",
        machine=report.machine_line(facts),
        tables=(_table(runs, names),),
        verdicts=(
            Verdict(
                target="launch with a token of 63 KB",
                aim=AIM_GROWTH,
                measured=growths[TOOL],
                unit="times the CPU of one of 3 KB",
                note=others,
            ),
        ),
        faults=[fault for run in runs if run.name == TOOL for fault in run.faults],
    )


def _table(runs: Sequence[Run], names: Sequence[str]) -> str:
    lines = [
        "| | token KB | opened | CPU s / 1000 + database | : the smallest |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in names:
        for padding in PADDINGS:
            own = [run for run in runs if (run.name, run.padding) == (name, padding)]
            opened = sum(run.count - len(run.faults) for run in own)
            lines.append(
                f"| {name} | {own[0].token_chars / 1000:.0f} "
                f"| {opened}/{sum(run.count for run in own)} "
                f"| {report.spread(run.per_thousand() for run in own).text(2)} "
                f"| {_growth(runs, name, padding):.2f} |"
            )
    return "\n".join(lines)


def _growth(runs: Sequence[Run], name: str, padding: int) -> float:
    """Return the middle of what a size cost in each round, as a multiple of the smallest."""
    own = {(run.round, run.padding): run.per_thousand() for run in runs if run.name == name}
    rounds = {number for number, _ in own}
    return median(own[number, padding] / own[number, PADDINGS[0]] for number in rounds)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.tokens", description=__doc__)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=4, help="after one of first visits")
    return add_usual(parser, quick={"students": 20, "rounds": 1})


if __name__ == "__main__":
    main()
