"""The story of a grade: the sum behind it, what the gradebook shows, and what happened when."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest

from lti_alliance.domain.activities import MissingParts, Part
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradingProgress
from lti_alliance.domain.modules import Grading, Keep
from lti_alliance.domain.scoring import PartState
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, Membership, PlatformCircuit, Profile
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    activities,
    assessing,
    closing,
    grading,
    score_resending,
    score_tries,
    wordings,
)
from lti_alliance.services.grade_story import (
    Actor,
    ActorKind,
    GradeStory,
    tell_story,
)
from lti_alliance.services.student_sheets import get_student
from tests.services.test_reports import counted
from tests.services.work import delivery_of, grade_of, take_quiz, write
from tests.stage import NOON, Stage, build

BOTH = frozenset({Part.QUIZ, Part.REFLECTION})
BY_RUBRIC = {"parts": BOTH, "prompt_ids": ("fo-r1",), "reflection_grading": Grading.RUBRIC}
BY_COMPLETION = {"parts": BOTH, "prompt_ids": ("fo-r2",)}
LATER = NOON + timedelta(hours=2)


@pytest.fixture
def student(stage: Stage) -> Membership:
    return stage.join("student")


def score_attempts(
    stage: Stage, activity: Activity, student: Membership, *scores: int, maximum: int = 9
) -> None:
    """Let a student have handed in attempts with these scores, each of the same maximum."""
    for score in scores:
        attempt = take_quiz(stage, activity, student)
        attempt.score, attempt.maximum = Decimal(score), Decimal(maximum)
    stage.session.flush()
    grading.refresh_grade(stage.session, activity, student, at=NOON)


def tell(stage: Stage, activity: Activity, student: Membership, **changes: Any) -> GradeStory:
    asked = {"activity": activity, "membership": student, "for_staff": True, "at": LATER}
    return tell_story(stage.session, stage.catalogue, **asked | changes)


def grade_reflection(stage: Stage, sealer: Sealer, activity: Activity, student: Membership) -> None:
    """Grade the student's one reflection: the second level everywhere, one criterion blank."""
    reflection = write(stage, sealer, activity, student)
    prompt = assessing.prompt_of(stage.session, stage.catalogue, reflection)
    assert prompt.rubric is not None
    chosen: dict[str, int | None] = {criterion.id: 2 for criterion in prompt.rubric.criteria}
    chosen["next-step"] = None
    assessing.assess_reflection(
        stage.session,
        stage.catalogue,
        sealer,
        reflection=reflection,
        selections=chosen,
        comment="Well seen.",
        base_version=0,
        assessor=stage.people["instructor"],
        at=NOON + timedelta(hours=1, minutes=30),
    )


# The sum


@pytest.mark.parametrize(
    ("keep", "counting", "exact", "is_tied"),
    [
        (Keep.HIGHEST, [2], Fraction(80, 9), True),
        (Keep.LATEST, [4], Fraction(50, 9), False),
        (Keep.FIRST, [1], Fraction(70, 9), False),
        (Keep.AVERAGE, [1, 2, 3, 4], Fraction(7 + 8 + 8 + 5, 36) * 10, False),
    ],
)
def test_the_policy_says_which_attempt_counts(
    stage: Stage,
    student: Membership,
    keep: Keep,
    counting: list[int],
    exact: Fraction,
    is_tied: bool,
) -> None:
    """Each policy has its attempts that count, and the sum is exact until its one rounding."""
    activity = stage.activity(keep=keep, attempts=None)
    score_attempts(stage, activity, student, 7, 8, 8, 5)

    story = tell(stage, activity, student)

    assert [attempt.number for attempt in story.attempts if attempt.counts] == counting
    assert story.sum is not None
    assert story.sum.exact == exact
    assert story.sum.rounded == story.score == grade_of(stage, student).score
    assert story.is_tied is is_tied
    assert story.counted is (None if keep is Keep.AVERAGE else story.attempts[counting[0] - 1])


def test_a_half_is_rounded_up_at_the_end(stage: Stage, student: Membership) -> None:
    """The sum is made of exact shares and rounded once, half up."""
    activity = stage.activity(quiz_points=Decimal("0.05"))
    score_attempts(stage, activity, student, 1, maximum=2)

    made = tell(stage, activity, student).sum

    assert made is not None
    assert (made.exact, made.rounded) == (Fraction(1, 40), Decimal("0.03"))


def test_a_rubric_is_told_level_by_level(stage: Stage, sealer: Sealer, student: Membership) -> None:
    """Each criterion has its level and what it earned; what was left blank earned nothing."""
    activity = stage.activity(**BY_RUBRIC, reflection_points=Decimal(5))
    score_attempts(stage, activity, student, 9)
    grade_reflection(stage, sealer, activity, student)

    story = tell(stage, activity, student)

    (line,) = story.prompts
    levels = {level.criterion: (level.level, level.share, level.weight) for level in line.levels}
    assert (line.state, line.is_by_rubric) == (PartState.GRADED, True)
    assert levels["Alliance concepts"] == ("Describes", Decimal("0.75"), Decimal(2))
    assert levels["Next step"] == ("", Decimal(0), Decimal(1))
    assert line.share == Decimal("0.65625")  # (6 of 8 weights at 75 %, one blank) of 8
    assert story.sum is not None
    assert story.sum.exact == 10 + Fraction("0.65625") * 5
    assert line.grader == Actor(ActorKind.STAFF, "")


def test_levels_of_a_changed_table_are_told_without_their_worth(
    stage: Stage, sealer: Sealer, student: Membership
) -> None:
    """Where the table was changed after grading, it no longer says what a level earned."""
    activity = stage.activity(**BY_RUBRIC)
    grade_reflection(stage, sealer, activity, student)
    activity.settings = activity.settings | {"levels": ["0.1", "0.2"]}
    stage.session.flush()

    (line,) = tell(stage, activity, student).prompts

    assert {level.share for level in line.levels} == {None}
    assert line.levels[0].level == "Describes"


def test_completion_earns_all_points(stage: Stage, sealer: Sealer, student: Membership) -> None:
    """A reflection graded by completion has no grader, no levels and the whole share."""
    activity = stage.activity(**BY_COMPLETION)
    write(stage, sealer, activity, student)

    (line,) = tell(stage, activity, student).prompts

    assert (line.is_by_rubric, line.grader, line.levels) == (False, None, ())
    assert (line.share, line.points) == (Decimal(1), Decimal(10))


def test_without_work_there_is_no_sum(stage: Stage, student: Membership) -> None:
    """Somebody who has done nothing has a story without a score, an attempt or an event."""
    story = tell(stage, stage.activity(**BY_RUBRIC), student)

    assert (story.score, story.maximum, story.sum) == (None, Decimal(20), None)
    assert (story.attempts, story.delivery, story.events, story.tries) == ((), None, (), ())
    assert [line.state for line in story.prompts] == [PartState.MISSING]


def test_a_part_that_waits_keeps_the_sum_back(
    stage: Stage, sealer: Sealer, student: Membership
) -> None:
    """With a reflection to grade there is no score, and the gradebook is told that it waits."""
    activity = stage.activity(**BY_RUBRIC)
    score_attempts(stage, activity, student, 9)
    write(stage, sealer, activity, student)

    story = tell(stage, activity, student)

    assert (story.score, story.sum) == (None, None)
    assert story.prompts[0].state is PartState.WAITING
    assert story.delivery is not None
    assert story.delivery.is_pending
    assert story.delivery.is_wanted
    assert story.delivery.desired_score is None


def test_a_missing_part_counts_zero_after_the_close(stage: Stage, student: Membership) -> None:
    """By the activity's setting a part that is missing at the close is a zero in the sum."""
    activity = stage.activity(**BY_COMPLETION, closes_at=LATER, missing_parts=MissingParts.ZERO)
    score_attempts(stage, activity, student, 6)
    before = tell(stage, activity, student, at=NOON)
    closing.settle_closed(stage.session, stage.catalogue, at=LATER)

    story = tell(stage, activity, student, at=LATER)

    assert (before.is_closed, before.sum, before.prompts[0].state) == (
        False,
        None,
        PartState.MISSING,
    )
    assert story.is_closed
    assert story.sum is not None
    assert story.sum.terms[1].shares == ()
    assert story.sum.rounded == story.score == Decimal("6.67")
    assert story.prompts[0].state is PartState.ZERO
    assert [event.kind for event in story.events][-1] == "activity.closed"


def test_a_sum_that_explains_nothing_is_left_out(stage: Stage, student: Membership) -> None:
    """Where the kept score is not what the rows come to, no sum is shown that would contradict."""
    activity = stage.activity()
    score_attempts(stage, activity, student, 6)
    grade_of(stage, student).score = Decimal(3)
    stage.session.flush()

    story = tell(stage, activity, student)

    assert (story.score, story.sum) == (Decimal(3), None)


# The gradebook


@pytest.mark.parametrize(
    ("reason", "seen", "told", "newer_waits"),
    [
        (Reason.CHANGED_IN_LMS, ("8.5", "10"), "10", False),
        (Reason.CHANGED_IN_LMS, ("8.5", "10"), "7", True),
        (Reason.LOWERED_IN_LMS, ("9", "10"), "10", False),
        (Reason.MAXIMUM_CHANGED, ("10", "20"), "10", False),
        (Reason.KEPT_BY_LMS, (None, None), None, True),
    ],
)
def test_a_difference_is_told_with_what_waits(
    stage: Stage,
    student: Membership,
    reason: Reason,
    seen: tuple[str | None, str | None],
    told: str | None,
    newer_waits: bool,
) -> None:
    """What the gradebook shows, why, and whether a score here was never told, are all known."""
    activity = stage.activity()
    score_attempts(stage, activity, student, 9)
    row = delivery_of(stage, student)
    row.state, row.reason, row.seen_at = DeliveryState.OVERRIDDEN, reason, LATER
    row.seen_score, row.seen_maximum = (Decimal(each) if each else None for each in seen)
    row.told_score = Decimal(told) if told else None
    row.told_maximum = Decimal(10) if told else None
    stage.session.flush()

    view = tell(stage, activity, student).delivery

    assert view is not None
    assert view.differs
    assert (view.reason, view.newer_waits) == (reason, newer_waits)
    assert (view.seen_score, view.seen_maximum) == (row.seen_score, row.seen_maximum)


def test_a_platform_that_is_left_alone_is_named_with_its_next_try(
    stage: Stage, student: Membership
) -> None:
    """While the circuit is open the next try is when it may close, and the view says since when."""
    activity = stage.activity()
    score_attempts(stage, activity, student, 9)
    open_until = LATER + timedelta(minutes=10)
    stage.session.add(
        PlatformCircuit(
            registration_id=stage.registration.id,
            endpoint="service",
            failures=5,
            openings=1,
            open_since=LATER - timedelta(minutes=3),
            open_until=open_until,
            allowance=1,
            reason="connect_failed",
            failures_total=5,
            refusals_total=0,
        )
    )
    stage.session.flush()

    view = tell(stage, activity, student).delivery
    after = tell(stage, activity, student, at=open_until).delivery

    assert view is not None
    assert view.circuit is not None
    assert (view.circuit.reason, view.next_at) == ("connect_failed", open_until)
    assert after is not None
    assert after.circuit is None


# What happened


def remember(stage: Stage, student: Membership, minutes: int, **changes: Any) -> None:
    facts: dict[str, Any] = {
        "kind": "post",
        "version": 1,
        "progress": GradingProgress.FULLY_GRADED.value,
        "score": Decimal(10),
        "maximum": Decimal(10),
        "state": DeliveryState.DELIVERED,
        "reason": "",
        "status": 200,
    }
    score_tries.remember(
        stage.session,
        delivery_of(stage, student).id,
        at=LATER + timedelta(minutes=minutes),
        **facts | changes,
    )


def test_what_happened_is_one_list_in_order(
    stage: Stage, sealer: Sealer, student: Membership
) -> None:
    """Acts of the student, of the staff and of the tool stand in one list, each with its actor."""
    teacher = stage.people["instructor"]
    stage.session.add(
        Profile(user_id=teacher.user_id, name="Kim Lee", expires_at=NOON + timedelta(days=9))
    )
    activity = stage.activity(**BY_RUBRIC)
    take_quiz(stage, activity, student, wording="my own word")
    grade_reflection(stage, sealer, activity, student)
    activities.change_settings(
        stage.session,
        stage.catalogue,
        activity=activity,
        settings=replace(activities.activity_settings(activity), attempts=5),
        module_id=activity.module_id,
        base_version=activity.version,
        actor=teacher,
        at=LATER - timedelta(seconds=3),
    )
    score_resending.resend_one(
        stage.session,
        activity,
        delivery_of(stage, student).id,
        at=LATER - timedelta(seconds=2),
        actor=teacher,
    )
    score_resending.resend_all(stage.session, activity, at=LATER)
    remember(stage, student, 1, state=DeliveryState.UNCLEAR, reason=Reason.CONFIRMING)
    remember(stage, student, 2, kind="look")
    remember(
        stage,
        student,
        3,
        kind="check",
        state=DeliveryState.OVERRIDDEN,
        reason=Reason.CHANGED_IN_LMS,
        score=Decimal("8.5"),
    )
    remember(stage, student, 4, kind="check", state=DeliveryState.DUE, reason=Reason.LOST_IN_LMS)
    remember(stage, student, 5, state=DeliveryState.DUE, reason=Reason.PLATFORM_DOWN, status=503)
    remember(stage, student, 6, progress=GradingProgress.PENDING_MANUAL.value)

    story = tell(stage, activity, student)
    own = tell(stage, activity, student, for_staff=False)

    kim = Actor(ActorKind.STAFF, "Kim Lee")
    told = [(event.kind, event.actor) for event in story.events]
    assert told == [
        ("attempt.submitted", Actor(ActorKind.STUDENT)),
        ("reflection.submitted", Actor(ActorKind.STUDENT)),
        ("reflection.assessed", kim),
        ("activity.settings_changed", kim),
        ("score.sent_again", kim),
        ("score.all_sent_again", Actor(ActorKind.TOOL)),
        ("gradebook.told", None),
        ("gradebook.agrees", None),
        ("gradebook.differs", None),
        ("gradebook.lost", None),
        ("gradebook.told_pending", None),
    ]
    assert story.events[3].changed == ("attempts",)
    assert story.prompts[0].grader == kim
    assert [line.reason for line in story.tries][:2] == ["", Reason.PLATFORM_DOWN]
    # The student's is the same list without a name and without the tries.
    assert [event.kind for event in own.events] == [kind for kind, _ in told]
    assert own.tries == ()
    assert "Kim Lee" not in repr(own)
    assert own.prompts[0].grader == Actor(ActorKind.STAFF)


def test_a_wording_is_told_to_those_who_had_the_question(stage: Stage, student: Membership) -> None:
    """An accepted wording is part of the story of those who were asked, and of nobody else's."""
    activity, other = stage.activity(), stage.join("other")
    take_quiz(stage, activity, student, wording="my own word")
    unmatched = wordings.list_unmatched(stage.session, stage.catalogue, activity)[0]
    wordings.accept_wording(
        stage.session,
        stage.catalogue,
        activity=activity,
        item_id=unmatched.item_id,
        wording=unmatched.wording,
        share=Decimal(1),
        actor=stage.people["instructor"],
        at=LATER,
    )

    asked, idle = (tell(stage, activity, member) for member in (student, other))

    assert [event.kind for event in asked.events] == ["attempt.submitted", "wording.accepted"]
    assert idle.events == ()
    assert asked.sum is not None
    assert asked.sum.rounded == asked.score


def test_nobody_elses_work_is_in_a_story(stage: Stage, sealer: Sealer, student: Membership) -> None:
    """What another student did, in the same activity or elsewhere, is not told."""
    activity, other = stage.activity(**BY_RUBRIC), stage.join("other")
    elsewhere = stage.activity("link-2")
    take_quiz(stage, activity, other)
    grade_reflection(stage, sealer, activity, other)
    take_quiz(stage, elsewhere, student)

    story = tell(stage, activity, student)

    assert (story.events, story.attempts) == ((), ())


def test_a_person_of_another_course_is_not_found(stage: Stage, student: Membership) -> None:
    """Only the people of the activity's course have a story in it."""
    stranger = build(stage.session, stage.catalogue, name="Southfield").join("stranger")

    teacher = stage.people["instructor"]
    assert get_student(stage.session, student.id, viewer=teacher) is student
    for strange in (stranger.id, uuid4()):
        with pytest.raises(NotFound):
            get_student(stage.session, strange, viewer=teacher)


def test_a_long_story_costs_as_many_queries_as_a_short_one(
    stage: Stage, sealer: Sealer, student: Membership
) -> None:
    """Neither attempts nor events nor tries are asked for one by one."""
    activity = stage.activity(**BY_RUBRIC, attempts=None)
    score_attempts(stage, activity, student, 9)
    grade_reflection(stage, sealer, activity, student)
    remember(stage, student, 1)
    activity_id, student_id = activity.id, student.id

    def count(*, for_staff: bool) -> int:
        with counted(stage.session) as statements:
            found = stage.session.get_one(Activity, activity_id)
            member = stage.session.get_one(Membership, student_id)
            tell(stage, found, member, for_staff=for_staff)
        return len(statements)

    few = [count(for_staff=True), count(for_staff=False)]
    activity = stage.session.get_one(Activity, activity_id)
    student = stage.session.get_one(Membership, student_id)
    score_attempts(stage, activity, student, *range(9))
    for minute in range(2, 12):
        remember(stage, student, minute)

    assert [count(for_staff=True), count(for_staff=False)] == few
