"""Reports: what pages say of a class, a score and a course, in a fixed number of queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import Part
from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.modules import Grading
from lti_alliance.domain.scoring import PartState
from lti_alliance.models import LineItem, Membership, Profile, ScoreDelivery
from lti_alliance.sealing import Sealer
from lti_alliance.services import reports, shelves, standings
from tests.services.work import take_quiz, write
from tests.stage import NOON, Stage
from tests.statements import statements_of

BOTH = frozenset({Part.QUIZ, Part.REFLECTION})
BY_RUBRIC = {"parts": BOTH, "prompt_ids": ("fo-r1",), "reflection_grading": Grading.RUBRIC}
CLASS = 60


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """Collect the statements that a block sends, in a session that remembers nothing."""
    session.commit()
    session.expunge_all()
    with statements_of(session.get_bind()) as sent:
        yield sent


def name(stage: Stage, member: Membership, name: str) -> None:
    stage.session.add(
        Profile(user_id=member.user_id, name=name, expires_at=NOON + timedelta(days=9))
    )
    stage.session.flush()


def test_a_class_of_sixty_costs_as_many_queries_as_one_of_two(stage: Stage, sealer: Sealer) -> None:
    """Neither the overview nor the list of reflections asks the database for each student."""
    activity_id = (activity := stage.activity(**BY_RUBRIC)).id

    def work(number: int) -> None:
        student = stage.join(f"student {number}")
        name(stage, student, f"Student {number:02}")
        take_quiz(stage, activity, student)
        write(stage, sealer, activity, student)

    def count() -> tuple[int, int, int]:
        with counted(stage.session) as statements:
            found = stage.session.get_one(type(activity), activity_id)
            overview = reports.overview(stage.session, stage.catalogue, activity=found, at=NOON)
            names = [row.membership.user.profile.name for row in overview.rows]
            parts = [row.parts for row in overview.rows]
            shelf = shelves.get_shelf(stage.session, stage.catalogue, found)
            writers = [row.membership.user.profile.name for row in shelf.waiting]
            graded = [row.assessment for row in shelf.waiting]
        assert len(names) == len(parts) == len(writers) == len(graded) == overview.to_grade
        return len(statements), len(names), len(set(writers))

    for number in range(2):
        work(number)
    few, *_ = count()
    activity = stage.session.get_one(type(activity), activity_id)
    for number in range(2, CLASS):
        work(number)

    assert count() == (few, CLASS, CLASS)


def test_students_stand_by_name_and_the_nameless_by_arrival(stage: Stage) -> None:
    """Names are compared without regard to case; who has none comes after, in order of arrival."""
    joined = {key: stage.join(key) for key in ("first", "second", "third", "fourth")}
    name(stage, joined["third"], "ada")
    name(stage, joined["first"], "Ben")
    overview = reports.overview(stage.session, stage.catalogue, activity=stage.activity(), at=NOON)
    order = [joined[key].id for key in ("third", "first", "second", "fourth")]

    assert [row.membership.id for row in overview.rows] == order


def test_a_standing_holds_grade_parts_and_delivery(stage: Stage, sealer: Sealer) -> None:
    """Before any work there is nothing; afterwards each part says what it came to."""
    activity, student = stage.activity(**BY_RUBRIC), stage.join("student")
    before = standings.standing_of(stage.session, activity, student)
    take_quiz(stage, activity, student)
    after = standings.standing_of(stage.session, activity, student)

    assert (before.grade, before.delivery, before.parts, before.has_work) == (None, None, (), False)
    assert after.has_work
    assert [(part.part, part.state, part.score) for part in after.parts] == [
        (Part.QUIZ, PartState.GRADED, Decimal("10.00")),
        (Part.REFLECTION, PartState.MISSING, None),
    ]


def test_a_course_lists_its_links_the_oldest_first(stage: Stage) -> None:
    """Only links with an activity are listed, by the titles that the course gave them."""
    first, second = stage.activity("zebra"), stage.activity("ant")
    first.created_at = NOON - timedelta(days=1)
    stage.link("empty")
    stage.session.flush()

    assert second.created_at > first.created_at
    assert reports.course_page(stage.session, stage.context).titles == ("zebra", "ant")


@pytest.mark.parametrize(
    ("changes", "may_ask"),
    [
        ({}, True),
        ({"url": "https://lms.example/column"}, False),
        ({"may_create": True}, False),
        ({"container_url": ""}, False),
        ({"scopes": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"]}, False),
        ({"held_host": "other.example"}, False),
    ],
)
def test_when_a_column_may_be_asked_for(
    stage: Stage, changes: dict[str, object], may_ask: bool
) -> None:
    """Only a link without a column, where the LMS would make one and nobody asked for it yet."""
    activity, student = stage.activity(), stage.join("student")
    line_item = stage.session.scalars(select(LineItem)).one()
    scopes = ["https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"]
    for field, value in ({"url": "", "scopes": scopes} | changes).items():
        setattr(line_item, field, value)
    take_quiz(stage, activity, student)
    without = reports.overview(stage.session, stage.catalogue, activity=activity, at=NOON)
    delivery = stage.session.scalars(select(ScoreDelivery)).one()
    delivery.state, delivery.reason = DeliveryState.BLOCKED, Reason.NO_LINE_ITEM
    stage.session.flush()
    waiting = reports.overview(stage.session, stage.catalogue, activity=activity, at=NOON)

    assert waiting.may_ask_for_column is may_ask
    assert without.may_ask_for_column is (may_ask and without.rows[0].has_no_column)
