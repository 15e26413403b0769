"""Scores to a healthy gradebook: the worker beside a plain PyLTI1p3 loop, in one interleaved run.

Run as ``python -m bench.passback`` or ``make bench-passback``. The gradebook is the load platform,
which costs little, or the practice LMS (``--lms practice``). Exit status 1 means that a score was
wrong, missing or told twice; times are reported and never judged.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median

from bench import report, rival, tool
from bench.children import free_port
from bench.commands import ending_clearly, finish, tell
from bench.databases import find_server, postgresql_database, server_version, sqlite_database
from bench.lms import MAXIMUM, GradedClass, Scores, running_class
from bench.load_class import running_load_class
from bench.outcome import Outcome, Verdict
from bench.profiles import shares
from bench.report import Run
from bench.senders import Sender
from lti_alliance.demo.processes import Processes

DATABASES = ("sqlite", "postgresql")
PLATFORMS = ("load", "practice")
JUDGED = "worker, postgresql"
"""The sender that the targets are about."""
AIM_CPU_S, AIM_RATE, AIM_SLOW_RATE = 2.5, 800.0, 145.0
SLOW_MS, SLOW_CALLS = 50, 8
"""The latency and the calls at once that the last target is about."""
MOST_IN_A_ROW = 1000
"""A loop that sends one score after the other to a slow LMS shows with so many what it does."""
_PATIENCE_S = 60.0
_SLOWEST_S = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    lms: str
    counts: tuple[int, ...]
    delays_ms: tuple[int, ...]
    rounds: int
    databases: tuple[str, ...]
    server: str
    workers: int
    calls: int
    profile: bool


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = find_server(chosen.postgres) if "postgresql" in chosen.databases else None
    databases = tuple(d for d in chosen.databases if d != "postgresql" or server)
    if databases != chosen.databases:
        tell("No PostgreSQL lets us in: it is left out. Name one with --postgres.")
    plan = Plan(
        lms=chosen.lms,
        counts=chosen.counts,
        delays_ms=chosen.delays,
        rounds=chosen.rounds,
        databases=databases,
        server=server or "",
        workers=chosen.workers,
        calls=chosen.calls,
        profile=chosen.profile,
    )
    facts = report.machine({"PostgreSQL": server_version(server)} if server else {})
    with (
        ending_clearly(),
        tempfile.TemporaryDirectory(prefix="alliance-bench-") as folder,
    ):
        runs = _measure(plan, Path(folder))
        outcome = Outcome(
            question="passback",
            command=f"python -m bench.passback {' '.join(sys.argv[1:])}".strip(),
            machine=report.machine_line(facts),
            tables=(report.table(runs, rival=rival.NAME),),
            verdicts=tuple(_verdicts(plan, runs)),
            faults=[f"{run.sender}: {fault}" for run in runs for fault in run.faults],
            profile=shares(Path(folder) / "profile") if plan.profile else (),
        )
    finish(chosen, outcome)


def _measure(plan: Plan, folder: Path) -> list[Run]:
    runs: list[Run] = []
    processes = Processes(folder / "logs")
    try:
        for count in plan.counts:
            runs += _measure_class(plan, count, processes, folder / str(count))
    finally:
        processes.stop()
    return runs


def _measure_class(plan: Plan, count: int, processes: Processes, folder: Path) -> Iterator[Run]:
    folder.mkdir(parents=True)
    with (
        _class_of(plan, count, processes, folder) as lms,
        _senders(plan, lms, processes, folder) as senders,
    ):
        for delay_ms in plan.delays_ms:
            with lms.slow(delay_ms):
                for number in range(plan.rounds):
                    # Each is first in turn, so that what the machine does meanwhile hits all.
                    turn = number % len(senders)
                    for sender in [*senders[turn:], *senders[:turn]]:
                        if sender.name == rival.NAME and delay_ms and count > MOST_IN_A_ROW:
                            continue
                        yield _run(sender, lms, delay_ms=delay_ms, number=number)


def _class_of(
    plan: Plan, count: int, processes: Processes, folder: Path
) -> AbstractContextManager[GradedClass]:
    if plan.lms == "practice":
        return running_class(processes, port=free_port(), people=count)
    return running_load_class(processes, port=free_port(), people=count, folder=folder)


@contextmanager
def _senders(
    plan: Plan, lms: GradedClass, processes: Processes, folder: Path
) -> Iterator[Sequence[Sender]]:
    senders: list[Sender] = [rival.prepare(lms, folder)]
    with ExitStack() as stack:
        for kind in plan.databases:
            place = folder / kind
            place.mkdir()
            database = stack.enter_context(
                sqlite_database(place) if kind == "sqlite" else postgresql_database(plan.server)
            )
            installed = tool.install(
                f"worker, {kind}",
                database,
                lms,
                processes=processes,
                folder=place,
                workers=plan.workers,
                calls=plan.calls,
            )
            if plan.profile and installed.name == JUDGED:
                installed.profile = folder.parent / "profile"
            senders.append(installed)
        yield senders


def _run(sender: Sender, lms: GradedClass, *, delay_ms: int, number: int) -> Run:
    scores = some_scores(lms.subs())
    within_s = _PATIENCE_S + lms.people * (_SLOWEST_S + delay_ms / 1000)
    with lms.column(f"{sender.name}, round {number + 1}") as column:
        with sender.ready(column, scores) as sending:
            sender_before_s, lms_before_s = sending.cpu_s(), lms.cpu_s
            began = sending.go()
            ended = lms.wait_until_full(column, within_s=within_s, look=sending.look)
            if ended is not None:
                sending.settle()
            sender_cpu_s = sending.cpu_s() - sender_before_s
            database_cpu_s = sending.database_s()
            lms_cpu_s = lms.cpu_s - lms_before_s
        faults = lms.faults(column, scores)
    run = Run(
        sender=sender.name,
        count=lms.people,
        delay_ms=delay_ms,
        round=number,
        seconds=within_s if ended is None else ended - began,
        sender_cpu_s=sender_cpu_s,
        database_cpu_s=database_cpu_s,
        lms_cpu_s=lms_cpu_s,
        faults=tuple(faults),
    )
    _tell_run(run)
    return run


def some_scores(subs: Sequence[str], *, first: int = 1) -> Scores:
    """Give everybody a score, all different; ``first`` begins the row elsewhere."""
    # Hundredths of a point: ten thousand people before a score comes twice.
    hundredths = int(MAXIMUM * 100)
    return {
        sub: Decimal((number + first - 1) % hundredths + 1) / 100 for number, sub in enumerate(subs)
    }


def _verdicts(plan: Plan, runs: Sequence[Run]) -> Iterator[Verdict]:
    """Judge what the targets are about: the greatest class on PostgreSQL and the load platform."""
    if plan.lms != "load":
        return
    ours = [run for run in runs if run.sender == JUDGED]
    fast = _of_greatest([run for run in ours if run.delay_ms == 0])
    slow = _of_greatest([run for run in ours if run.delay_ms == SLOW_MS])
    workers = f"{plan.workers} worker process{'es' if plan.workers > 1 else ''}"
    if fast:
        database_s = median(run.per_thousand(run.database_cpu_s or 0.0) for run in fast)
        yield Verdict(
            target="scores to a gradebook, CPU with the database",
            aim=AIM_CPU_S,
            measured=median(run.per_thousand(run.cpu_s) for run in fast),
            unit="CPU s per 1,000",
            note=f"{workers}, {fast[0].count:,} scores; {database_s:.2f} of it PostgreSQL",
        )
        yield Verdict(
            target="scores to an LMS that answers at once",
            aim=AIM_RATE,
            measured=median(run.rate for run in fast),
            unit="per second",
            is_floor=True,
            note=f"{workers}, {fast[0].count:,} scores, PostgreSQL and the LMS on the same cores",
        )
    if slow and plan.calls == SLOW_CALLS:
        yield Verdict(
            target=f"scores over {SLOW_CALLS} connections to an LMS that takes {SLOW_MS} ms",
            aim=AIM_SLOW_RATE,
            measured=median(run.rate for run in slow),
            unit="per second",
            is_floor=True,
            note=f"{workers}; {SLOW_CALLS * 1000 // SLOW_MS} is all that such connections can do",
        )


def _of_greatest(runs: Sequence[Run]) -> list[Run]:
    most = max((run.count for run in runs), default=0)
    return [run for run in runs if run.count == most]


def _tell_run(run: Run) -> None:
    database = "" if run.database_cpu_s is None else f" + {run.database_cpu_s:.2f}"
    tell(
        f"round {run.round + 1}: {run.sender}, {run.count:,} scores, LMS {run.delay_ms} ms: "
        f"{run.rate:.0f}/s, CPU {run.sender_cpu_s:.2f}{database} s"
    )
    for fault in run.faults:
        tell(f"  WRONG: {fault}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.passback", description=__doc__)
    parser.add_argument("--lms", choices=PLATFORMS, default="load")
    parser.add_argument("--counts", type=_numbers, default=(1000, 5000), metavar="N,N")
    parser.add_argument("--delays", type=_numbers, default=(0, SLOW_MS), metavar="MS,MS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--databases", type=_databases, default=DATABASES, metavar="KIND,KIND")
    parser.add_argument("--workers", type=int, default=1, help="worker processes side by side")
    parser.add_argument(
        "--calls", type=int, default=SLOW_CALLS, help="calls that the platform gets at once"
    )
    parser.add_argument("--postgres", default="", metavar="URL", help="a server to use")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome here")
    parser.add_argument(
        "--profile", action="store_true", help="look with py-spy where the worker's time goes"
    )
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    if "--quick" in sys.argv[1:]:
        parser.set_defaults(counts=(200,), rounds=1)
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _databases(text: str) -> tuple[str, ...]:
    named = tuple(part for part in text.split(",") if part)
    if unknown := set(named) - set(DATABASES):
        raise argparse.ArgumentTypeError(f"not a database: {', '.join(sorted(unknown))}")
    return named


if __name__ == "__main__":
    main()
