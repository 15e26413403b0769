"""The gradebook on the overview: compared or not, what differs, and what can be done about it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import Role
from lti_alliance.models import (
    AuditEvent,
    GradebookCheck,
    PlatformCircuit,
    RegistrationState,
    ScoreDelivery,
)
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.visits import forms_of, text_of

COMPARE, SEND_ALL = "comparison", "deliveries/resend-all"


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    """An activity whose column can be read."""
    activity = course.stage.activity(module_id="taster", quiz_points=Decimal(10))
    activity.resource_link.line_item.scopes = sorted(GradeScope)
    course.session.commit()
    return activity


def deliver(course, activity, name: str, **changes: Any) -> ScoreDelivery:
    """Let somebody's score have been delivered, and the row then be changed."""
    course.hand_in_quiz(name, activity)
    delivery = course.session.scalars(
        select(ScoreDelivery).where(ScoreDelivery.membership_id == course.stage.people[name].id)
    ).one()
    arrived = {
        "state": DeliveryState.DELIVERED,
        "told_score": Decimal(10),
        "told_maximum": Decimal(10),
        "delivered_at": course.now(),
    }
    for field, value in (arrived | changes).items():
        setattr(delivery, field, value)
    course.session.commit()
    return delivery


def differing(course, activity, name: str, **changes: Any) -> ScoreDelivery:
    shown = {
        "state": DeliveryState.OVERRIDDEN,
        "reason": Reason.CHANGED_IN_LMS,
        "seen_score": Decimal("8.5"),
        "seen_maximum": Decimal(10),
        "seen_at": course.now(),
    }
    return deliver(course, activity, name, **shown | changes)


def checked(course, activity, **changes: Any) -> None:
    """Let the column have been compared, or tried to be."""
    facts = {
        "next_at": course.now() + timedelta(days=1),
        "checked_at": course.now(),
        "findings": {"agree": 2, "differ": 1, "mended": 1, "unknown": 1, "only_there": []},
    }
    course.session.add(
        GradebookCheck(
            activity_id=activity.id,
            registration_id=course.stage.registration.id,
            **facts | changes,
        )
    )
    course.session.commit()


def overview(course, activity, **changes: Any):
    return course.visit("instructor", activity, **changes).get()


def actions(page) -> set[str]:
    return {form["action"].partition("/launches/")[2].partition("/")[2] for form in forms_of(page)}


# Comparing


def test_a_comparison_is_asked_for_and_said_to_be_under_way(course, activity):
    """The button asks for a comparison; the page says since when it is under way."""
    teacher = course.visit("instructor", activity)
    before = teacher.get()

    after = teacher.follow(teacher.post(COMPARE))

    check = course.fresh().scalars(select(GradebookCheck)).one()
    assert COMPARE in actions(before)
    assert "The column has not been compared yet." in text_of(before)
    assert "The column is compared with the gradebook now" in text_of(after)
    assert "The column is being compared; asked for Mar 1, 2027, 12:00 UTC ." in text_of(after)
    assert check.asked_at == check.next_at == course.now()


def test_the_state_of_a_comparison_is_served_alone_until_it_is_made(course, activity):
    """A script asks for the sentence alone, and stops asking when the comparison is made."""
    checked(course, activity, asked_at=course.now(), checked_at=None, findings={})
    teacher = course.visit("instructor", activity)

    under_way = teacher.get(headers={"X-Fragment": "comparison"})
    check = course.session.scalars(select(GradebookCheck)).one()
    check.asked_at, check.checked_at = None, course.now()
    course.session.commit()
    made = teacher.get(headers={"X-Fragment": "comparison"})

    assert "<html" not in under_way.text
    assert "data-settled" not in under_way.text
    assert "data-settled" in made.text
    assert "Last compared" in text_of(made)


def test_what_a_comparison_found_is_counted(course, activity):
    """Scores that agree, differ, were lost, or are of strangers are counted in words."""
    checked(course, activity)

    text = text_of(overview(course, activity))

    assert "Last compared Mar 1, 2027, 12:00 UTC : 2 scores agree 1 differs" in text
    assert "1 was lost there and is sent again" in text
    assert "1 score is of a person who has never opened this tool" in text
    assert "have a score there and none here" not in text


def test_people_with_a_score_in_the_gradebook_alone_are_named(course, activity):
    """Who has a score there and none here is listed, until a score comes here."""
    people = course.stage.people
    found = [
        [str(people[name].id), "8.5", maximum] for name, maximum in (("ada", "10"), ("ben", ""))
    ]
    gone = ["00000000-0000-0000-0000-000000000001", "3", "10"]
    checked(course, activity, findings={"agree": 0, "only_there": [*found, gone]})

    before = text_of(overview(course, activity))
    course.hand_in_quiz("ada", activity)
    after = text_of(overview(course, activity))

    assert "2 people have a score in the gradebook and none here" in before
    assert "Ada: 8.5 / 10 Ben: 8.5" in before
    assert "1 person has a score in the gradebook and none here" in after
    assert "Ada: 8.5" not in after


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.UNREACHABLE, "Your LMS cannot be reached."),
        (Reason.SCOPE_MISSING, "Your LMS lets this tool send scores, but not read the gradebook."),
        ("of another version", "The last comparison failed. Next try"),
    ],
)
def test_a_comparison_that_failed_says_why_and_when_next(course, activity, reason, words):
    """A failure is told with its reason and the next try; an unknown reason does no harm."""
    checked(course, activity, reason=reason, checked_at=None, findings={})

    text = text_of(overview(course, activity))

    assert "The last comparison failed." in text
    assert words in text
    assert "Next try Mar 2, 2027, 12:00 UTC ." in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": ""}, "This activity's column is not known yet"),
        ({"url": "", "container_url": ""}, "This link has no column in the gradebook."),
        ({"scopes": [GradeScope.SCORE]}, "lets this tool send scores, but not read the gradebook."),
        ({"held_host": "other.example"}, "named a new address for its gradebook"),
    ],
)
def test_a_column_that_cannot_be_read_says_why_and_is_not_asked_for(
    course, activity, changes, words
):
    """Where the column is unknown or unreadable there is a reason in place of the button."""
    for field, value in changes.items():
        setattr(activity.resource_link.line_item, field, value)
    course.session.commit()
    teacher = course.visit("instructor", activity)

    page, answer = teacher.get(), teacher.follow(teacher.post(COMPARE))

    assert COMPARE not in actions(page)
    assert "The column cannot be compared." in text_of(page)
    assert words in text_of(page)
    assert "The column cannot be compared; the reason is below." in text_of(answer)
    assert course.fresh().scalars(select(GradebookCheck)).all() == []


# Differences


def test_each_difference_has_its_row(course, activity):
    """Every difference is a row with both numbers, the reason and a button; agreement has none."""
    differing(course, activity, "ada")
    deliver(course, activity, "ben")

    page = overview(course, activity)

    text = text_of(page)
    table = text.partition("Where the gradebook differs")[2].partition("Send all scores again")[0]
    assert "Ada 10 / 10 8.5 / 10 Somebody changed this score in the gradebook" in table
    assert "Send again : Ada" in table
    assert "Ben" not in table
    assert "<summary>Show" not in page.text


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"seen_score": None, "seen_maximum": None}, "Ada 10 / 10 no score"),
        ({"seen_at": None}, "Ada 10 / 10 not known"),
        ({"reason": "of another version"}, "Ada 10 / 10 8.5 / 10 Send again"),
        (
            {"reason": Reason.LOWERED_IN_LMS},
            "Ada 10 / 10 8.5 / 10 The gradebook shows less than was sent: your LMS took something",
        ),
        (
            {"reason": Reason.MAXIMUM_CHANGED, "seen_score": 10, "seen_maximum": 20},
            "Ada 10 / 10 10 / 20 The points of the gradebook column were changed",
        ),
    ],
)
def test_a_row_says_what_the_gradebook_shows(course, activity, changes, shown):
    """The value that was read stands there, or that there is none, or that it is not known."""
    changes = {k: Decimal(v) if isinstance(v, int) else v for k, v in changes.items()}
    differing(course, activity, "ada", **changes)

    assert shown in text_of(overview(course, activity))


def test_many_differences_are_folded(course, activity):
    """More than ten differences stand behind one line that counts them."""
    for number in range(11):
        course.join(f"student {number}")
        differing(course, activity, f"student {number}")

    page = overview(course, activity)

    assert "Show 11 differences" in text_of(page)


# Sending


@pytest.mark.parametrize("replaces", [False, True])
def test_all_scores_are_sent_again(course, activity, replaces):
    """One button sends all again; what was changed in the LMS only where the box is ticked."""
    deliver(course, activity, "ada")
    differing(course, activity, "ben")
    teacher = course.visit("instructor", activity)
    form = next(f for f in forms_of(teacher.get()) if f["action"].endswith(SEND_ALL))
    fields = dict(form["fields"]) | ({"replaces_changed": "1"} if replaces else {})

    after = teacher.follow(teacher.post(SEND_ALL, fields))

    session = course.fresh()
    states = sorted(session.scalars(select(ScoreDelivery.state)))
    (event,) = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "score.all_sent_again")
    )
    assert "replaces_changed" not in dict(form["fields"])
    assert states == (["due", "due"] if replaces else ["due", "overridden"])
    assert event.actor_id == course.stage.people["instructor"].user_id
    words = "2 scores are being sent again." if replaces else "1 score is being sent again."
    assert words in text_of(after)


def test_nothing_to_send_is_said(course, activity):
    """Without a score there is no button, and a form from an older page is answered kindly."""
    teacher = course.visit("instructor", activity)

    after = teacher.follow(teacher.post(SEND_ALL))

    assert SEND_ALL not in actions(teacher.get())
    assert "There was nothing to send again" in text_of(after)


@pytest.mark.parametrize("path", [COMPARE, SEND_ALL])
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.TEACHING_ASSISTANT, 303),
        (Role.CONTENT_DEVELOPER, 403),
        (Role.LEARNER, 403),
        (Role.OBSERVER, 403),
    ],
)
def test_only_who_teaches_acts_on_the_gradebook(course, activity, path, role, status):
    """Teaching assistants may as well; nobody else may, and no form does without its token."""
    visitor = course.visit("instructor", activity, role=role)

    assert visitor.post(path).status_code == status
    if status == 303:
        assert visitor.post(path, {"csrf_token": "of another"}).status_code == 403


# States


def test_a_platform_that_is_left_alone_is_said_to_both(course, activity):
    """While the circuit is open both read since when, and when the next try is."""
    course.hand_in_quiz("ada", activity)
    noon = course.now()
    course.session.add(
        PlatformCircuit(
            registration_id=course.stage.registration.id,
            endpoint="service",
            failures=5,
            openings=1,
            open_since=noon - timedelta(minutes=78),
            open_until=noon + timedelta(minutes=10),
            allowance=1,
            reason="connect_failed",
            failures_total=5,
            refusals_total=0,
        )
    )
    course.session.commit()
    circuit = course.session.scalars(select(PlatformCircuit)).one()

    def told() -> tuple[str, str]:
        course.session.commit()
        return text_of(overview(course, activity)), text_of(course.visit("ada", activity).get())

    words = "Your LMS has not been answering since 10:42 UTC ; next try 12:10 UTC ."
    assert all(words in text for text in told())
    circuit.reason = "rate_limited"
    assert all("asked this tool to wait; next try 12:10 UTC" in text for text in told())
    circuit.reason, circuit.open_since = "token_refused", noon - timedelta(days=2)
    words = "has not been taking scores since Feb 27, 2027, 12:00 UTC ; next try Mar 1, 2027, 12:10"
    assert all(words in text for text in told())


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DeliveryState.DUE, "Your LMS is to be told that this waits to be graded."),
        (DeliveryState.DELIVERED, "Your LMS knows that this waits to be graded."),
    ],
)
def test_work_that_waits_for_a_grade_is_said_to_be_known(course, state, words):
    """A delivery that tells only of waiting work says so, and can be sent again."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ada", activity, "tc-r1", "Words.")
    delivery = course.session.scalars(select(ScoreDelivery)).one()
    delivery.state = state
    course.session.commit()

    page, own = overview(course, activity), course.visit("ada", activity).get()

    assert words in text_of(page)
    assert f"deliveries/{delivery.id}/resend" in actions(page)
    assert ("Saved here. Your LMS knows that this waits" in text_of(own)) == (
        state == DeliveryState.DELIVERED
    )
    assert ("data-settled" in own.text) == (state == DeliveryState.DELIVERED)


def test_what_the_gradebook_keeps_is_said(course):
    """Where a score was sent before a part was added, both read that it stays meanwhile."""
    activity = course.stage.activity(module_id="taster", quiz_points=Decimal(10))
    deliver(course, activity, "ada", desired_score=None, reason=Reason.NOTHING_TO_SEND)
    both = [Part.QUIZ, Part.REFLECTION]
    activity.settings = activity.settings | {"parts": both, "prompt_ids": ["ta-r1"]}
    activity_grade = course.session.scalars(select(ScoreDelivery)).one().grade
    activity_grade.score = None
    course.session.commit()

    for page in (overview(course, activity), course.visit("ada", activity).get()):
        assert "The gradebook keeps what was sent before, 10 / 10 ." in text_of(page)


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("unclear", "confirming", "Your LMS took the score; we are checking"),
        ("due", "finding_line_item", "Saved here and on its way to the gradebook."),
        ("due", "clock_ahead", "on its way to the gradebook; it is tried again by itself"),
        ("due", "of another version", "it is tried again by itself"),
    ],
)
def test_the_way_is_told_to_a_student(course, activity, state, reason, words):
    """What a student reads fits what is happening, and an unknown reason does no harm."""
    deliver(course, activity, "ada", state=state, reason=reason)

    assert words in text_of(course.visit("ada", activity).get())
    assert overview(course, activity).status_code == 200


def test_a_paused_connection_is_told_to_a_student(course, activity):
    """A held host or a switched-off registration is a pause, not an LMS that does not answer."""
    deliver(course, activity, "ada", state=DeliveryState.DUE)
    activity.resource_link.line_item.held_host = "other.example"
    course.session.commit()
    visitor = course.visit("ada", activity)

    assert "The connection to your LMS is paused" in text_of(visitor.get())
    course.stage.registration.state = RegistrationState.DISABLED
    course.session.commit()
    assert visitor.get().status_code == 403
