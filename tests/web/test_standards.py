"""The pages of a programme's own standards: files, consequences, links, the report, downloads."""

import csv
import io
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.models import CourseStandard, StandardLink
from tests.web.course import Course, open_course
from tests.web.visits import Visitor, forms_of, text_of

LIST = "code,title,text\nA.1,Ethics,What it asks\n=1+1,=HYPERLINK(1),\n"


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(module_id="foundations")


@pytest.fixture
def teacher(course, activity) -> Visitor:
    return course.visit("instructor", activity)


def send(visitor: Visitor, data: bytes | str):
    raw = data.encode() if isinstance(data, str) else data
    file = (io.BytesIO(raw), "standards.csv")
    return visitor.post("course/standards/preview", {"file": file})


def confirm(visitor: Visitor, answer):
    """Send the form that asks whether to go on."""
    assert answer.status_code == 200, text_of(answer)
    form = next(each for each in forms_of(answer) if each["action"].endswith("/standards"))
    return visitor.post(form["action"], dict(form["fields"]))


def load(visitor: Visitor, data: str = LIST):
    return visitor.follow(confirm(visitor, send(visitor, data)))


def codes(course: Course) -> list[str]:
    rows = course.fresh().scalars(select(CourseStandard).order_by(CourseStandard.position))
    return [row.code for row in rows]


def links_form(visitor: Visitor, module_id: str = "foundations") -> dict[str, str]:
    page = visitor.get(f"course/standards/links/{module_id}")
    form = next(each for each in forms_of(page) if "/links/" in each["action"])
    return dict(form["fields"])


def link(visitor: Visitor, typed: str, *, place: int = 0):
    fields = links_form(visitor)
    name = [each for each in fields if each.startswith("objective.")][place]
    return name, visitor.post("course/standards/links/foundations", fields | {name: typed})


def test_a_list_is_loaded_after_a_look(course, teacher):
    """The file is shown as it was read; nothing is kept before somebody says so."""
    shown = send(teacher, LIST)
    before = codes(course)
    loaded = load(teacher)

    assert "As it was read" in text_of(shown)
    assert "What it asks" in text_of(shown)
    assert before == []
    assert "The list is loaded." in text_of(loaded)
    assert codes(course) == ["A.1", "=1+1"]


def test_a_faulty_file_is_refused_with_its_lines(course, teacher):
    """Each fault with its line; without a file as well; a forged list is read as strictly."""
    faulty = send(teacher, "code,title\n,x\nA,y\nA,z\n")
    nothing = teacher.post("course/standards/preview")
    forged = teacher.post("course/standards", {"list": "code\nx\n", "shown": ""})

    assert faulty.status_code == nothing.status_code == forged.status_code == 422
    assert 'data-error-code="standards.invalid"' in faulty.text
    assert "Line 2: Write a code" in text_of(faulty)
    assert "Line 4: This code is there twice." in text_of(faulty)
    assert "Choose a CSV file." in text_of(nothing)
    assert codes(course) == []


def test_what_would_be_lost_is_said_before(course, teacher):
    """Replacing and deleting name the standards whose links go; leaving it changes nothing."""
    load(teacher)
    link(teacher, "A.1")
    replaced = send(teacher, "code;title\nB.2;Culture\n")
    deleted = teacher.get("course/standards/deletion")
    kept = codes(course)
    gone = teacher.follow(confirm(teacher, deleted))

    for page in (replaced, deleted):
        assert "Links would be lost" in text_of(page)
        assert "A.1 Ethics: 1 link" in text_of(page)
    assert kept == ["A.1", "=1+1"]
    assert "The list and its links are deleted." in text_of(gone)
    assert codes(course) == []
    assert course.session.scalars(select(StandardLink)).all() == []
    assert teacher.get("course/standards/deletion").status_code == 404


def test_two_people_do_not_overwrite_one_another(course, teacher):
    """Whoever confirms what has changed meanwhile is told so, and nothing is done."""
    load(teacher)
    shown = send(teacher, "code,title\nB.2,Culture\n")
    link(teacher, "A.1")
    refused = confirm(teacher, shown)

    assert refused.status_code == 409
    assert codes(course) == ["A.1", "=1+1"]


def test_objectives_are_linked_by_code(course, teacher):
    """A code of no list comes back with what was typed; others are kept and shown."""
    load(teacher)
    name, refused = link(teacher, "A.1, A.9")
    _, saved = link(teacher, "a.1")

    assert refused.status_code == 422
    assert 'value="A.1, A.9"' in refused.text
    assert "One of these codes is not in your list." in text_of(refused)
    assert "Saved." in text_of(teacher.follow(saved))
    assert links_form(teacher)[name] == "A.1"
    assert teacher.get("course/standards/links/nothing").status_code == 404


def test_the_report_is_shown_and_taken_away(course, activity, teacher):
    """Figures and no names; what a spreadsheet would run stays text."""
    load(teacher)
    for place in range(3):
        link(teacher, "A.1", place=place)
    course.hand_in_quiz("ada", activity)
    text = text_of(teacher.get("course/standards/report"))
    sheet = teacher.get("course/standards/report.csv")
    rows = list(csv.reader(io.StringIO(sheet.data.decode("utf-8-sig"))))
    listed = teacher.get("course/standards/list.csv").data.decode("utf-8-sig")
    book = teacher.get("course/standards/report.xlsx")

    assert "A.1 Ethics" in text
    assert "1 student" in text
    assert "Nothing in this course is linked to it." in text
    assert "Ada" not in text + sheet.text
    assert [row[0] for row in rows] == ["Code", *["A.1"] * 4, "'=1+1"]
    assert [row[-1] for row in rows[1:5]].count("1") == 1
    assert "'=HYPERLINK(1)" in listed
    assert "xl/workbook.xml" in ZipFile(io.BytesIO(book.data)).namelist()
    assert teacher.get("course/standards/report.pdf").status_code == 404


def test_who_may_do_what(course, activity, teacher):
    """Assistants read; students find nothing; nobody sees another course's list."""
    load(teacher)
    course.join("dev", role=Role.TEACHING_ASSISTANT)
    dev, ada = course.visit("dev", activity), course.visit("ada", activity)
    overview = dev.get("course/standards")

    assert overview.status_code == dev.get("course/standards/report").status_code == 200
    assert "Load another list" not in text_of(overview)
    assert "Save the links" not in text_of(dev.get("course/standards/links/foundations"))
    assert send(dev, LIST).status_code == 403
    assert link(dev, "")[1].status_code == 403
    assert ada.get("course/standards").status_code == 403
    assert ada.get("course/standards/report.csv").status_code == 403


def test_before_there_is_anything(course, teacher):
    """Every page is of use without a list."""
    assert "No list has been loaded" in text_of(teacher.get("course/standards"))
    assert "No list has been loaded" in text_of(teacher.get("course/standards/report"))
    assert "No list has been loaded" in text_of(teacher.get("course/standards/links/foundations"))
    assert "course/standards" in teacher.get("course").text
