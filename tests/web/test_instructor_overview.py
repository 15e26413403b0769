"""An instructor sees who did what, what the gradebook has, and why not."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.delivery import REASONS, DeliveryState, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import Person, Role
from lti_alliance.domain.roster import Member
from lti_alliance.models import AuditEvent, LineItem, Membership, ScoreDelivery, db
from lti_alliance.services import roster_reading, rosters
from lti_alliance.web.delivery_words import reason_words
from tests import stage as stages
from tests.statements import statements_of
from tests.web import visits
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.visits import forms_of, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(module_id="taster")


def test_every_student_has_a_row_with_attempts_and_score(course, activity):
    """The overview lists each student with attempts, score and the state in the gradebook."""
    course.hand_in_quiz("ada", activity)
    course.open_quiz("ben", activity)

    page = course.visit("instructor", activity).get()

    text = text_of(page)
    assert 'data-page="dashboard"' in page.text
    assert "Ada Ada, attempt 1: 10 / 10 10 / 10 On its way" in text
    assert "Ben In progress" in text


def test_a_nameless_student_is_known_by_the_order_of_arrival(course, activity):
    """Where the platform sends no names, students are numbered."""
    course.stage.join("nobody")

    text = text_of(course.visit("instructor", activity).get())

    assert "Student 4" in text


def test_test_students_stand_apart(course, activity):
    """Student previews are listed apart, since their scores never leave the tool."""
    course.join("test", is_test_user=True)
    course.hand_in_quiz("test", activity)

    text = text_of(course.visit("instructor", activity).get())

    assert text.index("Student previews") < text.index("Test")
    assert "Students seen so far 2" in text


def test_parts_that_are_missing_or_wait_are_named(course):
    """Where no score can be sent yet the row says which part is awaited."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ben", activity, "tc-r1", "Words.")

    text = text_of(course.visit("instructor", activity).get())

    assert "Reflection missing" in text
    assert "Quiz missing" in text
    assert "Reflection to grade" in text
    assert "Grade 1 reflection" in text


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words(app, reason):
    """Each reason for which a score does not arrive has its sentence."""
    with app.test_request_context():
        assert reason_words(reason) == REASONS[reason]
        assert reason_words("from an older version") == ""


def test_a_blocked_score_shows_its_reason_and_can_be_sent_again(course, activity):
    """A score that needs somebody shows why, and a button that makes it due again."""
    course.hand_in_quiz("ada", activity)
    delivery = course.session.scalars(select(ScoreDelivery)).one()
    delivery.state, delivery.reason = DeliveryState.BLOCKED, Reason.UNPUBLISHED
    course.session.commit()
    teacher = course.visit("instructor", activity)

    page = teacher.get()
    form = next(f for f in forms_of(page) if f["action"].endswith("/resend"))
    after = teacher.follow(teacher.post(form["action"]))

    assert "Publish it there." in text_of(page)
    assert "Scores that need somebody 1" in text_of(page)
    assert "The score is being sent again." in text_of(after)
    assert course.fresh().scalars(select(ScoreDelivery.state)).one() == DeliveryState.DUE


def test_a_delivery_of_another_activity_is_not_found(course, activity):
    """Only deliveries of the activity at hand can be sent again."""
    other = course.stage.activity("link-2", module_id="taster")
    course.hand_in_quiz("ada", other)
    delivery = course.session.scalars(select(ScoreDelivery)).one()

    answer = course.visit("instructor", activity).post(f"deliveries/{delivery.id}/resend")

    assert answer.status_code == 404


def test_a_teacher_reads_an_attempt_with_its_key(course, activity):
    """Teachers of the course see a student's attempt with everything judged."""
    attempt_id = course.hand_in_quiz("ada", activity)

    text = text_of(course.visit("instructor", activity).get(f"attempts/{attempt_id}"))

    assert "Ada, attempt 1" in text
    assert text.count("Your answer, right") == 0
    assert text.count("Chosen, right") == 3
    assert "Start another attempt" not in text


def test_an_open_attempt_shows_a_teacher_no_answers(course, activity):
    """What a student has not handed in stays theirs."""
    attempt = course.open_quiz("ada", activity)

    page = course.visit("instructor", activity).get(f"attempts/{attempt.id}")

    assert "This attempt has not been handed in." in text_of(page)
    assert "data-item" not in page.text


def test_a_teacher_of_another_course_finds_nothing(course, activity):
    """An attempt of another course is not found by its teacher."""
    attempt_id = course.hand_in_quiz("ada", activity)
    elsewhere = stages.build(course.session, course.catalogue, name="Southfield")
    own = elsewhere.activity(module_id="taster")
    stranger = visits.visit(
        course.app,
        course.session,
        elsewhere.people["instructor"],
        link=own.resource_link,
        at=course.now(),
    )

    assert stranger.get().status_code == 200
    assert stranger.get(f"attempts/{attempt_id}").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_class(app, course):
    """A class of sixty costs no more queries than one of two."""

    both = frozenset({Part.QUIZ, Part.REFLECTION})
    activity = course.stage.activity(module_id="taster", parts=both, prompt_ids=("ta-r1",))

    def count_queries() -> int:
        with app.app_context():
            engine = db.engine
        with statements_of(engine) as sent:
            teacher.get()
        return len(sent)

    course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ada", activity, "ta-r1", "Words.")
    teacher = course.visit("instructor", activity)
    few = count_queries()
    for number in range(58):
        course.join(f"student {number}")
        course.hand_in_quiz(f"student {number}", activity)
        course.hand_in_reflection(f"student {number}", activity, "ta-r1", "Words.")

    assert count_queries() == few


def test_unmatched_answers_are_grouped_and_accepted_for_everybody(course):
    """A wording is accepted once for all who gave it, and their scores follow."""
    activity = course.stage.activity(module_id="foundations")
    course.hand_in_quiz("ada", activity, short="My  wording")
    course.hand_in_quiz("ben", activity, short="my wording.")
    teacher = course.visit("instructor", activity)

    before = teacher.get("unmatched")
    form = forms_of(before)[0]
    accepted = teacher.post("unmatched", {**dict(form["fields"]), "share": "0.5"})
    after = teacher.follow(accepted)

    assert "given 2 times" in text_of(before)
    assert "Accepted. 2 attempts were graded anew." in text_of(after)
    assert len(forms_of(after)) == len(forms_of(before)) - 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"share": "2"}, 422),
        ({"share": "NaN"}, 422),
        ({"share": "lots"}, 422),
        ({"wording": " ... "}, 422),
        ({"item_id": "fo-99"}, 404),
    ],
)
def test_an_odd_acceptance_is_refused(course, changes, status):
    """Shares outside 0 to 1, empty wordings and unknown items are refused."""
    activity = course.stage.activity(module_id="foundations")
    course.hand_in_quiz("ada", activity)
    teacher = course.visit("instructor", activity)
    form = dict(forms_of(teacher.get("unmatched"))[0]["fields"])

    answer = teacher.post("unmatched", form | {"share": "1"} | changes)

    assert answer.status_code == status


def test_the_role_of_the_launch_decides(course, activity):
    """A tab launched as a student shows nobody else's attempt, whatever the person is elsewhere."""
    attempt_id = course.hand_in_quiz("ada", activity)
    as_student = course.visit("instructor", activity, role=Role.LEARNER)

    assert as_student.get(f"attempts/{attempt_id}").status_code == 404


@pytest.fixture
def without_column(course, activity):
    """The activity, its link placed without a column, and a score that waits for one."""
    line_item = activity.resource_link.line_item
    line_item.url, line_item.scopes = "", sorted(GradeScope)
    course.session.commit()
    course.hand_in_quiz("ada", activity)
    delivery = course.session.scalars(select(ScoreDelivery)).one()
    delivery.state, delivery.reason = DeliveryState.BLOCKED, Reason.NO_LINE_ITEM
    course.session.commit()
    return activity


def column_forms(page) -> list[str]:
    return [form["action"] for form in forms_of(page) if form["action"].endswith("/column")]


def test_a_column_is_asked_for_once(course, without_column):
    """Where scores wait for a column there is a form for it; asking sends them on their way."""
    teacher = course.visit("instructor", without_column)

    page = teacher.get()
    (address,) = column_forms(page)
    after = teacher.follow(teacher.post(address))
    again = teacher.follow(teacher.post(address))

    session = course.fresh()
    asked = select(AuditEvent).where(AuditEvent.action == "line_item.asked_for")
    assert "The gradebook has no column for this activity" in text_of(page)
    assert "A column has been asked for." in text_of(after)
    assert "A column has been asked for." in text_of(again)
    assert column_forms(after) == []
    assert session.scalars(select(LineItem)).one().may_create
    assert session.scalars(select(ScoreDelivery.state)).one() == DeliveryState.DUE
    (event,) = session.scalars(asked)
    assert event.object_id == without_column.id
    assert event.actor_id == course.stage.people["instructor"].user_id


def test_a_column_is_offered_only_where_the_lms_would_make_one(course, without_column):
    """Without the right to make columns, the page offers none and the request is refused."""
    without_column.resource_link.line_item.scopes = [GradeScope.SCORE]
    course.session.commit()
    teacher = course.visit("instructor", without_column)

    page, answer = teacher.get(), teacher.post("column")

    assert column_forms(page) == []
    assert answer.status_code == 409
    assert 'data-error-code="line_item.not_offered"' in answer.text
    assert not course.fresh().scalars(select(LineItem)).one().may_create


def test_asking_for_a_column_that_is_there_changes_nothing(course, activity):
    """A link that has its column by now gets no second one."""
    teacher = course.visit("instructor", activity)

    answer = teacher.post("column")

    assert answer.status_code == 303
    assert not course.fresh().scalars(select(LineItem)).one().may_create


@pytest.mark.parametrize("role", [Role.TEACHING_ASSISTANT, Role.LEARNER])
def test_only_who_configures_asks_for_a_column(course, without_column, role):
    """Teaching assistants and students neither see the form nor may send it."""
    visitor = course.visit("instructor", without_column, role=role)

    assert column_forms(visitor.get()) == []
    assert visitor.post("column").status_code == 403
    assert not course.fresh().scalars(select(LineItem)).one().may_create


# The roster


def list_in_lms(course: Course, *names: str, away: str = "") -> None:
    """Let the LMS list these people; some of them may have opened the tool before."""
    session, context = course.session, course.stage.context
    context.memberships_url = "https://lms.test/members"
    rosters.want(session, context, context.deployment.registration_id, at=course.now())
    members = {each.user.sub: each for each in session.scalars(select(Membership))}
    known = {
        each.user.profile.name: sub
        for sub, each in members.items()
        if each.user.profile is not None
    }
    listed = [
        Member(person=Person(known.get(name, f"new-{name}"), name), role=Role.LEARNER)
        for name in names
    ]
    for part in (listed, [each for each in listed if each.person.name != away]):
        rosters.ask(session, context, at=course.now())
        roster_reading.claim(session, at=course.now(), lease=timedelta(minutes=1), token="t")
        step = roster_reading.prepare(session, context.id, token="t")
        roster_reading.record(
            session,
            step,
            roster_reading.RosterHeard(members=part),
            profile_for=timedelta(days=30),
            at=course.now(),
            jitter=1.0,
        )
        course.now.move(seconds=60)
    session.commit()


def test_students_who_have_not_come_are_listed(course, activity):
    """The LMS knows more people than have opened the tool; who has left stays and is marked."""
    list_in_lms(course, "Ada", "Ben", "Carla Diaz", "Zoe", away="Ben")

    text = text_of(course.visit("instructor", activity).get())

    assert "2 students of this course have not opened this tool: Carla Diaz Zoe" in text
    assert "Ben Left the course" in text
    assert "As your LMS listed them at" in text


def test_nothing_is_said_of_a_roster_that_no_lms_offers(course, activity):
    """Where the platform told no address the page is as before."""
    assert "Not opened yet" not in course.visit("instructor", activity).get().text


def test_an_instructor_has_the_list_read_again(course, activity):
    """A button, and a sentence that says what happens."""
    list_in_lms(course, "Ada")
    instructor = course.visit("instructor", activity)
    course.now.move(seconds=60)
    page = instructor.post("roster")
    course.session.expire_all()
    reading = rosters.find_reading(course.session, course.stage.context.id)

    assert page.status_code == 303
    assert reading is not None
    assert reading.next_at == course.now()
    assert "is read now" in text_of(instructor.get("?roster=1"))
    assert course.visit("ada", activity).post("roster").status_code == 403
