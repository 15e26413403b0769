"""Faults that play out over time, against the practice LMS: rows of the fault matrix after F25.

Rows that need real processes or a browser have their tests elsewhere: F33 in ``services``, F35 to
F39 and F43 in ``failures``.
"""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.lti import keys
from lti_alliance.models import (
    AccessToken,
    DeliveryTry,
    Grade,
    LineItem,
    ScoreDelivery,
    ToolKey,
    User,
)
from lti_alliance.practice_lms import course_changes
from lti_alliance.services import score_resending
from tests.campus import Campus
from tests.factories import NOW, SEALER

DELIVERED = (DeliveryState.DELIVERED, "")


@pytest.fixture(params=["canvas", "moodle"])
def campus(request: pytest.FixtureRequest, engine: Engine) -> Campus:
    return Campus(engine, request.param)


@pytest.fixture
def canvas(engine: Engine) -> Campus:
    return Campus(engine, "canvas")


def share(campus: Campus) -> Any:
    """Return what share of its maximum the gradebook shows."""
    return pytest.approx(campus.cell.score / campus.item.score_maximum)


def change(campus: Campus, what: str, value: Any) -> None:
    """Let something happen to the course or its activity."""
    about = "taster" if what.startswith("activity") else ""
    course_changes.change(campus.platform, campus.course, what, about=about, value=value)


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("reset_during", {"carried_out": True}),
        ("reset_during", {"carried_out": False}),
        ("garbage", {"endpoint": "token", "times": 2}),
        ("html", {"endpoint": "token"}),
        ("empty", {"endpoint": "token"}),
        ("huge", {"size": 2_000_000}),
        ("status", {"status": 502}),
        ("status", {"status": 504, "times": 3}),
        ("status", {"status": 429, "retry_after": "Mon, 02 Mar 2026 12:02:00 GMT"}),
        ("status", {"status": 429, "retry_after": "-7"}),
        ("unclear", {"times": 2}),
    ],
)
def test_a_fault_costs_time_and_nothing_else(
    campus: Campus, kind: str, members: dict[str, Any]
) -> None:
    """F7, F19 to F25: whatever breaks, the score is there in the end, once, with one comment."""
    campus.break_something(kind, **members)
    campus.work_for(minutes=20)

    assert campus.state == DELIVERED
    assert share(campus) == 0.7
    assert len(campus.cell.comments) <= 1
    assert campus.cell.attempts <= 1


@pytest.fixture
def moodle(engine: Engine) -> Campus:
    return Campus(engine, "moodle")


def test_a_refused_student_who_has_left_is_told_from_a_fault_of_ours(moodle: Campus) -> None:
    """F3: Moodle gives one answer for both, so the roster is asked which it is."""
    moodle.course.enrolments[moodle.person.id].ended = True
    moodle.work()

    assert moodle.state == (DeliveryState.BLOCKED, Reason.NOT_IN_COURSE)

    moodle.course.enrolments[moodle.person.id].ended = False
    moodle.break_something("status", status=400)
    moodle.work_for(hours=25)

    assert moodle.state == (DeliveryState.DEAD, Reason.SCORE_MALFORMED)


def test_where_no_roster_can_be_had_a_refusal_says_both(moodle: Campus) -> None:
    """F3: not every platform lets its members be listed."""
    moodle.course.enrolments[moodle.person.id].ended = True
    moodle.break_something("status", endpoint="memberships", status=403)
    moodle.work()

    assert moodle.state == (DeliveryState.BLOCKED, Reason.SCORE_REFUSED)


@pytest.mark.parametrize("kind", ["garbage", "empty"])
def test_a_body_is_not_needed(campus: Campus, kind: str) -> None:
    """F1: the status decides. A platform that says 200 without storing is found out afterwards."""
    campus.break_something(kind)
    campus.work()

    assert campus.state == DELIVERED

    campus.at += timedelta(minutes=10)
    campus.compare()
    campus.work_for(minutes=2)

    assert campus.state == DELIVERED
    assert share(campus) == 0.7


def test_a_token_that_ends_in_a_batch_is_renewed(campus: Campus) -> None:
    """F8: the platform forgets its tokens; the next score brings a new one with it."""
    campus.work()
    campus.platform.state.access_tokens.clear()
    campus.platform.state.secret = "another secret altogether, and a longer one"
    campus.at += timedelta(minutes=1)
    campus.regrade("8", submitted_at=NOW)
    campus.work()

    assert campus.state == DELIVERED
    assert share(campus) == 0.8


def test_a_new_key_that_the_platform_does_not_know_is_no_obstacle(campus: Campus) -> None:
    """F27: while an old key set is cached over there, the key before signs once more."""
    campus.work()
    with campus.act() as session:
        campus.at += timedelta(days=2)
        keys.rotate(session, SEALER, at=campus.at, force=True)
        for token in session.scalars(select(AccessToken)):
            session.delete(token)
    stale = json.loads(campus.jwks)
    campus.platform.state.cached_tool_keys = stale
    campus.regrade("8", submitted_at=NOW)
    campus.work_for(minutes=5)

    assert campus.state == DELIVERED
    assert share(campus) == 0.8


def test_without_an_earlier_key_the_refusal_stands(campus: Campus) -> None:
    """F5: a client whose only key is not taken keeps its backlog, and says why."""
    with campus.act() as session:
        session.query(ToolKey).delete()
        keys.ensure_keys(session, SEALER, at=campus.at)
    campus.work()

    assert campus.state == (DeliveryState.DUE, Reason.TOKEN_REFUSED)


def test_a_changed_user_is_taken_up_at_the_next_launch(campus: Campus) -> None:
    """F29: a person whom the platform knows no more is blocked, and goes once they are known."""
    with campus.act() as session:
        user = session.scalars(select(User)).one()
        known, user.sub = user.sub, "99999999"
    campus.work()
    assert campus.row.state == DeliveryState.BLOCKED

    with campus.act() as session:
        session.scalars(select(User)).one().sub = known
        row = session.get_one(ScoreDelivery, campus.delivery_id)
        score_resending.resume(session, row.activity.resource_link, at=campus.at)
    campus.work()

    assert campus.state == DELIVERED


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(minutes=-5)])
def test_a_clock_that_jumps_stops_nothing(campus: Campus, jump: timedelta) -> None:
    """F40: scores go on arriving in order whatever the tool's clock does."""
    campus.work()
    skew = campus.platform.state.switches
    campus.at += jump
    skew.clock_skew_s = -jump.total_seconds()
    for number, score in enumerate(("8", "9", "10")):
        campus.regrade(score, submitted_at=NOW + timedelta(seconds=number + 1))
        campus.work_for(minutes=20)
    stamps = [entry.timestamp for entry in campus.cell.history]

    assert campus.state == DELIVERED
    assert share(campus) == 1.0
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps)


def test_work_from_the_future_waits_for_the_platforms_clock(canvas: Campus) -> None:
    """F41: a tool five minutes ahead of Canvas delivers five minutes later, and loses nothing."""
    canvas.work()
    canvas.platform.state.switches.clock_skew_s = -300.0
    canvas.at += timedelta(minutes=1)
    canvas.regrade("8", submitted_at=canvas.at)
    canvas.work()
    waits = canvas.state
    canvas.work_for(minutes=30)

    assert waits == (DeliveryState.DUE, Reason.CLOCK_AHEAD)
    assert canvas.state == DELIVERED


def test_a_database_from_a_backup_catches_up(campus: Campus) -> None:
    """F44: what was told after the backup is found in the gradebook and respected, not undone."""
    campus.work()
    with campus.act() as session:
        row = session.get_one(ScoreDelivery, campus.delivery_id)
        kept = {column.key: getattr(row, column.key) for column in ScoreDelivery.__table__.c}
    campus.at += timedelta(hours=1)
    campus.regrade("9", submitted_at=NOW)
    campus.work()
    with campus.act() as session:
        row = session.get_one(ScoreDelivery, campus.delivery_id)
        for name, value in kept.items():
            setattr(row, name, value)
        session.query(DeliveryTry).filter(DeliveryTry.version > 1).delete()
        session.get_one(Grade, row.grade_id).score = Decimal(7)
    campus.compare()

    assert campus.row.state == DeliveryState.OVERRIDDEN
    assert share(campus) == 0.9

    campus.regrade("10", submitted_at=campus.at)
    campus.work_for(minutes=20)

    assert campus.state == DELIVERED
    assert share(campus) == 1.0


@pytest.mark.parametrize("score", ["0", "0.01", "10"])
def test_extreme_scores_arrive_as_they_are(campus: Campus, score: str) -> None:
    """F46: nothing, almost nothing and everything are scores like any other."""
    campus.regrade(score)
    campus.work_for(minutes=2)
    campus.at += timedelta(minutes=10)
    campus.compare()

    assert campus.state == DELIVERED
    assert share(campus) == float(score) / 10


def test_a_zero_without_an_answer_is_found(campus: Campus) -> None:
    """F46, F12: Moodle shows no result for a 0; that it takes it no second time tells enough."""
    campus.regrade("0")
    campus.break_something("unclear")
    campus.work_for(minutes=10)

    assert campus.state == DELIVERED
    assert campus.cell.score == 0


def test_a_deleted_column_blocks_until_it_is_back(campus: Campus) -> None:
    """F11: everybody's score waits for the column, and goes once one goes through."""
    change(campus, "activity.deleted", True)
    campus.work()
    assert campus.state == (DeliveryState.BLOCKED, Reason.LINE_ITEM_GONE)

    change(campus, "activity.deleted", False)
    campus.at += timedelta(days=1)
    campus.work()

    assert campus.state == DELIVERED


def test_a_concluded_course_waits_quietly(canvas: Campus) -> None:
    """F16: one call a day, and the score goes when the course is open again."""
    change(canvas, "course.concluded", True)
    canvas.work_for(hours=20)
    calls = len(canvas.cell.history) if canvas.cell else 0
    blocked = canvas.state
    change(canvas, "course.concluded", False)
    canvas.at += timedelta(hours=5)
    canvas.work()

    assert blocked == (DeliveryState.BLOCKED, Reason.COURSE_CONCLUDED)
    assert calls == 0
    assert canvas.state == DELIVERED


def test_used_up_attempts_cost_the_submission_alone(canvas: Campus) -> None:
    """F17: Canvas's limit of attempts does not keep the score out."""
    canvas.course.activities["taster"].allowed_attempts = 1
    canvas.work()
    canvas.at += timedelta(minutes=1)
    canvas.regrade("9", submitted_at=NOW)
    canvas.work_for(minutes=2)

    assert canvas.state == DELIVERED
    assert (canvas.cell.attempts, share(canvas)) == (1, 0.9)


def test_a_copied_course_has_a_column_of_its_own(campus: Campus) -> None:
    """F49: another address is another column; nothing of the one shows in the other."""
    campus.work()
    told = campus.row.told_url
    with campus.act() as session:
        session.scalars(select(LineItem)).one().url = ""
    campus.at += timedelta(minutes=1)
    campus.regrade("8", submitted_at=NOW)
    campus.work()

    assert campus.row.told_url == told
    assert len(campus.course.line_items) == len({i.id for i in campus.course.line_items.values()})


# Late penalties, people and points


def lateness(campus: Campus) -> None:
    """Make the assignment due the day before the work came, with a tenth off for each day."""
    change(campus, "course.late_policy", {"percent_per_day": 10, "minimum_percent": 0})
    change(campus, "activity.due_at", (NOW - timedelta(hours=12)).isoformat())


def test_a_late_penalty_is_not_called_a_persons_edit(canvas: Campus) -> None:
    """The gradebook shows less from the beginning: both readings are said, and nothing is sent."""
    lateness(canvas)
    canvas.work()
    canvas.at += timedelta(minutes=10)
    check = canvas.compare()

    assert canvas.state == (DeliveryState.OVERRIDDEN, Reason.LOWERED_IN_LMS)
    assert check.findings["differ"] == 1
    assert share(canvas) == 0.6
    assert len(canvas.cell.history) == 1


def test_a_regrade_is_lowered_as_well(canvas: Campus) -> None:
    """A late penalty does not keep a newer score out, and is taken off it once."""
    lateness(canvas)
    canvas.work()
    canvas.at += timedelta(minutes=10)
    canvas.compare()
    canvas.regrade("9")
    canvas.work_for(minutes=2)

    assert share(canvas) == 0.8
    assert canvas.cell.entered == pytest.approx(0.9 * canvas.item.score_maximum)


def test_an_unclear_late_score_is_not_sent_twice(canvas: Campus) -> None:
    """A score whose answer was lost and whose value was lowered has arrived."""
    lateness(canvas)
    canvas.break_something("unclear")
    canvas.work_for(minutes=5)

    assert canvas.state == (DeliveryState.OVERRIDDEN, Reason.LOWERED_IN_LMS)
    assert len(canvas.cell.history) == 1


def test_a_persons_grade_is_told_apart_and_kept(campus: Campus) -> None:
    """A value that no rule explains is a person's: it is listed with what it is, and stays."""
    campus.work()
    campus.at += timedelta(minutes=10)
    campus.compare()
    campus.set_by_person(8.5 * campus.item.score_maximum / 10)
    check = campus.compare()
    row = campus.row

    assert campus.state == (DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS)
    assert row.seen_score / row.seen_maximum == Decimal("0.85")
    assert (check.findings["agree"], check.findings["differ"]) == (0, 1)

    campus.regrade("9")
    campus.work_for(minutes=2)
    campus.compare()

    assert share(campus) == 0.85


def test_a_persons_grade_that_is_taken_back_lets_ours_through(campus: Campus) -> None:
    """Once the person's value is gone, the newest score of the tool is shown."""
    campus.work()
    campus.set_by_person(8.5 * campus.item.score_maximum / 10)
    campus.at += timedelta(minutes=10)
    campus.compare()
    campus.regrade("9")
    campus.work_for(minutes=2)
    campus.set_by_person(None)
    campus.cell.overridden = False
    campus.at += timedelta(minutes=10)
    campus.compare()
    campus.work_for(minutes=10)

    assert campus.state == DELIVERED
    assert share(campus) == 0.9


def test_a_score_that_the_gradebook_lost_is_sent_again_once(canvas: Campus) -> None:
    """What was confirmed and is gone is mended; gone again, it is somebody's wish."""
    canvas.work()
    canvas.at += timedelta(minutes=10)
    canvas.compare()

    def lose() -> None:
        canvas.cell.score = canvas.cell.result_score = canvas.cell.source = None
        canvas.at += timedelta(minutes=10)

    lose()
    check = canvas.compare()
    canvas.work()

    assert check.findings["mended"] == 1
    assert canvas.state == DELIVERED
    assert (share(canvas), canvas.cell.attempts, len(canvas.cell.comments)) == (0.7, 1, 1)

    lose()
    canvas.compare()
    canvas.work()

    assert canvas.state == (DeliveryState.OVERRIDDEN, Reason.GONE_FROM_LMS)
    assert canvas.cell.score is None


def test_changed_points_are_said(engine: Engine) -> None:
    """A column whose maximum was changed without rescaling is a rule's doing, and is left."""
    moodle = Campus(engine, "moodle")
    moodle.work()
    moodle.cell.score = moodle.cell.raw = 7.0
    moodle.item.score_maximum = 20.0
    moodle.at += timedelta(minutes=10)
    moodle.compare()

    assert moodle.state == (DeliveryState.OVERRIDDEN, Reason.MAXIMUM_CHANGED)

    with moodle.act() as session:
        score_resending.resend(session, [moodle.delivery_id], at=moodle.at)
    moodle.work_for(minutes=2)

    assert share(moodle) == 0.7
