"""Pages about one question and about versions: see what differs, accept, decide, ask and answer."""

import re

import pytest

from lti_alliance.content.parser import parse_source
from lti_alliance.domain.launch import Role
from lti_alliance.models import Activity, Grade
from lti_alliance.services import modules
from tests.stage import NOON
from tests.web.course import Course, open_course
from tests.web.visits import Visitor, forms_of, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course) -> Activity:
    """The taster's quiz as it was when its first key was wrong."""
    shipped = course.catalogue.get("taster")
    item = shipped.quiz.items[0]
    right = next(option for option in item.options if option.correct)
    wrong = next(option for option in item.options if not option.correct)
    source = (
        shipped.source.replace(f"- [x] {right.text_markdown}", f"- [ ] {right.text_markdown}")
        .replace(f"- [ ] {wrong.text_markdown}", f"- [x] {wrong.text_markdown}", 1)
        .replace("version: 1.0.0", "version: 0.9.0")
    )
    old = parse_source(source, name="taster.md")
    modules.keep_version(course.session, old, at=NOON)
    made = course.stage.activity("taster-quiz", module_id="taster", attempts=None)
    made.content_hash = old.content_hash
    course.session.commit()
    return made


@pytest.fixture
def item_id(course) -> str:
    return course.catalogue.get("taster").quiz.items[0].id


@pytest.fixture
def teacher(course, activity) -> Visitor:
    return course.visit("instructor", activity)


def score(course, activity, name) -> object:
    found = (
        course.fresh()
        .query(Grade)
        .filter_by(activity_id=activity.id, membership_id=course.stage.people[name].id)
    )
    return found.one().score


def form(answer, ending: str) -> dict[str, str]:
    found = next(each for each in forms_of(answer) if each["action"].endswith(ending))
    return dict(found["fields"])


def test_a_newer_version_is_accepted_after_seeing_what_differs(course, activity, teacher, item_id):
    """The overview says that it is there; the page says what differs; then earlier answers wait."""
    course.hand_in_quiz("ada", activity)
    course.hand_in_quiz("ben", activity)
    overview = text_of(teacher.get())
    page = teacher.get("content")
    accepted = teacher.follow(teacher.post("content", form(page, "/content")))
    again = teacher.post("content", form(page, "/content"))

    assert "A newer version of this module is there" in overview
    assert f"Question {item_id} key" in text_of(page)
    assert "What differs" in text_of(page)
    assert "The activity is on version 1.0.0 now." in text_of(accepted)
    assert "A key was corrected" in text_of(accepted)
    assert "2 attempts" in text_of(accepted)
    assert again.status_code == 409
    assert "A key was corrected" in text_of(teacher.get())


def test_a_regrade_is_previewed_and_decided(course, activity, teacher, item_id):
    """Each choice names who would change; the one taken is done, and the student is told."""
    course.hand_in_quiz("ada", activity)
    attempt = course.hand_in_quiz("ben", activity)
    ben = course.visit("ben", activity)
    before = score(course, activity, "ben")
    teacher.post("content", form(teacher.get("content"), "/content"))
    page = teacher.get(f"items/{item_id}/regrade")
    nothing = teacher.post(f"items/{item_id}/regrade", {"choice": ""})
    unchanged = score(course, activity, "ben")
    done = teacher.follow(teacher.post(f"items/{item_id}/regrade", {"choice": "update"}))
    shown = text_of(ben.get(f"attempts/{attempt}"))

    assert "2 attempts were judged by another key." in text_of(page)
    assert re.search(r"2 scores change ?: The corrected key alone", text_of(page))
    assert "Ben" in text_of(page)
    assert nothing.status_code == 422
    assert "Choose what becomes of the earlier answers." in text_of(nothing)
    assert unchanged == before
    assert score(course, activity, "ben") < before
    assert "2 earlier attempts were looked at, and their grades have followed." in text_of(done)
    assert "the answer was judged anew by the corrected one" in shown
    assert "Decided so far: The corrected key alone." in text_of(
        teacher.get(f"items/{item_id}/regrade")
    )
    assert "Nobody had answered it by another key" in text_of(
        teacher.get(f"items/{course.catalogue.get('taster').quiz.items[1].id}/regrade")
    )


def test_a_question_is_asked_and_answered(course, activity, teacher, item_id):
    """From the result page to the page of the question and back; what was typed is never lost."""
    attempt = course.hand_in_quiz("ada", activity)
    ada = course.visit("ada", activity)
    address = f"attempts/{attempt}/items/{item_id}/question"
    result = ada.get(f"attempts/{attempt}")
    empty = ada.post(address, form(result, address) | {f"question.{item_id}": " "})
    asked = ada.follow(ada.post(address, {f"question.{item_id}": "Is <b>this</b> right?"}))
    analysis = text_of(teacher.get("analysis"))
    page = teacher.get(f"items/{item_id}")
    [action] = [f["action"] for f in forms_of(page) if "/questions/" in f["action"]]
    question = action.rpartition("/")[2]
    silent = teacher.post(f"items/{item_id}/questions/{question}", {})
    answered = teacher.post(
        f"items/{item_id}/questions/{question}", {f"answer.{question}": "It was not. Thank you."}
    )
    shown = ada.get(f"attempts/{attempt}")

    assert (empty.status_code, silent.status_code) == (422, 422)
    assert "Write a sentence." in text_of(empty)
    assert "Your instructor reads it beside the question" in text_of(asked)
    assert "1 open question" in analysis
    assert "Is <b>this</b> right?" in text_of(page)
    assert "Ada" in text_of(page)
    assert "Answered." in text_of(teacher.follow(answered))
    assert "It was not. Thank you." in text_of(shown)
    assert not [f for f in forms_of(shown) if f["action"].endswith(address)]
    assert ada.post(address, {f"question.{item_id}": "Still?"}).status_code == 409


def test_who_may_do_what(course, activity, teacher, item_id):
    """Students see none of it, assistants answer, one's attempt is nobody else's."""
    attempt = course.hand_in_quiz("ada", activity)
    course.join("dev", role=Role.TEACHING_ASSISTANT)
    ada, ben, dev = (course.visit(name, activity) for name in ("ada", "ben", "dev"))

    assert ada.get(f"items/{item_id}").status_code == 403
    assert ada.get("content").status_code == 403
    assert ada.post(f"items/{item_id}/regrade", {"choice": "full"}).status_code == 403
    assert dev.get(f"items/{item_id}").status_code == 200
    assert dev.get(f"items/{item_id}/regrade").status_code == 403
    assert dev.post(f"items/{item_id}/key", {}).status_code == 403
    assert teacher.get("items/nothing").status_code == 404
    assert (
        ben.post(
            f"attempts/{attempt}/items/{item_id}/question", {f"question.{item_id}": "Hm?"}
        ).status_code
        == 404
    )
