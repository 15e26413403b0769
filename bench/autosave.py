"""Saving answers while they are given: this tool beside a floor that only keeps them.

Run as ``python -m bench.autosave``. A class has a quiz open, and every few seconds each page sends
its whole form with one answer more. The floor is a signed session and one committed upsert. Exit
status 1 means that a save was refused or that an answer is not where it should be.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median, quantiles

from sqlalchemy import func, select

from bench import report
from bench.arena import Arena, arena
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.contestants import FLOOR, TOOL, Contestant, Serving
from bench.crowd import Browser, crowd_of, open_all, send_all
from bench.http_load import Ask
from bench.outcome import Outcome, Verdict
from bench.profiles import sampling, shares
from bench.quiz_course import Sheet, bench_app, find_homes, set_up, start_attempts
from bench.senders import SenderFailed
from lti_alliance.models import Attempt, db

AIM_CPU_S = 2.5


@dataclass(frozen=True, slots=True)
class Run:
    """Everybody saved once."""

    name: str
    round: int
    count: int
    cpu_s: float
    waited_s: tuple[float, ...]
    faults: tuple[str, ...]

    def per_thousand(self) -> float:
        """CPU seconds for a thousand saves, the database included."""
        return self.cpu_s * 1000 / self.count


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    how = Serving(workers=chosen.workers, threads=chosen.threads)
    with ending_clearly(), arena((FLOOR, TOOL), server=server, how=how) as found:
        file = found.folder / "autosave.stacks"
        tool = found.contestants[-1]
        sheets = _opened(chosen, found, tool)
        with sampling(tool.pid, file) if chosen.profile else nullcontext():
            runs = list(_rounds(chosen, found, sheets))
        profile = shares(file)
    finish(chosen, _outcome(runs, facts, profile))


def _rounds(chosen: argparse.Namespace, found: Arena, sheets: Sequence[Sheet]) -> Iterator[Run]:
    floor, tool = found.contestants
    people = crowd_of(chosen.students)
    asks = [Ask(f"{floor.url}/session", form={"sub": browser.sub}) for browser in people]
    send_all(people, asks, at_once=chosen.at_once)
    for number in range(chosen.rounds):
        turns = [
            lambda n=number: _floor(floor, people, sheets, n, at_once=chosen.at_once),
            lambda n=number: _tool(tool, sheets, n, at_once=chosen.at_once),
        ]
        for turn in turns if number % 2 == 0 else reversed(turns):
            run = turn()
            tell(f"round {number}: {run.name}, {run.per_thousand():.2f} CPU s per 1,000 saves")
            yield run
    if wrong := _unkept(tool, rounds=chosen.rounds, count=len(sheets)):
        raise SenderFailed(wrong)


def _opened(chosen: argparse.Namespace, found: Arena, tool: Contestant) -> list[Sheet]:
    first = crowd_of(1, name="first")
    faults = open_all(tool, found.issuer, first, at_once=1)
    set_up(tool)
    browsers = crowd_of(chosen.students)
    faults += open_all(tool, found.issuer, browsers, at_once=chosen.at_once)
    if faults:
        raise SenderFailed("; ".join(faults[:3]))
    find_homes(tool, browsers)
    return start_attempts(tool, browsers, at_once=chosen.at_once)


def _tool(tool: Contestant, sheets: Sequence[Sheet], number: int, *, at_once: int) -> Run:
    asks = [sheet.ask(sheet.save_url, pick=0, answered=number + 1) for sheet in sheets]
    run = _saved(tool, [sheet.browser for sheet in sheets], asks, number, at_once=at_once)
    for sheet in sheets:
        sheet.saved_version += 1
    return run


def _floor(
    floor: Contestant,
    people: Sequence[Browser],
    sheets: Sequence[Sheet],
    number: int,
    *,
    at_once: int,
) -> Run:
    asks = [
        Ask(
            f"{floor.url}/autosave",
            form=sheet.form.filled(0, answered=number + 1) | {"saved_version": str(number)},
            cookies=browser.cookies,
        )
        for sheet, browser in zip(sheets, people, strict=True)
    ]
    return _saved(floor, people, asks, number, at_once=at_once)


def _saved(
    contestant: Contestant,
    browsers: Sequence[Browser],
    asks: Sequence[Ask],
    number: int,
    *,
    at_once: int,
) -> Run:
    before = contestant.cpu_s() + contestant.database_s()
    waited = send_all(browsers, asks, at_once=at_once)
    used = contestant.cpu_s() + contestant.database_s() - before
    faults = tuple(
        f"{browser.sub}: {browser.answer.status} {browser.answer.body[-200:]!r}"
        for browser in browsers
        if browser.answer and browser.answer.status != 200
    )
    return Run(contestant.name, number, len(asks), used, tuple(waited), faults)


def _unkept(tool: Contestant, *, rounds: int, count: int) -> str:
    """Say what is wrong with what was kept: everybody saved once in each round."""
    with bench_app(tool).app_context():
        whole = db.session.scalar(
            select(func.count()).select_from(Attempt).where(Attempt.saved_version == rounds)
        )
    return "" if whole == count else f"{whole} of {count} attempts have all {rounds} saves"


def _outcome(runs: Sequence[Run], facts: dict[str, object], profile: Sequence[str]) -> Outcome:
    costs = {name: [r.per_thousand() for r in runs if r.name == name] for name in (FLOOR, TOOL)}
    ratio = median(ours / least for ours, least in zip(costs[TOOL], costs[FLOOR], strict=True))
    lines = ["| | CPU s / 1000 saves + database | : floor | p50 / p95 ms |", "|---|---:|---:|---:|"]
    for name in (FLOOR, TOOL):
        waited = [seconds for run in runs if run.name == name for seconds in run.waited_s]
        slow = quantiles(waited, n=20)[-1]
        lines.append(
            f"| {name} | {report.spread(costs[name]).text(2)} "
            f"| {'1' if name == FLOOR else f'{ratio:.2f}'} "
            f"| {median(waited) * 1000:.0f} / {slow * 1000:.0f} |"
        )
    return Outcome(
        question="autosave",
        command="python -m bench.autosave",
        machine=report.machine_line(facts),
        tables=("\n".join(lines),),
        verdicts=(
            Verdict(
                target="autosave, CPU with the database",
                aim=AIM_CPU_S,
                measured=median(costs[TOOL]),
                unit="CPU s per 1,000",
                note=f"{ratio:.1f} times the floor's",
            ),
        ),
        faults=[fault for run in runs for fault in run.faults],
        profile=profile,
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.autosave", description=__doc__)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10, help="saves of each student")
    parser.add_argument("--at-once", type=int, default=16, help="open requests at a time")
    return add_usual(parser, quick={"students": 20, "rounds": 3})


if __name__ == "__main__":
    main()
