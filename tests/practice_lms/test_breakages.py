"""The "break something" page: headings, what is broken now, and mending all of it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from lti_alliance.practice_lms.breakages import BREAKAGES, GROUPS, active, apply_breakage
from lti_alliance.practice_lms.settings import PracticeSettings
from lti_alliance.practice_lms.store import Store
from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_scores import body, cell_of, item_of, post, scores_url
from tests.practice_lms.test_faults import moodle_score

SECOND = "mateo.quispe"


def press(bench: Bench, what: str) -> int:
    sent = {"platform": bench.platform.name, "what": what}
    return bench.client.post("/break", data=sent).status_code


def told(bench: Bench) -> list[str]:
    found: list[str] = bench.client.get("/_practice/faults").json[bench.platform.name]["active"]
    return found


@pytest.fixture(params=["canvas", "moodle"])
def bench(request: pytest.FixtureRequest, app: Any, clock: Any, tool: Any) -> Bench:
    """Either platform."""
    return Bench(app, request.param, clock, tool)


def offered(bench: Bench) -> list[Any]:
    return [each for each in BREAKAGES if each.only in ("", bench.platform.name)]


def graded(bench: Bench) -> None:
    """Let the second student, not the first, have a score."""
    if bench.platform.name == "moodle":
        moodle_score(bench)
    else:
        bench.post_score(scores_url(bench), body(bench, SECOND))


def test_keys_are_unique() -> None:
    """Each breakage has a key of its own."""
    assert len({each.key for each in BREAKAGES}) == len(BREAKAGES)


def test_everything_can_be_mended(bench: Bench) -> None:
    """Broken altogether and mended, the platform is as it was, but for its new key."""
    graded(bench)
    before = bench.state.to_json()
    for each in BREAKAGES:
        expected = 303 if each.only in ("", bench.platform.name) else 404
        assert press(bench, each.key) == expected
        assert press(bench, each.key) == expected
    broken = len(told(bench))
    press(bench, "mend")
    after = bench.state.to_json()
    for state in (before, after):
        state.pop("private_keys")
        for cell in state["courses"][bench.course.id]["cells"].values():
            # When and how a person graded stays, as it would in the real gradebook.
            cell.pop("grading_progress")
            cell.pop("stored_at")

    assert broken > 15
    assert after == before
    assert told(bench) == []


def test_each_can_be_mended_alone(bench: Bench) -> None:
    """What lasts until it is mended says so, and is mended by itself."""
    graded(bench)
    for each in offered(bench):
        if not each.moods and not each.steps:
            continue
        press(bench, each.key)
        shown = told(bench)
        press(bench, f"mend:{each.key}")

        assert len(shown) == 1
        assert shown[0].startswith(each.title)
        assert told(bench) == []


def test_mending_what_is_not_broken(bench: Bench) -> None:
    """Mending one thing leaves the others broken, and a wrong name is not found."""
    press(bench, "clock")
    press(bench, "mend:outage")
    wrong = [press(bench, each) for each in ("nothing", "mend:nothing", "")]

    assert bench.state.switches.clock_skew_s == 120
    assert wrong == [404, 404, 404]


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("delete_column", 404),
        ("drop_student", 422),
        ("conclude", 422),
        ("unpublish", 422),
        ("grading_closed", 422),
        ("outage", 503),
        ("key_off", 401),
    ],
)
def test_what_a_score_meets(canvas: Bench, key: str, status: int) -> None:
    """Each lasting breakage refuses the score in Canvas's way until it is mended."""
    post(canvas)
    press(canvas, key)
    broken = post(canvas).status_code
    press(canvas, "mend")

    assert broken == status
    assert post(canvas).status_code == 200


def test_about_whom(canvas: Bench) -> None:
    """Data breakages are about the first activity and student that have a score, and say which."""
    graded(canvas)
    page = canvas.client.get("/break").text
    press(canvas, "drop_student")

    assert "Mateo Quispe is no longer in the course" in page
    assert "“Two-minute taster” is gone with its column" in page
    assert canvas.course.enrolments[SECOND].ended
    assert not canvas.course.enrolments["amara.okafor"].ended
    assert any("Mateo Quispe" in each for each in told(canvas))


def test_a_grade_by_hand_and_back(bench: Bench) -> None:
    """The hand-made grade is a person's; mended, the tool's shows again."""
    graded(bench)
    item = item_of(bench)
    person = SECOND if bench.platform.name == "canvas" else "ravi.menon"
    press(bench, "grade_by_hand")
    cell = bench.course.find_cell(item.id, person)
    by_hand = (cell.score, cell.source)
    press(bench, "mend")

    assert by_hand == (2, "person")
    assert (cell.score, cell.source) == (3, "tool")


def test_the_next_submission_is_late(canvas: Bench) -> None:
    """With the late policy everything was due yesterday: a new score loses two days' points."""
    press(canvas, "late_policy")
    post(canvas)
    late = (cell_of(canvas).score, cell_of(canvas).entered)
    press(canvas, "mend")

    assert late == (2, 3)
    assert cell_of(canvas).score == 3
    assert canvas.course.activities["taster"].due_at is None


def test_nobody_to_be_about(canvas: Bench) -> None:
    """In a course without students there is nothing to break, and the page says so."""
    canvas.course.enrolments.clear()

    assert press(canvas, "drop_student") == 303
    assert "no graded activity with a student" in canvas.client.get("/break").text
    assert canvas.state.broken == []


def test_what_is_gone_need_not_be_mended(canvas: Bench) -> None:
    """Mending passes over what somebody has removed for good in the meantime."""
    press(canvas, "drop_student")
    press(canvas, "conclude")
    canvas.course.enrolments.pop("amara.okafor")
    press(canvas, "mend")

    assert canvas.state.broken == []
    assert not canvas.course.concluded


def test_broken_through_a_restart(canvas: Bench, tmp_path: Any) -> None:
    """What was broken is remembered on disk, with its way back."""
    store = canvas.platform.store
    press(canvas, "late_policy")
    press(canvas, "late_policy")
    store._path = tmp_path / "practice_lms.json"
    store.save()
    store.platforms = Store(PracticeSettings(data_dir=tmp_path)).platforms
    press(canvas, "mend")

    assert canvas.course.late_policy is None
    assert canvas.course.activities["taster"].due_at is None
    assert active(canvas.platform) == []


def test_faults_in_words(canvas: Bench) -> None:
    """Faults and switches set by a program are shown in words as well."""
    sent = {"platform": "canvas", "endpoint": "token", "kind": "status", "status": 502}
    person = canvas.state.people[SECOND].sub
    canvas.client.post("/_practice/faults", json={**sent, "times": 3, "skip": 1})
    canvas.client.post(
        "/_practice/faults",
        json={"platform": "canvas", "endpoint": "score", "kind": "drip", "only_sub": person},
    )
    canvas.client.post("/_practice/switches/canvas", json={"clock_skew_s": 30})

    assert told(canvas) == [
        "The switch clock_skew_s is 30.",
        "A request for an access token is answered with status 502, 3 times, after 1 that pass.",
        "A score about one student is answered drop by drop, once.",
    ]


def test_break_by_program(canvas: Bench) -> None:
    """A program breaks and mends by the same keys as the page."""
    answer = canvas.client.post("/_practice/break/canvas", json={"what": "conclude"})
    wrong = canvas.client.post("/_practice/break/moodle", json={"what": "conclude"})
    mended = canvas.client.post("/_practice/break/canvas", json={"what": "mend"})

    assert answer.json["active"] == [
        "The course has concluded. Every service call about the course is refused."
    ]
    assert (wrong.status_code, wrong.json["error"]) == (404, "nothing to break is called conclude")
    assert mended.json == {"active": []}


def test_the_page(bench: Bench) -> None:
    """The page has its headings in order, one button for each breakage, and what is broken now."""
    press(bench, "outage")
    page = bench.client.get("/break").text
    panel = re.search(rf'<section[^>]* id="{bench.platform.name}".*?</section>', page, re.DOTALL)
    assert panel is not None
    levels = [int(each) for each in re.findall(r"<h([1-6])", page)]

    for group in GROUPS:
        assert f"<h3>{group}</h3>" in panel.group()
    for each in offered(bench):
        assert re.search(rf'value="(mend:)?{each.key}"', panel.group())
    assert "<h3>Broken now</h3>" in panel.group()
    assert 'value="mend:outage"' in panel.group()
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_reset_forgets_what_was_broken(canvas: Bench) -> None:
    """Starting over needs no mending."""
    apply_breakage(canvas.platform, "conclude")
    canvas.client.post("/_practice/reset")

    assert told(canvas) == []
    assert not canvas.course.concluded
