"""Comparing columns: when, how often, what is written, and what a late reading may not undo."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.errors import PlatformError, PlatformRefused, PlatformUnavailable
from lti_alliance.models import (
    Grade,
    GradebookCheck,
    Registration,
    RegistrationState,
    ScoreDelivery,
)
from lti_alliance.services import (
    check_turns,
    gradebook_checks,
    score_resending,
    score_tries,
)
from lti_alliance.services.check_turns import DAILY, SOON, WEEKLY
from lti_alliance.services.score_records import record
from lti_alliance.services.score_sending import call
from tests import factories
from tests.factories import NOW
from tests.fakes import Cell
from tests.services.scene import LEASE, Scene


def check_of(scene: Scene) -> GradebookCheck:
    with scene.acts() as session:
        return session.scalars(select(GradebookCheck)).one()


def cell_of(scene: Scene) -> Cell:
    (cell,) = scene.gradebook.cells.values()
    return cell


def class_of(scene: Scene, size: int) -> list[UUID]:
    """Deliver a score for each of a class."""
    with scene.acts() as session:
        course = factories.make_course(session)
        activity = factories.make_activity(session, factories.make_link(session, course))
        ids = []
        for _ in range(size):
            delivery = factories.want_shown(
                session, factories.make_grade(session, activity), at=scene.at
            )
            assert delivery is not None
            ids.append(delivery.id)
    scene.work()
    return ids


# When


@pytest.mark.both_databases
def test_a_delivery_is_compared_minutes_later(scene: Scene) -> None:
    """One reading serves all the scores of five minutes, and the next comes the day after."""
    class_of(scene, 3)

    assert scene.compare_due() == 0
    assert check_of(scene).next_at == NOW + SOON

    scene.at += SOON

    assert scene.compare_due() == 1
    assert scene.gradebook.calls.count("list_results") == 1
    assert check_of(scene).next_at == scene.at + DAILY
    assert check_of(scene).findings["agree"] == 3


def test_a_score_that_is_still_moving_is_compared_soon_again(scene: Scene) -> None:
    """A reading that came too early for a score leaves it to the next, minutes later."""
    first, _ = class_of(scene, 2)
    scene.at += SOON
    scene.regrade(first, score=Decimal(9), submitted_at=NOW)
    scene.compare_due()

    assert check_of(scene).next_at == scene.at + SOON


@pytest.mark.parametrize(
    ("age", "pause"),
    [(timedelta(days=59), DAILY), (timedelta(days=61), WEEKLY), (timedelta(days=401), None)],
)
def test_an_old_column_is_compared_less_often(
    scene: Scene, age: timedelta, pause: timedelta | None
) -> None:
    """A course in use is compared every day, an old one every week, one of last year no more."""
    class_of(scene, 1)
    scene.at += age
    scene.compare_due()
    until = check_of(scene).next_at - scene.at

    assert until == pause if pause else until > timedelta(days=10_000)


@pytest.mark.both_databases
def test_a_person_may_ask(scene: Scene) -> None:
    """A question is answered at once and noted until it has been."""
    (delivery_id,) = class_of(scene, 1)
    with scene.acts() as session:
        activity = session.get_one(ScoreDelivery, delivery_id).activity
        check_turns.ask(session, activity, at=scene.at)
    asked = check_of(scene).asked_at
    scene.compare_due()

    assert asked == NOW
    assert (check_of(scene).asked_at, check_of(scene).checked_at) == (None, NOW)


def test_a_question_during_a_reading_stays_open(scene: Scene) -> None:
    """Whoever asks while the column is being read gets a reading of their own."""
    (delivery_id,) = class_of(scene, 1)
    scene.at += SOON
    read = scene.gradebook.list_results

    def read_while_somebody_asks(*args: object) -> object:
        scene.gradebook.list_results = read  # type: ignore[method-assign]
        scene.at += timedelta(seconds=1)
        with scene.acts() as session:
            activity = session.get_one(ScoreDelivery, delivery_id).activity
            check_turns.ask(session, activity, at=scene.at)
        return read(*args)  # type: ignore[arg-type]

    scene.gradebook.list_results = read_while_somebody_asks  # type: ignore[assignment, method-assign]

    assert scene.compare_due() == 2
    assert check_of(scene).asked_at is None


@pytest.mark.both_databases
def test_one_worker_compares_a_column_at_a_time(scene: Scene) -> None:
    """A comparison that is under way is not begun a second time, until its lease has run out."""
    class_of(scene, 1)
    scene.at += SOON

    def claim(token: str) -> UUID | None:
        with scene.acts() as session:
            return check_turns.claim_check(session, at=scene.at, lease=LEASE, token=token)

    first = claim("first")

    assert first is not None
    assert claim("second") is None
    with scene.acts() as session:
        step = gradebook_checks.prepare_check(session, first, token="first", at=scene.at)
    assert step is not None
    scene.at += LEASE
    assert claim("second") == first

    heard = gradebook_checks.call_check(scene.gradebook, step)
    with scene.acts() as session:
        is_ours = gradebook_checks.record_check(session, step, heard, at=scene.at, jitter=1.0)

    assert not is_ours
    assert check_of(scene).lease_token == "second"


def test_a_switched_off_platform_is_not_read(scene: Scene) -> None:
    """A disabled registration is left alone by comparisons too."""
    class_of(scene, 1)
    scene.at += SOON
    with scene.acts() as session:
        session.scalars(select(Registration)).one().state = RegistrationState.DISABLED

    assert scene.compare_due() == 0
    with scene.acts() as session:
        assert not check_turns.is_any_due(session, at=scene.at)


# What cannot be read


@pytest.mark.parametrize(
    ("error", "reason", "wait"),
    [
        (PlatformUnavailable("platform_down", status=503), "platform_down", timedelta(seconds=80)),
        (PlatformUnavailable("connect_failed"), "unreachable", timedelta(seconds=80)),
        (
            PlatformUnavailable("rate_limited", status=429, retry_after_s=900),
            "rate_limited",
            timedelta(seconds=900),
        ),
        (PlatformRefused("refused", status=401), "access_refused", DAILY),
        (PlatformRefused("refused", status=404), "line_item_gone", DAILY),
    ],
)
def test_a_reading_that_fails_says_why(
    scene: Scene, error: PlatformError, reason: str, wait: timedelta
) -> None:
    """It is made again by and by, or the next day where the platform said no."""
    class_of(scene, 1)
    scene.at += SOON
    scene.gradebook.fail_before.append(error)
    scene.compare_due()
    check = check_of(scene)

    assert (check.reason, check.next_at - scene.at) == (reason, wait)
    assert check.checked_at is None


def test_without_the_scope_nothing_is_read(scene: Scene) -> None:
    """A platform that lets no results be read is not asked, and the page can say so."""
    delivery_id = scene.grade(line_item={"scopes": [GradeScope.SCORE]})
    scene.work()
    scene.compare(delivery_id)

    assert check_of(scene).reason == Reason.SCOPE_MISSING
    assert "list_results" not in scene.gradebook.calls


# What is found


@pytest.mark.both_databases
def test_every_difference_is_found(scene: Scene) -> None:
    """Agreeing, changed, lost and unknown scores are told apart in one reading."""
    ids = class_of(scene, 4)
    cells = list(scene.gradebook.cells.items())
    cells[1][1].score = Decimal("8.5")
    cells[2][1].score = None
    url = cells[0][0][0]
    with scene.acts() as session:
        activity = session.get_one(ScoreDelivery, ids[0]).activity
        idle = factories.make_member(session, activity.resource_link.context, sub="idle")
    scene.gradebook.cells[url, "idle"] = Cell(Decimal(5), Decimal(10))
    scene.gradebook.cells[url, "nobody we know"] = Cell(Decimal(3), Decimal(10))
    scene.at += SOON
    scene.compare_due()
    findings = check_of(scene).findings
    states = sorted(scene.state(each) for each in ids)

    assert (findings["agree"], findings["differ"], findings["mended"]) == (2, 1, 1)
    assert findings["only_there"] == [[str(idle.id), "5", "10"]]
    assert findings["unknown"] == 1
    assert states == sorted(
        [
            (DeliveryState.DELIVERED, ""),
            (DeliveryState.DELIVERED, ""),
            (DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS),
            (DeliveryState.DUE, Reason.LOST_IN_LMS),
        ]
    )

    scene.work()

    assert scene.gradebook.cells[cells[2][0]].score == 7


@pytest.mark.parametrize(
    "state", [DeliveryState.UNCLEAR, DeliveryState.DEAD, DeliveryState.BLOCKED]
)
def test_a_score_that_is_there_settles_open_questions(scene: Scene, state: DeliveryState) -> None:
    """What the gradebook shows is delivered, whatever the row was in doubt about."""
    (delivery_id,) = class_of(scene, 1)
    with scene.acts() as session:
        row = session.get_one(ScoreDelivery, delivery_id)
        row.state, row.reason = state, Reason.NO_ANSWER
        row.told_score = row.told_maximum = row.delivered_at = None
    scene.at += SOON
    scene.compare_due()
    row = scene.row(delivery_id)

    assert (row.state, row.reason, row.told_score) == (DeliveryState.DELIVERED, "", 7)
    assert row.delivered_at == scene.at


def test_what_is_settled_is_nobodys_any_more(scene: Scene) -> None:
    """A worker that died in a call comes back after a comparison has found the score."""
    delivery_id = scene.grade()
    scene.claim(token="slow")
    slow = scene.prepare(delivery_id, token="slow")
    assert slow is not None
    heard = call(scene.gradebook, slow)
    scene.at += LEASE
    scene.compare(delivery_id)
    row = scene.row(delivery_id)

    assert (row.state, row.lease_token, row.lease_until) == (DeliveryState.DELIVERED, "", None)

    with scene.acts() as session:
        assert not record(session, slow, heard, at=scene.at, jitter=1.0)


def test_a_stale_reading_undoes_nothing(scene: Scene) -> None:
    """A score that was told while the column was being read is left to the next reading."""
    (delivery_id,) = class_of(scene, 1)
    scene.at += SOON
    read = scene.gradebook.list_results

    def read_and_regrade(*args: object) -> object:
        results = read(*args)  # type: ignore[arg-type]
        scene.regrade(delivery_id, score=Decimal(9), submitted_at=NOW)
        scene.work()
        return results

    scene.gradebook.list_results = read_and_regrade  # type: ignore[assignment, method-assign]
    scene.compare_due()
    row = scene.row(delivery_id)

    assert (row.state, row.told_score, row.seen_score) == (DeliveryState.DELIVERED, 9, None)


def test_a_quiet_comparison_writes_nothing(scene: Scene) -> None:
    """The same findings again leave rows and history as they are."""
    (delivery_id,) = class_of(scene, 1)
    scene.at += SOON
    scene.compare_due()
    before = scene.row(delivery_id).seen_at
    scene.at += DAILY
    scene.compare_due()
    with scene.acts() as session:
        kinds = [each.kind for each in score_tries.list_tries(session, delivery_id)]

    assert scene.row(delivery_id).seen_at == before
    assert kinds == ["post"]


def test_what_was_found_is_remembered(scene: Scene) -> None:
    """A change that a comparison found stands in the history, with the value that was there."""
    (delivery_id,) = class_of(scene, 1)
    cell_of(scene).score = Decimal("8.5")
    scene.at += SOON
    scene.compare_due()
    with scene.acts() as session:
        latest = score_tries.list_tries(session, delivery_id)[0]

    assert (latest.kind, latest.score, latest.reason) == (
        score_tries.CHECK,
        Decimal("8.5"),
        Reason.CHANGED_IN_LMS,
    )


def test_a_kept_back_score_goes_when_the_persons_is_gone(scene: Scene) -> None:
    """The tool's newest score is sent once nothing stands in its way any more."""
    (delivery_id,) = class_of(scene, 1)
    cell_of(scene).score = Decimal("8.5")
    scene.at += SOON
    scene.compare_due()
    scene.regrade(delivery_id, score=Decimal(9))
    scene.work()
    cell_of(scene).score = Decimal(7)
    scene.at += DAILY
    scene.compare_due()
    scene.work()

    assert cell_of(scene).score == 9
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_work_that_only_waits_is_not_compared(scene: Scene) -> None:
    """A person of whom Canvas knows that work waits has no score to compare."""
    waiting = {"reflection": {"state": "waiting", "score": None, "maximum": "10"}}
    delivery_id = scene.grade(score=None, parts=waiting)
    scene.work()
    scene.compare(delivery_id)

    assert check_of(scene).findings["differ"] == 0
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    with scene.acts() as session:
        assert session.scalars(select(Grade)).one().score is None


@pytest.mark.both_databases
def test_a_column_that_was_made_anew_is_found(scene: Scene) -> None:
    """Where the old address leads nowhere and the link has another column, all scores go there."""
    ids = class_of(scene, 2)
    with scene.acts() as session:
        lti_id = session.get_one(ScoreDelivery, ids[0]).activity.resource_link.lti_id
    scene.gradebook.columns[lti_id] = "https://lms.test/anew"
    scene.at += SOON
    scene.gradebook.fail_before.append(PlatformRefused("refused", status=404))
    scene.compare_due()
    scene.work()

    assert {scene.row(each).told_url for each in ids} == {"https://lms.test/anew"}
    assert {scene.state(each) for each in ids} == {(DeliveryState.DELIVERED, "")}
    assert check_of(scene).next_at == scene.at + SOON


def test_a_column_that_is_gone_takes_nothing_back(scene: Scene) -> None:
    """A course out of term does not turn what was delivered into something that needs somebody."""
    (delivery_id,) = class_of(scene, 1)
    scene.at += SOON
    scene.gradebook.fail_before.append(PlatformRefused("refused", status=404))
    scene.compare_due()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert check_of(scene).reason == Reason.LINE_ITEM_GONE


def test_a_value_seen_before_a_telling_says_nothing_of_after_it(scene: Scene) -> None:
    """A score that was told anew and is shown lower from then on may be a late penalty's."""
    (delivery_id,) = class_of(scene, 1)
    scene.at += SOON
    cell_of(scene).score = Decimal(6)
    scene.compare_due()
    cell_of(scene).score = Decimal(7)
    scene.at += DAILY
    scene.compare_due()
    scene.at += timedelta(minutes=1)
    with scene.acts() as session:
        score_resending.resend(session, [delivery_id], at=scene.at)
    scene.work()
    cell_of(scene).score = Decimal("6.3")
    scene.at += timedelta(minutes=1)
    scene.compare(delivery_id)

    assert scene.state(delivery_id) == (DeliveryState.OVERRIDDEN, Reason.LOWERED_IN_LMS)
