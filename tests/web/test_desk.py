"""The desk: the whole course, one student, decisions by hand, what a student finds, exports."""

import csv
import io
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from lti_alliance.domain.launch import Role
from lti_alliance.models import Attempt, AuditEvent, Context, Grade, Membership, ScoreDelivery
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.visits import text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(module_id="taster")


def another(course):
    return course.stage.activity(lti_id="another", **RUBRIC_PARTS)


def grade_of(course, name, activity):
    session = course.fresh()
    member = course.stage.people[name]
    return session.scalar(
        select(Grade).where(Grade.activity_id == activity.id, Grade.membership_id == member.id)
    )


def decide(course, name, activity, visitor=None, **fields):
    visitor = visitor or course.visit("instructor", activity)
    member = course.stage.people[name]
    address = f"students/{member.id}/activities/{activity.id}/adjustment"
    return visitor.post(address, {"kind": "score", "reason": "agreed in class", **fields})


def test_the_course_shows_activities_by_students(course, activity):
    """Each student has a cell for each activity, with the score or how far they are."""
    other = another(course)
    course.hand_in_quiz("ada", activity)
    course.open_quiz("ben", other)

    page = course.visit("instructor", activity).get("course")

    text = text_of(page)
    assert 'data-page="course-desk"' in page.text
    assert "10 / 10 On its way" in text
    assert "working on it" in text
    assert "2 students found" in text


def test_a_launch_of_the_course_itself_leads_there(course, activity):
    """From the course menu an instructor comes to the whole course, a student to their own work."""
    staff = course.visit("instructor", activity, link=None)
    student = course.visit("ada", activity, link=None)

    assert 'data-page="course-desk"' in staff.follow(staff.get()).text
    assert 'data-page="my-work"' in student.get().text


def test_the_list_is_narrowed_and_ordered(course, activity):
    """By a part of the name, by what is missing; nonsense in the address narrows nothing."""
    course.hand_in_quiz("ada", activity)
    visitor = course.visit("instructor", activity)

    missing = text_of(visitor.get("course?show=nothing_handed_in"))
    named = text_of(visitor.get("course?q=AD&sort=score"))
    nonsense = text_of(visitor.get("course?show=x&sort=y&page=zz"))

    assert "Ben" in missing
    assert "Ada Ada" not in missing
    assert "Ada" in named
    assert "1 student found" in named
    assert "2 students found" in nonsense


def test_an_activity_of_the_course_opens_from_there(course, activity):
    """All pages of another activity work within the same launch, and only of this course."""
    other = another(course)
    visitor = course.visit("instructor", activity)

    overview = visitor.get(f"?activity={other.id}")
    settings = visitor.get(f"settings?activity={other.id}")
    elsewhere = visitor.get("?activity=00000000-0000-0000-0000-000000000000")

    assert f"settings?activity={other.id}" in overview.text
    assert settings.status_code == 200
    assert elsewhere.status_code == 404


def test_a_student_opens_only_what_they_have_begun(course, activity):
    """The list of one's work leads to activities that the LMS has let the student into before."""
    other = another(course)
    visitor = course.visit("ada", activity)
    before = visitor.get(f"?activity={other.id}").status_code
    course.open_quiz("ada", other)

    assert before == 404
    assert visitor.get(f"?activity={other.id}").status_code == 200


def test_a_score_by_hand_counts_and_is_sent(course, activity):
    """It stands above the work, says why to the student, and goes to the gradebook."""
    course.hand_in_quiz("ada", activity)

    visitor = course.visit("instructor", activity)

    answer = decide(course, "ada", activity, visitor, score="8,5")

    sheet = text_of(visitor.follow(answer))
    assert str(grade_of(course, "ada", activity).score) == "8.5"
    assert "8.5 / 10" in sheet
    assert "agreed in class" in sheet
    delivery = course.session.scalar(select(ScoreDelivery))
    assert str(delivery.desired_score) == "8.5"
    why = text_of(course.visit("ada", activity).get("grade"))
    assert "agreed in class" in why
    assert "An instructor set the score by hand" in why


def test_a_score_by_hand_outlives_new_work(course, activity):
    """A later attempt changes nothing until the decision is taken back."""
    decide(course, "ada", activity, score="4")
    course.hand_in_quiz("ada", activity)
    kept = str(grade_of(course, "ada", activity).score)
    member = course.stage.people["ada"]
    course.visit("instructor", activity).post(
        f"students/{member.id}/activities/{activity.id}/adjustment/removal"
    )

    assert kept == "4"
    assert str(grade_of(course, "ada", activity).score) == "10"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"score": "11"}, "Score"),
        ({"score": "-1"}, "Score"),
        ({"score": "NaN"}, "Score"),
        ({"score": "1.234"}, "Score"),
        ({"score": "5", "reason": "  "}, "Reason"),
        ({"kind": "gift", "score": "5"}, "Decision"),
    ],
)
def test_a_wrong_decision_loses_nothing(course, activity, fields, field):
    """What was typed stands on the page, with what to do, and nothing has changed."""
    course.hand_in_quiz("ada", activity)

    answer = decide(course, "ada", activity, **fields)

    assert answer.status_code == 422
    assert f"{field}:" in text_of(answer)
    assert f'value="{fields["score"]}"' in answer.text
    assert str(grade_of(course, "ada", activity).score) == "10"


def test_whoever_is_excused_has_no_score(course, activity):
    """Nothing is sent any more, the page says what to do in the LMS, and the desk says so."""
    course.hand_in_quiz("ada", activity)

    visitor = course.visit("instructor", activity)

    answer = decide(course, "ada", activity, visitor, kind="excused")

    assert "Mark the student as excused in the gradebook" in text_of(visitor.follow(answer))
    assert grade_of(course, "ada", activity).score is None
    assert "Excused" in text_of(visitor.get("course"))
    assert "You are excused" in text_of(course.visit("ada", activity).get("work"))


def test_decisions_are_on_record_without_their_reasons(course, activity):
    """The audit trail holds who, what and when; the reason stays sealed."""
    course.hand_in_quiz("ada", activity)
    decide(course, "ada", activity, score="8")
    decide(course, "ada", activity, kind="excused")

    session = course.fresh()
    events = session.scalars(select(AuditEvent).where(AuditEvent.object_kind == "grade")).all()
    assert [event.action for event in events] == ["grade.adjusted", "grade.excused"]
    assert "agreed" not in repr([event.details for event in events])


def test_an_attempt_is_made_void(course, activity):
    """It counts for nothing, does not use up an attempt, and cannot be made void twice."""
    attempt = course.hand_in_quiz("ada", activity)
    visitor = course.visit("instructor", activity)

    first = visitor.post(f"attempts/{attempt}/void")
    second = visitor.post(f"attempts/{attempt}/void")

    assert (first.status_code, second.status_code) == (303, 409)
    assert grade_of(course, "ada", activity).score is None
    assert "Counts for nothing" in text_of(visitor.follow(first))


def test_an_attempt_is_given_back(course, activity):
    """It is open again with the answers in it, and can be handed in once more."""
    attempt = course.hand_in_quiz("ada", activity)

    answer = course.visit("instructor", activity).post(f"attempts/{attempt}/reopen")

    assert answer.status_code == 303
    row = course.fresh().get(Attempt, UUID(attempt))
    assert row.state == "in_progress"
    assert 'data-page="quiz"' in course.visit("ada", activity).get(f"attempts/{attempt}").text


def test_corrections_are_for_those_who_teach(course, activity):
    """A student cannot set scores or give attempts back, not even their own."""
    attempt = course.hand_in_quiz("ada", activity)
    visitor = course.visit("ada", activity)

    assert decide(course, "ada", activity, visitor, score="10").status_code == 403
    assert visitor.post(f"attempts/{attempt}/reopen").status_code == 403
    assert visitor.get("course").status_code == 403
    assert visitor.get("course/scores.csv").status_code == 403


def test_sections_hide_other_students_everywhere(course, activity):
    """Where the course is limited, no page and no download shows students of other sections."""
    attempt = course.hand_in_quiz("ben", activity)
    session, people = course.session, course.stage.people
    for name, own in (("instructor", ["A"]), ("ada", ["A"]), ("ben", ["B"])):
        session.get(Membership, people[name].id).sections = own
    session.commit()
    visitor = course.visit("instructor", activity)
    before = text_of(visitor.get("course"))
    visitor.post("course/sections", {"limited": "1"})

    desk = text_of(visitor.get("course"))
    ben = people["ben"].id
    assert "Ben" in before
    assert "Ben" not in desk
    assert "1 student is in another section" in desk
    assert "Ben" not in text_of(visitor.get())
    assert "Ben" not in visitor.get("course/scores.csv").text
    assert visitor.get(f"attempts/{attempt}").status_code == 404
    assert visitor.get(f"students/{ben}").status_code == 404
    assert visitor.get(f"students/{ben}/grade").status_code == 404
    assert decide(course, "ben", activity, score="1").status_code == 404


def test_only_an_instructor_limits_the_sections(course, activity):
    """A teaching assistant cannot lift the limit."""
    course.join("helper", role=Role.TEACHING_ASSISTANT)

    answer = course.visit("helper", activity, role=Role.TEACHING_ASSISTANT).post(
        "course/sections", {"limited": "1"}
    )

    assert answer.status_code == 403
    assert not course.fresh().scalar(select(Context)).is_limited_to_sections


def test_exports_are_on_record(course, activity):
    """Who took the scores of which course away, and as what; an unknown format takes nothing."""
    visitor = course.visit("instructor", activity)

    visitor.get("course/scores.csv")
    visitor.get("course/scores.pdf")

    (event,) = course.fresh().scalars(select(AuditEvent).where(AuditEvent.action == "export"))
    assert event.actor_id == course.stage.people["instructor"].user_id
    assert (event.object_kind, event.object_id) == ("context", activity.resource_link.context_id)
    assert event.details == {"what": "scores.csv"}


def test_exports_are_harmless_to_a_spreadsheet(course, activity):
    """A name that looks like a formula stays a text, in CSV and in XLSX."""
    course.join('=HYPERLINK("http://x","y")')
    course.hand_in_quiz("ada", activity)
    visitor = course.visit("instructor", activity)

    plain = visitor.get("course/scores.csv")
    book = visitor.get("course/scores.xlsx")

    rows = list(csv.reader(io.StringIO(plain.data.decode("utf-8-sig"))))
    assert rows[1][0].startswith("'=")
    assert rows[2][:1] + rows[2][3:] == ["Ada", "10", "10", "done"]
    with ZipFile(io.BytesIO(book.data)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>10</v>" in sheet
    assert plain.headers["Cache-Control"] == "no-store"


def test_sections_hold_for_reflections_and_accommodations(course):
    """The list of reflections, the release of drafts and what is granted keep to the sections."""
    activity = another(course)
    for name in ("ada", "ben"):
        course.hand_in_reflection(name, activity, "tc-r1", "A moment of trust, told again.")
    session, people = course.session, course.stage.people
    for name, own in (("instructor", ["A"]), ("ada", ["A"]), ("ben", ["B"])):
        session.get(Membership, people[name].id).sections = own
    session.scalar(select(Context)).is_limited_to_sections = True
    session.commit()
    visitor = course.visit("instructor", activity)

    shelf = text_of(visitor.get("grading"))
    granted = text_of(visitor.get("accommodations"))

    assert "Ada" in shelf
    assert "Ben" not in shelf
    assert "Ada" in granted
    assert "Ben" not in granted
    assert visitor.get(f"students/{people['ben'].id}/accommodation").status_code == 404
    assert visitor.get(f"students/{people['ada'].id}/accommodation").status_code == 200


def test_the_list_is_served_by_itself(course, activity):
    """A script gets the rows alone, as they stand at that moment."""
    course.hand_in_quiz("ada", activity)
    visitor = course.visit("instructor", activity)

    rows = visitor.get("course", headers={"X-Fragment": "matrix"})

    assert "<html" not in rows.text
    assert "Ada Ada" not in text_of(rows)
    assert "10 / 10 On its way" in text_of(rows)


def test_a_list_that_updates_itself_keeps_nobody_signed_in(course, activity):
    """Whoever has left the page open is signed out after the idle time all the same."""
    visitor = course.visit("instructor", activity)
    idle = course.app.extensions["alliance"].settings.session_idle_minutes
    course.now.move(minutes=idle * 0.6)
    first = visitor.get("course", headers={"X-Fragment": "matrix"}).status_code
    course.now.move(minutes=idle * 0.6)
    second = visitor.get("course", headers={"X-Fragment": "matrix"}).status_code

    assert (first, second) == (200, 401)


def test_nobody_decides_about_the_grades_of_staff(course, activity):
    """Whoever is not a student here has no grade to set."""
    assert decide(course, "instructor", activity, score="5").status_code == 404
