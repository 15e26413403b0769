"""Who does what in the three weeks of the demonstration, on either platform."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from lti_alliance.demo import course
from lti_alliance.demo.history import History, Player, in_lms
from lti_alliance.domain.accommodations import Accommodation
from lti_alliance.domain.adjustments import Adjustment, AdjustmentKind
from lti_alliance.models import Activity, Membership, Reflection
from lti_alliance.services import accommodations, adjusting, markers, revisions
from lti_alliance.services.accommodation_views import get_person

_HANDBOOK = "Two attempts were interrupted by a fire drill; agreed after a talk in person."
_ILL = "Ill in the first week; the second week covers the same ground."
STEADY_ATTEMPTS = (1, 2, 1, 1, 2, 3)
"""How often the steady students take the first quiz, in turn."""


def play_canvas(history: History, students: list[str], *, tell: Callable[[str], None]) -> None:
    """Play the larger course: every situation that an instructor meets is in it somewhere."""
    history.rng.seed(6010)
    _set_due_date(history, course.WEEK_1_QUIZ.link, day=7)
    teacher = history.join(course.TEACHERS["canvas"], ability=1)
    assistant = history.join("assistant", ability=1)
    players = [history.join(s, ability=history.rng.uniform(0.55, 0.98)) for s in students]
    nameless = history.join("nameless", ability=0.7)
    elsewhere = history.join("teaches.elsewhere", ability=0.95)
    tester = history.join("test.student", ability=0.5)
    steady, rest = [*players[:16], elsewhere], players[16:]
    half_way, drafting, late, leaving, unusual, repeating, *absent = rest
    tell(f"{len(players) + 4} people have joined the larger course")

    _grant_more_time(history, teacher, steady[4])
    for number, player in enumerate(steady):
        for attempt in range(STEADY_ATTEMPTS[number % len(STEADY_ATTEMPTS)]):
            history.take_quiz(player, course.WEEK_1_QUIZ, day=1 + attempt * 1.5 + number / 10)
            player.ability = min(1, player.ability + 0.1)
    for attempt in range(3):
        history.take_quiz(repeating, course.WEEK_1_QUIZ, day=2 + attempt)
    for player in (late, leaving, nameless, tester):
        history.take_quiz(player, course.WEEK_1_QUIZ, day=9 if player is late else 4)
    history.take_quiz(unusual, course.WEEK_1_QUIZ, day=5, unusual=True)
    history.take_quiz(half_way, course.WEEK_1_QUIZ, day=20, hand_in=False)
    tell("week 1: quizzes taken")

    for player in (*steady, leaving, repeating):
        history.write(player, course.WEEK_1_REFLECTION, day=6)
    history.write(late, course.WEEK_1_REFLECTION, day=11)
    history.write(drafting, course.WEEK_1_REFLECTION, day=19, hand_in=False)
    _mark_in_pairs(history, (teacher, assistant), steady[:13])
    history.grade_reflections(teacher, steady[:12], course.WEEK_1_REFLECTION, day=8)
    tell("week 1: reflections written, most of them graded")

    for number, player in enumerate(steady[:13]):
        history.take_quiz(player, course.WEEK_2_QUIZ, day=10 + number / 5)
    for player in steady[:9]:
        history.write(player, course.WEEK_2_REFLECTION, day=13)
    tell("week 2: quizzes and reflections")

    _return_for_revision(history, teacher, steady[13])
    _decide(history, teacher, repeating, Adjustment(AdjustmentKind.SCORE, Decimal(14)), _HANDBOOK)
    _decide(history, teacher, half_way, Adjustment(AdjustmentKind.EXCUSED), _ILL)
    _share_out(history, (teacher, assistant))
    tell("one reflection is returned, one score set by hand, one student excused")
    history.wait_until_delivered()
    _leave_course(history, teacher, leaving)
    _change_in_gradebook(history, steady[3])
    tell("one student dropped out, and one grade was changed in the gradebook")
    _ = absent  # They never open anything, as some do.


def play_moodle(history: History, students: list[str], *, tell: Callable[[str], None]) -> None:
    """Play the smaller course."""
    history.rng.seed(6011)
    teacher = history.join(course.TEACHERS["moodle"], ability=1)
    players = [history.join(s, ability=0.6 + 0.05 * n) for n, s in enumerate(students[:6])]
    for number, player in enumerate(players):
        history.take_quiz(player, course.WEEK_1_QUIZ, day=2 + number / 3)
    for player in players[:5]:
        history.write(player, course.WEEK_1_REFLECTION, day=7)
    history.grade_reflections(teacher, players[:3], course.WEEK_1_REFLECTION, day=9)
    for player in players[:4]:
        history.take_quiz(player, course.WEEK_2_QUIZ, day=12)
    for player in players[:3]:
        history.write(player, course.WEEK_2_REFLECTION, day=14)
    tell("the smaller course has played its two weeks")


def _set_due_date(history: History, activity: str, *, day: float) -> None:
    """Let the instructor set a due date in the LMS, so that somebody can be late."""
    due = {"due_at": (history.began + timedelta(days=day)).isoformat(timespec="seconds")}
    in_lms(history, "courses", due, method="PATCH", rest=f"/activities/{activity}")


def _grant_more_time(history: History, teacher: Player, player: Player) -> None:
    """Let the instructor grant a student half as much time again in the whole course."""
    with history.act() as session:
        actor = session.get_one(Membership, teacher.membership_id)
        accommodations.grant_accommodation(
            session,
            history.parts.sealer,
            person=get_person(session, actor.context_id, player.membership_id),
            activity=None,
            granted=Accommodation(time_multiplier=Decimal("1.5"), extra_attempts=1),
            note="As in the letter of the disability office.",
            base_version=0,
            actor=actor,
            at=history.moment(0.5),
        )


def _mark_in_pairs(history: History, pair: tuple[Player, Player], writers: list[Player]) -> None:
    """Let two people mark each text by themselves; the last is marked by the second alone."""
    teacher, assistant = pair
    for player in writers:
        with history.act() as session:
            reflection = history.reflection_of(session, player, course.WEEK_1_REFLECTION)
            for marker in pair:
                markers.assign(
                    session,
                    reflection,
                    marker_id=marker.membership_id,
                    actor=session.get_one(Membership, teacher.membership_id),
                    at=history.moment(7.4),
                )
        history.mark_reflection(assistant, player, course.WEEK_1_REFLECTION, day=7.6)
    for player in writers[:-1]:
        history.mark_reflection(teacher, player, course.WEEK_1_REFLECTION, day=7.8)


def _share_out(history: History, among: tuple[Player, Player]) -> None:
    """Let the instructor share out what still waits, one reader for each."""
    with history.act() as session:
        markers.share_out_waiting(
            session,
            history.parts.catalogue,
            session.get_one(Activity, history.activities[course.WEEK_1_REFLECTION.link]),
            marker_ids=[marker.membership_id for marker in among],
            per_reflection=1,
            also_later=True,
            actor=session.get_one(Membership, among[0].membership_id),
            at=history.moment(20.2),
        )


def _return_for_revision(history: History, teacher: Player, player: Player) -> None:
    """Let the instructor give a reflection back, with what should be revised."""
    activity_id = history.activities[course.WEEK_1_REFLECTION.link]
    with history.act() as session:
        reflection = session.scalars(
            select(Reflection).where(
                Reflection.activity_id == activity_id,
                Reflection.membership_id == player.membership_id,
            )
        ).one()
        revisions.return_reflection(
            session,
            history.parts.sealer,
            reflection=reflection,
            feedback="You describe what happened. What did it do to the trust between you?",
            until=None,
            actor=session.get_one(Membership, teacher.membership_id),
            at=history.moment(8.5),
        )


def _decide(
    history: History, teacher: Player, player: Player, adjustment: Adjustment, reason: str
) -> None:
    """Let the instructor decide by hand about a student's first quiz."""
    with history.act() as session:
        adjusting.adjust_grade(
            session,
            history.parts.sealer,
            activity=session.get_one(Activity, history.activities[course.WEEK_1_QUIZ.link]),
            membership=session.get_one(Membership, player.membership_id),
            adjustment=adjustment,
            reason=reason,
            actor=session.get_one(Membership, teacher.membership_id),
            at=history.moment(20.5),
        )


def _leave_course(history: History, teacher: Player, leaving: Player) -> None:
    """Let a student drop out; what is graded afterwards is refused by the platform."""
    ended = {"enrolments": {leaving.person: {"ended": True}}}
    in_lms(history, "courses", ended, method="PATCH")
    history.grade_reflections(teacher, [leaving], course.WEEK_1_REFLECTION, day=12)


def _change_in_gradebook(history: History, player: Player) -> None:
    """Let the instructor change a grade in the LMS itself."""
    changed = {"activity": course.WEEK_1_QUIZ.link, "person": player.person, "score": 17.5}
    in_lms(history, "gradebook", changed)
