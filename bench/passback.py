"""Scores to a healthy gradebook: the worker beside a plain PyLTI1p3 loop, in one interleaved run.

Run as ``python -m bench.passback`` or ``make bench-passback``. Exit status 1 means that a score was
wrong, missing or told twice; times are reported and never judged.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bench import report, rival, tool
from bench.children import free_port
from bench.databases import (
    find_server,
    postgresql_database,
    server_version,
    sqlite_database,
)
from bench.lms import MAXIMUM, PracticeClass, Scores, running_class
from bench.report import Run
from bench.senders import Sender, SenderFailed
from lti_alliance.demo.processes import (
    DemoError,
    Interrupted,
    Processes,
    interrupt_on_signals,
)

DATABASES = ("sqlite", "postgresql")
_PATIENCE_S = 60.0
_SLOWEST_S = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    counts: tuple[int, ...]
    delays_ms: tuple[int, ...]
    rounds: int
    databases: tuple[str, ...]
    server: str
    workers: int


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = find_server(chosen.postgres) if "postgresql" in chosen.databases else None
    databases = tuple(d for d in chosen.databases if d != "postgresql" or server)
    if databases != chosen.databases:
        _tell("No PostgreSQL lets us in: it is left out. Name one with --postgres.")
    plan = Plan(
        counts=chosen.counts,
        delays_ms=chosen.delays,
        rounds=chosen.rounds,
        databases=databases,
        server=server or "",
        workers=chosen.workers,
    )
    facts = report.machine({"PostgreSQL": server_version(server)} if server else {})
    interrupt_on_signals()
    try:
        runs = _measure(plan)
    except Interrupted:
        sys.exit("Interrupted; everything that was started is stopped.")
    except (SenderFailed, DemoError) as failure:
        sys.exit(f"The benchmark failed: {failure}")
    print(report.table(runs, rival=rival.NAME))
    print(report.machine_line(facts))
    if chosen.json:
        report.write_json(chosen.json, facts, runs)
    sys.exit(1 if any(run.faults for run in runs) else 0)


def _measure(plan: Plan) -> list[Run]:
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="alliance-bench-") as name:
        folder = Path(name)
        processes = Processes(folder / "logs")
        try:
            for count in plan.counts:
                runs += _measure_class(plan, count, processes, folder / str(count))
        finally:
            processes.stop()
    return runs


def _measure_class(plan: Plan, count: int, processes: Processes, folder: Path) -> Iterator[Run]:
    with (
        running_class(processes, port=free_port(), people=count) as lms,
        _senders(plan, lms, processes, folder) as senders,
    ):
        for delay_ms in plan.delays_ms:
            with lms.slow(delay_ms):
                for number in range(plan.rounds):
                    # Each is first in turn, so that what the machine does meanwhile hits all.
                    turn = number % len(senders)
                    for sender in [*senders[turn:], *senders[:turn]]:
                        yield _run(sender, lms, delay_ms=delay_ms, number=number)


@contextmanager
def _senders(
    plan: Plan, lms: PracticeClass, processes: Processes, folder: Path
) -> Iterator[Sequence[Sender]]:
    folder.mkdir(parents=True)
    senders: list[Sender] = [rival.prepare(lms, folder)]
    with ExitStack() as stack:
        for kind in plan.databases:
            place = folder / kind
            place.mkdir()
            database = stack.enter_context(
                sqlite_database(place) if kind == "sqlite" else postgresql_database(plan.server)
            )
            senders.append(
                tool.install(
                    f"worker, {kind}",
                    database,
                    lms,
                    processes=processes,
                    folder=place,
                    workers=plan.workers,
                )
            )
        yield senders


def _run(sender: Sender, lms: PracticeClass, *, delay_ms: int, number: int) -> Run:
    scores = _scores(lms.subs())
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


def _scores(subs: Sequence[str]) -> Scores:
    # Hundredths of a point: ten thousand people before a score comes twice.
    hundredths = int(MAXIMUM * 100)
    return {sub: Decimal(number % hundredths + 1) / 100 for number, sub in enumerate(subs)}


def _tell_run(run: Run) -> None:
    database = "" if run.database_cpu_s is None else f" + {run.database_cpu_s:.2f}"
    _tell(
        f"round {run.round + 1}: {run.sender}, {run.count:,} scores, LMS {run.delay_ms} ms: "
        f"{run.rate:.0f}/s, CPU {run.sender_cpu_s:.2f}{database} s"
    )
    for fault in run.faults:
        _tell(f"  WRONG: {fault}")


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.passback", description=__doc__)
    parser.add_argument("--counts", type=_numbers, default=(1000, 5000), metavar="N,N")
    parser.add_argument("--delays", type=_numbers, default=(0,), metavar="MS,MS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--databases", type=_databases, default=DATABASES, metavar="KIND,KIND")
    parser.add_argument("--workers", type=int, default=1, help="worker processes side by side")
    parser.add_argument("--postgres", default="", metavar="URL", help="a server to use")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run here")
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
