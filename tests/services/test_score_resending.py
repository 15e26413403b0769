"""Sending again: one, all, and what an obstacle held back."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.launch import Role
from lti_alliance.errors import NotFound, PlatformRefused
from lti_alliance.models import AuditEvent, ScoreDelivery
from lti_alliance.services import score_resending
from tests import factories
from tests.services.scene import Scene


def class_of(scene: Scene, size: int) -> list[UUID]:
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
    return ids


def send_all(scene: Scene, delivery_id: UUID, *, replaces_changed: bool = False) -> int:
    with scene.acts() as session:
        activity = session.get_one(ScoreDelivery, delivery_id).activity
        teacher = factories.make_member(
            session, activity.resource_link.context, role=Role.INSTRUCTOR
        )
        return score_resending.resend_all(
            session, activity, at=scene.at, actor=teacher, replaces_changed=replaces_changed
        )


def overridden(scene: Scene) -> list[UUID]:
    """Deliver to three, and let a person change the second."""
    ids = class_of(scene, 3)
    scene.work()
    list(scene.gradebook.cells.values())[1].score = Decimal("8.5")
    scene.at += timedelta(minutes=5)
    scene.compare_due()
    return ids


def shown(scene: Scene) -> list[Decimal | None]:
    return [cell.score for cell in scene.gradebook.cells.values()]


@pytest.mark.both_databases
def test_all_are_sent_again_but_what_a_person_changed(scene: Scene) -> None:
    """Sending all repeats what is ours; a person's value in the gradebook stays."""
    ids = overridden(scene)

    assert send_all(scene, ids[0]) == 2

    scene.work()

    assert sorted(shown(scene)) == [7, 7, Decimal("8.5")]


def test_all_may_replace_what_a_person_changed(scene: Scene) -> None:
    """Asked for in so many words, every score of the tool takes its place again."""
    ids = overridden(scene)

    assert send_all(scene, ids[0], replaces_changed=True) == 3

    scene.work()

    assert shown(scene) == [7, 7, 7]
    assert {scene.state(each) for each in ids} == {(DeliveryState.DELIVERED, "")}


def test_a_change_that_nobody_has_noticed_yet_is_respected(scene: Scene) -> None:
    """Sending all looks before it writes, so that a person's fresh edit is not lost."""
    ids = class_of(scene, 2)
    scene.work()
    list(scene.gradebook.cells.values())[1].score = Decimal("8.5")

    assert send_all(scene, ids[0]) == 2

    scene.work()

    assert shown(scene) == [7, Decimal("8.5")]


def test_sending_again_is_written_down(scene: Scene) -> None:
    """The audit trail says who sent what again, by id alone."""
    ids = class_of(scene, 2)
    scene.work()
    send_all(scene, ids[0])
    with scene.acts() as session:
        row = session.get_one(ScoreDelivery, ids[1])
        score_resending.resend_one(session, row.activity, row.id, at=scene.at)
        score_resending.resend(session, ids[:1], at=scene.at)
    with scene.acts() as session:
        events = session.scalars(select(AuditEvent)).all()
    told = sorted((e.action, e.object_kind, e.details["count"], e.actor_role) for e in events)

    assert told == [
        ("score.all_sent_again", "activity", 2, Role.INSTRUCTOR),
        ("score.sent_again", "score_delivery", 1, ""),
        ("score.sent_again", "score_delivery", 1, ""),
    ]


def test_another_activitys_score_is_not_found(scene: Scene) -> None:
    """A page can send only what belongs to its own activity."""
    mine, other = scene.grade(), scene.grade()
    with scene.acts() as session:
        activity = session.get_one(ScoreDelivery, mine).activity
        for strange in (other, uuid4()):
            with pytest.raises(NotFound):
                score_resending.resend_one(session, activity, strange, at=scene.at)


@pytest.mark.both_databases
def test_one_that_goes_through_takes_the_others_along(scene: Scene) -> None:
    """What blocked a whole course blocks nobody once a single score has gone through."""
    ids = class_of(scene, 5)
    concluded = PlatformRefused("refused", status=422, detail="This course has concluded.")
    scene.gradebook.fail_before.extend([concluded] * 5)
    scene.work()

    assert {scene.state(each) for each in ids} == {(DeliveryState.BLOCKED, Reason.COURSE_CONCLUDED)}

    with scene.acts() as session:
        row = session.get_one(ScoreDelivery, ids[0])
        score_resending.resend_one(session, row.activity, row.id, at=scene.at)
        # A push clears the reason; a retry of its own accord keeps it.
        row = session.get_one(ScoreDelivery, ids[1])
        row.next_at = scene.at
    scene.work()

    assert {scene.state(each) for each in ids} == {(DeliveryState.DELIVERED, "")}


def test_one_persons_obstacle_is_their_own(scene: Scene) -> None:
    """A student who has left is not sent again because another's score went through."""
    ids = class_of(scene, 2)
    gone = PlatformRefused("refused", status=422, detail="User not found in course")
    scene.gradebook.fail_before.append(gone)
    scene.work()
    states = sorted(scene.state(each) for each in ids)

    assert states == [
        (DeliveryState.BLOCKED, Reason.NOT_IN_COURSE),
        (DeliveryState.DELIVERED, ""),
    ]
