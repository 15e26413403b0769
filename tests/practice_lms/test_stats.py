"""What tests can ask afterwards: every accepted score, every call, and how many at once."""

from __future__ import annotations

from typing import Any

from lti_alliance.practice_lms.state import CHANGES_KEPT
from lti_alliance.practice_lms.stats import Pair, Stats
from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_scores import cell_of, iso, post
from tests.practice_lms.test_canvas_services import token_request
from tests.practice_lms.test_faults import fault, moodle_score


def history(bench: Bench, person: str = "amara.okafor") -> Any:
    path = f"/_practice/gradebook/{bench.platform.name}/{bench.course.id}"
    asked = f"?activity=taster&person={person}&history=1"
    (cell,) = bench.client.get(path + asked).json["cells"]
    return cell["history"]


def test_history_of_a_cell(canvas: Bench) -> None:
    """Each accepted score is there with its times and with what a reader saw change."""
    first = {"submittedAt": iso(canvas)}
    post(canvas, submission=first, comment="Fine")
    canvas.clock.time += 2
    post(canvas, submission=first)
    canvas.clock.time += 2
    post(canvas, scoreGiven=8, scoreMaximum=10)
    found = history(canvas)

    assert [each["changed"] for each in found] == [
        ["score", "attempts", "comments"],
        [],
        ["score", "attempts"],
    ]
    assert [each["received"] for each in found] == [canvas.clock.now() - back for back in (4, 2, 0)]
    assert found[2] == {
        "received": canvas.clock.now(),
        "timestamp": iso(canvas),
        "given": 8,
        "maximum": 10,
        "changed": ["score", "attempts"],
        "score": 4,
        "attempts": 2,
    }


def test_history_of_a_moodle_cell(moodle: Bench) -> None:
    """Moodle: an override hides the tool's score, so nothing visibly changes."""
    moodle_score(moodle, 3)
    moodle.clock.time += 5
    sent = {"person": "ravi.menon", "activity": "taster", "score": 1}
    moodle.client.post("/_practice/gradebook/moodle/3", json=sent)
    moodle.clock.time += 5
    moodle_score(moodle, 4)

    assert [each["changed"] for each in history(moodle, "ravi.menon")] == [["score"], []]


def test_history_leaves_refusals_out(canvas: Bench) -> None:
    """A score that was refused, or never carried out, is no part of the history."""
    post(canvas)
    post(canvas, timestamp=iso(canvas, -60))
    fault(canvas, endpoint="score", kind="html")
    post(canvas)

    assert len(history(canvas)) == 1


def test_history_is_bounded(canvas: Bench) -> None:
    """Only the last two hundred changes are kept."""
    post(canvas)
    cell = cell_of(canvas)
    for number in range(CHANGES_KEPT + 50):
        cell.note({"timestamp": str(number)}, seen_before=cell.visible(), received=0)

    assert len(cell.history) == CHANGES_KEPT
    assert cell.history[-1].timestamp == str(CHANGES_KEPT + 49)


def test_calls_are_counted(canvas: Bench) -> None:
    """Calls, answers and hosts are counted for each endpoint, and can be forgotten."""
    token_request(canvas)
    post(canvas)
    fault(canvas, endpoint="score", kind="status", status=503)
    post(canvas)
    told = canvas.client.get("/_practice/stats/canvas").json
    canvas.client.delete("/_practice/stats/canvas")

    assert told["calls"] == {"token": 1, "score": 2}
    assert told["answers"] == {"token": {"200": 1}, "score": {"200": 1, "503": 1}}
    assert told["hosts"] == {"localhost": 3}
    assert (told["max_in_flight"], told["max_in_flight_per_pair"], told["pairs"]) == (1, 1, 1)
    assert canvas.client.get("/_practice/stats/canvas").json["calls"] == {}
    assert canvas.client.get("/_practice/stats/moodle").json["calls"] == {}


def test_dropped_answers_are_counted(canvas: Bench) -> None:
    """A dropped connection is counted as one, and its score is no longer on its way."""
    for kind in ("reset", "reset_during", "unclear"):
        fault(canvas, endpoint="score", kind=kind)
        try:
            post(canvas)
        except ConnectionResetError:
            continue
    told = canvas.client.get("/_practice/stats/canvas").json

    assert told["answers"]["score"] == {"dropped": 3}
    assert told["in_flight"] == 0


def test_most_at_once() -> None:
    """The most at once is remembered for each pair and for all of them together."""
    stats, one, other = Stats(), Pair("5", "a"), Pair("5", "b")
    calls = [stats.begin_score(each) for each in (one, other, one)]
    for each in calls:
        stats.end_score(each)
    stats.end_score(calls[0])
    stats.begin_score(other)
    report = stats.report()

    assert (report["max_in_flight"], report["in_flight"]) == (3, 1)
    assert report["crowded_pairs"] == {"5/a": 2}
