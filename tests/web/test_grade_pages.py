"""The page that says why a grade is what it is, as its student and as those who teach see it."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import MissingParts, Part
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Keep
from lti_alliance.models import AuditEvent, DeliveryTry, Reflection, ScoreDelivery
from lti_alliance.services import assessing
from lti_alliance.services.grade_story import Sum, Term
from lti_alliance.web.delivery_words import reading_words
from lti_alliance.web.grade_words import exact_percent, setting_words, sum_words
from tests import stage as stages
from tests.web.course import COMPLETION_PARTS, RUBRIC_PARTS, Course, open_course
from tests.web.visits import forms_of, name_person, text_of


@pytest.fixture
def course(app, session, now) -> Course:
    course = open_course(app, session, now)
    until = now() + timedelta(days=30)
    name_person(session, course.stage.people["instructor"], "Kim Lee", until=until)
    return course


@pytest.fixture
def activity(course):
    return course.stage.activity(module_id="taster", quiz_points=Decimal(10))


@pytest.fixture
def graded(course):
    """An activity of both parts, with Ada's work in it graded by Kim Lee."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ada", activity, "tc-r1", "Some honest words.")
    reflection = course.session.scalars(select(Reflection)).one()
    prompt = assessing.prompt_of(course.session, course.catalogue, reflection)
    assessing.assess_reflection(
        course.session,
        course.catalogue,
        course.sealer,
        reflection=reflection,
        selections={criterion.id: 3 for criterion in prompt.rubric.criteria},
        comment="A secret word of praise.",
        base_version=0,
        assessor=course.stage.people["instructor"],
        at=course.now.move(hours=1),
    )
    course.session.commit()
    return activity


def delivery_of(course) -> ScoreDelivery:
    return course.session.scalars(select(ScoreDelivery)).one()


def set_delivery(course, **changes: Any) -> None:
    delivery = delivery_of(course)
    for name, value in changes.items():
        setattr(delivery, name, value)
    course.session.commit()


def differing(course, reason: str, **changes: Any) -> None:
    """Let the gradebook have been seen to show 8.5 where 10 were sent."""
    set_delivery(
        course,
        **{
            "state": DeliveryState.OVERRIDDEN,
            "reason": reason,
            "told_score": Decimal(10),
            "told_maximum": Decimal(10),
            "delivered_at": course.now(),
            "seen_score": Decimal("8.5"),
            "seen_maximum": Decimal(10),
            "seen_at": course.now.move(minutes=5),
        }
        | changes,
    )


def remember(course, **changes: Any) -> None:
    """Let a step have been made towards the gradebook."""
    facts: dict[str, Any] = {
        "at": course.now(),
        "last_at": course.now(),
        "kind": "post",
        "version": 1,
        "progress": "FullyGraded",
        "score": Decimal(10),
        "maximum": Decimal(10),
        "state": "delivered",
        "reason": "",
        "status": 200,
    }
    course.session.add(DeliveryTry(delivery_id=delivery_of(course).id, **facts | changes))
    course.session.commit()


def own_page(course, activity, name: str = "ada"):
    return course.visit(name, activity).get("grade")


def staff_page(course, activity, name: str = "ada", **changes: Any):
    teacher = course.visit("instructor", activity, **changes)
    return teacher.get(f"students/{course.stage.people[name].id}/grade")


# Words


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ([(Part.QUIZ, [(7, 9)], "10")], "7 ÷ 9 × 10 = 7.7777…, rounded to 7.78"),
        ([(Part.QUIZ, [(9, 9)], "8.5")], "9 ÷ 9 × 8.5 = 8.5"),
        ([(Part.QUIZ, [(1, 2)], "0.05")], "1 ÷ 2 × 0.05 = 0.025, rounded to 0.03"),
        (
            [(Part.QUIZ, [(7, 9), (9, 9)], "10")],
            "(7 ÷ 9 + 9 ÷ 9) ÷ 2 × 10 = 8.8888…, rounded to 8.89",
        ),
        (
            [(Part.QUIZ, [(19, 19)], "10"), (Part.REFLECTION, [("0.65625", 1)], "5")],
            "19 ÷ 19 × 10 (quiz) + 65.625% × 5 (reflection) = 13.2812…, rounded to 13.28",
        ),
        (
            [(Part.QUIZ, [], "10"), (Part.REFLECTION, [(1, 1), (0, 1)], "5")],
            "0 (quiz) + (100% + 0%) ÷ 2 × 5 (reflection) = 2.5",
        ),
    ],
)
def test_the_sum_is_written_on_one_line(app, terms, words):
    """The sum shows what was multiplied with what, exactly or with dots, and the one rounding."""
    made = Sum(
        tuple(
            Term(part, tuple((Decimal(g), Decimal(of)) for g, of in shares), Decimal(points))
            for part, shares, points in terms
        )
    )
    with app.test_request_context():
        assert sum_words(made) == words


def test_numbers_are_cut_and_not_rounded(app):
    """A share that goes on is shown with dots; settings without words are left out."""
    with app.test_request_context():
        assert exact_percent(Decimal("0.6666666666666666666666666667")) == "66.6666…%"
        assert setting_words(["keep", "of another version", "closes_at"]) == (
            "which attempt counts, closing time"
        )
        assert made_of_thirds().exact == Fraction(10, 3)


def made_of_thirds() -> Sum:
    return Sum((Term(Part.QUIZ, ((Decimal(1), Decimal(3)),), Decimal(10)),))


@pytest.mark.parametrize("reason", [*Reason, "of another version"])
def test_why_a_column_cannot_be_read_has_words(app, reason):
    """Each reason says something about reading, and an unknown one says nothing."""
    with app.test_request_context():
        words = reading_words(reason)

    assert bool(words) == (reason != "of another version")


# What both see


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        (Keep.HIGHEST, "Attempt 1 counts, because the highest score counts. Of equal attempts"),
        (Keep.LATEST, "Attempt 2 counts, because the latest attempt counts."),
        (Keep.FIRST, "Attempt 1 counts, because the first attempt counts."),
        (Keep.AVERAGE, "All 2 attempts count: the score is their average."),
    ],
)
def test_why_an_attempt_counts(course, keep, words):
    """The page says which attempt counts and by which rule, to both."""
    activity = course.stage.activity(module_id="taster", keep=keep)
    course.hand_in_quiz("ada", activity)
    course.hand_in_quiz("ada", activity)

    for page in (own_page(course, activity), staff_page(course, activity)):
        assert 'data-page="grade"' in page.text
        assert words in text_of(page)


def test_before_any_work_the_page_says_so(course, graded):
    """Somebody who has handed nothing in reads that there is no score, and why."""
    for page in (own_page(course, graded, "ben"), staff_page(course, graded, "ben")):
        text = text_of(page)
        assert page.status_code == 200
        assert "There is no score yet" in text
        assert "No attempt has been handed in." in text
        assert "It has not been handed in." in text
        assert "Nothing has been sent to the gradebook." in text
        assert "Nothing has happened yet." in text


def test_the_parts_the_sum_and_the_rules_are_told(course, graded):
    """Parts, levels, the sum, the rules and what happened stand on the page."""
    text = text_of(own_page(course, graded))

    assert "23 ÷ 25 × 10 (quiz) + 90% × 10 (reflection) = 18.2" in text
    assert "23 of 25 question points" in text
    assert "Alliance concepts: Reflects, 90%, counts 2 times" in text
    assert "Graded with the rubric Mar 1, 2027, 13:00 UTC" in text
    assert "The quiz is worth 10 points and the reflection 10" in text
    assert "there is no closing time" in text
    assert text.index("Attempt 1 was handed in") < text.index("The reflection was graded")


@pytest.mark.parametrize(
    ("missing", "closed", "words"),
    [
        (MissingParts.ZERO, False, "what is missing then will count zero"),
        (MissingParts.ZERO, True, "what was missing then counts zero"),
        (MissingParts.HOLD, False, "The activity closes on"),
        (MissingParts.HOLD, True, "without every part there is no score"),
    ],
)
def test_what_the_close_does_is_told(course, missing, closed, words):
    """The rule for missing parts is told before the close and after it."""
    closes = course.now() + timedelta(hours=1)
    activity = course.stage.activity(**RUBRIC_PARTS, closes_at=closes, missing_parts=missing)
    course.hand_in_quiz("ada", activity)
    if closed:
        course.now.move(hours=2)

    assert words in text_of(own_page(course, activity))


def test_an_open_attempt_is_told_apart(course, activity):
    """An attempt that is not handed in is listed and does not count."""
    course.open_quiz("ada", activity)

    assert "Attempt 1 not handed in yet" in text_of(own_page(course, activity))


def test_completion_is_told(course):
    """A reflection that earns its points by being handed in says so."""
    activity = course.stage.activity(**COMPLETION_PARTS)
    course.hand_in_reflection("ada", activity, "ta-r1", "Words.")

    text = text_of(own_page(course, activity))

    assert "It earned all its points by being handed in." in text
    assert "100% × 10 = 10" in text


def test_sent_and_seen_stand_beside_each_other(course, activity):
    """The page shows what was sent, what was read and when, and that they may come to differ."""
    course.hand_in_quiz("ada", activity)
    before = text_of(own_page(course, activity))
    differing(course, "", state=DeliveryState.DELIVERED, seen_score=Decimal(10))
    activity.resource_link.line_item.scopes = sorted(GradeScope)
    course.session.commit()
    after = text_of(own_page(course, activity))
    set_delivery(course, delivered_at=course.now.move(hours=1))

    assert "Sent last no score yet Seen in the gradebook not read yet" in before
    assert "10 / 10 , taken by your LMS Mar 1, 2027, 12:00 UTC" in after
    assert "10 / 10 , read Mar 1, 2027, 12:05 UTC" in after
    assert "take something off for lateness" in after
    assert "a few minutes after a score" in after
    assert "before the last score was taken" not in after
    assert "before the last score was taken" in text_of(own_page(course, activity))


@pytest.mark.parametrize(
    ("reason", "changes", "own", "staff"),
    [
        (
            "changed_in_lms",
            {},
            "The gradebook shows 8.5 / 10 , which was set in the LMS. That grade stands.",
            "The gradebook shows 8.5 / 10 ; sent was 10 / 10 . Somebody changed this score",
        ),
        (
            "changed_in_lms",
            {"told_score": Decimal(7)},
            "The newer score here, 10 / 10 , waits; your instructor can have it sent",
            "The newer score here, 10 / 10 , waits while that grade stands.",
        ),
        (
            "lowered_in_lms",
            {},
            "Either your LMS took something off for lateness, or somebody changed it there",
            "your LMS took something off for lateness, or somebody changed the score there",
        ),
        (
            "maximum_changed",
            {"seen_score": Decimal(10), "seen_maximum": Decimal(20)},
            "The gradebook shows 10 / 20 : the points of its column were changed in the LMS.",
            "The points of the gradebook column were changed",
        ),
        (
            "kept_by_lms",
            {"told_score": None, "told_maximum": None},
            "The gradebook shows 8.5 / 10 , which was set in the LMS.",
            "Your LMS took the score and still shows a grade that somebody set there.",
        ),
        (
            "changed_in_lms",
            {"seen_score": None, "seen_maximum": None},
            "The gradebook shows no score any more: it was taken out there.",
            "The gradebook shows no score any more.",
        ),
        (
            "a reason of another version",
            {},
            "The gradebook shows 8.5 / 10 , which was set in the LMS.",
            "The gradebook shows 8.5 / 10 ; sent was 10 / 10 .",
        ),
    ],
)
def test_a_difference_is_told_to_both(course, activity, reason, changes, own, staff):
    """What the gradebook shows otherwise, and why, is told; where two causes fit, both are said."""
    course.hand_in_quiz("ada", activity)
    differing(course, reason, **changes)

    assert own in text_of(own_page(course, activity))
    assert staff in text_of(staff_page(course, activity))
    assert staff in text_of(course.visit("instructor", activity).get())


# What only those who teach see


def test_a_student_reads_nothing_that_is_for_the_staff(course, graded):
    """No name of staff, no history of tries, no status, no refusal and no button."""
    set_delivery(course, state=DeliveryState.BLOCKED, reason=Reason.SCOPE_REFUSED)
    remember(course, state=DeliveryState.BLOCKED, reason=Reason.SCOPE_REFUSED, status=403)

    page, staff = own_page(course, graded), staff_page(course, graded)

    for word in ("Kim Lee", "HTTP 403", "no longer lets this tool", "What was tried", "Ben"):
        assert word not in page.text
    assert forms_of(page) == []
    assert "by somebody who teaches the course" in text_of(page)
    assert "by Kim Lee" in text_of(staff)
    assert "HTTP 403" in text_of(staff)
    assert "Your LMS no longer lets this tool send scores." in text_of(staff)
    for both in (page, staff):
        assert "praise" not in both.text
        assert "honest" not in both.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Sent 10 / 10 It arrived. HTTP 200"),
        ({"progress": "PendingManual", "score": None}, "Told that this waits to be graded"),
        ({"kind": "look", "score": Decimal("8.5")}, "Read the gradebook: 8.5 / 10"),
        ({"kind": "look", "score": None, "maximum": None}, "Read the gradebook: no score"),
        (
            {
                "kind": "look",
                "score": None,
                "status": 503,
                "state": "due",
                "reason": "platform_down",
            },
            "Tried to read the gradebook Your LMS is having trouble.",
        ),
        ({"kind": "find", "score": None, "state": "due"}, "Looked for the column Went on to the"),
        (
            {"kind": "check", "state": "overridden", "reason": "changed_in_lms", "status": None},
            "Compared the column: 10 / 10 The gradebook's value stands.",
        ),
        ({"state": "dead", "reason": "score_malformed", "status": 400}, "Given up. Your LMS could"),
        ({"state": "unclear", "reason": ""}, "Not confirmed."),
        ({"kind": "new kind", "state": "new", "reason": "new reason"}, "HTTP 200"),
        ({"maximum": None, "kind": "look"}, "Read the gradebook: 10 It agrees."),
    ],
)
def test_every_try_has_words(course, activity, changes, words):
    """The history says what was done and what came of it; unknown codes do no harm."""
    course.hand_in_quiz("ada", activity)
    remember(course, **changes)

    page = staff_page(course, activity)

    assert page.status_code == 200
    assert words in text_of(page)


def test_a_failure_that_repeats_itself_is_counted(course, activity):
    """The same failure again is one row that says how often and when last."""
    course.hand_in_quiz("ada", activity)
    last = course.now() + timedelta(minutes=3)
    remember(course, state="due", reason="platform_down", status=503, count=3, last_at=last)

    text = text_of(staff_page(course, activity))

    assert "3 times, the last Mar 1, 2027, 12:03 UTC" in text


def test_sending_again_leads_back_to_the_grade(course, activity):
    """The button on the page of a grade sends it, says so there, and is on record."""
    course.hand_in_quiz("ada", activity)
    differing(course, Reason.CHANGED_IN_LMS)
    teacher = course.visit("instructor", activity)
    ada = course.stage.people["ada"]

    (form,) = forms_of(teacher.get(f"students/{ada.id}/grade"))
    after = teacher.follow(teacher.post(form["action"], dict(form["fields"])))

    session = course.fresh()
    assert 'data-page="grade"' in after.text
    assert "The score is being sent again." in text_of(after)
    assert "The score was sent to the gradebook again, by Kim Lee." in text_of(after)
    assert session.scalars(select(ScoreDelivery.is_forced)).one()
    (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "score.sent_again"))
    assert event.actor_id == course.stage.people["instructor"].user_id


# Who may see it


def test_a_person_of_another_course_is_not_found(course, activity):
    """Neither a person of another course, nor nobody, nor nonsense has a grade here."""
    elsewhere = stages.build(course.session, course.catalogue, name="Southfield")
    stranger = elsewhere.join("stranger")
    teacher = course.visit("instructor", activity)

    for strange in (stranger.id, activity.id, "nonsense"):
        assert teacher.get(f"students/{strange}/grade").status_code == 404


@pytest.mark.parametrize(
    ("role", "own", "others"),
    [
        (Role.LEARNER, 200, 403),
        (Role.TEACHING_ASSISTANT, 403, 200),
        (Role.CONTENT_DEVELOPER, 403, 403),
        (Role.OBSERVER, 403, 403),
        (Role.ADMINISTRATOR, 403, 403),
    ],
)
def test_whose_page_it_is(course, activity, role, own, others):
    """A student sees their own, those who teach see everybody's, nobody else sees any."""
    course.hand_in_quiz("ada", activity)
    visitor = course.visit("ben", activity, role=role)

    assert visitor.get("grade").status_code == own
    address = f"students/{course.stage.people['ada'].id}/grade"
    assert visitor.get(address).status_code == others


def test_the_page_is_found_from_where_a_grade_is_shown(course, graded):
    """The student's pages and every row of the overview lead to it."""
    student, teacher = course.visit("ada", graded), course.visit("instructor", graded)
    attempt = student.get().text.partition("/attempts/")[2][:36]

    for path in ("", f"attempts/{attempt}", "reflections/tc-r1"):
        assert f'href="{student.home}grade"' in student.get(path).text
    for name in ("ada", "ben"):
        address = f"{teacher.home}students/{course.stage.people[name].id}/grade"
        assert address in teacher.get().text
    assert "students/" in teacher.get(f"attempts/{attempt}").text


def test_a_preview_is_told_that_nothing_is_sent(course, activity):
    """A student preview has a story without a gradebook."""
    course.join("test", is_test_user=True)
    course.hand_in_quiz("test", activity)

    for page in (own_page(course, activity, "test"), staff_page(course, activity, "test")):
        assert "This is a preview: nothing of it goes to the gradebook." in text_of(page)
        assert "Sent last" not in text_of(page)


def test_the_live_block_is_served_alone(course, activity):
    """The student's page keeps the state of the delivery up to date by itself."""
    course.hand_in_quiz("ada", activity)

    answer = course.visit("ada", activity).get("grade", headers={"X-Fragment": "delivery"})

    assert text_of(answer) == "Saved here and on its way to the gradebook."
