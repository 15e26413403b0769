"""An instructor reads and grades reflections."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from lti_alliance.models import AuditEvent, Grade, Reflection, RubricAssessment
from tests.services.work import make_private
from tests.web.course import COMPLETION_PARTS, RUBRIC_PARTS, Course, open_course
from tests.web.visits import forms_of, text_of

TEXT = "I stayed with one moment.\n\n<b>And</b> another."


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(**RUBRIC_PARTS)


@pytest.fixture
def handed_in(course, activity) -> str:
    course.hand_in_quiz("ada", activity)
    return course.hand_in_reflection("ada", activity, "tc-r1", TEXT)


@pytest.fixture
def teacher(course, activity):
    return course.visit("instructor", activity)


def levels(course, level: int = 4) -> dict[str, str]:
    """Choose one level for every criterion."""
    rubric = course.catalogue.get("trust-credibility-expertise").get_reflection("tc-r1").rubric
    return {f"criterion.{criterion.id}": str(level) for criterion in rubric.criteria}


def test_what_waits_is_listed_the_longest_waiting_first(course, activity, handed_in, teacher):
    """The list names who waits, since when, and with how many words."""
    course.now.move(minutes=5)
    course.hand_in_reflection("ben", activity, "tc-r1", "Three more words.")

    text = text_of(teacher.get("grading"))

    assert text.index("Grade: Ada") < text.index("Grade: Ben")
    assert "3 words" in text


def test_the_text_is_shown_as_it_was_typed(handed_in, teacher):
    """Markup in a reflection stays text, and line ends stay line ends."""
    page = teacher.get(f"grading/{handed_in}")

    assert "I stayed with one moment.\n\n&lt;b&gt;And&lt;/b&gt; another." in page.text
    assert "checked" not in page.text


def test_reading_is_put_on_record(course, handed_in, teacher):
    """That somebody opened a reflection is recorded, with who and which."""
    teacher.get(f"grading/{handed_in}")

    events = course.fresh().scalars(
        select(AuditEvent).where(AuditEvent.action == "reflection.read")
    )
    assert [event.object_id for event in events] == [UUID(handed_in)]


def test_a_grade_by_the_rubric_reaches_score_and_list(course, handed_in, teacher):
    """Saving the rubric completes the score and takes the reflection off the list."""
    form = forms_of(teacher.get(f"grading/{handed_in}"))[0]
    fields = {**dict(form["fields"]), **levels(course), "comment": "Good."}

    listed = teacher.follow(teacher.post(form["action"], fields))

    grade = course.fresh().scalars(select(Grade)).one()
    assert "Nothing waits for you." in text_of(listed)
    assert "Read: Ada" in text_of(listed)
    assert grade.score is not None
    assert grade.parts["reflection"]["score"] == "10.00"


def test_a_grade_stands_in_the_form_and_can_be_changed(course, handed_in, teacher):
    """Opening a graded reflection shows what was chosen, and saving again changes it."""
    page = f"grading/{handed_in}"
    teacher.post(page, {"saved_version": "0", **levels(course, 2), "comment": "First thoughts."})

    stands = dict(forms_of(teacher.get(page))[0]["fields"])
    teacher.post(page, stands | levels(course, 3))

    assessment = course.fresh().scalars(select(RubricAssessment)).one()
    assert stands["comment"] == "First thoughts."
    assert stands["saved_version"] == "1"
    assert {stands[name] for name in levels(course)} == {"2"}
    assert set(assessment.selections.values()) == {3}


@pytest.mark.parametrize("wrong", [None, "9", "x", "-1"])
def test_a_level_that_is_missing_or_none_is_named(course, handed_in, teacher, wrong):
    """Every criterion needs one of its levels; comment and other choices stay."""
    fields = levels(course)
    name = next(iter(fields))
    fields = {**fields, name: wrong} if wrong else {n: v for n, v in fields.items() if n != name}

    answer = teacher.post(
        f"grading/{handed_in}", {"saved_version": "0", "comment": "Kept.", **fields}
    )

    assert answer.status_code == 422
    assert f'id="error-{name}"' in answer.text
    assert dict(forms_of(answer)[0]["fields"])["comment"] == "Kept."
    assert course.fresh().scalars(select(RubricAssessment)).all() == []


def test_two_markers_do_not_overwrite_each_other(course, handed_in, teacher):
    """The second of two grades from the same start is refused and keeps what was chosen."""
    page = f"grading/{handed_in}"
    teacher.post(page, {"saved_version": "0", **levels(course, 2)})

    answer = teacher.post(page, {"saved_version": "0", **levels(course, 4), "comment": "Mine."})

    kept = dict(forms_of(answer)[0]["fields"])
    assert answer.status_code == 409
    assert kept["saved_version"] == "1"
    assert kept["comment"] == "Mine."
    assert {kept[name] for name in levels(course)} == {"4"}
    assert set(course.fresh().scalars(select(RubricAssessment)).one().selections.values()) == {2}


def test_a_draft_is_not_found(course, activity, teacher):
    """What was not handed in stays its writer's."""
    ada = course.visit("ada", activity)
    ada.post("reflections/tc-r1/draft", {"saved_version": "0", "text": "unfinished"})
    draft = course.fresh().scalars(select(Reflection)).one()

    assert teacher.get(f"grading/{draft.id}").status_code == 404
    assert "Ada" not in text_of(teacher.get("grading"))


def test_a_completion_reflection_can_be_read_and_not_graded(course):
    """Where handing in earned the points there is a text to read and no rubric."""
    activity = course.stage.activity("link-2", **COMPLETION_PARTS)
    made = course.hand_in_reflection("ada", activity, "ta-r1", "A short note.")
    teacher = course.visit("instructor", activity)

    page = teacher.get(f"grading/{made}")

    assert "A short note." in text_of(page)
    assert not [form for form in forms_of(page) if form["action"].endswith(made)]
    assert "Read: Ada" in text_of(teacher.get("grading"))


def test_a_private_reflection_is_counted_and_never_shown(course):
    """A reflection that nobody may read is counted, not listed, and not found."""
    activity = course.stage.activity("link-2", **COMPLETION_PARTS)
    make_private(course.stage, activity)
    made = course.hand_in_reflection("ada", activity, "ta-r1", "For me alone.")
    teacher = course.visit("instructor", activity)

    listed = text_of(teacher.get("grading"))

    assert teacher.get(f"grading/{made}").status_code == 404
    assert teacher.post(f"grading/{made}", {"saved_version": "0"}).status_code == 404
    assert "Ada" not in listed
    assert "1 more was handed in that is private to its writer." in listed


def test_a_student_reads_nobodys_reflection(course, activity, handed_in):
    """The grading pages refuse students, the writer included."""
    for name in ("ada", "ben"):
        visitor = course.visit(name, activity)
        assert visitor.get(f"grading/{handed_in}").status_code == 403
        assert visitor.post(f"grading/{handed_in}").status_code == 403


def test_grading_goes_on_after_the_close(course):
    """The close ends the work of students, not that of instructors."""
    activity = course.stage.activity(
        "link-2", **RUBRIC_PARTS, closes_at=course.now() + timedelta(hours=1)
    )
    made = course.hand_in_reflection("ada", activity, "tc-r1", TEXT)
    course.now.move(hours=2)
    teacher = course.visit("instructor", activity)

    answer = teacher.post(f"grading/{made}", {"saved_version": "0", **levels(course)})

    assert answer.status_code == 303
