"""Canvas's late policy: what it takes from a score, and that it takes it once."""

from __future__ import annotations

from typing import Any

import pytest

from lti_alliance.practice_lms.late_policy import DAY_S, points_taken
from lti_alliance.practice_lms.state import LatePolicy
from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_scores import EXT, cell_of, iso, item_of, post

COURSE = "/_practice/courses/canvas/77"


def set_policy(bench: Bench, per_day: float = 10, minimum: float = 0) -> None:
    policy = {"percent_per_day": per_day, "minimum_percent": minimum}
    answer = bench.client.patch(COURSE, json={"late_policy": policy})
    assert answer.json["late_policy"] == policy


def set_due(bench: Bench, shift: float | None) -> None:
    due = None if shift is None else iso(bench, shift)
    answer = bench.client.patch(COURSE + "/activities/taster", json={"due_at": due})
    assert answer.status_code == 200


def submit(bench: Bench, given: float = 4, late_s: float = 3600, **more: Any) -> Any:
    """Send a score out of 5 for work handed in so long after the due date."""
    submission = {"submittedAt": iso(bench, late_s - 2 * DAY_S)}
    return post(bench, scoreGiven=given, submission=submission, **more)


def results(bench: Bench) -> Any:
    url = f"{bench.platform.root}/api/lti/courses/77/line_items/{item_of(bench).id}/results"
    return bench.call("GET", url).json[0]


@pytest.fixture
def late(canvas: Bench) -> Bench:
    """A course that takes ten percent a day, with an activity due two days ago."""
    set_policy(canvas)
    set_due(canvas, -2 * DAY_S)
    return canvas


@pytest.mark.parametrize(
    ("entered", "late_s", "minimum", "taken"),
    [
        (8, 1, 0, 1),
        (8, DAY_S, 0, 1),
        (8, DAY_S + 1, 0, 2),
        (8, 20 * DAY_S, 0, 8),
        (8, 20 * DAY_S, 50, 3),
        (4, DAY_S, 50, 0),
        (8, 0, 0, 0),
        (8, -DAY_S, 0, 0),
    ],
)
def test_points_taken(entered: float, late_s: float, minimum: float, taken: float) -> None:
    """Canvas: percent of the possible points per day begun, and never below the minimum."""
    policy = LatePolicy(10, minimum)

    assert points_taken(policy, entered, possible=10, late_s=late_s) == taken


def test_late_work_loses_points(late: Bench) -> None:
    """The gradebook shows the score less the penalty, and keeps what was entered."""
    submit(late)
    cell = cell_of(late)

    assert (cell.score, cell.entered, cell.late) == (3.5, 4, True)


def test_work_in_time_loses_nothing(late: Bench) -> None:
    """Work handed in before the due date keeps its score."""
    submit(late, late_s=-60)

    assert (cell_of(late).score, cell_of(late).late) == (4, False)


def test_resending_takes_once(late: Bench) -> None:
    """The same score again, and a better one, lose the same penalty and no more."""
    submit(late)
    submit(late)
    again = cell_of(late).score
    submit(late, 5)

    assert again == 3.5
    assert (cell_of(late).score, cell_of(late).entered) == (4.5, 5)


def test_a_later_submission_loses_more(late: Bench) -> None:
    """A new submission a day later counts its own days, even where the score is preserved."""
    submit(late)
    submit(late, late_s=DAY_S + 60, **{EXT: {"preserve_score": True}})

    assert (cell_of(late).score, cell_of(late).entered) == (3, 4)


def test_a_cleared_score_forgets_what_was_entered(late: Bench) -> None:
    """Without a score there is nothing to take from."""
    submit(late)
    submit(late, ...)

    assert (cell_of(late).score, cell_of(late).entered) == (None, None)


def test_policy_and_due_date_apply_afterwards(late: Bench) -> None:
    """A changed policy, due date or maximum sets scores that are there anew."""
    submit(late)
    seen = [cell_of(late).score]
    set_policy(late, 20)
    seen.append(cell_of(late).score)
    set_due(late, 0)
    seen.append(cell_of(late).score)
    set_due(late, -2 * DAY_S)
    late.client.patch(COURSE + "/activities/taster", json={"points": 10})
    seen.append(cell_of(late).score)
    late.client.patch(COURSE, json={"late_policy": None})
    seen.append(cell_of(late).score)

    assert seen == [3.5, 3, 4, 2, 4]


def test_due_date_by_the_tool(late: Bench) -> None:
    """A due date that comes with the line item sets scores that are there anew, too."""
    submit(late)
    url = f"{late.platform.root}/api/lti/courses/77/line_items/{item_of(late).id}"
    late.call("PUT", url, json_body={"endDateTime": iso(late)})

    assert (cell_of(late).score, cell_of(late).late) == (4, False)


def test_a_grade_by_hand_loses_points_too(late: Bench) -> None:
    """Canvas takes the penalty from a person's grade as well."""
    submit(late)
    sent = {"person": "amara.okafor", "activity": "taster", "score": 5}
    late.client.post("/_practice/gradebook/canvas/77", json=sent)

    assert (cell_of(late).score, cell_of(late).entered) == (4.5, 5)


def test_results_of_older_and_newer_canvas(late: Bench) -> None:
    """Older Canvas tells the reduced score, in the tool's scale; newer tells the tool's own."""
    submit(late, 80, scoreMaximum=100)
    older = results(late)
    late.client.post("/_practice/switches/canvas", json={"late_in_results": False})
    newer = results(late)

    assert (older["resultScore"], older["resultMaximum"]) == (70, 100)
    assert (newer["resultScore"], newer["resultMaximum"]) == (80, 100)


def test_the_penalty_on_the_page(late: Bench) -> None:
    """The gradebook's page says what was taken, and offers the entered score for change."""
    submit(late)
    late.sign_in("instructor")
    path = f"/canvas/courses/77/gradebook/{item_of(late).id}/amara.okafor"
    page = late.client.get(path).text

    assert "0.5 of 4 points" in page
    assert 'value="4"' in page


@pytest.mark.parametrize(
    ("platform", "policy", "part"),
    [
        ("moodle/3", {"percent_per_day": 10}, "only Canvas"),
        ("canvas/77", {"minimum_percent": 10}, "percent_per_day"),
        ("canvas/77", {"percent_per_day": 101}, "from 0 to 100"),
        ("canvas/77", 10, "percent_per_day"),
    ],
)
def test_what_is_no_policy(canvas: Bench, platform: str, policy: Any, part: str) -> None:
    """A policy that makes no sense is refused with a sentence."""
    answer = canvas.client.patch(f"/_practice/courses/{platform}", json={"late_policy": policy})

    assert answer.status_code == 400
    assert part in answer.json["error"]
