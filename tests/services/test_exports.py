"""Tables that are given away: made while they leave, however great the course is."""

import tracemalloc
from collections.abc import Iterator

from sqlalchemy.orm import Session

from lti_alliance.models import Context, Membership
from lti_alliance.services import desk, exports
from tests.great_course import make_great_course
from tests.statements import statements_of

ACTIVITIES = 12


def give_away(session: Session, course: Context, teacher: Membership) -> Iterator[bytes]:
    """Write the scores of a course as CSV, piece by piece."""
    columns, rows = desk.stream_course(session, context=course, viewer=teacher)
    table = exports.score_table(
        columns,
        rows,
        name_of=lambda row: row.person.name,
        heading_of=str,
        state_of=lambda cell: cell.state.value,
    )
    return exports.as_csv(table)


def peak_of(session: Session, course: Context, teacher: Membership) -> int:
    """Give the scores away to nobody, and return the most bytes that were held meanwhile."""
    session.expunge_all()
    tracemalloc.start()
    for _piece in give_away(session, course, teacher):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_one_more_person_costs_no_more_memory_than_their_name(session):
    """The cells of one batch are held at once; of everybody else, name, sections and ids."""
    small = make_great_course(session, people=2 * desk.BATCH, activities=ACTIVITIES)
    great = make_great_course(session, people=20 * desk.BATCH, activities=ACTIVITIES)
    # What is compiled and cached once is not counted.
    peak_of(session, *small)
    more = peak_of(session, *great) - peak_of(session, *small)

    assert more / (18 * desk.BATCH) < 1024


def test_the_first_piece_leaves_before_the_last_is_read(session, engine):
    """When the first bytes come, most of the course has not been asked for."""
    made = make_great_course(session, people=5 * desk.BATCH, activities=ACTIVITIES)
    with statements_of(engine) as sent:
        pieces = give_away(session, *made)
        first = next(pieces)
        before = len(sent)
        rest = b"".join(pieces)

    assert len(first) < len(rest)
    assert before < len(sent) / 2


def test_what_is_given_away_is_what_the_desk_shows(session):
    """Batch by batch or at once: the same people in the same order, with the same cells."""
    course, teacher = make_great_course(session, people=2 * desk.BATCH + 3, activities=2)
    _columns, at_once, _hidden = desk.read_course(session, context=course, viewer=teacher)
    _columns, streamed = desk.stream_course(session, context=course, viewer=teacher)

    assert list(streamed) == at_once
