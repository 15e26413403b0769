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
from bench.arena import arena
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
from bench.databases import find_server, server_version
from bench.messages import Issuer
from bench.senders import SenderFailed
from lti_alliance.demo.processes import DemoError, Interrupted, interrupt_on_signals

NAMES = (FLOOR, FILES, REDIS, TOOL)
_BATCH = 100
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


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = find_server(chosen.postgres)
    if server is None:
        sys.exit("No PostgreSQL lets us in. Name one with --postgres.")
    if REDIS in chosen.names and not is_redis_up():
        sys.exit(f"No Redis answers at {REDIS_URL}. Start one, or leave it out with --names.")
    facts = report.machine({"PostgreSQL": server_version(server)})
    interrupt_on_signals()
    try:
        runs = list(_measure(chosen, server))
    except Interrupted:
        sys.exit("Interrupted; everything that was started is stopped.")
    except (SenderFailed, DemoError) as failure:
        sys.exit(f"The benchmark failed: {failure}")
    print(table(runs))
    print(report.machine_line(facts))
    sys.exit(1 if any(run.faults for run in runs if run.name == TOOL) else 0)


def _measure(chosen: argparse.Namespace, server: str) -> Iterator[Run]:
    how = Serving(workers=chosen.workers, threads=chosen.threads)
    names = tuple(each for each in NAMES if each in chosen.names)
    with arena(names, server=server, how=how, padding_chars=chosen.padding) as found:
        yield from _rounds(chosen, found.issuer, found.contestants)


def _rounds(
    chosen: argparse.Namespace, issuer: Issuer, found: Sequence[Contestant]
) -> Iterator[Run]:
    crowds = {each.name: crowd_of(chosen.students) for each in found}
    for number in range(chosen.rounds + 1):
        turn = number % len(found)
        for contestant in [*found[turn:], *found[:turn]]:
            run = _run(contestant, issuer, crowds[contestant.name], chosen, number)
            _tell(
                f"round {number}: {run.name}, {run.landed} of {run.count}: "
                f"{run.per_thousand():.2f} CPU s per 1,000"
            )
            for fault in run.faults[:_SHOWN_FAULTS]:
                _tell(f"  {fault}")
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
    theirs = {run.round: run.per_thousand() for run in runs if run.name == name}
    shared = [r.per_thousand() / theirs[r.round] for r in own if r.round in theirs]
    return f"{median(shared):.2f}" if shared else "-"


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.launches", description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=4, help="after one of first visits")
    parser.add_argument("--batch", type=int, default=_BATCH, help="logins before their launches")
    parser.add_argument("--at-once", type=int, default=16, help="open requests at a time")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="more than one: gthread")
    parser.add_argument("--padding", type=int, default=0, help="characters added to each token")
    parser.add_argument("--names", type=_names, default=NAMES, metavar="NAME;NAME")
    parser.add_argument("--postgres", default="", metavar="URL", help="a server to use")
    return parser.parse_args()


def _names(text: str) -> tuple[str, ...]:
    named = tuple(part for part in text.split(";") if part)
    if not named or set(named) - set(NAMES):
        raise argparse.ArgumentTypeError(f"names are {'; '.join(NAMES)}")
    return named


if __name__ == "__main__":
    main()
