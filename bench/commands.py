"""What every benchmark's command has in common: its options, how it ends, what it tells."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import report
from bench.databases import find_server, server_version
from bench.outcome import Outcome
from bench.senders import SenderFailed
from lti_alliance.demo.processes import DemoError, Interrupted, interrupt_on_signals

SHOWN_FAULTS = 5


def add_usual(
    parser: argparse.ArgumentParser, *, quick: Mapping[str, object]
) -> argparse.Namespace:
    """Add what every question can be told, and read the command line.

    With ``--quick`` the values of ``quick`` stand in for what was not given.
    """
    parser.add_argument("--workers", type=int, default=2, help="web processes of each contestant")
    parser.add_argument("--threads", type=int, default=1, help="more than one: gthread")
    parser.add_argument("--postgres", default="", metavar="URL", help="a server to use")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome here")
    parser.add_argument(
        "--profile", action="store_true", help="look with py-spy where this tool's time goes"
    )
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    if "--quick" in sys.argv[1:]:
        parser.set_defaults(**quick)
    return parser.parse_args()


def server_of(chosen: argparse.Namespace) -> str:
    """Return the PostgreSQL to use, or end the program with what to do."""
    server = find_server(chosen.postgres)
    if server is None:
        sys.exit("No PostgreSQL lets us in. Name one with --postgres.")
    return server


def facts_of(server: str) -> dict[str, object]:
    """Say what is about to be measured, on what."""
    return report.machine({"PostgreSQL": server_version(server)})


@contextmanager
def ending_clearly() -> Iterator[None]:
    """End the program with one sentence when it is interrupted or cannot go on."""
    interrupt_on_signals()
    try:
        yield
    except Interrupted:
        sys.exit("Interrupted; everything that was started is stopped.")
    except (SenderFailed, DemoError) as failure:
        sys.exit(f"The benchmark failed: {failure}")


def finish(chosen: argparse.Namespace, outcome: Outcome) -> None:
    """Print the outcome, write it where asked, and end: with 1 if anything went wrong."""
    for table in outcome.tables:
        print(table)
    print(outcome.machine)
    for verdict in outcome.verdicts:
        print(f"{'met' if verdict.is_met else 'MISSED'}: {verdict.target}")
    for line in outcome.profile:
        print(f"  {line}")
    for fault in outcome.faults[:SHOWN_FAULTS]:
        tell(f"WRONG: {fault}")
    if chosen.json:
        outcome.write(chosen.json)
    sys.exit(1 if outcome.faults else 0)


def tell(sentence: str) -> None:
    """Say how far it is, apart from what comes out."""
    print(sentence, file=sys.stderr, flush=True)
