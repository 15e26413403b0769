"""``make chaos``: play with fresh seeds until the time is over, and tell what happened.

Run as ``python -m tests.chaos.run --minutes 20``. Exit status 1 means that a promise was broken;
the seed and the example are told, so that it can be played again.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from lti_alliance.models import Base
from tests.chaos.playing import play
from tests.chaos.promises import PROMISES, PromiseBroken
from tests.chaos.world import World

EXAMPLES = 20


def main() -> None:
    """Play and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, help="the first seed; drawn if absent")
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    with tempfile.TemporaryDirectory(prefix="alliance-chaos-") as folder:
        url = f"sqlite:///{Path(folder) / 'chaos.sqlite3'}"
        engine = create_engine(url)
        Base.metadata.create_all(engine)
        engine.dispose()
        world = World(url)
        broken = _play(world, seed=seed, until=time.monotonic() + 60 * chosen.minutes)
    figures = _figures(world, broken)
    print(json.dumps(figures, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if broken else 0)


def _play(world: World, *, seed: int, until: float) -> list[str]:
    broken = []
    while time.monotonic() < until:
        try:
            play(world, examples=EXAMPLES, seed=seed)
        except PromiseBroken as failure:
            notes = "\n".join(getattr(failure, "__notes__", []))
            broken.append(f"seed {seed}: {str(failure)[:400]}")
            print(f"{broken[-1]}\n{notes}")
        seed += 1
    return broken


def _figures(world: World, broken: list[str]) -> dict[str, Any]:
    tally = world.tally
    return {
        "steps": tally.steps,
        "examples": tally.examples,
        "kinds": dict(Counter(tally.kinds).most_common()),
        "faults": dict(world.wire.figures.faults.most_common()),
        "longest_backlog": tally.longest_backlog,
        "longest_drain_s": tally.longest_drain.total_seconds(),
        "checked": {name: world.promises.checked[name] for name in PROMISES},
        "broken": broken,
    }


if __name__ == "__main__":
    main()
