"""What teaching assistants may see, as the instructor of the course decides."""

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.models import AuditEvent
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.visits import text_of


@pytest.fixture
def course(app, session, now) -> Course:
    """A course with Ada, an instructor and an assistant."""
    course = open_course(app, session, now)
    course.join("dev", role=Role.TEACHING_ASSISTANT)
    return course


def test_assistants_see_work_unless_kept_out(course: Course) -> None:
    """They may by default; kept out, pages that were open close too; let in, they open again."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    attempt_id = course.hand_in_quiz("ada", activity)
    reflection_id = course.hand_in_reflection("ada", activity, "tc-r1", "Some words.")
    assistant = course.visit("dev", activity)
    paths = ("grading", f"grading/{reflection_id}", "unmatched")
    review = course.visit("dev", activity, for_user="sub-ada")
    assert [assistant.get(path).status_code for path in paths] == [200] * 3
    assert assistant.get(f"attempts/{attempt_id}").status_code == 200
    assert review.get("submission").status_code == 200
    instructor = course.visit("instructor", activity)
    said = instructor.follow(instructor.post("assistants"))

    assert "Saved for the whole course." in text_of(said)
    assert [assistant.get(path).status_code for path in paths] == [403] * 3
    assert assistant.get(f"attempts/{attempt_id}").status_code == 403
    assert review.get("submission").status_code == 403
    home = assistant.follow(assistant.get())
    assert "keeps students' work from assistants" in text_of(home)
    assert assistant.get("preview").status_code == 200
    assert assistant.get("reading").status_code == 200
    assert assistant.post("settings").status_code == 403
    instructor.post("assistants", {"may_see_work": "on"})
    assert [assistant.get(path).status_code for path in paths] == [200] * 3
    actions = course.fresh().scalars(
        select(AuditEvent.action).where(AuditEvent.object_kind == "context")
    )
    assert actions.all() == ["course.assistants_kept_out", "course.assistants_let_in"]


def test_the_same_again_is_no_event(course: Course) -> None:
    """Saving what stands changes nothing and is not put on record."""
    activity = course.stage.activity()
    course.visit("instructor", activity).post("assistants", {"may_see_work": "on"})
    events = select(AuditEvent).where(AuditEvent.object_kind == "context")

    assert course.fresh().scalars(events).all() == []


def test_instructors_decide(course: Course) -> None:
    """Neither assistants nor students nor designers do."""
    activity = course.stage.activity()
    course.join("des", role=Role.CONTENT_DEVELOPER)
    answers = [course.visit(who, activity).post("assistants") for who in ("dev", "ada", "des")]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert "They may see students' work" not in course.visit("dev", activity).get("settings").text
