"""Bad inputs inside the tool, row by row: other people's ids, forged forms, odd texts."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from lti_alliance.models import Activity, Attempt, Draft, Reflection, Response
from tests.conftest import Clock
from tests.platforms import INSTRUCTOR, LEARNER, World
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.neighbours import Apart, open_neighbours
from tests.web.test_access import launched
from tests.web.test_negative_inputs import ALL_ROWS
from tests.web.test_student_quiz import right_options, start, wrong_options

ROWS = [row for row in ALL_ROWS if row["group"].startswith("G ")]
PAGE = "reflections/tc-r1"
TEXT = "I stayed with one moment, and then I fell silent."


class Inside:
    """The tool, a course in it, and a world outside for the rows that need a launch."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    @property
    def world(self) -> World:
        return self._request.getfixturevalue("world")  # type: ignore[no-any-return]

    @property
    def app(self) -> Flask:
        return self._request.getfixturevalue("app")  # type: ignore[no-any-return]

    @property
    def session(self) -> Session:
        return self._request.getfixturevalue("session")  # type: ignore[no-any-return]

    @property
    def now(self) -> Clock:
        return self._request.getfixturevalue("now")  # type: ignore[no-any-return]

    def course(self) -> Course:
        return open_course(self.app, self.session, self.now)


Case = Callable[[Inside], Iterable[TestResponse]]
CASES: dict[str, Case] = {}


def case(row_id: str) -> Callable[[Case], Case]:
    """Name the function that plays a row."""

    def add(function: Case) -> Case:
        CASES[row_id] = function
        return function

    return add


@pytest.fixture
def inside(request: pytest.FixtureRequest) -> Inside:
    return Inside(request)


def test_every_row_has_a_case() -> None:
    """No row of the list goes unplayed, and no case plays a row that is not on it."""
    assert {row["id"] for row in ROWS} == CASES.keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_row(row: dict[str, Any], inside: Inside) -> None:
    """The answer has the row's status and code, its words, and nothing that it should not tell."""
    answers = list(CASES[row["id"]](inside))

    assert answers, "the case sent nothing"
    for answer in answers:
        assert answer.status_code == row["status"], (answer.status_code, answer.text)
        assert "Traceback" not in answer.text
        assert "eyJ" not in answer.text
        if row["code"] == "ok":
            continue
        assert f'data-error-code="{row["code"]}"' in answer.text
        assert answer.text.count("<h1") == 1
        assert answer.headers["Cache-Control"] == "no-store"
        assert row["message"] in unescape(answer.text)


@case("N161")
def another_learners_id(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    activity = course.stage.activity(**RUBRIC_PARTS)
    handed_in = course.hand_in_quiz("ada", activity)
    ben = course.visit("ben", activity)
    bodies = set()
    for attempt_id in (handed_in, str(uuid4())):
        answer = ben.get(f"attempts/{attempt_id}")
        bodies.add(answer.text.replace(answer.headers["X-Request-ID"], ""))
        yield answer
        yield ben.post(f"attempts/{attempt_id}/responses", {"saved_version": "1"})
    assert len(bodies) == 1


@case("N162")
def an_id_from_elsewhere(inside: Inside) -> Iterator[TestResponse]:
    own, other = open_neighbours(inside.app, inside.session, inside.now, Apart.ISSUER)
    for name, path in (
        ("attempt_id", "attempts/{}"),
        ("reflection_id", "grading/{}"),
        ("membership_id", "students/{}"),
        ("authored_id", "course-modules/{}"),
    ):
        yield own.teacher.get(path.format(other.ids[name]))


@case("N163")
def a_learner_as_a_teacher(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    activity = course.stage.activity(**RUBRIC_PARTS)
    made = course.hand_in_reflection("ada", activity, "tc-r1", TEXT)
    ada = course.visit("ada", activity)
    for path in ("course", "course/scores.csv", "grading", f"grading/{made}", "settings"):
        yield ada.get(path)
    yield ada.post(f"grading/{made}", {"saved_version": "0"})
    yield ada.post("settings", {"quiz_points": "1"})


@case("N165")
def somebody_elses_launch(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    activity = course.stage.activity(**RUBRIC_PARTS)
    ada, ben = course.visit("ada", activity), course.visit("ben", activity)
    yield ada.get(ben.home)
    yield ada.post(f"{ben.home}attempts")


@case("N166")
def a_planted_cookie(inside: Inside) -> Iterator[TestResponse]:
    browser = inside.world.browser()
    browser.client.set_cookie("__Host-alliance-planted", "x" * 64)
    answer = browser.launch()
    assert "/planted/" not in answer.location
    assert browser.get("/launches/planted/").status_code == 404
    yield answer


@case("N167")
def two_tabs(inside: Inside) -> Iterator[TestResponse]:
    browser = inside.world.browser()
    _, teaching = launched(inside.world, browser, roles=[INSTRUCTOR])
    _, learning = launched(
        inside.world, browser, roles=[LEARNER], context={"id": "course-2", "title": "Other"}
    )
    for path, role in ((teaching, "instructor"), (learning, "learner"), (teaching, "instructor")):
        answer = browser.get(path)
        assert answer.json["role"] == role
        yield answer


@case("N168")
def a_form_without_its_token(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    activity = course.stage.activity(**RUBRIC_PARTS)
    ada, ben = course.visit("ada", activity), course.visit("ben", activity)
    for token in ("", "x", ben.csrf):
        yield ada.post("attempts", {"csrf_token": token})
    assert course.fresh().scalars(select(Attempt)).all() == []


@case("N169")
def a_form_of_another_site(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    ada = course.visit("ada", course.stage.activity(**RUBRIC_PARTS))
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        yield ada.post("attempts", headers=headers)
    assert course.fresh().scalars(select(Attempt)).all() == []


@case("N170")
def too_late_to_hand_in(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    activity = course.stage.activity(**RUBRIC_PARTS)
    ada = course.visit("ada", activity)
    ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": TEXT})
    inside.now.move(minutes=61)
    yield ada.post(f"{PAGE}/submission", {"saved_version": "1", "text": TEXT})
    session = course.fresh()
    assert len(session.scalars(select(Draft)).all()) == 1
    assert (
        session.scalars(select(Reflection).where(Reflection.submitted_at.is_not(None))).all() == []
    )
    # Opened again, what was written is there.
    again = course.visit("ada", session.get_one(Activity, activity.id)).get(PAGE)
    assert TEXT in again.text


@case("N172")
def handed_in_twice(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    activity = course.stage.activity(module_id="taster")
    ada = course.visit("ada", activity)
    address = start(ada)
    ada.post(f"{address}/submission", {"saved_version": "0", **wrong_options(course, activity)})
    yield ada.post(
        f"{address}/submission", {"saved_version": "0", **right_options(course, activity)}
    )
    assert course.fresh().scalars(select(Attempt)).one().score == 0


@case("N176")
def a_score_of_ones_own(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    ada = course.visit("ada", course.stage.activity(module_id="taster"))
    address = start(ada)
    for name in ("score", "userId", "correct"):
        for act in ("responses", "submission"):
            yield ada.post(f"{address}/{act}", {"saved_version": "0", name: "true"})
    assert course.fresh().scalars(select(Response)).all() == []


@case("N177")
def answers_beyond_reason(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    ada = course.visit("ada", course.stage.activity(module_id="taster"))
    address = start(ada)
    for fields in (
        {"response.ta-01": "x" * 5_000_000},
        {f"response.{number}": "x" for number in range(10_000)},
    ):
        yield ada.post(f"{address}/responses", {"saved_version": "0", **fields})


@case("N178")
def texts_that_are_none(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    ada = course.visit("ada", course.stage.activity(**RUBRIC_PARTS))
    form = "application/x-www-form-urlencoded"
    for text in ("nul \x00 here", "x" * 900_000):
        yield ada.post(f"{PAGE}/draft", {"saved_version": "0", "text": text})
    # Half a character is none by the time it is read, and markup is a text like any other.
    half = ada.client.post(
        f"{ada.home}{PAGE}/draft",
        data=f"csrf_token={ada.csrf}&saved_version=0&text=half%ED%A0%80",
        content_type=form,
        base_url="http://localhost:8000",
    )
    assert half.status_code == 303
    marked = ada.post(
        f"{PAGE}/draft", {"saved_version": "1", "text": "<img src=x onerror=alert(1)>"}
    )
    assert marked.status_code == 303
    page = ada.get(PAGE)
    assert "&lt;img src=x onerror" in page.text
    assert "<img" not in page.text


@case("N179")
def a_name_that_is_a_formula(inside: Inside) -> Iterator[TestResponse]:
    course = inside.course()
    names = ["=cmd|'/C calc'!A0", "+1", "-1", "@sum", "=1\t"]
    for name in names:
        course.join(name)
    teacher = course.visit("instructor", course.stage.activity(**RUBRIC_PARTS))
    answer = teacher.get("course/scores.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {row[0][0] for row in rows[1:] if not row[0][0].isalpha()} == {"'"}
    assert not any(cell[:1] in "=+-@\t\r" for row in rows for cell in row if cell)
    yield answer


@case("N180")
def no_such_page(inside: Inside) -> Iterator[TestResponse]:
    browser = inside.world.browser()
    for path in ("/nothing", "/launches", "/lti", "/admin", "/.env", "/%2e%2e/etc/passwd"):
        answer = browser.get(path)
        assert answer.headers["X-Request-ID"] in answer.text
        yield answer
    wrong = browser.client.open("/lti/launch", method="DELETE", base_url=inside.world.base_url)
    assert wrong.status_code == 405
    head = browser.client.head("/nothing", base_url=inside.world.base_url)
    assert (head.status_code, head.data) == (404, b"")


@case("N181")
def a_failure_of_ours(inside: Inside) -> Iterator[TestResponse]:
    answer = inside.world.browser().get("/test/unforeseen")
    assert answer.headers["X-Request-ID"] in answer.text
    assert "ana@school.test" not in answer.text
    assert "RuntimeError" not in answer.text
    yield answer
