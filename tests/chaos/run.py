"""``make chaos``: new seeds until the time is over, on every database there is, and the figures.

Run as ``python -m tests.chaos.run --minutes 20``. Exit status 1 means that a promise was broken;
the seed and the steps are told. ``--seed N --shrink`` makes that failure small, in some minutes.
"""

import argparse
import json
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from lti_alliance.models import Base
from tests.chaos.driving import EXAMPLES, drive
from tests.chaos.promises import PROMISES, PromiseBroken
from tests.chaos.world import World
from tests.conftest import find_postgres

HIGHEST_SEED = 10**9


def main() -> None:
    """Let chance loose and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, help="only this seed, on SQLite")
    parser.add_argument("--shrink", action="store_true", help="make a failure small")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    chosen = parser.parse_args()
    began = time.monotonic()
    broken: list[str] = []
    with ExitStack() as stack:
        databases = {"SQLite": stack.enter_context(_sqlite())}
        if chosen.seed is None and find_postgres():
            databases["PostgreSQL"] = stack.enter_context(_postgres())
        worlds = {name: World(url) for name, url in databases.items()}
        for world in worlds.values():
            stack.callback(world.close)
        turn = 0
        while turn == 0 or (chosen.seed is None and _left(began, chosen.minutes) > 0):
            name = list(worlds)[turn % len(worlds)]
            seed = random.randrange(HIGHEST_SEED) if chosen.seed is None else chosen.seed
            broken += _try(worlds[name], name, seed, is_shrunk=chosen.shrink)
            turn += 1
        figures = _figures(worlds, broken, minutes=(time.monotonic() - began) / 60)
    print(json.dumps(figures, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if broken else 0)


def _left(began: float, minutes: float) -> float:
    return began + 60 * minutes - time.monotonic()


def _try(world: World, database: str, seed: int, *, is_shrunk: bool) -> list[str]:
    # Hypothesis sets the state of `random` for every example and then back.
    try:
        drive(world, number=seed, examples=EXAMPLES, is_shrunk=is_shrunk)
    except PromiseBroken as failure:
        told = f"seed {seed} on {database}: {failure}"
        steps = (step for note in getattr(failure, "__notes__", []) for step in note.splitlines())
        print(told, *(step for step in steps if "promises_hold" not in step), sep="\n", flush=True)
        return [told[:400]]
    return []


def _figures(worlds: dict[str, World], broken: list[str], *, minutes: float) -> dict[str, Any]:
    tallies = [world.tally for world in worlds.values()]
    wires = [world.wire.figures for world in worlds.values()]
    done = sum((tally.kinds for tally in tallies), Counter[str]())
    checked = sum((world.promises.checked for world in worlds.values()), Counter[str]())
    return {
        "minutes": round(minutes, 1),
        "databases": list(worlds),
        "steps": sum(tally.steps for tally in tallies),
        "examples": sum(tally.examples for tally in tallies),
        "calls": dict(sum((wire.calls for wire in wires), Counter[str]())),
        "scores_sent": sum(wire.calls["score"] for wire in wires),
        "scores_taken": sum(wire.scores_taken for wire in wires),
        "looks": done["look"],
        "searches": done["find"],
        "comparisons": done["check"],
        "crashes": done["crash"],
        "given_up": done["given up"],
        "longest_backlog": max(tally.longest_backlog for tally in tallies),
        "longest_drain_s": max(tally.longest_drain.total_seconds() for tally in tallies),
        "faults_met": sum(wire.faults.total() for wire in wires),
        "faults": dict(sum((wire.faults for wire in wires), Counter[str]()).most_common()),
        "checked": {name: checked[name] for name in PROMISES},
        "violations": len(broken),
        "broken": broken,
    }


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="alliance-chaos-") as folder:
        url = f"sqlite:///{Path(folder) / 'chaos.sqlite3'}"
        _make_tables(url)
        yield url


@contextmanager
def _postgres() -> Iterator[str]:
    server = find_postgres()
    assert server is not None
    name = f"alliance_chaos_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f'CREATE DATABASE "{name}"')
        try:
            url = make_url(server).set(drivername="postgresql+psycopg", database=name)
            text = url.render_as_string(hide_password=False)
            _make_tables(text)
            yield text
        finally:
            owner.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _make_tables(url: str) -> None:
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()


if __name__ == "__main__":
    main()
