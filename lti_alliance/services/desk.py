"""The desk: a whole course at a glance, activities by students, for those who teach it.

Read with a fixed number of queries, columns alone, however many people and activities there are;
what needs whole rows is read for one page of people.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.models import (
    Activity,
    Context,
    Membership,
    ResourceLink,
    RosterReading,
)
from lti_alliance.services import desk_people, rosters
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.desk_cells import NOTHING, Cell, CellState, Sending, read_cells
from lti_alliance.services.desk_people import DeskPerson

PAGE_SIZE = 50
BATCH = 200
"""People whose cells are held at once while a table is given away."""


class Show(StrEnum):
    """Whom the desk lists."""

    EVERYBODY = "everybody"
    TO_GRADE = "to_grade"
    NOTHING_HANDED_IN = "nothing_handed_in"
    MISSING = "missing"
    """Something is not handed in."""
    STUCK = "stuck"
    """A score does not reach the gradebook, or the gradebook shows another."""
    LEFT = "left"


class Sort(StrEnum):
    """In which order."""

    NAME = "name"
    SCORE = "score"
    LATEST = "latest"
    TO_GRADE = "to_grade"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskQuery:
    """What somebody wants to see of a course."""

    show: Show = Show.EVERYBODY
    sort: Sort = Sort.NAME
    text: str = ""
    """A part of a name."""
    section: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskColumn:
    """One activity of the course, with what the class has done in it."""

    activity: Activity
    title: str
    settings: ActivitySettings
    handed_in: int = 0
    to_grade: int = 0
    stuck: int = 0
    mean: Decimal | None = None
    """The mean share of the maximum, 0 to 1, of those who have a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRow:
    """One person of the course, a cell for each column."""

    person: DeskPerson
    cells: tuple[Cell, ...]

    @property
    def score(self) -> Decimal:
        """What the person has, of the activities that have a score."""
        return sum((cell.score for cell in self.cells if cell.score is not None), Decimal(0))

    @property
    def maximum(self) -> Decimal:
        """What these activities are worth."""
        return sum((cell.maximum for cell in self.cells if cell.score is not None), Decimal(0))

    @property
    def to_grade(self) -> int:
        """How many activities wait for an instructor."""
        return sum(cell.state is CellState.TO_GRADE for cell in self.cells)

    @property
    def latest(self) -> datetime | None:
        """When the person handed something in last."""
        return max((c.submitted_at for c in self.cells if c.submitted_at), default=None)

    @property
    def has_trouble(self) -> bool:
        """Whether the gradebook does not show a score as it is here."""
        return any(cell.sending in (Sending.STUCK, Sending.DIFFERS) for cell in self.cells)

    @property
    def has_missing(self) -> bool:
        """Whether something is not handed in."""
        missing = (
            CellState.NOTHING,
            CellState.WORKING,
            CellState.PARTLY,
            CellState.RETURNED,
        )
        return any(cell.state in missing for cell in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One page of a course, and what all of it comes to."""

    columns: tuple[DeskColumn, ...]
    rows: tuple[DeskRow, ...]
    query: DeskQuery
    found: int
    """How many people the query finds, on all pages."""
    people: int
    """How many are in the course."""
    sections: tuple[str, ...]
    roster: RosterReading | None
    hidden: int
    """How many the viewer may not see, since they are in other sections."""

    @property
    def pages(self) -> int:
        """How many pages the found people take."""
        return max(1, -(-self.found // PAGE_SIZE))

    @property
    def state_key(self) -> str:
        """A mark that changes with anything in the cells of this page."""
        shown = repr([(row.person.user_id, row.cells) for row in self.rows])
        return hashlib.sha256(shown.encode()).hexdigest()[:16]

    @property
    def to_grade(self) -> int:
        """How many cells wait for an instructor."""
        return sum(column.to_grade for column in self.columns)

    @property
    def stuck(self) -> int:
        """How many scores need somebody."""
        return sum(column.stuck for column in self.columns)


def course_desk(
    session: Session, *, context: Context, viewer: Membership, query: DeskQuery
) -> Desk:
    """Report on the people whom the viewer may see in a course, and on all its activities."""
    columns, rows, hidden = read_course(session, context=context, viewer=viewer)
    chosen = _sorted([row for row in rows if _is_wanted(row, query)], query.sort)
    pages = max(1, -(-len(chosen) // PAGE_SIZE))
    page = min(query.page, pages)
    first = (page - 1) * PAGE_SIZE
    return Desk(
        columns=columns,
        rows=tuple(chosen[first : first + PAGE_SIZE]),
        query=DeskQuery(
            show=query.show, sort=query.sort, text=query.text, section=query.section, page=page
        ),
        found=len(chosen),
        people=sum(row.person.left_at is None for row in rows),
        sections=tuple(sorted({name for row in rows for name in row.person.sections})),
        roster=rosters.find_reading(session, context.id),
        hidden=hidden,
    )


def read_course(
    session: Session, *, context: Context, viewer: Membership
) -> tuple[tuple[DeskColumn, ...], list[DeskRow], int]:
    """Return every activity, every person whom the viewer may see, and how many others there are.

    The people stand by name, the nameless after them in the order of their arrival.
    """
    activities = _activities(session, context)
    settings = {activity.id: activity_settings(activity) for activity, _ in activities}
    cells = list(read_cells(session, context.id, settings).values())
    people, hidden = desk_people.list_people(session, context, viewer=viewer)
    rows = [_row(person, cells) for person in people]
    columns = tuple(
        _column(activity, title, settings[activity.id], [row.cells[number] for row in rows])
        for number, (activity, title) in enumerate(activities)
    )
    return columns, rows, hidden


def stream_course(
    session: Session, *, context: Context, viewer: Membership
) -> tuple[tuple[DeskColumn, ...], Iterator[DeskRow]]:
    """Return every activity and, one after the other, the people whom the viewer may see.

    In the order of `read_course`; the cells are read for so many people at a time as one batch
    holds, however great the course is. The columns tell nothing of what the class has done.
    """
    activities = _activities(session, context)
    settings = {activity.id: activity_settings(activity) for activity, _ in activities}
    columns = tuple(
        DeskColumn(activity=activity, title=title, settings=settings[activity.id])
        for activity, title in activities
    )
    people, _hidden = desk_people.list_people(session, context, viewer=viewer)

    def rows() -> Iterator[DeskRow]:
        for first in range(0, len(people), BATCH):
            batch = people[first : first + BATCH]
            of = [person.membership_id for person in batch if person.membership_id]
            cells = list(read_cells(session, context.id, settings, of=of).values())
            yield from (_row(person, cells) for person in batch)

    return columns, rows()


def _activities(session: Session, context: Context) -> Sequence[tuple[Activity, str]]:
    found = session.execute(
        select(Activity, ResourceLink.title)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .where(ResourceLink.context_id == context.id)
        .order_by(Activity.created_at, ResourceLink.title, Activity.id)
    )
    return [(activity, title) for activity, title in found]


def _row(person: DeskPerson, cells: Sequence[Mapping[UUID, Cell]]) -> DeskRow:
    own = person.membership_id
    return DeskRow(
        person=person,
        cells=tuple([column.get(own, NOTHING) for column in cells])
        if own
        else (NOTHING,) * len(cells),
    )


def _column(
    activity: Activity, title: str, settings: ActivitySettings, cells: Sequence[Cell]
) -> DeskColumn:
    states = Counter(cell.state for cell in cells)
    shares = [c.score / c.maximum for c in cells if c.score is not None and c.maximum]
    return DeskColumn(
        activity=activity,
        title=title,
        settings=settings,
        handed_in=sum(cell.submitted_at is not None for cell in cells),
        to_grade=states[CellState.TO_GRADE],
        stuck=sum(cell.sending is Sending.STUCK for cell in cells),
        mean=sum(shares, Decimal(0)) / len(shares) if shares else None,
    )


def _is_wanted(row: DeskRow, query: DeskQuery) -> bool:
    if query.text and query.text.casefold() not in row.person.name.casefold():
        return False
    if query.section and query.section not in row.person.sections:
        return False
    match query.show:
        case Show.TO_GRADE:
            return row.to_grade > 0
        case Show.NOTHING_HANDED_IN:
            return row.latest is None and row.person.left_at is None
        case Show.MISSING:
            return row.has_missing and row.person.left_at is None
        case Show.STUCK:
            return row.has_trouble
        case Show.LEFT:
            return row.person.left_at is not None
        case Show.EVERYBODY:
            return True


def _sorted(rows: list[DeskRow], sort: Sort) -> list[DeskRow]:
    """Sort rows that stand by name already; whoever has no value comes last."""
    match sort:
        case Sort.NAME:
            return rows
        case Sort.TO_GRADE:
            return sorted(rows, key=lambda row: -row.to_grade)
        case Sort.LATEST:
            return sorted(rows, key=lambda row: -row.latest.timestamp() if row.latest else 0)
        case Sort.SCORE:
            return sorted(
                rows, key=lambda row: -(row.score / row.maximum) if row.maximum else Decimal(1)
            )
