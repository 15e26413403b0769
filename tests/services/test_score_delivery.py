"""Scores on their way: wanted once, claimed by one, sent until the gradebook shows them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from lti_alliance.domain.circuits import CALLS_AT_ONCE
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.domain.launch import Role
from lti_alliance.errors import (
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
    PlatformUnclear,
)
from lti_alliance.models import LineItem, Registration, RegistrationState, ScoreDelivery
from lti_alliance.services import delivery_views, score_delivery, score_resending
from lti_alliance.services.ports import Acts
from lti_alliance.services.score_claims import is_anything_due
from lti_alliance.services.score_records import put_off
from lti_alliance.services.score_sending import call
from tests import factories
from tests.factories import NOW
from tests.fakes import FakeGradebook, Killed
from tests.services.scene import LEASE, Scene

# Wanting


@pytest.mark.both_databases
def test_a_grade_is_wanted_once(scene: Scene) -> None:
    """Mirroring the same grade twice leaves one row and one version."""
    delivery_id = scene.grade()
    scene.regrade(delivery_id)

    with scene.acts() as session:
        assert session.scalar(select(func.count()).select_from(ScoreDelivery)) == 1
    assert scene.row(delivery_id).desired_version == 1


@pytest.mark.both_databases
@pytest.mark.both_databases
def test_a_delivery_loaded_before_shows_what_is_wanted_now(session: Session) -> None:
    """What is wanted is written past the objects of the session; who holds one reads on in it."""
    grade = factories.make_grade(session)
    delivery = factories.want_shown(session, grade)
    assert delivery is not None
    before = delivery.desired_score
    grade.score = Decimal(9)
    session.flush()
    score_delivery.mirror(session, grade, at=NOW)

    assert (before, delivery.desired_score) == (Decimal(7), Decimal(9))


def test_a_change_that_alters_nothing_sends_nothing(scene: Scene) -> None:
    """A delivered score stays delivered until what is wanted differs."""
    delivery_id = scene.grade(score="7")
    scene.work()
    scene.regrade(delivery_id, score=Decimal("7.00"))

    assert scene.work() == 0

    scene.regrade(delivery_id, score=Decimal(8))
    scene.work()

    assert len(scene.gradebook.posts) == 2


@pytest.mark.needs_postgres
def test_workers_are_woken_by_what_is_new(scene: Scene, engine: Engine) -> None:
    """PostgreSQL tells of a new or changed score at the commit, and of nothing else."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as listener:
        listener.exec_driver_sql(f"LISTEN {score_delivery.CHANNEL}")
        driver = listener.connection.driver_connection
        assert driver is not None

        def heard() -> int:
            return len(list(driver.notifies(timeout=0.2)))

        delivery_id = scene.grade()
        first = heard()
        scene.regrade(delivery_id)
        same = heard()
        scene.regrade(delivery_id, score=Decimal(9))
        changed = heard()

    assert (first, same, changed) == (1, 0, 1)


@pytest.mark.parametrize(
    "changes", [{"role": Role.TEACHING_ASSISTANT}, {"role": Role.OBSERVER}, {"is_test_user": True}]
)
def test_only_learners_have_deliveries(session: Session, changes: dict[str, object]) -> None:
    """Nobody who is not graded gets a row, and test students never leave the tool."""
    course = factories.make_course(session)
    activity = factories.make_activity(session, factories.make_link(session, course))
    member = factories.make_member(session, course, **changes)
    grade = factories.make_grade(session, activity, member)

    assert factories.want_shown(session, grade, at=NOW) is None
    assert session.scalar(select(func.count()).select_from(ScoreDelivery)) == 0


def test_somebody_who_stopped_being_a_learner_is_not_sent(scene: Scene) -> None:
    """A role that changed after the grade keeps the score here."""
    delivery_id = scene.grade()
    with scene.acts() as session:
        delivery = session.get_one(ScoreDelivery, delivery_id)
        delivery.membership.role = Role.TEACHING_ASSISTANT
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.BLOCKED, Reason.NOT_GRADED)
    assert scene.gradebook.calls == []


@pytest.mark.both_databases
def test_a_link_without_a_line_item_is_shown_as_blocked(scene: Scene) -> None:
    """A score that has nowhere to go waits where an instructor sees it."""
    delivery_id = scene.grade(line_item={"has_line_item": False})

    assert scene.state(delivery_id) == (DeliveryState.BLOCKED, Reason.NO_LINE_ITEM)

    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.BLOCKED, Reason.NO_LINE_ITEM)
    assert scene.gradebook.calls == []


def test_a_grade_without_a_score_wants_nothing(scene: Scene) -> None:
    """An incomplete grade has no row, and takes back nothing that was told."""
    delivery_id = scene.grade()
    scene.work()
    scene.regrade(delivery_id, score=None)

    assert scene.work() == 0
    assert len(scene.gradebook.posts) == 1
    row = scene.row(delivery_id)
    assert (row.desired_score, row.told_score) == (None, Decimal(7))

    scene.regrade(delivery_id, score=Decimal(7))
    scene.work()

    assert len(scene.gradebook.posts) == 2


def test_an_incomplete_grade_has_no_row(session: Session) -> None:
    """Nothing is kept for a person who has nothing to be told."""
    grade = factories.make_grade(session, score=None)

    assert factories.want_shown(session, grade, at=NOW) is None


def test_a_newer_score_does_not_jump_the_wait_that_a_platform_asked_for(scene: Scene) -> None:
    """Retry-After holds for whatever is sent next."""
    delivery_id = scene.grade()
    scene.gradebook.fail_before.append(
        PlatformUnavailable("rate_limited", status=429, retry_after_s=600)
    )
    scene.work()
    scene.regrade(delivery_id, score=Decimal(9))

    assert scene.row(delivery_id).next_at == NOW + timedelta(seconds=600)


# Claiming


def backlog(scene: Scene, count: int) -> set[UUID]:
    """Make a class whose scores have waited for an hour."""
    with scene.acts() as session:
        course = factories.make_course(session)
        activity = factories.make_activity(session, factories.make_link(session, course))
        ids = set()
        for _ in range(count):
            grade = factories.make_grade(session, activity)
            delivery = factories.want_shown(session, grade, at=NOW - timedelta(hours=1))
            assert delivery is not None
            ids.add(delivery.id)
    return ids


@pytest.mark.both_databases
def test_two_workers_never_claim_the_same_delivery(scene: Scene) -> None:
    """Threads that claim at once divide the deliveries among them."""
    wanted = {scene.grade() for _ in range(12)}
    start = threading.Barrier(4)
    claimed: list[UUID] = []
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            start.wait()
            for _ in range(12):
                claimed.extend(scene.claim(limit=1, token=f"worker {number}"))
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert sorted(claimed) == sorted(wanted)


@pytest.mark.both_databases
def test_a_platform_gets_a_few_calls_at_a_time(scene: Scene) -> None:
    """One registration's backlog neither floods it nor holds up another's."""
    backlog(scene, CALLS_AT_ONCE + 3)
    other = scene.grade()
    claims = [scene.claim(token=str(number)) for number in range(CALLS_AT_ONCE + 2)]

    assert [other] in claims
    assert [len(claim) for claim in claims if claim != [other]][:-1] == [2, 2, 1, 1]
    assert claims[-1] == []


@pytest.mark.both_databases
def test_a_claim_is_for_one_platform(scene: Scene) -> None:
    """What one thread sends one after the other goes to one registration, a limited number."""
    ids = backlog(scene, 50)
    claimed = scene.claim(limit=8)

    assert len(claimed) == 8
    assert set(claimed) <= ids


def test_nothing_is_sent_for_a_disabled_registration(scene: Scene) -> None:
    """Rows of a registration that an administrator switched off wait and then go."""
    delivery_id = scene.grade()
    with scene.acts() as session:
        registration = session.scalars(select(Registration)).one()
        registration.state = RegistrationState.DISABLED

    assert scene.claim() == []
    with scene.acts() as session:
        assert not is_anything_due(session, at=NOW)
        row = session.get_one(ScoreDelivery, delivery_id)
        view = delivery_views.delivery_view(row, row.grade)
        assert view is not None
        assert view.reason == Reason.REGISTRATION_DISABLED
        session.get_one(Registration, row.registration_id).state = RegistrationState.ACTIVE

    assert scene.claim() == [delivery_id]


def test_nothing_is_sent_to_a_held_host(scene: Scene) -> None:
    """A score waits until somebody approves the host that a launch named."""
    delivery_id = scene.grade(line_item={"held_host": "other.test"})

    assert scene.claim() == []
    with scene.acts() as session:
        row = session.get_one(ScoreDelivery, delivery_id)
        view = delivery_views.delivery_view(row, row.grade)
        assert view is not None
        assert view.reason == Reason.HOST_HELD


@pytest.mark.both_databases
def test_a_lost_lease_is_fenced_off(scene: Scene) -> None:
    """A worker that comes back after its lease ran out changes nothing."""
    delivery_id = scene.grade()
    scene.claim(token="slow")
    scene.at += LEASE
    assert scene.claim(token="quick") == [delivery_id]

    scene.step(delivery_id, token="slow")

    assert scene.gradebook.posts == []
    assert scene.row(delivery_id).lease_token == "quick"


@pytest.mark.both_databases
def test_a_late_record_is_fenced_off(scene: Scene) -> None:
    """What a slow worker hears after its lease ran out does not overwrite newer knowledge."""
    delivery_id = scene.grade()
    scene.claim(token="slow")

    def meanwhile() -> None:
        scene.at += LEASE
        scene.claim(token="quick")

    scene.gradebook.post_score = lambda *_: meanwhile() or 200  # type: ignore[method-assign]
    scene.step(delivery_id, token="slow")
    row = scene.row(delivery_id)

    assert (row.state, row.lease_token) == (DeliveryState.UNCLEAR, "quick")


# Sending


@pytest.mark.both_databases
def test_a_score_reaches_the_gradebook(scene: Scene) -> None:
    """The main path: wanted, claimed, told, delivered."""
    delivery_id = scene.grade()
    steps = scene.work()
    (line_item, score), row = scene.gradebook.posts[0], scene.row(delivery_id)

    assert steps == 1
    assert (score.score_given, score.score_maximum) == (Decimal(7), Decimal(10))
    assert (score.activity_progress, score.grading_progress) == ("Completed", "FullyGraded")
    assert line_item.url.startswith(factories.LINE_ITEMS)
    assert (row.state, row.told_score, row.delivered_at) == ("delivered", Decimal(7), NOW)
    assert (row.lease_token, row.lease_until, row.tries, row.last_status) == ("", None, 0, 200)


def test_each_submission_is_new_once(scene: Scene) -> None:
    """A regrade keeps the submission; a later submission is a new one."""
    delivery_id = scene.grade()
    scene.work()
    scene.regrade(delivery_id, score=Decimal(8))
    scene.work()
    scene.regrade(delivery_id, score=Decimal(9), submitted_at=NOW)
    scene.work()

    assert [score.new_submission for _, score in scene.gradebook.posts] == [True, False, True]


def test_a_comment_is_new_once(scene: Scene) -> None:
    """Platforms that append comments can tell the first telling from the others."""
    delivery_id = scene.grade(comment="Feedback is in the activity.")
    scene.work()
    scene.regrade(delivery_id, score=Decimal(8))
    scene.work()
    posts = [(score.comment, score.comment_is_new) for _, score in scene.gradebook.posts]

    assert posts == [
        ("Feedback is in the activity.", True),
        ("Feedback is in the activity.", False),
    ]


@pytest.mark.parametrize(
    ("error", "is_new"),
    [
        (PlatformUnavailable("platform_down", status=503), True),
        (PlatformUnavailable("platform_down", status=500), False),
        (PlatformUnclear("timeout"), False),
    ],
)
def test_a_comment_that_may_have_arrived_is_not_new(
    scene: Scene, error: PlatformError, is_new: bool
) -> None:
    """A comment goes again only where the first one certainly did not arrive."""
    scene.grade(comment="Feedback is in the activity.")
    scene.gradebook.fail_before.append(error)
    for _ in range(3):
        scene.work()
        scene.at += timedelta(hours=1)

    assert [score.comment_is_new for _, score in scene.gradebook.posts] == [is_new]


def test_timestamps_rise_by_a_second_under_a_jumping_clock(scene: Scene) -> None:
    """Each sending of a pair is stamped a second later than the last at least."""
    delivery_id = scene.grade()
    for number, jump_s in enumerate((0.0, 0.2, -3600.0, 30.0)):
        scene.at += timedelta(seconds=jump_s)
        scene.regrade(delivery_id, score=Decimal(number))
        with scene.acts() as session:
            session.get_one(ScoreDelivery, delivery_id).next_at = scene.at
        scene.work()
    stamps = [score.timestamp for _, score in scene.gradebook.posts]

    assert len(stamps) == 4
    assert all(b - a >= timedelta(seconds=1) for a, b in pairwise(stamps))


def test_a_change_during_the_call_is_sent_afterwards(scene: Scene) -> None:
    """A grade that moves on while the old one is on its way is told next."""
    delivery_id = scene.grade()
    post = scene.gradebook.post_score

    def post_and_regrade(*args: object) -> int:
        scene.gradebook.post_score = post  # type: ignore[method-assign]
        scene.regrade(delivery_id, score=Decimal(9))
        return post(*args)  # type: ignore[arg-type]

    scene.gradebook.post_score = post_and_regrade  # type: ignore[method-assign]

    scene.work()

    assert [score.score_given for _, score in scene.gradebook.posts] == [Decimal(7), Decimal(9)]
    assert scene.row(delivery_id).told_score == Decimal(9)


def test_a_lost_answer_is_read_back(scene: Scene) -> None:
    """A score that arrived without an answer is not sent again."""
    delivery_id = scene.grade()
    scene.gradebook.fail_after.append(PlatformUnclear("timeout"))
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.UNCLEAR, Reason.NO_ANSWER)

    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.gradebook.calls == ["post_score", "read_result"]
    row = scene.row(delivery_id)
    assert (row.state, row.told_score, row.seen_score) == ("delivered", Decimal(7), Decimal(7))


def test_a_lost_score_is_sent_again(scene: Scene) -> None:
    """A score that did not arrive is found missing and sent again."""
    delivery_id = scene.grade()
    scene.gradebook.fail_before.append(PlatformUnclear("connection_lost"))
    scene.work()
    for _ in range(2):
        scene.at += timedelta(minutes=2)
        scene.work()

    assert scene.gradebook.calls == ["post_score", "read_result", "post_score"]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


@pytest.mark.both_databases
def test_a_late_message_of_our_own_is_no_persons_value(scene: Scene) -> None:
    """What a worker sends that stood still arrives after a newer score was lost: it is replaced."""
    delivery_id = scene.grade(submitted_at=NOW)
    scene.claim(token="slow")
    slow = scene.prepare(delivery_id, token="slow")
    assert slow is not None
    scene.at += LEASE
    scene.regrade(delivery_id, score=Decimal(9), submitted_at=scene.at)
    scene.gradebook.fail_before.append(PlatformUnclear("connection_lost"))
    scene.work()
    call(scene.gradebook, slow)
    scene.at += timedelta(minutes=2)
    scene.work()

    (cell,) = scene.gradebook.cells.values()
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert cell.score == Decimal(9)


@pytest.mark.both_databases
@pytest.mark.parametrize("last", [PlatformRefused("address_moved", status=307), None])
def test_a_score_kept_by_a_failing_platform_is_no_persons_value(
    scene: Scene, last: PlatformError | None
) -> None:
    """Canvas says 500 and has the score: the next one replaces it, whatever came in between."""
    delivery_id = scene.grade()
    scene.work()
    scene.regrade(delivery_id, score=Decimal(9))
    scene.gradebook.fail_after.extend([None, PlatformUnavailable("platform_down", status=500)])
    scene.work()
    if last is not None:
        scene.at += timedelta(minutes=2)
        scene.gradebook.fail_before.append(last)
        scene.work()
    scene.regrade(delivery_id, score=Decimal(8))
    for _ in range(2):
        scene.at += timedelta(days=1)
        scene.work()

    (cell,) = scene.gradebook.cells.values()
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert cell.score == Decimal(8)


def test_what_was_confirmed_since_is_a_persons_value(scene: Scene) -> None:
    """A message that is older than a confirmed one cannot arrive any more."""
    delivery_id = scene.grade(submitted_at=NOW)
    scene.gradebook.fail_before.append(PlatformUnclear("connection_lost"))
    scene.work()
    for score in (Decimal(9), Decimal(8)):
        scene.at += timedelta(minutes=2)
        scene.regrade(delivery_id, score=score, submitted_at=scene.at)
        if score == Decimal(8):
            scene.gradebook.fail_before.append(PlatformUnclear("connection_lost"))
        scene.work()
    (cell,) = scene.gradebook.cells.values()
    cell.score = Decimal(7)
    scene.at += timedelta(minutes=2)
    scene.work()

    assert scene.row(delivery_id).state == DeliveryState.OVERRIDDEN


def test_a_persons_value_stands(scene: Scene) -> None:
    """A value that is neither ours nor the one before is left as it is."""
    delivery_id = scene.grade()
    scene.gradebook.fail_after.append(PlatformUnclear("timeout"))
    scene.work()
    (cell,) = scene.gradebook.cells.values()
    cell.score = Decimal(9)
    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS)
    assert scene.row(delivery_id).seen_score == Decimal(9)
    assert len(scene.gradebook.posts) == 1


def test_a_conflict_is_read_back_at_once(scene: Scene) -> None:
    """An earlier timestamp is looked into before anything is sent again."""
    delivery_id = scene.grade(family="moodle")
    scene.gradebook.fail_before.append(PlatformRefused("refused", status=409))
    scene.work()

    assert scene.gradebook.calls == ["post_score", "read_result"]

    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_without_results_an_unclear_score_is_sent_again(scene: Scene) -> None:
    """What cannot be read back is told once more."""
    delivery_id = scene.grade(line_item={"scopes": [GradeScope.SCORE]})
    scene.gradebook.fail_before.append(PlatformUnclear("timeout"))
    scene.work()
    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.gradebook.calls == ["post_score", "post_score"]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_a_refused_read_back_leads_to_another_sending(scene: Scene) -> None:
    """A platform that does not let results be read is told again."""
    delivery_id = scene.grade()
    scene.gradebook.fail_before.extend(
        [PlatformUnclear("timeout"), PlatformRefused("refused", status=403)]
    )
    scene.work()
    for _ in range(2):
        scene.at += timedelta(minutes=2)
        scene.work()

    assert scene.gradebook.calls == ["post_score", "read_result", "post_score"]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_a_read_back_without_an_answer_is_tried_again(scene: Scene) -> None:
    """While nobody knows, nothing is sent; the looking goes on."""
    delivery_id = scene.grade()
    scene.gradebook.fail_after.append(PlatformUnclear("timeout"))
    scene.work()
    scene.gradebook.fail_before.append(PlatformUnavailable("platform_down", status=503))
    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.UNCLEAR, Reason.PLATFORM_DOWN)

    scene.at += timedelta(minutes=2)
    scene.work()

    assert scene.gradebook.calls == ["post_score", "read_result", "read_result"]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


@pytest.mark.parametrize("error", [PlatformUnclear("timeout"), PlatformUnavailable("tls_failed")])
def test_a_week_without_an_answer_is_the_end(scene: Scene, error: PlatformError) -> None:
    """What could not be sent for seven days is given up, whatever stood in the way."""
    delivery_id = scene.grade()
    for _ in range(8):
        scene.gradebook.fail_before.append(error)
        scene.work()
        scene.at += timedelta(days=1)

    assert scene.row(delivery_id).state == DeliveryState.DEAD
    assert scene.work() == 0


def test_used_up_attempts_go_without_a_submission(scene: Scene) -> None:
    """Canvas's limit of attempts costs the submission, not the score."""
    delivery_id = scene.grade()
    scene.gradebook.fail_before.append(
        PlatformRefused("refused", status=422, detail="maximum number of allowed attempts")
    )
    scene.work()

    assert [score.new_submission for _, score in scene.gradebook.posts] == [False]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_a_fault_of_our_own_puts_off_one_delivery(scene: Scene) -> None:
    """A row that fails inside the tool waits and keeps what is known of its sending."""
    delivery_id = scene.grade()
    scene.claim()
    scene.gradebook.fail_before.append(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        scene.step(delivery_id)
    with scene.acts() as session:
        put_off(session, delivery_id, token="token", at=NOW, jitter=1.0)
    row = scene.row(delivery_id)

    assert (row.state, row.reason, row.tries) == ("unclear", Reason.INTERNAL_ERROR, 1)
    assert row.next_at == NOW + timedelta(seconds=5)


# Line items


@pytest.mark.both_databases
def test_an_unknown_line_item_is_found(scene: Scene) -> None:
    """A link without an address is looked up, and the score goes there."""
    delivery_id = scene.grade(line_item={"url": ""})
    with scene.acts() as session:
        lti_id = session.get_one(ScoreDelivery, delivery_id).activity.resource_link.lti_id
    scene.gradebook.columns[lti_id] = "https://lms.test/found"
    scene.work()

    assert scene.gradebook.calls == ["find_line_item", "post_score"]
    assert scene.row(delivery_id).told_url == "https://lms.test/found"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PlatformUnclear("timeout"), (DeliveryState.DUE, Reason.NO_ANSWER)),
        (PlatformUnavailable("connect_failed"), (DeliveryState.DUE, Reason.UNREACHABLE)),
        (PlatformRefused("refused", status=404), (DeliveryState.BLOCKED, Reason.LINE_ITEM_GONE)),
        (
            PlatformRefused("line_item_ambiguous"),
            (DeliveryState.BLOCKED, Reason.LINE_ITEM_AMBIGUOUS),
        ),
        *(
            (
                PlatformRefused("refused", status=status),
                (DeliveryState.BLOCKED, Reason.ACCESS_REFUSED),
            )
            for status in (400, 409, 415, 422)
        ),
    ],
)
def test_a_search_that_fails_says_why(
    scene: Scene, error: PlatformError, expected: tuple[str, str]
) -> None:
    """Nothing was told, so nothing is read back; what cannot be found waits for a person."""
    delivery_id = scene.grade(line_item={"url": ""})
    scene.gradebook.fail_before.append(error)
    scene.work()

    assert scene.state(delivery_id) == expected
    assert scene.row(delivery_id).next_at > NOW


def test_without_the_scope_nothing_is_called(scene: Scene) -> None:
    """A platform that granted no scores is not asked to take one."""
    delivery_id = scene.grade(line_item={"scopes": [GradeScope.RESULT]})
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.BLOCKED, Reason.SCOPE_MISSING)
    assert scene.gradebook.calls == []


def test_canvas_gets_no_column_that_nobody_asked_for(scene: Scene) -> None:
    """A link that is no assignment stays without one until an instructor asks."""
    delivery_id = scene.grade(line_item={"url": ""})
    scene.work()

    assert scene.gradebook.calls == ["find_line_item"]
    assert scene.state(delivery_id) == (DeliveryState.BLOCKED, Reason.NO_LINE_ITEM)


@pytest.mark.parametrize(
    ("family", "may_create"), [("canvas", True), ("moodle", False), ("", True)]
)
def test_a_line_item_is_made_where_that_is_wanted(
    scene: Scene, family: str, may_create: bool
) -> None:
    """An instructor's wish, or a Moodle link without a column, leads to one new line item."""
    delivery_id = scene.grade(family=family, line_item={"url": "", "may_create": may_create})
    scene.work()

    assert scene.gradebook.calls == ["find_line_item", "create_line_item", "post_score"]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


@pytest.mark.both_databases
def test_one_delivery_looks_for_the_line_item_at_a_time(scene: Scene) -> None:
    """Two students of a new link bring about one line item."""
    with scene.acts() as session:
        course = factories.make_course(
            session, factories.make_registration(session, family="moodle")
        )
        activity = factories.make_activity(session, factories.make_link(session, course, url=""))
        ids = []
        for _ in range(2):
            grade = factories.make_grade(session, activity)
            delivery = factories.want_shown(session, grade, at=NOW)
            assert delivery is not None
            ids.append(delivery.id)
    scene.claim()
    find = scene.gradebook.find_line_item

    def find_while_another_tries(*args: object) -> str | None:
        scene.gradebook.find_line_item = find  # type: ignore[method-assign]
        scene.step(ids[1])
        return find(*args)  # type: ignore[arg-type]

    scene.gradebook.find_line_item = find_while_another_tries  # type: ignore[method-assign]
    scene.step(ids[0])
    scene.at += timedelta(seconds=2)
    scene.work()

    assert scene.gradebook.calls.count("create_line_item") == 1
    assert {scene.state(each) for each in ids} == {(DeliveryState.DELIVERED, "")}


def test_a_lost_line_item_is_looked_for_once(scene: Scene) -> None:
    """An address that leads nowhere is replaced by the one that the course lists now."""
    delivery_id = scene.grade()
    with scene.acts() as session:
        lti_id = session.get_one(ScoreDelivery, delivery_id).activity.resource_link.lti_id
    scene.gradebook.columns[lti_id] = "https://lms.test/other"
    scene.gradebook.fail_before.append(PlatformRefused("refused", status=404))
    scene.work()

    assert scene.gradebook.calls == ["post_score", "find_line_item", "post_score"]
    assert scene.row(delivery_id).told_url == "https://lms.test/other"


def test_a_new_column_gets_everybodys_scores(scene: Scene) -> None:
    """One score that finds the column made anew takes along what the old one had been told."""
    first, second = sorted(backlog(scene, 2))
    scene.work()
    with scene.acts() as session:
        lti_id = session.get_one(ScoreDelivery, first).activity.resource_link.lti_id
    scene.gradebook.columns[lti_id] = "https://lms.test/anew"
    scene.regrade(first, score=Decimal(9), submitted_at=NOW)
    scene.gradebook.fail_before.append(PlatformRefused("refused", status=404))
    scene.work()

    assert {scene.row(each).told_url for each in (first, second)} == {"https://lms.test/anew"}
    assert {scene.state(each) for each in (first, second)} == {(DeliveryState.DELIVERED, "")}


def test_a_line_item_that_is_listed_and_gone_blocks(scene: Scene) -> None:
    """Canvas out of term still lists what it does not serve: no circle, a reason."""
    delivery_id = scene.grade()
    with scene.acts() as session:
        link = session.get_one(ScoreDelivery, delivery_id).activity.resource_link
        assert link.line_item is not None
        scene.gradebook.columns[link.lti_id] = link.line_item.url
    scene.gradebook.fail_before.append(PlatformRefused("refused", status=404))
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.BLOCKED, Reason.LINE_ITEM_GONE)
    assert scene.gradebook.calls == ["post_score", "find_line_item"]


@pytest.mark.parametrize("family", ["canvas", "moodle"])
def test_that_a_column_was_lost_is_not_forgotten(scene: Scene, family: str) -> None:
    """A search that fails in between does not turn a deleted column into one never made."""
    delivery_id = scene.grade(family=family)
    scene.gradebook.fail_before.extend(
        [PlatformRefused("refused", status=404), PlatformUnavailable("connect_failed")]
    )
    scene.work()
    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.BLOCKED, Reason.LINE_ITEM_GONE)
    assert "create_line_item" not in scene.gradebook.calls


def test_two_that_find_what_is_gone_do_not_wake_each_other(scene: Scene) -> None:
    """A class whose column is listed and not served is blocked, each after one try."""
    ids = backlog(scene, 3)
    with scene.acts() as session:
        link = session.get_one(ScoreDelivery, next(iter(ids))).activity.resource_link
        assert link.line_item is not None
        scene.gradebook.columns[link.lti_id] = link.line_item.url
    gone = PlatformRefused("refused", status=404)
    scene.gradebook.post_score = lambda *_: (_ for _ in ()).throw(gone)  # type: ignore[method-assign]
    scene.work()

    assert {scene.state(each) for each in ids} == {(DeliveryState.BLOCKED, Reason.LINE_ITEM_GONE)}


def test_another_address_is_told_anew(scene: Scene) -> None:
    """A link whose line item moved gets the score again, with its submission."""
    delivery_id = scene.grade()
    scene.work()
    with scene.acts() as session:
        line_item = session.scalars(select(LineItem)).one()
        line_item.url = "https://lms.test/moved"
        assert score_resending.resume(session, line_item.resource_link, at=NOW) == 1
    scene.work()

    assert [(ref.url, score.new_submission) for ref, score in scene.gradebook.posts][1:] == [
        ("https://lms.test/moved", True)
    ]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_a_launch_takes_up_what_was_blocked(scene: Scene) -> None:
    """A line item that a launch brings lets the waiting score go at once."""
    delivery_id = scene.grade(line_item={"has_line_item": False})
    with scene.acts() as session:
        link = session.get_one(ScoreDelivery, delivery_id).activity.resource_link
        session.add(
            LineItem(
                resource_link_id=link.id,
                url="https://lms.test/new",
                scopes=factories.ALL_SCOPES,
                seen_at=NOW,
            )
        )
        session.flush()
        session.refresh(link)
        assert score_resending.resume(session, link, at=NOW) == 1
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


# Crashes


def _dies(number: int) -> Callable[[], None]:
    count = 0

    def maybe_die() -> None:
        nonlocal count
        count += 1
        if count == number:
            raise Killed

    return maybe_die


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("family", ["canvas", "moodle"])
def test_a_worker_may_die_at_any_moment(acts: Acts, number: int, family: str) -> None:
    """Killed before or after any commit or call, the visible effect happens once."""
    die = _dies(number)

    @contextmanager
    def deadly() -> Iterator[Session]:
        die()
        with acts() as session:
            yield session
        die()

    class DeadlyGradebook(FakeGradebook):
        def _begin(self, name: str) -> None:
            die()
            super()._begin(name)

        def _end(self) -> None:
            super()._end()
            die()

    scene = Scene(acts)
    scene.gradebook = DeadlyGradebook()
    delivery_id = scene.grade(family=family, comment="Feedback is in the activity.")
    scene.acts = deadly
    deaths = 0
    for _ in range(12):
        try:
            scene.work()
        except Killed:
            deaths += 1
        scene.at += LEASE + timedelta(minutes=1)
    scene.acts = acts
    (cell,) = scene.gradebook.cells.values()

    assert deaths == 1
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert cell.score == Decimal(7)
    assert len(cell.submissions) == 1
    assert len(cell.comments) <= 1
    stamps = [score.timestamp for _, score in scene.gradebook.posts]
    assert stamps == sorted(set(stamps))


# Looking and sending again


def test_a_dead_delivery_can_be_sent_again(scene: Scene) -> None:
    """A person's push starts a given-up delivery afresh."""
    delivery_id = scene.grade()
    scene.gradebook.fail_before.append(PlatformRefused("refused", status=415))
    scene.work()
    assert scene.state(delivery_id) == (DeliveryState.DEAD, Reason.SCORE_MALFORMED)

    with scene.acts() as session:
        assert score_resending.resend(session, [delivery_id], at=scene.at) == 1
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_what_is_under_way_is_not_sent_twice(scene: Scene) -> None:
    """A push while a worker has the delivery changes nothing."""
    delivery_id = scene.grade()
    scene.claim()

    with scene.acts() as session:
        assert score_resending.resend(session, [delivery_id], at=scene.at) == 0


def test_deliveries_are_listed_and_counted(scene: Scene) -> None:
    """Lists and counts go by course, activity, person and state."""
    first = scene.grade()
    scene.work()
    second = scene.grade()
    with scene.acts() as session:
        row = session.get_one(ScoreDelivery, second)
        member = row.membership
        listed = {
            "all": score_delivery.list_deliveries(session),
            "course": score_delivery.list_deliveries(session, context_id=member.context_id),
            "activity": score_delivery.list_deliveries(session, activity_id=row.activity_id),
            "person": score_delivery.list_deliveries(session, user_id=member.user_id),
            "state": score_delivery.list_deliveries(session, state=DeliveryState.DELIVERED),
        }
        summary = score_delivery.summary_by_state(session)
        in_course = score_delivery.summary_by_state(session, context_id=member.context_id)

    found = {name: [each.id for each in rows] for name, rows in listed.items()}
    assert found.pop("state") == [first]
    assert sorted(found.pop("all")) == sorted([first, second])
    assert set(map(tuple, found.values())) == {(second,)}
    assert (summary[DeliveryState.DELIVERED], summary[DeliveryState.DUE]) == (1, 1)
    assert (in_course[DeliveryState.DELIVERED], in_course[DeliveryState.DUE]) == (0, 1)


def test_a_page_sees_where_a_score_stands(scene: Scene) -> None:
    """The view names the state, since when, and what was told."""
    delivery_id = scene.grade()

    def view() -> delivery_views.DeliveryView:
        with scene.acts() as session:
            row = session.get_one(ScoreDelivery, delivery_id)
            found = delivery_views.delivery_view(row, row.grade)
            assert found is not None
            return found

    assert (view().state, view().since, view().next_at) == (DeliveryState.DUE, NOW, NOW)

    scene.at += timedelta(seconds=3)
    seen: list[delivery_views.DeliveryView] = []
    scene.gradebook.post_score = lambda *_: seen.append(view()) or 200  # type: ignore[method-assign]
    scene.work()

    assert seen[0].state is DeliveryState.SENDING
    assert (view().state, view().since, view().next_at) == (
        DeliveryState.DELIVERED,
        scene.at,
        None,
    )
    assert view().told_score == Decimal(7)
    assert delivery_views.delivery_view(None, None) is None
