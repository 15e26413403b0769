"""The list of what a course is to get: kept in order, ticked off, shortened, never another's."""

from uuid import UUID

import pytest

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.launch import Role
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import ContentItem
from lti_alliance.services import course_plans
from lti_alliance.services.course_plans import Progress
from lti_alliance.services.deep_linking import Choice
from lti_alliance.services.ports import Acts
from tests import factories
from tests.factories import NOW

SETTINGS = ActivitySettings(parts=frozenset({Part.QUIZ}))


def choices(*titles: str) -> list[Choice]:
    return [Choice(module_id="foundations", title=title, settings=SETTINGS) for title in titles]


def plan(acts: Acts, *titles: str) -> UUID:
    """Let a new course have a list, and return its id."""
    with acts() as session:
        context_id = factories.make_course(session).id
        course_plans.add_to_plan(session, choices(*titles), context_id=context_id, at=NOW)
        return context_id


@pytest.mark.both_databases
def test_what_is_added_comes_last_and_what_is_placed_is_ticked_off(acts: Acts) -> None:
    """Left, handed over, in the course: each by what is known."""
    context_id = plan(acts, "A", "B", "C")
    with acts() as session:
        course_plans.add_to_plan(session, choices("D"), context_id=context_id, at=NOW)
        rows = [each.row for each in course_plans.list_planned(session, context_id)]
        course = rows[0].context
        teacher = factories.make_member(session, course, role=Role.INSTRUCTOR)
        # The activity brings the module's version along, which content items name.
        opened = factories.make_activity(session, factories.make_link(session, course))
        items = [
            ContentItem(
                context_id=context_id,
                module_id="foundations",
                content_hash=opened.content_hash,
                settings=rows[0].settings,
                title=title,
                placed_by_id=teacher.id,
                created_at=NOW,
            )
            for title in ("A", "B")
        ]
        session.add_all(items)
        session.flush()
        for row, item in zip(rows, items, strict=False):
            course_plans.mark_placed(
                session, row.id, context_id=context_id, content_item_id=item.id
            )
        opened.content_item_id = items[0].id
    with acts() as session:
        found = course_plans.list_planned(session, context_id)

        assert [(each.row.title, each.progress) for each in found] == [
            ("A", Progress.IN_COURSE),
            ("B", Progress.HANDED_OVER),
            ("C", Progress.LEFT),
            ("D", Progress.LEFT),
        ]
        assert found[0].settings == SETTINGS


def test_another_courses_list_is_not_there(acts: Acts) -> None:
    """Neither to read nor to shorten."""
    here, elsewhere = plan(acts, "A"), plan(acts, "B")
    with acts() as session:
        (other,) = course_plans.list_planned(session, elsewhere)
        course_plans.take_off_plan(session, other.row.id, context_id=here)
        with pytest.raises(NotFound):
            course_plans.get_planned(session, other.row.id, here)

        assert len(course_plans.list_planned(session, elsewhere)) == 1


def test_a_list_has_an_end(acts: Acts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many at once are refused as a whole."""
    monkeypatch.setattr(course_plans, "MAX_PLANNED", 2)
    context_id = plan(acts, "A")
    with acts() as session:
        with pytest.raises(InvalidInput):
            course_plans.add_to_plan(session, choices("B", "C"), context_id=context_id, at=NOW)

        assert len(course_plans.list_planned(session, context_id)) == 1
