"""A class of a thousand finishes while its platform is down; another platform notices nothing."""

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lti_alliance.domain.circuits import CALLS_AT_ONCE, OPENS_AFTER
from tests.failures.classroom import open_classroom
from tests.failures.running import Running, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

IS_FULL = os.environ.get("CHAOS_FULL") == "1"
OUTAGE_S = 120 if IS_FULL else 15
"""Fifteen seconds are shorter than the shortest pause before the first probe."""
CLASS, OTHERS, REGRADED = 1000, 50, 25
OTHERS_WITHIN_S = 30
DRAINED_WITHIN_S = 200
LEASE_S = 30
"""Longer than the slow first call."""
FIRST_CALL_S, LOOKED_AT_AFTER_S = 3.0, 1.0


@pytest.mark.parametrize(
    ("engine", "workers"),
    [
        pytest.param(
            "postgresql",
            2,
            marks=[pytest.mark.needs_postgres, pytest.mark.xdist_group("class-postgresql")],
        ),
    ],
)
def test_a_class_finishes_while_its_platform_is_down(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    database_for: Callable[[str], str],
    capsys: Any,
    engine: str,
    workers: int,
) -> None:
    """All scores arrive after the outage, right, in order and once; the platform meets a few
    probes while it is down and no burst afterwards; the other platform's scores go on at once.

    The outage takes fifteen seconds, and the two minutes of the promise with ``CHAOS_FULL=1``.
    """
    running = Running(tmp_path, database_for(engine), lease_s=LEASE_S)
    request.addfinalizer(running.stop)
    great = open_classroom(running, "canvas", CLASS + 1)
    other = open_classroom(running, "moodle", OTHERS)
    for number in range(workers):
        running.worker(f"worker {number}")
    first, *subs = great.subs
    great.want({first: 1})
    wait_for("the first score", lambda: great.are_all_delivered(1))

    # The platform goes down, and everybody finishes.
    running.forget_stats("canvas")
    running.ask("switches/canvas", {"outage_status": 503})
    began = time.monotonic()
    scores = {sub: 1 + number % 100 for number, sub in enumerate(subs)}
    great.want(scores)
    others_began = time.monotonic()
    others = {sub: 1 + number % 100 for number, sub in enumerate(other.subs)}
    other.want(others)
    wait_for("Moodle's scores", lambda: other.are_all_delivered(OTHERS))
    others_took_s = time.monotonic() - others_began
    again = dict.fromkeys(other.subs[:3], 99)
    time.sleep(1)
    again_began = time.monotonic()
    other.want(again)
    wait_for("Moodle's second scores", lambda: other.are_all_delivered(OTHERS))
    again_took_s = time.monotonic() - again_began
    regraded = dict.fromkeys(subs[:REGRADED], 77)
    great.want(regraded)
    time.sleep(max(0.0, began + OUTAGE_S - time.monotonic()))
    down = running.stats("canvas")
    were_delivered = great.states()["delivered"]

    # The platform is back, slow at its first answer.
    running.forget_stats("canvas")
    slow = {"platform": "canvas", "endpoint": "score", "kind": "delay", "seconds": FIRST_CALL_S}
    running.ask("faults", slow)
    running.ask("switches/canvas", {"outage_status": 0})
    back = time.monotonic()
    wait_for("the first probe", lambda: calls(running) > 0, within_s=DRAINED_WITHIN_S)
    probed_after_s = time.monotonic() - back
    time.sleep(LOOKED_AT_AFTER_S)
    probing = running.stats("canvas")
    wait_for("the rest", lambda: great.are_all_delivered(CLASS + 1), within_s=DRAINED_WITHIN_S)
    drained_after_s = time.monotonic() - back
    up = running.stats("canvas")
    book, other_book = great.book(), other.book()
    with capsys.disabled():
        print(
            f"\n{engine}, {workers} worker(s), down for {OUTAGE_S} s: "
            f"{down['calls']} calls while down, first probe {probed_after_s:.1f} s after recovery, "
            f"drained {drained_after_s - probed_after_s:.1f} s later with {up['calls']} calls and "
            f"at most {up['max_in_flight']} at once; "
            f"Moodle's {OTHERS} in {others_took_s:.1f} s, second scores in {again_took_s:.1f} s"
        )

    assert were_delivered == 1
    assert sum(down["calls"].values()) <= most_while_down()
    assert others_took_s < OTHERS_WITHIN_S
    assert again_took_s < OTHERS_WITHIN_S
    assert shown(other_book) == others | again
    assert {len(cell["history"]) for cell in other_book.values()} == {1, 2}
    assert (probing["calls"]["score"], probing["max_in_flight"]) == (1, 1)
    assert up["max_in_flight"] <= CALLS_AT_ONCE
    assert up["max_in_flight_per_pair"] == 1
    assert shown(book) == {first: 1} | scores | regraded
    assert {(len(cell["history"]), cell["attempts"]) for cell in book.values()} == {(1, 1)}
    assert all(are_in_order(cell) for cell in (book | other_book).values())


def calls(running: Running) -> int:
    return running.stats("canvas")["calls"].get("score", 0)


def most_while_down() -> int:
    """Return how many calls a platform may meet that answers 503: until the circuit opens those
    under way, then one probe after each pause, and the pauses double from half of 30 s."""
    probes, pause_s, left_s = 0, 15.0, float(OUTAGE_S)
    while left_s > pause_s:
        left_s, pause_s, probes = left_s - pause_s, pause_s * 2, probes + 1
    return OPENS_AFTER + 2 * CALLS_AT_ONCE + probes


def shown(book: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {sub: cell["score"] for sub, cell in book.items()}


def are_in_order(cell: dict[str, Any]) -> bool:
    """Say whether the accepted messages rise in time, by a second at least."""
    times = [each["timestamp"] for each in cell["history"]]
    return all(earlier[:19] < later[:19] for earlier, later in itertools.pairwise(times))
