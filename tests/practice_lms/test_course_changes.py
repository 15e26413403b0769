"""What happens to courses behind the tool's back, and what the services then say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_scores import cell_of, item_of, post
from tests.practice_lms.test_faults import moodle_score, moodle_url

CANVAS = "/_practice/courses/canvas/77"
MOODLE = "/_practice/courses/moodle/3"
PAIR = {"person": "ravi.menon", "activity": "taster"}


def results(bench: Bench) -> Any:
    if bench.platform.name == "moodle":
        return bench.call("GET", moodle_url(bench, "results"), headers={"Accept": "*/*"})
    url = f"{bench.platform.root}/api/lti/courses/77/line_items/{item_of(bench).id}/results"
    return bench.call("GET", url)


def moodle_cell(bench: Bench) -> Any:
    return bench.course.find_cell(bench.course.primary_item("taster").id, "ravi.menon")


def test_delete_and_bring_back_in_canvas(canvas: Bench) -> None:
    """A deleted assignment's line item is 404; brought back, it has its grades."""
    post(canvas)
    canvas.client.delete(CANVAS + "/activities/taster")
    gone = post(canvas).status_code
    answer = canvas.client.patch(CANVAS + "/activities/taster", json={"deleted": False})

    assert gone == 404
    assert answer.json["line_item"] == item_of(canvas).id
    assert cell_of(canvas).score == 3
    assert post(canvas).status_code == 200


def test_delete_and_bring_back_in_moodle(moodle: Bench) -> None:
    """A deleted link takes its own column along; brought back, it has its grades."""
    moodle_score(moodle)
    moodle.clock.time += 5
    before = len(moodle.client.get("/_practice/gradebook/moodle/3").json["activities"])
    moodle.client.delete(MOODLE + "/activities/taster")
    gone = (moodle_score(moodle).status_code, results(moodle).status_code)
    after = len(moodle.client.get("/_practice/gradebook/moodle/3").json["activities"])
    moodle.client.patch(MOODLE + "/activities/taster", json={"deleted": False})

    assert gone == (404, 404)
    assert after == before - 1
    assert moodle_cell(moodle).score == 3
    assert moodle_score(moodle).status_code == 200


def test_conclude_and_reopen(canvas: Bench) -> None:
    """A concluded course refuses every call until it is reopened."""
    canvas.client.patch(CANVAS, json={"concluded": True})
    closed = (post(canvas).status_code, results(canvas).status_code)
    answer = canvas.client.patch(CANVAS, json={"concluded": False})

    assert closed == (422, 422)
    assert answer.json["concluded"] is False
    assert post(canvas).status_code == 200


@pytest.mark.parametrize("name", ["canvas", "moodle"])
def test_drop_and_let_back(app: Any, clock: Any, tool: Any, name: str) -> None:
    """A dropped student is refused and left out of the results; let back, the grade is there."""
    bench = Bench(app, name, clock, tool)
    person, url = ("amara.okafor", CANVAS) if name == "canvas" else ("ravi.menon", MOODLE)
    score = post if name == "canvas" else moodle_score
    score(bench)
    clock.time += 5
    bench.client.patch(url, json={"enrolments": {person: {"ended": True}}})
    refused, without = score(bench).status_code, results(bench).json
    bench.client.patch(url, json={"enrolments": {person: {"ended": False}}})

    assert refused == (422 if name == "canvas" else 400)
    assert without == []
    assert len(results(bench).json) == 1
    assert score(bench).status_code == 200


def test_take_an_override_away_in_moodle(moodle: Bench) -> None:
    """Without the override the tool's own grade shows again, also one sent meanwhile."""
    moodle_score(moodle, 3)
    moodle.client.post("/_practice/gradebook/moodle/3", json={**PAIR, "score": 1})
    moodle.clock.time += 5
    moodle_score(moodle, 4)
    by_hand = (moodle_cell(moodle).score, moodle_cell(moodle).overridden)
    answer = moodle.client.delete("/_practice/gradebook/moodle/3/taster/ravi.menon")

    assert by_hand == (1, True)
    assert (answer.json["score"], answer.json["overridden"], answer.json["source"]) == (
        4,
        False,
        "tool",
    )


def test_take_an_override_away_on_the_page(moodle: Bench) -> None:
    """The page of an overridden grade has a button that takes the override away."""
    moodle_score(moodle)
    moodle.client.post("/_practice/gradebook/moodle/3", json={**PAIR, "score": 1})
    moodle.sign_in("teacher")
    item = moodle.course.primary_item("taster")
    path = f"/moodle/courses/3/gradebook/{item.id}/ravi.menon"
    offered = "Take the override away" in moodle.client.get(path).text
    moodle.client.post(path, data={"override": "off"})

    assert offered
    assert moodle_cell(moodle).score == 3
    assert "Take the override away" not in moodle.client.get(path).text


def test_take_a_grade_by_hand_away_in_canvas(canvas: Bench) -> None:
    """Canvas shows what the tool last sent, scaled to the column."""
    post(canvas, scoreGiven=80, scoreMaximum=100)
    sent = {"person": "amara.okafor", "activity": "taster", "score": 1}
    canvas.client.post("/_practice/gradebook/canvas/77", json=sent)
    answer = canvas.client.delete("/_practice/gradebook/canvas/77/taster/amara.okafor")

    assert (answer.json["score"], answer.json["source"]) == (4, "tool")


def test_more_points_in_canvas(canvas: Bench) -> None:
    """Canvas keeps the number in the gradebook, and tells results in the tool's scale."""
    post(canvas)
    canvas.client.patch(CANVAS + "/activities/taster", json={"points": 10})
    tools = results(canvas).json[0]
    sent = {"person": "amara.okafor", "activity": "taster", "score": 8}
    canvas.client.post("/_practice/gradebook/canvas/77", json=sent)
    persons = results(canvas).json[0]

    assert cell_of(canvas).score == 8
    assert (tools["resultScore"], tools["resultMaximum"]) == (3, 5)
    assert (persons["resultScore"], persons["resultMaximum"]) == (4, 5)


def test_more_points_in_moodle(moodle: Bench) -> None:
    """Moodle keeps each grade's share of the maximum."""
    moodle_score(moodle)
    moodle.client.patch(MOODLE + "/activities/taster", json={"points": 10})

    assert (moodle_cell(moodle).score, moodle_cell(moodle).raw) == (6, 6)
    assert results(moodle).json[0]["resultMaximum"] == 10


def test_other_members_of_an_activity(canvas: Bench) -> None:
    """Publication, attempts and grading period are changed and kept to."""
    url = CANVAS + "/activities/taster"
    for members in ({"published": False}, {"grading_closed": True}, {"allowed_attempts": 1}):
        post(canvas)
        canvas.clock.time += 1
        canvas.client.patch(url, json=members)
        assert post(canvas).status_code == 422
        canvas.client.patch(
            url, json={"published": True, "grading_closed": False, "allowed_attempts": None}
        )

    assert post(canvas).status_code == 200


@pytest.mark.parametrize(
    ("url", "sent", "status", "part"),
    [
        (CANVAS + "/activities/taster", {"due_at": "soon"}, 400, "due_at"),
        (CANVAS + "/activities/taster", {"points": "many"}, 400, "points"),
        (CANVAS + "/activities/taster", {"allowed_attempts": 0}, 400, "allowed_attempts"),
        (CANVAS + "/activities/nothing", {"deleted": False}, 404, "no such activity"),
        (CANVAS, {"enrolments": {"nobody": {"ended": True}}}, 404, "no such enrolment"),
        (CANVAS, {"enrolments": {"amara.okafor": True}}, 400, "enrolments"),
        ("/_practice/courses/canvas/78", {"concluded": True}, 404, "no such course"),
    ],
)
def test_changes_that_make_no_sense(
    canvas: Bench, url: str, sent: dict[str, Any], status: int, part: str
) -> None:
    """What cannot be changed is refused with a sentence that says why."""
    answer = canvas.client.patch(url, json=sent)

    assert answer.status_code == status
    assert part in answer.json["error"]


def test_a_grade_that_is_none(canvas: Bench) -> None:
    """A grade by hand is a number or nothing."""
    sent = {"person": "amara.okafor", "activity": "taster", "score": "good"}
    answer = canvas.client.post("/_practice/gradebook/canvas/77", json=sent)

    assert answer.status_code == 400
    assert "score is a number" in answer.json["error"]
