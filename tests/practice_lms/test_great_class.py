"""A class of thousands: enrolled at once, graded without searching, saved without haste."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lti_alliance.practice_lms import store as stores
from lti_alliance.practice_lms.messages import KEPT
from lti_alliance.practice_lms.settings import PracticeSettings
from lti_alliance.practice_lms.state import Cell, LatePolicy, Person
from lti_alliance.practice_lms.store import Store
from tests.practice_lms.conftest import Bench
from tests.practice_lms.test_canvas_scores import body, item_of, post, scores_url

GREAT = 2000


def enrol(bench: Bench, **sent: Any) -> Any:
    path = f"/_practice/courses/{bench.platform.name}/{bench.course.id}/people"
    return bench.client.post(path, json=sent)


@pytest.mark.parametrize("name", ["canvas", "moodle"])
def test_enrol_many(app: Any, clock: Any, tool: Any, name: str) -> None:
    """Students with names and ids of their own are enrolled at once, and can be graded."""
    bench = Bench(app, name, clock, tool)
    before = len(bench.platform.students(bench.course))
    answer = enrol(bench, count=GREAT)
    made = answer.json["people"]
    known = set(bench.state.people)
    roster = bench.platform.students(bench.course)

    assert answer.status_code == 201
    for member in ("person", "sub", "number", "name"):
        assert len({each[member] for each in made}) == GREAT
    assert {each["person"] for each in made} <= known
    assert len(roster) == before + GREAT
    assert bench.platform.find_by_sub(made[-1]["sub"]).id == made[-1]["person"]


@pytest.mark.parametrize("count", [0, 10_001, "many", None])
def test_how_many(canvas: Bench, count: Any) -> None:
    """Between one and ten thousand are enrolled at once."""
    answer = enrol(canvas, count=count)

    assert answer.status_code == 400
    assert "count is a number from 1 to 10000" in answer.json["error"]


def test_nobody_is_searched_for(canvas: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores and results of one student look at few people, however many there are."""
    made = enrol(canvas, count=GREAT).json["people"]
    url, token = scores_url(canvas), canvas.token()
    post(canvas, userId=made[0]["sub"])
    looked: list[str] = []
    plain = Person.__getattribute__

    def counted(person: Person, name: str) -> Any:
        if name == "sub":
            looked.append(name)
        return plain(person, name)

    monkeypatch.setattr(Person, "__getattribute__", counted)
    for each in made[-50:]:
        sent = {**body(canvas), "userId": each["sub"]}
        assert canvas.post_score(url, sent, token=token).status_code == 200
        shown = canvas.call(
            "GET", f"{url.removesuffix('scores')}results?user_id={each['sub']}", token=token
        )
        assert [one["userId"] for one in shown.json] == [each["sub"]]

    assert len(looked) < 50 * 20


def test_people_who_come_and_change(canvas: Bench) -> None:
    """A student added, renumbered or taken away afterwards is found, or not, at once."""
    person = canvas.state.people["amara.okafor"]
    old = person.sub
    assert canvas.platform.find_by_sub(old) is person
    person.sub = "changed"

    assert canvas.platform.find_by_sub("changed") is person
    assert canvas.platform.find_by_sub(old) is None
    assert canvas.platform.find_by_sub(str(person.number)) is None
    del canvas.state.people["amara.okafor"]
    assert canvas.platform.find_by_sub("changed") is None


def test_pages_of_results(canvas: Bench) -> None:
    """A great column comes page by page, each student once."""
    made = enrol(canvas, count=250).json["people"]
    item = item_of(canvas)
    for each in made:
        canvas.course.cell(item.id, each["person"]).score = 1.0
    url = f"{scores_url(canvas).removesuffix('scores')}results?limit=100"
    pages = [canvas.call("GET", f"{url}&page={number}").json for number in (1, 2, 3)]

    assert [len(each) for each in pages] == [100, 100, 50]
    assert len({each["userId"] for page in pages for each in page}) == 250


def test_pages_do_not_list_everybody(canvas: Bench) -> None:
    """Who can be chosen on a page is a part of a great class, and always the visitor."""
    made = enrol(canvas, count=GREAT).json["people"]
    canvas.sign_in(made[-1]["person"])
    page = canvas.client.get("/canvas/courses/77").text

    assert page.count("<option") <= 201
    assert f'value="{made[-1]["person"]}" selected' in page


def test_messages_are_bounded(canvas: Bench) -> None:
    """The message log keeps the last few hundred, and great answers by their beginning."""
    enrol(canvas, count=300)
    for each in canvas.platform.students(canvas.course):
        canvas.course.cell(item_of(canvas).id, each.id).score = 1.0
    url = f"{scores_url(canvas).removesuffix('scores')}results?limit=100"
    for _ in range(KEPT + 5):
        canvas.platform.messages.add("canvas", "Score")
    whole = canvas.call("GET", url).data
    found = canvas.client.get("/_practice/messages").json

    assert len(found) == KEPT
    assert len(whole) > len(json.dumps(found[0]["answered"])) / 2


def store_with(cells: int, path: Path) -> Store:
    store = Store(PracticeSettings(data_dir=path))
    course = store.platforms["canvas"].courses["77"]
    for number in range(cells):
        cell = course.cell(552, f"student-{number}")
        for moment in range(3):
            cell.note({"timestamp": str(moment)}, seen_before=Cell().visible(), received=moment)
    return store


@pytest.mark.parametrize(
    ("cost_s", "pause_s"), [(0.001, stores.WRITE_AFTER_S), (0.1, 2.0), (9.0, stores.LONGEST_WAIT_S)]
)
def test_a_great_state_is_written_less_often(tmp_path: Path, cost_s: float, pause_s: float) -> None:
    """Writing waits longer where it costs more: a twentieth of the time, and seconds at most."""
    store = store_with(1, tmp_path)
    store.save()
    measured = store._cost_s
    store._cost_s = cost_s

    assert 0 < measured < 5
    assert store.pause_s == pytest.approx(pause_s)


def test_a_great_state_comes_back(tmp_path: Path) -> None:
    """Five thousand cells with their histories are the same after a restart."""
    store = store_with(5000, tmp_path)
    store.platforms["canvas"].courses["77"].late_policy = LatePolicy(10, 40)
    store.save()
    again = Store(PracticeSettings(data_dir=tmp_path))

    assert again.platforms == store.platforms


def test_a_change_is_on_disk_soon(tmp_path: Path) -> None:
    """A change is written by itself, without anybody asking."""
    store = store_with(10, tmp_path)
    store.changed()
    deadline = time.monotonic() + 10
    while not (tmp_path / "practice_lms.json").exists():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)

    assert "student-9" in (tmp_path / "practice_lms.json").read_text("utf-8")
