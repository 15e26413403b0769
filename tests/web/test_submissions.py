"""Reviewing a submission from the gradebook, as Moodle and as Canvas ask for it."""

from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.activities import Part
from lti_alliance.domain.launch import Role
from lti_alliance.models import AuditEvent, LaunchSession, ResourceLink
from lti_alliance.services import activities
from tests.platforms import INSTRUCTOR, LEARNER, MEMBERSHIP, World
from tests.services.work import make_private
from tests.web.course import COMPLETION_PARTS, RUBRIC_PARTS, Course, open_course
from tests.web.visits import Visitor, text_of

MENTOR = f"{MEMBERSHIP}Mentor"
SERVICE = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
COLUMN = {
    SERVICE: {
        "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
        "lineitem": "https://lms.test/lineitems/1",
    }
}
SECRET = "I noticed how quickly I wanted to reassure her."


@pytest.fixture
def course(app, session, now) -> Course:
    """A course with Ada, Ben and their instructor."""
    return open_course(app, session, now)


def review(course: Course, viewer: str, activity: Any, person: str, **changes: Any) -> Visitor:
    """Open the review of somebody's work as Moodle does."""
    sub = f"sub-{person}"
    return course.visit(viewer, activity, **{"for_user": sub, **changes})


def from_canvas(course: Course, viewer: str, activity: Any, attempt_id: str) -> Visitor:
    """Open the review address that came with a score, as Canvas does: the link is the course."""
    return course.visit(viewer, activity, link=None, target_attempt=attempt_id)


def at_reflection(course: Course, viewer: str, activity: Any, reflection_id: str) -> Visitor:
    """Open the address of a reflection that came with a score, as Canvas does."""
    return course.visit(viewer, activity, link=None, target_reflection=reflection_id)


def shown(visitor: Visitor) -> Any:
    """Open the page that the launch leads to."""
    return visitor.follow(visitor.get())


@pytest.mark.parametrize("manner", ["moodle", "canvas"])
def test_grader_sees_the_whole_submission(course: Course, manner: str) -> None:
    """The grader gets the score, every attempt, the one that counts in full, the text on record."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    attempt_id = course.hand_in_quiz("ada", activity)
    reflection_id = course.hand_in_reflection("ada", activity, "tc-r1", SECRET)
    if manner == "moodle":
        visitor = review(course, "instructor", activity, "ada")
    else:
        visitor = from_canvas(course, "instructor", activity, attempt_id)
    page = shown(visitor)

    assert page.status_code == 200
    assert 'data-page="submission"' in page.text
    assert "Submission of Ada" in text_of(page)
    assert "Attempt 1, question by question" in text_of(page)
    assert SECRET in text_of(page)
    assert f"/grading/{reflection_id}" in page.text
    reads = course.fresh().scalars(
        select(AuditEvent.object_id).where(AuditEvent.action == "reflection.read")
    )
    assert [str(each) for each in reads] == [reflection_id]


@pytest.mark.parametrize("manner", ["moodle", "canvas"])
def test_students_see_their_own_work_only(course: Course, manner: str) -> None:
    """A student gets their own submission, nothing goes on record, and another is refused."""
    activity = course.stage.activity(**RUBRIC_PARTS)
    attempt_id = course.hand_in_quiz("ada", activity)
    course.hand_in_reflection("ada", activity, "tc-r1", SECRET)
    answers = []
    for viewer in ("ada", "ben"):
        if manner == "moodle":
            answers.append(shown(review(course, viewer, activity, "ada")))
        else:
            answers.append(shown(from_canvas(course, viewer, activity, attempt_id)))
    own, others = answers

    assert own.status_code == 200
    assert "Your submission" in text_of(own)
    assert "/reflections/tc-r1" in own.text
    assert others.status_code == 403
    assert 'data-error-code="review.not_allowed"' in others.text
    assert SECRET not in others.text
    recorded = select(AuditEvent).where(AuditEvent.action == "reflection.read")
    assert course.fresh().scalars(recorded).all() == []


@pytest.mark.parametrize("role", [Role.CONTENT_DEVELOPER, Role.ADMINISTRATOR])
def test_others_are_refused(course: Course, role: Role) -> None:
    """Who neither teaches nor wrote it gets a plain refusal, whatever else they may do."""
    activity = course.stage.activity(parts=frozenset({Part.QUIZ}))
    course.hand_in_quiz("ada", activity)
    course.join("dee", role=role)
    page = shown(review(course, "dee", activity, "ada"))

    assert page.status_code == 403
    assert 'data-error-code="review.not_allowed"' in page.text


def test_a_reflection_alone_has_an_address(course: Course) -> None:
    """Where there is no attempt, the reflection's address opens the same page, for the same few."""
    activity = course.stage.activity(**COMPLETION_PARTS)
    reflection_id = course.hand_in_reflection("ada", activity, "ta-r1", SECRET)
    course.join("dee", role=Role.ADMINISTRATOR)
    graders, own, others, admins = (
        shown(at_reflection(course, viewer, activity, reflection_id))
        for viewer in ("instructor", "ada", "ben", "dee")
    )

    assert "Submission of Ada" in text_of(graders)
    assert SECRET in text_of(graders)
    assert "Your submission" in text_of(own)
    assert "/reflections/ta-r1" in own.text
    assert [page.status_code for page in (others, admins)] == [403, 403]
    assert all('data-error-code="review.not_allowed"' in each.text for each in (others, admins))
    assert SECRET not in others.text + admins.text
    reads = course.fresh().scalars(
        select(AuditEvent.object_id).where(AuditEvent.action == "reflection.read")
    )
    assert [str(each) for each in reads] == [reflection_id]


@pytest.mark.parametrize(
    ("section", "excluded", "status"), [("A", False, 200), ("B", False, 404), ("A", True, 403)]
)
def test_an_assistant_opens_a_reflections_address(
    course: Course, section: str, excluded: bool, status: int
) -> None:
    """An assistant sees the work of their own section, while the course lets assistants at all."""
    activity = course.stage.activity(**COMPLETION_PARTS)
    reflection_id = course.hand_in_reflection("ada", activity, "ta-r1", SECRET)
    course.join("tia", role=Role.TEACHING_ASSISTANT)
    course.stage.people["ada"].sections = ["A"]
    course.stage.people["tia"].sections = [section]
    course.stage.context.is_limited_to_sections = True
    course.stage.context.assistants_excluded = excluded
    course.session.commit()
    page = shown(at_reflection(course, "tia", activity, reflection_id))

    assert page.status_code == status
    assert (SECRET in page.text) == (status == 200)


def test_no_reflection_of_another_course(course: Course) -> None:
    """A reflection's address opens nothing in a course that it was not written in."""
    activity = course.stage.activity(**COMPLETION_PARTS)
    unknown = ("6f1fd8a2-30c8-4f2f-bd1d-1d2a8c1f0a11", "not-an-id")
    answers = [shown(at_reflection(course, "instructor", activity, each)) for each in unknown]

    assert [each.status_code for each in answers] == [404, 404]


def test_nothing_there_yet(course: Course) -> None:
    """A person without work, and one who has never come, have a page that says so."""
    activity = course.stage.activity(parts=frozenset({Part.QUIZ}))
    pages = [shown(review(course, "instructor", activity, who)) for who in ("ben", "nobody")]

    assert [page.status_code for page in pages] == [200, 200]
    assert all("Nothing has been handed in yet." in text_of(page) for page in pages)


def test_the_attempt_that_was_asked_for(course: Course) -> None:
    """The address of an older version opens that attempt, and says which one counts."""
    activity = course.stage.activity(parts=frozenset({Part.QUIZ}), attempts=3)
    first = course.hand_in_quiz("ada", activity)
    course.now.move(minutes=5)
    second = course.hand_in_quiz("ada", activity)
    page = shown(from_canvas(course, "instructor", activity, second))
    plain = shown(review(course, "instructor", activity, "ada"))

    assert "Attempt 2, question by question" in text_of(page)
    assert f"/attempts/{first}" in page.text
    # Of equals, the earlier counts.
    assert "Attempt 1, question by question" in text_of(plain)


def test_private_texts_stay_private(course: Course) -> None:
    """A text that nobody but its writer reads is named to the grader and not shown."""
    activity = course.stage.activity(**COMPLETION_PARTS)
    make_private(course.stage, activity)
    course.hand_in_reflection("ada", activity, "ta-r1", SECRET)
    page = shown(review(course, "instructor", activity, "ada"))

    assert SECRET not in page.text
    assert "nobody but its writer" in text_of(page)


def test_no_attempt_of_another_course(course: Course) -> None:
    """An attempt's address opens nothing in a course that it was not made in."""
    activity = course.stage.activity(parts=frozenset({Part.QUIZ}))
    visitor = from_canvas(course, "instructor", activity, "6f1fd8a2-30c8-4f2f-bd1d-1d2a8c1f0a11")

    assert shown(visitor).status_code == 404


def reviewing(world: World, **changes: Any) -> Any:
    """Launch as a platform that reviews student-1's work."""
    return world.browser().launch(
        **{
            "message_type": "LtiSubmissionReviewRequest",
            "roles": [INSTRUCTOR],
            "sub": "teacher-1",
            "for_user": {"user_id": "student-1"},
            **COLUMN,
            **changes,
        }
    )


def test_the_column_names_the_activity(world: World) -> None:
    """A review leads to the link of its column, and makes no link of its own."""
    world.browser().launch(**COLUMN)
    answer = reviewing(world, resource_link={"id": "another"})

    assert answer.status_code == 303
    world.session.rollback()
    link = world.session.scalars(select(ResourceLink)).one()
    newest = select(LaunchSession).where(LaunchSession.for_user == "student-1")
    assert world.session.scalars(newest).one().resource_link_id == link.id
    assert activities.find_activity(world.session, link) is None


def test_refused_at_the_door(world: World) -> None:
    """Another student, and an observer of somebody else, get no session."""
    world.browser().launch(**COLUMN)
    scope = "role_scope_mentor"
    refused = [
        reviewing(world, roles=[LEARNER], sub="student-2"),
        reviewing(world, roles=[MENTOR], sub="parent-1"),
        reviewing(world, roles=[MENTOR], sub="parent-1", **{scope: ["student-9"]}),
        # Only observers have a scope: a student with one is a student.
        reviewing(world, roles=[LEARNER], sub="student-2", **{scope: ["student-1"]}),
    ]
    let_in = [
        reviewing(world, roles=[LEARNER], sub="student-1"),
        reviewing(world, roles=[MENTOR], sub="parent-1", **{scope: ["student-1"]}),
    ]

    assert [answer.status_code for answer in refused] == [403] * 4
    assert all('data-error-code="review.not_allowed"' in answer.text for answer in refused)
    assert [answer.status_code for answer in let_in] == [303] * 2
