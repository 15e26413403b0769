"""The desk: what it says of a whole course, in a fixed number of queries."""

from sqlalchemy.orm import Session

from lti_alliance.models import Context, Membership
from lti_alliance.services import desk
from lti_alliance.services.desk import DeskQuery, Show, Sort
from lti_alliance.services.desk_cells import CellState, Sending
from tests.great_course import make_great_course
from tests.services.test_reports import counted


def look(session: Session, made: tuple[Context, Membership], **query: object) -> desk.Desk:
    course, teacher = made
    return desk.course_desk(
        session,
        context=session.get_one(Context, course.id),
        viewer=session.get_one(Membership, teacher.id),
        query=DeskQuery(**query),
    )


def test_a_thousand_people_cost_as_many_queries_as_three(session: Session) -> None:
    """A course of 1,000 students and 12 activities is read like a small one, a page at a time."""
    small = make_great_course(session, people=3, activities=2)
    great = make_great_course(session, people=1000, activities=12)
    with counted(session) as few:
        look(session, small)
    with counted(session) as many:
        found = look(session, great)

    assert len(many) == len(few) <= 12
    assert (found.people, found.pages, len(found.rows)) == (1000, 20, desk.PAGE_SIZE)
    assert [column.handed_in for column in found.columns] == [900] * 12


def test_cells_say_how_far_everybody_is(session: Session) -> None:
    """Scores with their way to the gradebook; nothing for those who handed in nothing."""
    made = make_great_course(session, people=9, activities=2)

    rows = {row.person.name: row for row in look(session, made).rows}

    assert [cell.state for cell in rows["Student 0000"].cells] == [CellState.NOTHING] * 2
    assert [cell.sending for cell in rows["Student 0007"].cells] == [Sending.ON_ITS_WAY] * 2
    assert [cell.sending for cell in rows["Student 0008"].cells] == [Sending.ARRIVED] * 2
    assert (rows["Student 0008"].score, rows["Student 0008"].maximum) == (16, 20)


def test_the_list_is_narrowed_ordered_and_paged(session: Session) -> None:
    """Each filter and order does what it says; a page beyond the last is the last."""
    made = make_great_course(session, people=120, activities=1)

    def names(**query: object) -> list[str]:
        return [row.person.name for row in look(session, made, **query).rows]

    assert len(names(show=Show.NOTHING_HANDED_IN)) == 12
    assert names(text="0042") == ["Student 0042"]
    assert len(names(section="A", page=2)) == 10
    assert names(sort=Sort.LATEST)[0] == "Student 0119"
    assert look(session, made, sort=Sort.SCORE).rows[0].score == 10
    assert look(session, made, page=99).query.page == 3
    assert names(show=Show.LEFT) == []


def test_limited_to_sections_a_teacher_without_one_sees_nobody(session: Session) -> None:
    """Where nobody knows whose students they are, none are shown."""
    course, teacher = made = make_great_course(session, people=4, activities=1)
    course.is_limited_to_sections = True
    session.commit()
    nobody = look(session, made)
    session.get_one(Membership, teacher.id).sections = ["A"]
    session.commit()
    some = look(session, made)

    assert (len(nobody.rows), nobody.hidden) == (0, 4)
    assert {row.person.sections for row in some.rows} == {("A",)}
    assert (len(some.rows), some.hidden) == (2, 2)
