"""Questions come in from other systems and go out to them, with a report of what is lost."""

from io import BytesIO

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_alliance.domain.launch import Role
from lti_alliance.models import AuthoredModule
from tests.web.course import Course, open_course
from tests.web.test_authored_modules import copy
from tests.web.visits import Visitor, forms_of, text_of

GIFT = b"""::one:: Which is a part of the alliance? { =The bond#Yes. ~The weather#No. }

::two:: Write about it. {}
"""


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def teacher(course: Course) -> Visitor:
    return course.visit("instructor", course.stage.activity(module_id="taster"))


def bring(teacher: Visitor, content: bytes) -> TestResponse:
    return teacher.post(
        "course-modules/imports",
        {"file": (BytesIO(content), "questions.txt")},
        content_type="multipart/form-data",
    )


def kept(course: Course) -> list[AuthoredModule]:
    return list(course.fresh().scalars(select(AuthoredModule)))


def test_a_report_comes_before_anything_is_kept(course: Course, teacher: Visitor) -> None:
    """What cannot be used is named; the rest becomes a draft when its author says so."""
    report = bring(teacher, GIFT)
    assert kept(course) == []
    (form,) = forms_of(report)
    made = teacher.post(form["action"], dict(form["fields"]))
    (own,) = kept(course)

    assert report.status_code == 200
    assert "1 question can be used" in text_of(report)
    assert "What is lost:" in text_of(report)
    assert made.status_code == 303
    assert "Which is a part of the alliance?" in own.draft


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no archive",
        b'<?xml version="1.0"?><!DOCTYPE q [<!ENTITY a SYSTEM "file:///etc/hosts">]><quiz>&a;</quiz>',
        b"\xff\xfe\x00",
    ],
)
def test_what_cannot_be_read_is_refused(course: Course, teacher: Visitor, content: bytes) -> None:
    """Neither rubbish nor an attack leads anywhere."""
    page = bring(teacher, content)

    assert page.status_code in (200, 422)
    assert "127.0.0.1" not in text_of(page)
    assert not any(form["fields"] and "source" in dict(form["fields"]) for form in forms_of(page))
    assert kept(course) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("gift", "text/plain"), ("moodle-xml", "application/xml"), ("qti21", "application/zip")],
)
def test_questions_go_out(course: Course, teacher: Visitor, name: str, kind: str) -> None:
    """In each format, with what it cannot hold said before."""
    own = copy(course, teacher, "taster")
    page = teacher.get(f"course-modules/{own.id}/exports")
    file = teacher.get(f"course-modules/{own.id}/exports/{name}")

    assert page.status_code == 200
    assert file.headers["Content-Type"].startswith(kind)
    assert file.data
    assert teacher.get(f"course-modules/{own.id}/exports/none").status_code == 404


def test_assistants_bring_nothing_in(course: Course) -> None:
    """They read only."""
    course.stage.join("assistant", role=Role.TEACHING_ASSISTANT)
    assistant = course.visit("assistant", course.stage.activity(module_id="taster"))

    assert bring(assistant, GIFT).status_code == 403
