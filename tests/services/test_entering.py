"""Entering a course again: a launch takes up the scores that waited for what it brings."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.launch import (
    GradeService,
    Launch,
    LaunchContext,
    LaunchResourceLink,
    MessageType,
    Person,
    Role,
)
from lti_alliance.models import Activity, LineItem, Membership, ScoreDelivery
from lti_alliance.services.launches import open_launch
from tests import factories
from tests.stage import HOST, NOON, Stage

LATER = NOON + timedelta(hours=3)
COLUMN = f"https://{HOST}/api/lti/courses/1/line_items"


@pytest.fixture
def blocked(stage: Stage) -> tuple[Activity, dict[str, Membership]]:
    """Two students of one activity whose scores the platform does not take."""
    activity = stage.activity()
    people = {name: stage.join(name) for name in ("ama", "ben")}
    for membership in people.values():
        grade = factories.make_grade(stage.session, activity, membership)
        stage.session.add(
            ScoreDelivery(
                activity_id=activity.id,
                membership_id=membership.id,
                registration_id=stage.registration.id,
                grade_id=grade.id,
                state=DeliveryState.BLOCKED,
                reason=Reason.NOT_IN_COURSE,
                desired_score=grade.score,
                desired_maximum=grade.maximum,
                desired_since=NOON,
                next_at=NOON + timedelta(days=1),
            )
        )
    stage.session.flush()
    return activity, people


def launch(stage: Stage, *, column: str) -> None:
    """Let Ama open the link, with the column's address as the platform tells it now."""
    item = stage.session.scalars(select(LineItem)).one()
    message = Launch(
        message_type=MessageType.RESOURCE_LINK,
        registration_id=stage.registration.id,
        deployment_id="1",
        person=Person("sub-ama"),
        role=Role.LEARNER,
        context=LaunchContext("course-1"),
        resource_link=LaunchResourceLink("link-1"),
        grade_service=GradeService(frozenset(item.scopes), COLUMN, column),
        platform_family="canvas",
    )
    opened = open_launch(
        stage.session,
        message,
        state_id=uuid4().hex,
        token_digest="",
        handle=uuid4().hex,
        cookie_digest="",
        frame_ancestors=[],
        session_for=timedelta(hours=1),
        profile_for=timedelta(days=1),
        at=LATER,
    )
    assert opened is not None


def states(stage: Stage, people: dict[str, Membership]) -> dict[str, str]:
    rows = stage.session.scalars(
        select(ScoreDelivery).execution_options(populate_existing=True)
    ).all()
    by_member = {row.membership_id: row.state for row in rows}
    return {name: by_member[membership.id] for name, membership in people.items()}


def test_who_launches_again_is_tried_again(
    stage: Stage, blocked: tuple[Activity, dict[str, Membership]]
) -> None:
    """Whom the LMS lets in is in the course: their blocked score goes, and nobody else's."""
    launch(stage, column=f"{COLUMN}/link-1")

    assert states(stage, blocked[1]) == {"ama": DeliveryState.DUE, "ben": DeliveryState.BLOCKED}


def test_a_new_address_takes_up_everybody(
    stage: Stage, blocked: tuple[Activity, dict[str, Membership]]
) -> None:
    """A column that has moved is news for all scores that wait for it."""
    launch(stage, column=f"{COLUMN}/moved")

    assert set(states(stage, blocked[1]).values()) == {DeliveryState.DUE}


def test_what_was_delivered_stays(
    stage: Stage, blocked: tuple[Activity, dict[str, Membership]]
) -> None:
    """A launch that tells nothing new sends nothing again."""
    for row in stage.session.scalars(select(ScoreDelivery)):
        row.state, row.told_url = DeliveryState.DELIVERED, f"{COLUMN}/link-1"
    stage.session.flush()
    launch(stage, column=f"{COLUMN}/link-1")

    assert set(states(stage, blocked[1]).values()) == {DeliveryState.DELIVERED}
