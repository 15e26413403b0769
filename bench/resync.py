"""A whole class sent again over a bad line: who is lost, who out of order, how long it takes.

Run as ``python -m bench.resync``. A class of 5,000 has its scores in the gradebook; then all of
them are sent again as an instructor has it done (*Send all again*), while the platform takes 50 ms
for each call, answers 503 to one in twenty, and stops taking the access token every few seconds
although it promised an hour. Meanwhile a few students hand in anew. Exit status 1 means that
somebody lacks a score, has an older one, or was told in the wrong order.

With ``--kill`` a worker is killed in the middle (SIGKILL) and another one started; a score that was
under way is then looked up, and may be told twice.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from uuid import UUID

from sqlalchemy import select

from bench import report, rival, tool
from bench.children import free_port
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.cpu import tree_seconds
from bench.databases import postgresql_database
from bench.lms import Column, Scores
from bench.load_class import LoadClass, running_load_class
from bench.outcome import Outcome, Verdict
from bench.passback import some_scores
from bench.profiles import sampling, shares
from bench.senders import SenderFailed
from bench.tool import Tool
from lti_alliance.demo.processes import Processes
from lti_alliance.demo.run import act
from lti_alliance.models import Activity, Grade
from lti_alliance.parts import utc_now
from lti_alliance.services import score_delivery, score_resending

AIM_S = 18.0
TOKEN_LASTS_S, TOKEN_PROMISED_S = 8.0, 3600.0
HAND_IN_ANEW = 50
_WITHIN_S = 1200.0


@dataclass(frozen=True, slots=True)
class Resync:
    """A class that was sent again once."""

    seconds: float
    """From the commit that wants it to the last score that the platform took."""
    cpu_s: float
    database_s: float
    statuses: dict[str, int]
    """How often the platform gave each answer."""
    tokens: int
    lost: int
    faults: tuple[str, ...]


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    with (
        ending_clearly(),
        tempfile.TemporaryDirectory(prefix="alliance-bench-") as folder,
    ):
        with _scene(chosen, server, Path(folder)) as (lms, installed):
            runs = [_resync(chosen, lms, installed, number) for number in range(chosen.rounds)]
            told = _loop(lms, Path(folder))
        outcome = Outcome(
            question="resync",
            command=f"python -m bench.resync {' '.join(sys.argv[1:])}".strip(),
            machine=report.machine_line(facts),
            tables=(_table(chosen, runs, told),),
            verdicts=tuple(_verdicts(chosen, runs)),
            faults=[fault for run in runs for fault in run.faults],
            profile=shares(Path(folder) / "profile") if chosen.profile else (),
        )
    finish(chosen, outcome)


@contextmanager
def _scene(
    chosen: argparse.Namespace, server: str, folder: Path
) -> Iterator[tuple[LoadClass, Tool]]:
    processes = Processes(folder / "logs")
    try:
        with ExitStack() as stack:
            lms = stack.enter_context(
                running_load_class(
                    processes, port=free_port(), people=chosen.students, folder=folder
                )
            )
            installed = tool.install(
                "worker",
                stack.enter_context(postgresql_database(server)),
                lms,
                processes=processes,
                folder=folder / "tool",
                workers=chosen.workers,
                calls=chosen.calls,
            )
            if chosen.kill:
                # Long enough for a batch, short enough not to wait minutes for what was killed.
                installed.env["ALLIANCE_DELIVERY_LEASE_S"] = "15"
            if chosen.profile:
                installed.profile = folder / "profile"
            yield lms, installed
    finally:
        processes.stop()


def _resync(chosen: argparse.Namespace, lms: LoadClass, installed: Tool, number: int) -> Resync:
    scores = some_scores(lms.subs(), first=number)
    with lms.column(f"round {number + 1}") as column, ExitStack() as stack:
        with installed.app.app_context():
            activity_id = installed.record(column, scores)
        running = stack.enter_context(installed.working(f"round {number + 1}"))
        installed.enable()
        installed.settle(activity_id, len(scores), within_s=_WITHIN_S)
        lms.set(
            latency_s=chosen.latency,
            fault_share=chosen.faults,
            token_lifetime_s=TOKEN_LASTS_S,
            token_promised_s=TOKEN_PROMISED_S,
        )
        lms.drop_tokens()
        before = lms.stats()
        if installed.profile:
            stack.enter_context(sampling(running[0].pid, installed.profile))
        meter, cpu_before_s = installed.database.meter(), _cpu_s(running)
        began = _send_all_again(installed, activity_id)
        anew = _hand_in_anew(installed, activity_id, scores)
        if chosen.kill:
            time.sleep(chosen.latency * len(scores) / chosen.calls / 3)
            running[0].kill()
            running[0].wait()
            running += stack.enter_context(installed.working(f"after the kill {number + 1}"))
        installed.settle(activity_id, len(scores), within_s=_WITHIN_S)
        seconds = lms.told_at(column) - began
        cpu_s, database_s = _cpu_s(running) - cpu_before_s, meter.used_s() or 0.0
        lms.set(latency_s=0.0, fault_share=0.0, token_lifetime_s=3600.0, token_promised_s=0.0)
        wanted = dict(scores) | anew
        after = lms.stats()
        run = Resync(
            seconds=seconds,
            cpu_s=cpu_s,
            database_s=database_s,
            statuses=_since(before["statuses"], after["statuses"]),
            tokens=_since(before["calls"], after["calls"]).get("POST token", 0),
            lost=lms.lost(column, wanted),
            faults=tuple(_faults(lms, column, wanted, anew=anew, is_killed=chosen.kill)),
        )
    tell(
        f"round {number + 1}: {len(scores):,} in {run.seconds:.1f} s, "
        f"CPU {run.cpu_s:.1f} + {run.database_s:.1f} s, answers {run.statuses}"
    )
    return run


def _faults(
    lms: LoadClass, column: Column, wanted: Scores, *, anew: Scores, is_killed: bool
) -> list[str]:
    if is_killed:
        # What was under way is looked up, and sent again only where it is not there.
        return lms.faults(column, wanted, times=1, may_repeat=wanted)
    # Whoever handed in anew may have been told of the older score too.
    return lms.faults(column, wanted, times=2, may_repeat=anew)


def _cpu_s(running: Sequence[subprocess.Popen[bytes]]) -> float:
    return sum(tree_seconds(process.pid) for process in running)


def _since(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items()}


def _send_all_again(installed: Tool, activity_id: UUID) -> float:
    with installed.app.app_context(), act() as session:
        activity = session.get_one(Activity, activity_id)
        score_resending.resend_all(session, activity, at=utc_now(), replaces_changed=True)
        return time.monotonic()


def _hand_in_anew(installed: Tool, activity_id: UUID, scores: Scores) -> dict[str, Decimal]:
    """Let a few students have another score, as by another attempt; return it by ``sub``."""
    anew = {sub: Decimal(100) - scores[sub] for sub in list(scores)[-HAND_IN_ANEW:]}
    for sub, score in anew.items():
        with installed.app.app_context(), act() as session:
            grade = session.scalars(
                select(Grade).where(
                    Grade.activity_id == activity_id,
                    Grade.membership_id == installed.members[sub],
                )
            ).one()
            grade.score, grade.submitted_at, grade.updated_at = score, utc_now(), utc_now()
            score_delivery.mirror(session, grade, at=utc_now())
    return anew


def _loop(lms: LoadClass, folder: Path) -> int:
    """Let the rival send the same class over the same line, and count whom it reached."""
    loop = rival.prepare(lms, folder)
    lms.set(fault_share=0.05, token_lifetime_s=TOKEN_LASTS_S, token_promised_s=TOKEN_PROMISED_S)
    try:
        with lms.column("loop") as column, loop.ready(column, some_scores(lms.subs())) as sending:
            sending.go()
            try:
                lms.wait_until_full(column, within_s=_WITHIN_S, look=sending.look)
            except SenderFailed:
                tell("the loop has ended")
            return len(lms.cells(column))
    finally:
        lms.set(fault_share=0.0, token_lifetime_s=3600.0, token_promised_s=0.0)


def _table(chosen: argparse.Namespace, runs: Sequence[Resync], reached: int) -> str:
    lines = [
        "| sender | scores | seconds | CPU s / 1000 | + database | answers | tokens | lost |",
        "|---|---:|---:|---:|---:|---|---:|---:|",
    ]
    for run in runs:
        answers = ", ".join(f"{count} x {status}" for status, count in sorted(run.statuses.items()))
        lines.append(
            f"| worker, {chosen.calls} connections{', killed midway' if chosen.kill else ''} "
            f"| {chosen.students:,} | {run.seconds:.1f} "
            # What a killed process has used went with it.
            f"| {'-' if chosen.kill else f'{run.cpu_s * 1000 / chosen.students:.2f}'} "
            f"| {run.database_s * 1000 / chosen.students:.2f} "
            f"| {answers} | {run.tokens} | {run.lost} |"
        )
    lines.append(
        f"| PyLTI1p3 loop, LMS 0 ms | {chosen.students:,} | stopped at the first failure "
        f"| | | | 1 | {chosen.students - reached:,} |"
    )
    return "\n".join(lines)


def _verdicts(chosen: argparse.Namespace, runs: Sequence[Resync]) -> Iterator[Verdict]:
    faults = (
        f"{chosen.latency * 1000:.0f} ms, {chosen.faults:.0%} answered 503, "
        f"tokens of {TOKEN_LASTS_S:.0f} s"
    )
    if not chosen.kill:
        least_s = chosen.students / (1 - chosen.faults) * chosen.latency / chosen.calls
        yield Verdict(
            target=f"{chosen.students:,} students sent again over {chosen.calls} connections",
            aim=AIM_S,
            measured=median(run.seconds for run in runs),
            unit="s",
            note=f"{faults}; {least_s:.1f} s is all that such connections can do",
        )
    yield Verdict(
        target="scores lost, a worker killed midway" if chosen.kill else "scores lost on the way",
        aim=0,
        measured=sum(run.lost for run in runs),
        unit="lost",
        note=faults,
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.resync", description=__doc__)
    parser.add_argument("--students", type=int, default=5000)
    parser.add_argument("--calls", type=int, default=16, help="calls the platform gets at once")
    parser.add_argument("--latency", type=float, default=0.05, metavar="S")
    parser.add_argument("--faults", type=float, default=0.05, help="share of posts answered 503")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--kill", action="store_true", help="kill -9 a worker in the middle")
    parser.set_defaults(workers=1)
    return add_usual(parser, quick={"students": 400, "rounds": 1})


if __name__ == "__main__":
    main()
