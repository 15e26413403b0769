"""Looking into the gradebook before and after a score is told, and telling that work waits."""

from datetime import timedelta
from decimal import Decimal

import pytest

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradeScope
from lti_alliance.errors import PlatformRefused, PlatformUnavailable, PlatformUnclear
from lti_alliance.models import ScoreDelivery
from lti_alliance.services import score_resending
from tests.factories import NOW
from tests.fakes import Cell
from tests.services.scene import Scene

WAITING = {"quiz": {"state": "graded", "score": "7", "maximum": "10"}} | {
    "reflection": {"state": "waiting", "score": None, "maximum": "10"}
}
GRADED = {"quiz": {"state": "graded", "score": "7", "maximum": "10"}}
MISSING = WAITING | {"quiz": {"state": "missing", "score": None, "maximum": "10"}}


def only_cell(scene: Scene) -> Cell:
    (cell,) = scene.gradebook.cells.values()
    return cell


# Before a changed score


@pytest.mark.both_databases
def test_a_persons_grade_outlives_a_regrade(scene: Scene) -> None:
    """The same work graded anew does not replace what somebody set in the gradebook."""
    delivery_id = scene.grade()
    scene.work()
    only_cell(scene).score = Decimal("8.5")
    scene.regrade(delivery_id, score=Decimal(9))
    scene.work()
    row = scene.row(delivery_id)

    assert scene.state(delivery_id) == (DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS)
    assert only_cell(scene).score == Decimal("8.5")
    assert (row.told_score, row.desired_score, row.seen_score) == (7, 9, Decimal("8.5"))

    scene.regrade(delivery_id, score=Decimal(10))

    assert scene.work() == 0
    assert scene.state(delivery_id) == (DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS)


def test_newer_work_replaces_a_persons_grade(scene: Scene) -> None:
    """What the student hands in later goes, whatever stands in the gradebook."""
    delivery_id = scene.grade()
    scene.work()
    only_cell(scene).score = Decimal("8.5")
    scene.regrade(delivery_id, score=Decimal(9))
    scene.work()
    scene.regrade(delivery_id, score=Decimal(10), submitted_at=NOW)
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert only_cell(scene).score == 10


def test_an_instructor_may_replace_it(scene: Scene) -> None:
    """Sent again on purpose, the tool's score takes the place of a person's, once."""
    delivery_id = scene.grade()
    scene.work()
    only_cell(scene).score = Decimal("8.5")
    scene.regrade(delivery_id, score=Decimal(9))
    scene.work()
    with scene.acts() as session:
        score_resending.resend(session, [delivery_id], at=scene.at)
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert only_cell(scene).score == 9
    assert not scene.row(delivery_id).is_forced


def test_a_late_penalty_gives_way_to_a_regrade(scene: Scene) -> None:
    """A lower value from the beginning may be a rule's; the newer score goes and is lowered too."""
    delivery_id = scene.grade()
    scene.work()
    only_cell(scene).score = Decimal("6.3")
    scene.regrade(delivery_id, score=Decimal(9))
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert only_cell(scene).score == 9


def test_a_look_that_fails_is_made_again_before_anything_is_sent(scene: Scene) -> None:
    """While nobody knows what the gradebook shows, a regrade waits."""
    delivery_id = scene.grade()
    scene.work()
    scene.regrade(delivery_id, score=Decimal(9))
    for error in (PlatformUnavailable("platform_down", status=503), PlatformUnclear("timeout")):
        scene.gradebook.fail_before.append(error)
        scene.work()
        assert scene.row(delivery_id).state == DeliveryState.DUE
        scene.at += timedelta(minutes=2)
    scene.work()

    assert scene.gradebook.calls.count("post_score") == 2
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_a_look_that_is_refused_holds_nothing_up(scene: Scene) -> None:
    """A platform that shows no results gets the score all the same."""
    delivery_id = scene.grade()
    scene.work()
    scene.regrade(delivery_id, score=Decimal(9))
    scene.gradebook.fail_before.append(PlatformRefused("refused", status=403))
    scene.work()
    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.gradebook.calls == ["post_score", "read_result", "post_score"]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


def test_without_results_a_regrade_goes_at_once(scene: Scene) -> None:
    """Nothing is looked at where results may not be read."""
    delivery_id = scene.grade(line_item={"scopes": [GradeScope.SCORE]})
    scene.work()
    scene.regrade(delivery_id, score=Decimal(9))
    scene.work()

    assert scene.gradebook.calls == ["post_score", "post_score"]


# After Moodle took a score


@pytest.mark.both_databases
def test_moodle_is_asked_what_it_shows(scene: Scene) -> None:
    """A second score is confirmed by reading; a person's grade over it is told as such."""
    delivery_id = scene.grade(family="moodle")
    scene.work()
    only_cell(scene).is_overridden = True
    only_cell(scene).score = Decimal("8.5")
    scene.regrade(delivery_id, score=Decimal(9), submitted_at=NOW)
    scene.work()

    assert scene.gradebook.calls == ["post_score", "post_score", "read_result"]
    assert scene.state(delivery_id) == (DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS)
    assert scene.row(delivery_id).told_score == 9

    with scene.acts() as session:
        score_resending.resend(session, [delivery_id], at=scene.at)
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.OVERRIDDEN, Reason.KEPT_BY_LMS)


def test_a_confirmation_that_cannot_be_had_is_not_needed(scene: Scene) -> None:
    """A score that was taken counts as delivered where reading is refused."""
    delivery_id = scene.grade(family="moodle")
    scene.work()
    scene.regrade(delivery_id, score=Decimal(9), submitted_at=NOW)
    scene.gradebook.fail_before.extend([None, PlatformRefused("refused", status=403)])
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")


# Work that waits to be graded


@pytest.mark.both_databases
def test_canvas_is_told_once_that_work_waits(scene: Scene) -> None:
    """The last part handed in shows up to be graded, and the score keeps that submission."""
    delivery_id = scene.grade(score=None, parts=WAITING)
    scene.work()
    scene.regrade(delivery_id)
    scene.work()
    pending = scene.gradebook.posts[0][1]

    assert len(scene.gradebook.posts) == 1
    assert (pending.activity_progress, pending.grading_progress) == ("Submitted", "PendingManual")
    assert (pending.score_given, pending.new_submission, pending.comment) == (None, True, "")
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")

    scene.regrade(delivery_id, score=Decimal(15), parts=GRADED, comment="Feedback is there.")
    scene.work()
    graded = scene.gradebook.posts[1][1]

    assert (graded.grading_progress, graded.score_given) == ("FullyGraded", 15)
    assert (graded.new_submission, graded.comment_is_new) == (False, True)
    assert graded.submitted_at == pending.submitted_at


@pytest.mark.parametrize(
    ("family", "parts"), [("moodle", WAITING), ("", WAITING), ("canvas", MISSING), ("canvas", {})]
)
def test_nobody_else_is_told_that_work_waits(
    scene: Scene, family: str, parts: dict[str, object]
) -> None:
    """Moodle would empty the cell, and work of which a part is missing waits for nobody."""
    with scene.acts() as session:
        assert scene.want(session, family=family, score=None, parts=parts) is None


@pytest.mark.both_databases
def test_nothing_unfinished_follows_a_released_score(scene: Scene) -> None:
    """Once a score has been told, work that waits again takes nothing back."""
    delivery_id = scene.grade()
    scene.work()
    scene.regrade(delivery_id, score=None, parts=WAITING)

    assert scene.work() == 0
    assert len(scene.gradebook.posts) == 1


def test_a_score_that_goes_out_at_the_same_moment_is_not_followed(scene: Scene) -> None:
    """A worker finds out at the last moment that a score has been told, and tells nothing more."""
    delivery_id = scene.grade(score=None, parts=WAITING)
    with scene.acts() as session:
        session.get_one(ScoreDelivery, delivery_id).told_progress = "FullyGraded"
    scene.work()

    assert scene.gradebook.posts == []
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, Reason.NOTHING_TO_SEND)


def test_an_unclear_waiting_is_told_again(scene: Scene) -> None:
    """No result tells whether Canvas knows that work waits; telling it twice changes nothing."""
    delivery_id = scene.grade(score=None, parts=WAITING)
    scene.gradebook.fail_after.append(PlatformUnclear("timeout"))
    scene.work()
    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.gradebook.calls == ["post_score", "post_score"]
    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert len(only_cell(scene).submissions) == 1


# Told once


def test_a_comment_that_is_taken_back_and_given_again_stays_told(scene: Scene) -> None:
    """Canvas keeps a comment for ever, so that it is new only the first time."""
    delivery_id = scene.grade(comment="Feedback is there.")
    for comment in ("", "Feedback is there."):
        scene.work()
        scene.regrade(delivery_id, comment=comment)
    scene.work()

    assert [score.comment_is_new for _, score in scene.gradebook.posts if score.comment] == [
        True,
        False,
    ]


def test_a_clock_that_goes_back_makes_no_second_submission(scene: Scene) -> None:
    """A submission keeps its time from try to try, even one that seems to come from the future."""
    delivery_id = scene.grade(submitted_at=NOW + timedelta(seconds=1))
    scene.gradebook.fail_after.append(PlatformUnavailable("platform_down", status=500))
    scene.work()
    scene.at += timedelta(seconds=0.5)
    with scene.acts() as session:
        session.get_one(ScoreDelivery, delivery_id).next_at = scene.at
    scene.work()

    assert len(scene.gradebook.posts) == 2
    assert only_cell(scene).submissions == [NOW + timedelta(seconds=1)]


def test_a_submission_that_was_refused_as_future_is_lowered(scene: Scene) -> None:
    """F41: what a platform calls the future goes with the present time once clocks agree."""
    delivery_id = scene.grade(submitted_at=NOW + timedelta(hours=1))
    refused = PlatformRefused("refused", status=400, detail="submitted_at is in the future")
    scene.gradebook.fail_before.append(refused)
    scene.work()
    scene.at += timedelta(minutes=1)
    scene.work()

    assert scene.state(delivery_id) == (DeliveryState.DELIVERED, "")
    assert only_cell(scene).submissions == [scene.at]
