"""Memory of a preloaded web process: this tool beside a floor that has loaded the same libraries.

Run as ``python -m bench.memory``. One process of each serves all launches; what is its own, shared
with no other process, is read from ``/proc`` after a warm-up and as launches go on. Exit status 1
means that a launch failed.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import report
from bench.arena import Arena, arena
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.contestants import IMPORTS_FLOOR, TOOL, Contestant, Serving
from bench.cpu import children_of
from bench.crowd import Browser, crowd_of, open_all
from bench.outcome import Outcome, Verdict

AIM_RATIO = 1.25
AIM_GROWTH_MB = 2.0
_ROLLUP = ("Rss", "Pss", "Private_Clean", "Private_Dirty")
_KB_PER_MB = 1024
_PROCESSES = 2
"""One alone would share with nobody, and is not loaded ahead."""
_BATCH = 100
_BATCH_TAKES_S = 1.1
"""At least: everybody comes from one address, which may log in 6,000 times a minute. Who was never
here is sent round once to bring a cookie back, which counts as a second login."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one contestant's web process had at one moment, in MB."""

    name: str
    launches: int
    """How many each had served on average; 0 before the first."""
    own: float
    """What no other process shares (unique set size)."""
    proportional: float
    """With its part of what is shared (proportional set size)."""
    resident: float


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    how = Serving(workers=_PROCESSES, threads=chosen.threads, is_preloaded=True)
    faults: list[str] = []
    with ending_clearly(), arena((IMPORTS_FLOOR, TOOL), server=server, how=how) as found:
        looks = list(_looks(chosen, found, faults))
    finish(chosen, _outcome(looks, chosen, faults, facts))


def _looks(chosen: argparse.Namespace, found: Arena, faults: list[str]) -> Iterator[Look]:
    for contestant in found.contestants:
        yield _look(contestant, 0)
        people = crowd_of(chosen.people)
        done = 0
        for goal in _moments(chosen):
            while done < goal * _PROCESSES:
                count = min(_BATCH, len(people), goal * _PROCESSES - done)
                faults += _open(contestant, found, people, done, count)
                done += count
            look = _look(contestant, goal)
            tell(f"{look.name}: {look.own:.2f} MB of its own after {goal} launches")
            yield look


def _moments(chosen: argparse.Namespace) -> list[int]:
    """Return after how many launches to look: the warm-up, then ten times on the way."""
    step = max(1, chosen.launches // 10)
    return [chosen.warm_up + done for done in range(0, chosen.launches + 1, step)]


def _open(
    contestant: Contestant, found: Arena, people: Sequence[Browser], first: int, count: int
) -> list[str]:
    browsers = [people[number % len(people)] for number in range(first, first + count)]
    began = time.monotonic()
    for browser in browsers:
        browser.forget_launches()
    faults = open_all(contestant, found.issuer, browsers, at_once=8)
    logins = 2 if first < len(people) else 1
    time.sleep(max(0.0, began + logins * _BATCH_TAKES_S - time.monotonic()))
    return faults


def _look(contestant: Contestant, launches: int) -> Look:
    """Add up the processes below the master, and share the sum out evenly."""
    workers = children_of(contestant.pid)
    sums = dict.fromkeys(_ROLLUP, 0)
    for pid in workers:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        for line in text.splitlines():
            name, _, rest = line.partition(":")
            if name in sums:
                sums[name] += int(rest.split()[0])
    mean = {name: value / _KB_PER_MB / len(workers) for name, value in sums.items()}
    return Look(
        name=contestant.name,
        launches=launches,
        own=mean["Private_Clean"] + mean["Private_Dirty"],
        proportional=mean["Pss"],
        resident=mean["Rss"],
    )


def _outcome(
    looks: Sequence[Look],
    chosen: argparse.Namespace,
    faults: Sequence[str],
    facts: dict[str, object],
) -> Outcome:
    first = {n: _at(looks, n, chosen.warm_up) for n in (IMPORTS_FLOOR, TOOL)}
    last = {n: [look for look in looks if look.name == n][-1] for n in (IMPORTS_FLOOR, TOOL)}
    ours, least = last[TOOL], last[IMPORTS_FLOOR]
    warm = first[TOOL].own / first[IMPORTS_FLOOR].own
    return Outcome(
        question="memory",
        command=f"python -m bench.memory --launches {chosen.launches}",
        machine=report.machine_line(facts),
        tables=(_table(looks),),
        verdicts=(
            Verdict(
                target="private memory of a preloaded web process",
                aim=AIM_RATIO,
                measured=ours.own / least.own,
                unit="times a floor with the same imports",
                note=f"{ours.own:.1f} and {least.own:.1f} MB after {ours.launches:,} launches",
            ),
            Verdict(
                target=f"the same after {chosen.warm_up:,} launches",
                aim=AIM_RATIO,
                measured=warm,
                unit="times a floor with the same imports",
                note=f"{first[TOOL].own:.1f} and {first[IMPORTS_FLOOR].own:.1f} MB: what a process"
                " touches for the first time is its own; later the floor's collector touches all",
            ),
            Verdict(
                target=f"growth over {chosen.launches:,} launches, after {chosen.warm_up:,}",
                aim=AIM_GROWTH_MB,
                measured=ours.own - first[TOOL].own,
                unit="MB",
                note=f"the floor {least.own - first[IMPORTS_FLOOR].own:.2f} MB",
            ),
        ),
        faults=tuple(faults),
    )


def _at(looks: Sequence[Look], name: str, launches: int) -> Look:
    return next(look for look in looks if (look.name, look.launches) == (name, launches))


def _table(looks: Sequence[Look]) -> str:
    lines = ["| | launches | own MB | proportional MB | resident MB |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {look.name} | {look.launches:,} | {look.own:.1f} | {look.proportional:.1f} "
        f"| {look.resident:.1f} |"
        for look in looks
    ]
    return "\n".join(lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--launches", type=int, default=10_000, help="after the warm-up")
    parser.add_argument("--warm-up", type=int, default=500, help="launches before")
    parser.add_argument(
        "--people",
        type=int,
        default=400,
        help="who launch, again and again; few: the warm-up has first visits and later ones",
    )
    return add_usual(parser, quick={"launches": 100, "warm_up": 50, "people": 50})


if __name__ == "__main__":
    main()
