"""Points that were changed in the LMS are noticed and said, with what to do."""

import pytest
from sqlalchemy import Engine, select

from lti_alliance.models import LineItem
from lti_alliance.services import line_items
from tests.campus import Campus
from tests.platforms import World
from tests.web.course import Course, open_course
from tests.web.visits import text_of

SERVICE = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
COLUMN = {
    SERVICE: {
        "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
        "lineitem": "https://lms.test/lineitems/1",
    }
}


def told(world: World) -> str | None:
    world.session.rollback()
    maximum = world.session.scalars(select(LineItem.maximum)).one()
    return None if maximum is None else str(maximum)


def test_canvas_tells_with_each_launch(world: World) -> None:
    """Canvas's variable says what the assignment is worth; an unresolved one says nothing."""
    world.browser().launch(**COLUMN, custom={"points": "25"})
    first = told(world)
    for text in ("$Canvas.assignment.pointsPossible", "many", "NaN", "-3", ""):
        world.browser().launch(**COLUMN, custom={"points": text})

    assert first == "25"
    assert told(world) == "25"


def test_moodle_tells_with_its_results(engine: Engine) -> None:
    """Moodle's results carry the column's maximum; the comparison keeps it."""
    campus = Campus(engine, "moodle")
    campus.work()
    campus.item.score_maximum = 40
    campus.compare()
    with campus.act() as session:
        kept = session.scalars(select(LineItem.maximum)).one()

    assert kept == 40


@pytest.mark.parametrize(("points", "is_said"), [("25", True), ("10", False), ("10.0", False)])
def test_a_difference_is_said(app, session, now, points: str, is_said: bool) -> None:
    """Overview and settings name both numbers where they differ, and say that nothing is wrong."""
    course: Course = open_course(app, session, now)
    activity = course.stage.activity()
    line_items.keep_maximum(session, activity.id, line_items.read_points(points))
    session.commit()
    pages = [text_of(course.visit("instructor", activity).get(path)) for path in ("", "settings")]

    for page in pages:
        said = "The column in your LMS is worth 25 points, this activity 10." in page
        assert said == is_said
