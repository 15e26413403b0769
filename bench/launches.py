"""Launches: this tool beside a floor and two tools made of PyLTI1p3, in one interleaved run.

Run as ``python -m bench.launches`` or ``make bench-launches``. CPU seconds are counted while logins
and launches are answered and not while tokens are signed. Exit status 1 means that a launch failed
that should not have; times are reported and never judged.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from bench import report
from bench.arena import Arena, arena
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.contestants import (
    FILES,
    FLOOR,
    REDIS,
    REDIS_URL,
    TOOL,
    Contestant,
    Serving,
    is_redis_up,
)
from bench.crowd import Browser, crowd_of, fault_of, launch, log_in, sign
from bench.messages import Issuer
from bench.outcome import Outcome, Verdict
from bench.profiles import sampling, shares

NAMES = (FLOOR, FILES, REDIS, TOOL)
_BATCH = 100
_EXAM = 2000
_SHOWN_FAULTS = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One batch of students who launch one contestant."""

    name: str
    round: int
    is_first_visit: bool
    count: int
    cpu_s: float
    database_s: float
    login_s: tuple[float, ...]
    launch_s: tuple[float, ...]
    faults: tuple[str, ...]

    @property
    def landed(self) -> int:
        """How many launches opened."""
        return self.count - len(self.faults)

    def per_thousand(self) -> float:
        """CPU seconds for a thousand launches that opened, the database included."""
        return (self.cpu_s + self.database_s) * 1000 / max(1, self.landed)

    def launch_p95(self) -> float:
        """Within how many seconds 95 of 100 launches were answered."""
        return quantiles(self.launch_s, n=20)[-1]


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    if REDIS in chosen.names and not is_redis_up():
        sys.exit(f"No Redis answers at {REDIS_URL}. Start one, or leave it out with --names.")
    facts = facts_of(server)
    runs: list[Run] = []
    profile: tuple[str, ...] = ()
    how = Serving(workers=chosen.workers, threads=chosen.threads)
    names = tuple(each for each in NAMES if each in chosen.names)
    with (
        ending_clearly(),
        arena(names, server=server, how=how, padding_chars=chosen.padding) as found,
    ):
        runs += _rounds(chosen, found.issuer, found.contestants)
        if chosen.profile:
            profile = _profile(chosen, found)
    finish(chosen, _outcome(chosen, runs, facts, profile))


def _profile(chosen: argparse.Namespace, found: Arena) -> tuple[str, ...]:
    """Look where this tool's time goes in one more round, which is not counted."""
    tool = found.contestants[-1]
    file = found.folder / "launches.stacks"
    crowd = crowd_of(chosen.students)
    _run(tool, found.issuer, crowd, chosen, 0)
    with sampling(tool.pid, file):
        _run(tool, found.issuer, crowd, chosen, 1)
    return shares(file)


def _rounds(
    chosen: argparse.Namespace, issuer: Issuer, found: Sequence[Contestant]
) -> Iterator[Run]:
    crowds = {each.name: crowd_of(chosen.students) for each in found}
    for number in range(chosen.rounds + 1):
        turn = number % len(found)
        for contestant in [*found[turn:], *found[:turn]]:
            run = _run(contestant, issuer, crowds[contestant.name], chosen, number)
            tell(
                f"round {number}: {run.name}, {run.landed} of {run.count}: "
                f"{run.per_thousand():.2f} CPU s per 1,000 "
                f"({run.database_s * 1000 / max(1, run.landed):.2f} of the database)"
            )
            for fault in run.faults[:_SHOWN_FAULTS]:
                tell(f"  {fault}")
            yield run


def _run(
    contestant: Contestant,
    issuer: Issuer,
    crowd: Sequence[Browser],
    chosen: argparse.Namespace,
    number: int,
) -> Run:
    cpu_s = database_s = 0.0
    login_s: list[float] = []
    launch_s: list[float] = []
    faults: list[str] = []
    batch = chosen.batch
    for first in range(0, len(crowd), batch):
        browsers = crowd[first : first + batch]
        for browser in browsers:
            browser.forget_launches()
        before = contestant.cpu_s(), contestant.database_s()
        login_s += log_in(contestant, issuer, browsers, at_once=chosen.at_once)
        between = contestant.cpu_s(), contestant.database_s()
        for browser in browsers:
            sign(browser, issuer, contestant)
        begun = contestant.cpu_s(), contestant.database_s()
        launch_s += launch(contestant, browsers, at_once=chosen.at_once)
        ended = contestant.cpu_s(), contestant.database_s()
        cpu_s += between[0] - before[0] + ended[0] - begun[0]
        database_s += between[1] - before[1] + ended[1] - begun[1]
        faults += [text for browser in browsers if (text := fault_of(browser))]
    return Run(
        name=contestant.name,
        round=number,
        is_first_visit=number == 0,
        count=len(crowd),
        cpu_s=cpu_s,
        database_s=database_s,
        login_s=tuple(login_s),
        launch_s=tuple(launch_s),
        faults=tuple(faults),
    )


def table(runs: Sequence[Run]) -> str:
    """Return the runs as a Markdown table, with the ratios of each round's own floor and rivals."""
    heads = (
        "contestant",
        "visits",
        "opened",
        "CPU s / 1000 + database",
        "per CPU s",
        "login p50 / p95 ms",
        "launch p50 / p95 ms",
        *(f"CPU : {name}" for name in (FLOOR, FILES, REDIS)),
    )
    lines = [heads, tuple("---" for _ in heads)]
    for is_first in (True, False):
        for name in NAMES:
            own = [r for r in runs if r.name == name and r.is_first_visit == is_first]
            if own:
                lines.append(_line(own, runs))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(own: Sequence[Run], runs: Sequence[Run]) -> tuple[str, ...]:
    cost = report.spread(run.per_thousand() for run in own)
    return (
        own[0].name,
        "first" if own[0].is_first_visit else "later",
        f"{sum(r.landed for r in own)}/{sum(r.count for r in own)}",
        cost.text(2),
        f"{1000 / cost.middle:.0f}",
        _times([s for run in own for s in run.login_s]),
        _times([s for run in own for s in run.launch_s]),
        *(_ratio(own, runs, name) for name in (FLOOR, FILES, REDIS)),
    )


def _times(seconds: Sequence[float]) -> str:
    return f"{median(seconds) * 1000:.0f} / {quantiles(seconds, n=20)[-1] * 1000:.0f}"


def _ratio(own: Sequence[Run], runs: Sequence[Run], name: str) -> str:
    shared = _ratios(own, runs, name)
    return f"{median(shared):.2f}" if shared else "-"


def _ratios(own: Sequence[Run], runs: Sequence[Run], name: str) -> list[float]:
    """Compare each run with the other's of the same round."""
    theirs = {run.round: run.per_thousand() for run in runs if run.name == name}
    return [r.per_thousand() / theirs[r.round] for r in own if r.round in theirs]


def _outcome(
    chosen: argparse.Namespace,
    runs: Sequence[Run],
    facts: dict[str, object],
    profile: Sequence[str],
) -> Outcome:
    later = [run for run in runs if run.name == TOOL and not run.is_first_visit]
    return Outcome(
        question="exam" if chosen.exam else "launches",
        command="python -m bench.launches" + (" --exam" if chosen.exam else ""),
        machine=report.machine_line(facts),
        tables=(table(runs),),
        verdicts=tuple(_exam_verdicts(runs) if chosen.exam else _verdicts(later, runs)),
        faults=[fault for run in runs if run.name == TOOL for fault in run.faults],
        profile=profile,
    )


def _verdicts(later: Sequence[Run], runs: Sequence[Run]) -> Iterator[Verdict]:
    cost = median(run.per_thousand() for run in later)
    if ratios := _ratios(later, runs, FILES):
        for aim, word in ((1.2, "aim"), (1.6, "moonshot")):
            yield Verdict(
                target=f"launches per CPU second, beside a tuned PyLTI1p3 tool ({word})",
                aim=aim,
                measured=1 / median(ratios),
                unit="times as many",
                is_floor=True,
                note=f"{cost:.1f} CPU s per 1,000 with the database",
            )
    if ratios := _ratios(later, runs, FLOOR):
        yield Verdict(
            target="launches, CPU beside the floor (moonshot)",
            aim=1.25,
            measured=median(ratios),
            unit="times",
        )


def _exam_verdicts(runs: Sequence[Run]) -> Iterator[Verdict]:
    own = [run for run in runs if run.name == TOOL]
    yield Verdict(
        target=f"an exam: {own[0].count:,} logins at once, then as many launches",
        aim=0,
        measured=sum(len(run.faults) for run in own),
        unit="failed",
        note=f"95 of 100 are in after {own[-1].launch_p95():.0f} s",
    )
    if theirs := [run for run in runs if run.name == FILES]:
        yield Verdict(
            target="an exam, p95 of a launch beside a tuned PyLTI1p3 tool (moonshot)",
            aim=0.5,
            measured=own[-1].launch_p95() / theirs[-1].launch_p95(),
            unit="times",
        )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.launches", description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=4, help="after one of first visits")
    parser.add_argument("--batch", type=int, default=_BATCH, help="logins before their launches")
    parser.add_argument("--at-once", type=int, default=16, help="open requests at a time")
    parser.add_argument("--padding", type=int, default=0, help="characters added to each token")
    parser.add_argument("--names", type=_names, default=NAMES, metavar="NAME;NAME")
    parser.add_argument("--exam", action="store_true", help="2,000 people in the same moment")
    if "--exam" in sys.argv[1:]:
        crowd = 100 if "--quick" in sys.argv[1:] else _EXAM
        parser.set_defaults(students=crowd, batch=crowd, at_once=crowd, rounds=1)
        parser.set_defaults(names=(FILES, TOOL))
        return add_usual(parser, quick={})
    return add_usual(parser, quick={"students": 40, "rounds": 1})


def _names(text: str) -> tuple[str, ...]:
    named = tuple(part for part in text.split(";") if part)
    if not named or set(named) - set(NAMES):
        raise argparse.ArgumentTypeError(f"names are {'; '.join(NAMES)}")
    return named


if __name__ == "__main__":
    main()
