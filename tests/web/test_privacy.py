"""The pages about what is kept: who may open them, what they give out, and what erasing asks."""

import io
import json
import re
import zipfile
from typing import Any

import pytest
from sqlalchemy import func, select

from lti_alliance.domain.launch import Role
from lti_alliance.models import (
    Attempt,
    AuditEvent,
    Base,
    Grade,
    LaunchSession,
    Membership,
    Reflection,
    ResourceLink,
)
from lti_alliance.services import person_export, persons
from lti_alliance.web.privacy_words import FIELDS
from tests.services.dumps import places_of
from tests.services.person import settle
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.visits import Visitor, forms_of, text_of, visit

ROLES = {
    "instructor": Role.INSTRUCTOR,
    "dev": Role.TEACHING_ASSISTANT,
    "author": Role.CONTENT_DEVELOPER,
    "watcher": Role.OBSERVER,
    "admin": Role.ADMINISTRATOR,
    "ada": Role.LEARNER,
}
WORDS = "My partner fell silent."


@pytest.fixture
def course(app, session, now) -> Course:
    """A course with somebody of every role, and Ada's work in it."""
    course = open_course(app, session, now)
    for name, role in ROLES.items():
        if name not in course.stage.people:
            course.join(name, role=role)
    activity = course.stage.activity(**RUBRIC_PARTS)
    course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ada", activity, "tc-r1", WORDS)
    course.hand_in_reflection("ben", activity, "tc-r1", "These are the words of Ben.")
    return course


def go(course: Course, name: str, **changes: Any) -> Visitor:
    link = course.session.scalars(select(ResourceLink)).one()
    member = course.stage.people[name]
    return visit(course.app, course.session, member, link=link, at=course.now(), **changes)


def data_of(course: Course, name: str) -> str:
    return f"students/{course.stage.people[name].id}/data"


def rows_of(course: Course) -> dict[str, int]:
    session = course.fresh()
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def unpacked(answer: Any) -> tuple[dict[str, Any], str]:
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return json.loads(archive.read("data.json")), archive.read("data.html").decode()


@pytest.mark.parametrize("name", sorted(ROLES))
def test_the_own_page_is_for_everybody_of_the_course(course: Course, name: str) -> None:
    """Whoever is in a course reads what is kept about them, and takes it with them."""
    visitor = go(course, name)
    page = visitor.get("data")
    found, _ = unpacked(visitor.post("data/export", {"scope": "all"}))

    assert 'data-page="kept-about-me"' in page.text
    assert found["person"]["lms_id"] == course.stage.people[name].user.sub


@pytest.mark.parametrize("name", sorted(ROLES))
def test_a_students_data_is_for_instructors(course: Course, name: str) -> None:
    """Everybody else is refused the page, the file and the erasure; nothing is changed by it."""
    visitor = go(course, name)
    path = data_of(course, "ben")
    before = rows_of(course)
    wanted = 200 if name == "instructor" else 403

    assert visitor.get(path).status_code == wanted
    assert visitor.post(f"{path}/export").status_code == wanted
    if name != "instructor":
        assert visitor.post(f"{path}/erasure", {"name": "Ben"}).status_code == 403
        # Only that it was asked for, three times, is new.
        assert rows_of(course) == before | {"audit_events": before["audit_events"] + 3}


def test_nobody_of_another_course_is_found(course: Course, app, session) -> None:
    """A student of another course, a colleague and a made-up id look the same."""
    visitor = go(course, "instructor")
    paths = [data_of(course, "dev"), f"students/{course.stage.context.id}/data", "students/x/data"]
    answers = [visitor.get(path) for path in paths]
    answers += [visitor.post(f"{path}/erasure", {"name": "Dev"}) for path in paths]

    assert {answer.status_code for answer in answers} == {404}


def test_reading_changes_nothing(course: Course) -> None:
    """To look at what is kept, or at what would go, writes no row."""
    own, staff = go(course, "ada"), go(course, "instructor")
    before = rows_of(course)
    pages = [own.get("data"), staff.get(data_of(course, "ada"))]

    assert [page.status_code for page in pages] == [200, 200]
    assert rows_of(course) == before


def test_the_page_says_what_why_how_long_and_who(course: Course) -> None:
    """Every kind has its reason, its period and its readers; the course's own period is told."""
    course.stage.context.texts_days = 77
    course.session.commit()
    text = text_of(go(course, "ada").get("data"))

    assert "77 days after the last launch of the course" in text
    assert "730 days after the last launch of the course" in text
    assert "1 attempt" in text
    assert "1 reflection" in text


def test_every_page_of_a_course_leads_there(course: Course) -> None:
    """The way to it is at the foot of each page."""
    assert go(course, "ada").get().text.count("What is kept about me") == 1


def test_a_student_takes_their_own_with_them(course: Course) -> None:
    """The file has their words in both forms, and nobody else's; it is on record."""
    visitor = go(course, "ada")
    answer = visitor.post("data/export", {"scope": "course"})
    found, html = unpacked(answer)

    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert WORDS in json.dumps(found)
    assert WORDS in html
    assert "of Ben" not in json.dumps(found) + html
    event = (
        course.fresh()
        .scalars(select(AuditEvent).where(AuditEvent.action == "privacy.exported"))
        .one()
    )
    assert event.actor_id == event.object_id == course.stage.people["ada"].user_id


def test_the_readable_form_stands_alone(course: Course) -> None:
    """It loads nothing, runs nothing, and shows what was typed as text."""
    course.hand_in_reflection(
        "ada",
        course.stage.activity("link-2", **RUBRIC_PARTS),
        "tc-r1",
        "<script>alert(1)</script> & more",
    )
    visitor = go_first(course, "ada")
    _, html = unpacked(visitor.post("data/export"))

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert re.findall(r"(?:src|href)=", html) == []


def go_first(course: Course, name: str) -> Visitor:
    member = course.stage.people[name]
    return visit(course.app, course.session, member, link=None, at=course.now())


def test_exports_are_limited(course: Course) -> None:
    """Twenty an hour are enough for anybody."""
    visitor = go(course, "ada")
    answers = [visitor.post("data/export").status_code for _ in range(21)]

    assert answers == [200] * 20 + [429]


def test_every_field_of_an_export_has_words(course: Course) -> None:
    """The readable form names every field of everything that can be kept."""
    person, _ = settle(course.stage, course.sealer, "eve")
    found = person_export.export_person(
        course.session,
        course.catalogue,
        course.sealer,
        persons.everywhere(course.session, person),
        with_notes=True,
        at=course.now(),
    )
    free = {"settings", "parts", "levels", "own_levels", "stored"}

    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            inner = (names(part) for name, part in value.items() if name not in free)
            return set(value).union(*inner)
        return set().union(*map(names, value)) if isinstance(value, list) else set()

    assert names(found) - set(FIELDS) == {"stored"} & names(found)


@pytest.mark.parametrize("typed", ["", "Ben", "ada b", "erase"])
def test_another_name_erases_nobody(course: Course, typed: str) -> None:
    """The form comes back with what was typed and what is wrong; nothing is changed."""
    visitor = go(course, "instructor")
    before = rows_of(course)
    answer = visitor.post(f"{data_of(course, 'ada')}/erasure", {"name": typed})

    assert answer.status_code == 422
    assert "privacy.not_confirmed" in answer.text
    (form,) = [f for f in forms_of(answer) if f["action"].endswith("/erasure")]
    assert ("name", typed) in form["fields"]
    assert rows_of(course) == before


def test_the_preview_says_what_goes_and_what_stays(course: Course) -> None:
    """Before the name is typed, the page tells the numbers and that the LMS keeps its scores."""
    text = text_of(go(course, "instructor").get(data_of(course, "ada")))

    assert "1 attempt" in text
    assert "This cannot be undone" in text
    assert "stay there: this tool takes nothing back" in text
    assert "Ask your institution first" in text


def test_typing_the_name_erases(course: Course) -> None:
    """The student is gone from lists and pages, and told nowhere; it is on record; others stay."""
    student = go(course, "ada")
    visitor = go(course, "instructor")
    listed = text_of(visitor.get("course"))
    done = visitor.follow(visitor.post(f"{data_of(course, 'ada')}/erasure", {"name": "  ADA  "}))
    session = course.fresh()

    assert "Ada" in listed
    assert "is erased from this course" in text_of(done)
    assert "Ada" not in text_of(done)
    assert "Ben" in text_of(done)
    assert student.get("data").status_code == 404
    assert session.scalars(select(Attempt)).all() == []
    assert len(session.scalars(select(Reflection)).all()) == 1
    assert places_of(session, ["sub-ada", "fell silent"]) == {}
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "privacy.erased")).one()
    assert event.actor_id == course.stage.people["instructor"].user_id
    assert event.request_id


def test_who_is_erased_is_shown_as_a_score(course: Course) -> None:
    """A grade that was complete stays in the overview, under no name, with nothing to decide."""
    activity = course.stage.activity("quiz")
    course.hand_in_quiz("ada", activity)
    membership = course.stage.people["ada"].id
    visitor = course.visit("instructor", activity)
    visitor.post(f"students/{membership}/data/erasure", {"name": "Ada"})
    overview = text_of(visitor.get())
    nobody = (
        course.fresh().scalars(select(Membership.id).where(Membership.erased_at.is_not(None))).one()
    )
    page = visitor.get(f"students/{nobody}")

    assert visitor.get(f"students/{membership}").status_code == 404
    assert course.fresh().scalars(select(Grade.score)).all() != []
    assert "Erased person" in overview
    assert "Ada" not in overview
    assert "This person was erased" in text_of(page)
    assert [f for f in forms_of(page) if f["action"].endswith("/adjustment")] == []
    assert visitor.get(f"students/{nobody}/data").status_code == 404
    answer = visitor.post(
        f"students/{nobody}/activities/{activity.id}/adjustment",
        {"kind": "excused", "reason": "No."},
    )
    assert answer.status_code == 404


def test_sections_hold_here_too(course: Course) -> None:
    """An instructor who sees their own section alone neither reads nor erases another's student."""
    teacher = course.stage.people["instructor"]
    teacher.is_section_restricted, teacher.sections = True, ["North"]
    course.stage.people["ada"].sections = ["South"]
    course.stage.people["ben"].sections = ["North"]
    course.session.commit()
    visitor = go(course, "instructor")

    assert visitor.get(data_of(course, "ben")).status_code == 200
    assert visitor.get(data_of(course, "ada")).status_code == 404
    answer = visitor.post(f"{data_of(course, 'ada')}/erasure", {"name": "Ada"})
    assert answer.status_code == 404
    assert course.fresh().get_one(Membership, course.stage.people["ada"].id).erased_at is None


def test_a_launch_without_a_course_has_no_such_page(course: Course) -> None:
    """Where no course was named, there is nobody whose page it could be."""
    visitor = go(course, "ada")
    launch = course.session.scalars(
        select(LaunchSession).where(LaunchSession.handle == visitor.handle)
    ).one()
    launch.membership_id = launch.context_id = None
    course.session.commit()

    assert visitor.get("data").status_code == 404
