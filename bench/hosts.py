"""Cut hosts off that share one PostgreSQL, and see that nothing is lost, doubled or refused.

Run as ``python -m bench.hosts``; needs root, iproute2, and the programs of PostgreSQL and Redis.
Hosts are network namespaces (``bench/yard.py``): two with web processes, two with a worker, one
with Redis. A balancer sends each request of a student to the other web host. Then

- one web host's cable is pulled while students answer, and put back;
- one worker host's is pulled while it holds claimed scores, and put back after the other has
  taken them over: it must not send what is no longer its own;
- another host's is pulled in the middle of a transaction, with locks that everybody needs;
- Redis's is pulled, and launches go on.

The exit status is 1 if a score is missing, wrong, doubled or out of order, or if a student met an
error that was not an answer cut off in the very moment. Times are reported and never judged.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench import yard
from bench.hosts_report import outcome_of
from bench.hosts_scene import HALTED, HOSTS, Scene
from bench.hosts_story import Story
from tests.failures.private_postgres import PrivatePostgres

_QUICK, _STUDENTS = 16, 120


def main() -> None:
    """Enter a network of its own, then tell the story and report it."""
    chosen = _parse()
    if not chosen.inside:
        try:
            sys.exit(yard.run_inside("bench.hosts", [*sys.argv[1:], "--inside"]))
        except yard.NoYard as reason:
            sys.exit(str(reason))
    size = _QUICK if chosen.quick else chosen.students
    hosts = yard.build(HOSTS)
    with tempfile.TemporaryDirectory(prefix="alliance-hosts-") as folder:
        postgres = PrivatePostgres(network=yard.NETWORK)
        scene = Scene(Path(folder), hosts, postgres, processes=1 if chosen.quick else 2)
        try:
            scene.start()
            story = Story(scene, size, tell=_tell)
            story.play()
            outcome = outcome_of(story, command=_command(chosen))
        finally:
            # Who is cut off cannot say goodbye.
            hosts[HALTED].join()
            scene.stop()
            postgres.remove()
    print("\n\n".join([*outcome.tables, outcome.machine]))
    if chosen.json:
        outcome.write(chosen.json)
    for fault in outcome.faults:
        _tell(f"WRONG: {fault}")
    sys.exit(1 if outcome.faults else 0)


def _command(chosen: argparse.Namespace) -> str:
    size = " --quick" if chosen.quick else f" --students {chosen.students}"
    return f"python -m bench.hosts{size}"


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.hosts", description=__doc__)
    parser.add_argument("--students", type=int, default=_STUDENTS)
    parser.add_argument(
        "--quick", action="store_true", help=f"{_QUICK} students, one process a host"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome there")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
