"""Handing in while the LMS is slow: what the student waits for, and that every score arrives.

Run as ``python -m bench.submit``. The class hands in a quiz of this tool, then presses the same
button in a tuned tool of PyLTI1p3, which sends the score while the student waits. Rounds alternate
between an LMS that answers at once and one that takes its time. Exit status 1 means that an attempt
was refused or that a score did not arrive.
"""

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from bench import report
from bench.arena import Arena, arena
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.contestants import FILES, TOOL, Contestant, Serving
from bench.cpu import tree_seconds
from bench.crowd import Browser, crowd_of, open_all, send_all
from bench.http_load import Ask
from bench.outcome import Outcome, Verdict
from bench.quiz_course import find_homes, set_up, start_attempts
from bench.senders import SenderFailed
from lti_alliance.demo.processes import python
from lti_alliance.demo.run import ROOT

AIM_RATIO = 1.2
_ARRIVE_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """A class that handed in once."""

    name: str
    latency_s: float
    count: int
    cpu_s: float
    """Of the web processes, the worker and the database, until the last score had arrived."""
    waited_s: tuple[float, ...]
    arrived_s: float
    """From the first submission to the last score in the gradebook; 0 where nobody looked."""
    faults: tuple[str, ...]

    def p95(self) -> float:
        """Within how many seconds 95 of 100 students saw the next page."""
        return quantiles(self.waited_s, n=20)[-1]


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    how = Serving(workers=chosen.workers, threads=chosen.threads)
    with ending_clearly(), arena((FILES, TOOL), server=server, how=how) as found:
        runs = list(_rounds(chosen, found))
    finish(chosen, _outcome(chosen, runs, facts))


def _rounds(chosen: argparse.Namespace, found: Arena) -> Iterator[Run]:
    rival, tool = found.contestants
    worker = found.processes.start(
        "worker", python("-m", "lti_alliance", "worker"), env=dict(tool.env), cwd=ROOT
    )
    _open(tool, found, crowd_of(1, name="first"), at_once=1)
    set_up(tool)
    crowd, others = crowd_of(chosen.students), crowd_of(chosen.students)
    _open(tool, found, crowd, at_once=chosen.at_once)
    find_homes(tool, crowd)
    for number in range(chosen.rounds):
        for latency_s in (0.0, chosen.latency)[:: 1 if number % 2 == 0 else -1]:
            # What was prepared is not to meet a slow LMS; what is handed in is.
            found.platform.set(latency_s=0.0)
            _open(rival, found, others, at_once=chosen.at_once)
            found.platform.clear()
            found.platform.set(latency_s=latency_s)
            yield _rival_run(chosen, rival, others, latency_s)
            found.platform.clear()
            yield _tool_run(chosen, found, tool, crowd, latency_s, worker.pid)


def _open(
    contestant: Contestant, found: Arena, browsers: Sequence[Browser], *, at_once: int
) -> None:
    if faults := open_all(contestant, found.issuer, browsers, at_once=at_once):
        raise SenderFailed("; ".join(faults[:3]))


def _rival_run(
    chosen: argparse.Namespace, rival: Contestant, browsers: Sequence[Browser], latency_s: float
) -> Run:
    asks = []
    for browser in browsers:
        assert browser.answer is not None
        found = re.search(r"<p>(\S+)$", browser.answer.body.decode())
        assert found is not None
        asks.append(Ask(f"{rival.url}/submit", form={"launch": found[1]}, cookies=browser.cookies))
    before = rival.cpu_s()
    waited = send_all(browsers, asks, at_once=chosen.at_once)
    run = Run(
        rival.name, latency_s, len(asks), rival.cpu_s() - before, tuple(waited), 0.0, faults=()
    )
    return _told(run)


def _tool_run(
    chosen: argparse.Namespace,
    found: Arena,
    tool: Contestant,
    browsers: Sequence[Browser],
    latency_s: float,
    worker_pid: int,
) -> Run:
    sheets = start_attempts(tool, browsers, at_once=chosen.at_once)
    # An attempt that is begun is told to the gradebook as well; that is over before the clock runs.
    time.sleep(1.0 + 2 * latency_s)
    found.platform.clear()
    asks = [sheet.ask(sheet.submit_url, pick=0) for sheet in sheets]
    before = tool.cpu_s() + tool.database_s() + tree_seconds(worker_pid)
    began = time.monotonic()
    waited = send_all(browsers, asks, at_once=chosen.at_once)
    faults = [
        f"{browser.sub}: {browser.answer.status} {browser.answer.body[-200:]!r}"
        for browser in browsers
        if browser.answer and browser.answer.status != 303
    ]
    faults += _wait_for_scores(found, browsers)
    arrived = time.monotonic() - began
    used = tool.cpu_s() + tool.database_s() + tree_seconds(worker_pid) - before
    return _told(Run(tool.name, latency_s, len(asks), used, tuple(waited), arrived, tuple(faults)))


def _wait_for_scores(found: Arena, browsers: Sequence[Browser]) -> list[str]:
    wanted = {browser.sub for browser in browsers}
    deadline = time.monotonic() + _ARRIVE_WITHIN_S
    missing = wanted
    while missing and time.monotonic() < deadline:
        time.sleep(0.1)
        told = found.platform.book()["scores"].values()
        missing = wanted - {each["userId"] for each in told if _is_graded(each)}
    return [f"no score of {sub} arrived" for sub in sorted(missing)]


def _is_graded(told: dict[str, object]) -> bool:
    return told["gradingProgress"] == "FullyGraded"


def _told(run: Run) -> Run:
    tell(
        f"{run.name}, LMS {run.latency_s * 1000:.0f} ms: p95 {run.p95() * 1000:.0f} ms, "
        f"{run.cpu_s * 1000 / run.count:.1f} CPU s per 1,000, all in after {run.arrived_s:.1f} s"
    )
    return run


def _outcome(chosen: argparse.Namespace, runs: Sequence[Run], facts: dict[str, object]) -> Outcome:
    lines = [
        "| | LMS ms | rounds | waits p50 / p95 ms | CPU s / 1000 | last score in after s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in (FILES, TOOL):
        for latency_s in (0.0, chosen.latency):
            own = [run for run in runs if (run.name, run.latency_s) == (name, latency_s)]
            middle = median(seconds for run in own for seconds in run.waited_s)
            arrived = median(run.arrived_s for run in own)
            lines.append(
                f"| {name} | {latency_s * 1000:.0f} | {len(own)} "
                f"| {middle * 1000:.0f} / {median(run.p95() for run in own) * 1000:.0f} "
                f"| {report.spread(r.cpu_s * 1000 / r.count for r in own).text(1)} "
                f"| {f'{arrived:.1f}' if name == TOOL else '-'} |"
            )
    slow = median(run.p95() for run in runs if run.name == TOOL and run.latency_s > 0)
    quick = median(run.p95() for run in runs if run.name == TOOL and run.latency_s == 0)
    return Outcome(
        question="submit",
        command="python -m bench.submit",
        machine=report.machine_line(facts),
        tables=("\n".join(lines),),
        verdicts=(
            Verdict(
                target=f"submit p95, an LMS of {chosen.latency:.0f} s beside an instant one",
                aim=AIM_RATIO,
                measured=slow / quick,
                unit="times",
                note=f"{slow * 1000:.0f} and {quick * 1000:.0f} ms",
            ),
        ),
        faults=[fault for run in runs for fault in run.faults],
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.submit", description=__doc__)
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=4, help="with each kind of LMS")
    parser.add_argument("--at-once", type=int, default=8, help="open requests at a time")
    parser.add_argument("--latency", type=float, default=2.0, metavar="S", help="of the slow LMS")
    return add_usual(parser, quick={"students": 8, "rounds": 1})


if __name__ == "__main__":
    main()
