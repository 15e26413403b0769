"""What of a course goes when its time is up: its roster, its texts, all work in it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, func, select, update
from sqlalchemy.orm import Session

from lti_alliance.models import (
    Accommodation,
    Activity,
    Attempt,
    Base,
    Draft,
    DraftAssessment,
    GradebookCheck,
    ItemQuestion,
    Marking,
    Membership,
    PassageComment,
    Reflection,
    ResourceLink,
    RosterEntry,
    RosterReading,
    RubricAssessment,
    SubmittedVersion,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import erasing
from lti_alliance.services.hanging_rows import count_rows, delete_rows
from lti_alliance.services.person_columns import OF_MEMBER, OF_USER_IN_COURSE
from lti_alliance.services.persons import column

Rows = Counter[str]


class Part(StrEnum):
    """What has a period of its own; the order is that in which the times are up."""

    ROSTER = "roster"
    TEXTS = "texts"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class _Sweep:
    """Rows that go with all that hangs on them, or whose texts go."""

    table: Table
    which: ColumnElement[bool]
    emptied: Mapping[str, Any] = field(default_factory=dict)
    """The new values where the row stays."""


def count(session: Session, context_id: UUID, part: Part) -> Rows:
    """Count by table what `remove` would remove, and change nothing."""
    rows = Counter[str]()
    sweeps = list(_sweeps(context_id, part))
    own = {sweep.table.name for sweep in sweeps}
    for sweep in sweeps:
        if sweep.emptied:
            found = select(func.count()).select_from(sweep.table).where(sweep.which)
            rows[sweep.table.name] += session.scalar(found) or 0
        else:
            # What has a sweep of its own is counted there.
            rows += count_rows(session, sweep.table, sweep.which, spared=own)
    if part is Part.WORK:
        people = select(func.count()).select_from(Membership).where(_named(context_id))
        rows[Membership.__tablename__] += session.scalar(people) or 0
    return rows


def remove(session: Session, context_id: UUID, part: Part, *, at: datetime) -> Rows:
    """Remove one part of a course, and count the rows by table.

    Where the texts go, the scores that they were graded with stay. With all work the people go
    too: whoever has taught there stays as somebody whom nothing names.
    """
    rows = Counter[str]()
    for sweep in _sweeps(context_id, part):
        if sweep.emptied:
            emptied = update(sweep.table).where(sweep.which).values(sweep.emptied)
            rows[sweep.table.name] += rows_changed(session, emptied)
        else:
            rows += delete_rows(session, sweep.table, sweep.which)
    if part is Part.WORK:
        for membership in session.scalars(select(Membership).where(_named(context_id))).all():
            erasing.make_nameless(session, membership, at=at)
            rows[Membership.__tablename__] += 1
    session.expire_all()
    return rows


def _sweeps(context_id: UUID, part: Part) -> Iterator[_Sweep]:
    match part:
        case Part.ROSTER:
            for table in (RosterEntry, RosterReading):
                yield _Sweep(_of(table), table.context_id == context_id)
        case Part.TEXTS:
            yield from _texts(context_id)
        case Part.WORK:
            yield from _work(context_id)


def _texts(context_id: UUID) -> Iterator[_Sweep]:
    here = _activities(context_id)
    written = select(Reflection.id).where(Reflection.activity_id.in_(here))
    made = select(Attempt.id).where(Attempt.activity_id.in_(here))
    yield _Sweep(_of(Draft), Draft.reflection_id.in_(written))
    yield _Sweep(_of(PassageComment), PassageComment.reflection_id.in_(written))
    yield _Sweep(_of(ItemQuestion), ItemQuestion.attempt_id.in_(made))
    yield _Sweep(
        _of(Reflection),
        Reflection.id.in_(written) & Reflection.submitted_text.is_not(None),
        {"submitted_text": None},
    )
    yield _Sweep(
        _of(SubmittedVersion),
        # The row stays with its number and length; an empty text is one that is gone.
        SubmittedVersion.reflection_id.in_(written) & (SubmittedVersion.sealed_text != b""),
        {"sealed_text": b"", "sealed_help": None, "sealed_feedback": None},
    )
    for table in (RubricAssessment, DraftAssessment, Marking):
        yield _Sweep(
            _of(table),
            table.reflection_id.in_(written) & table.sealed_comment.is_not(None),
            {"sealed_comment": None},
        )
    yield _Sweep(
        _of(Accommodation),
        (Accommodation.context_id == context_id) & Accommodation.sealed_note.is_not(None),
        {"sealed_note": None},
    )


def _work(context_id: UUID) -> Iterator[_Sweep]:
    people = select(Membership.id).where(Membership.context_id == context_id)
    # What refers to other rows that go comes before these.
    for name in (OF_MEMBER[0], "grades.membership_id", *OF_MEMBER[1:]):
        table, key = column(name)
        yield _Sweep(table, key.in_(people))
    for name in OF_USER_IN_COURSE:
        table, _key = column(name)
        yield _Sweep(table, table.c.context_id == context_id)
    yield _Sweep(_of(RosterReading), RosterReading.context_id == context_id)
    yield _Sweep(_of(GradebookCheck), GradebookCheck.activity_id.in_(_activities(context_id)))


def _named(context_id: UUID) -> ColumnElement[bool]:
    return (Membership.context_id == context_id) & Membership.erased_at.is_(None)


def _activities(context_id: UUID) -> Select[Any]:
    return (
        select(Activity.id)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .where(ResourceLink.context_id == context_id)
    )


def _of(table: type[Base]) -> Table:
    return Base.metadata.tables[table.__tablename__]
