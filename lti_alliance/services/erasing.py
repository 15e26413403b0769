"""Erasing a person: work, texts and names go, scores stay as those of nobody who is named."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Table, delete, func, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.models import (
    Base,
    Context,
    Grade,
    Membership,
    Registration,
    ScoreDelivery,
    User,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, entering, erasures, traces
from lti_alliance.services.erasures import Tombstone
from lti_alliance.services.hanging_rows import count_rows, delete_rows
from lti_alliance.services.person_columns import (
    BY_SOMEBODY,
    OF_MEMBER,
    OF_USER,
    OF_USER_IN_COURSE,
)
from lti_alliance.services.persons import Subject, column, in_course, memberships_of

GRADES = "grades.membership_id"
_SPARED = frozenset({"grades"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePreview:
    """What an erasure would do."""

    rows: Counter[str]
    """How many rows go, by table."""
    grades_kept: int
    """How many scores stay, as those of nobody who is named."""
    in_gradebooks: int
    """How many of these the LMS has been told, which stay there."""
    undelivered: int
    """How many have not reached the LMS and never will."""


def preview_erasure(session: Session, subject: Subject) -> ErasurePreview:
    """Count what erasing a person would remove, and change nothing."""
    rows = Counter[str]()
    for table, which in _going(session, subject):
        rows += count_rows(session, table, which, spared=_SPARED)
    mine = [membership.id for membership in memberships_of(session, subject)]
    scored = Grade.membership_id.in_(mine) & Grade.score.is_not(None)
    sent = ScoreDelivery.membership_id.in_(mine)
    told, arrived = ScoreDelivery.told_score, ScoreDelivery.state == DeliveryState.DELIVERED
    return ErasurePreview(
        rows=rows,
        grades_kept=_count(session, scored, of=Grade),
        in_gradebooks=_count(session, sent, told.is_not(None), of=ScoreDelivery),
        undelivered=_count(session, sent, ~arrived, of=ScoreDelivery),
    )


def erase_person(
    session: Session,
    subject: Subject,
    *,
    at: datetime,
    actor: Membership | None = None,
    request_id: str = "",
) -> Counter[str]:
    """Erase a person from a course, or from all of a registration; count the rows by table.

    A tombstone stays, so that a restored backup can be erased again (`reapply`). What was sent to
    a gradebook stays there: it is the LMS's. What has not been sent is not sent any more.
    """
    person_id, context_id = subject.user.id, subject.context_id
    digest = erasures.digest_of(subject.registration, subject.user.sub)
    erasures.bury(session, Tombstone(at, digest, context_id))
    counts = _erase(session, subject, at=at)
    audit.record(
        session,
        "privacy.erased",
        at=at,
        actor=actor,
        object_kind="user",
        object_id=person_id,
        context_id=context_id,
        request_id=request_id,
        details={"scope": "course" if context_id else "registration", "rows": sum(counts.values())},
    )
    return counts


def reapply(session: Session, *, at: datetime, also: Iterable[Tombstone] = ()) -> int:
    """Erase again whom a restored backup has brought back, and count the people.

    ``also`` are tombstones kept beside the database. Running it twice changes nothing.
    """
    for stone in also:
        erasures.bury(session, stone)
    risen = erasures.find_risen(session)
    for user_id, stones in risen.items():
        for subject in _subjects(session, user_id, stones):
            counts = _erase(session, subject, at=at)
            audit.record(
                session,
                "privacy.erased_again",
                at=at,
                object_kind="user",
                object_id=user_id,
                context_id=subject.context_id,
                details={"rows": sum(counts.values())},
            )
    return len(risen)


def forget_user(session: Session, user: User) -> Counter[str]:
    """Delete a user whom no course knows any more, with names and presets; else do nothing."""
    places = ("memberships.user_id", *OF_USER_IN_COURSE)
    if any(traces.is_named_in(session, column(name)[1], user.id) for name in places):
        return Counter()
    counts = Counter[str]()
    for name in OF_USER:
        table, key = column(name)
        counts += delete_rows(session, table, key == user.id)
    rows_changed(session, delete(User).where(User.id == user.id))
    return counts


def make_nameless(session: Session, membership: Membership, *, at: datetime) -> None:
    """Delete a membership; what has to stay goes to a new one, whose user is a random name."""
    staying = [column(name) for name in (*BY_SOMEBODY, GRADES)]
    if any(traces.is_named_in(session, key, membership.id) for _table, key in staying):
        made = _stand_in(session, membership, at=at)
        for table, key in staying:
            moved = update(table).where(key == membership.id).values({key: made.id})
            rows_changed(session, moved)
    # What somebody else begins for the person at this moment finds no member any more.
    rows_changed(session, delete(Membership).where(Membership.id == membership.id))


def _stand_in(session: Session, membership: Membership, *, at: datetime) -> Membership:
    user = User(
        registration_id=membership.user.registration_id,
        sub=traces.ERASED_SUB + token_hex(16),
        created_at=at,
    )
    session.add(user)
    session.flush()
    first = func.min(Membership.first_launch_at)
    # When somebody came and went says who they were in a small course.
    began = session.scalars(
        select(first).where(Membership.context_id == membership.context_id)
    ).one()
    made = Membership(
        context_id=membership.context_id,
        user_id=user.id,
        role=membership.role,
        is_test_user=membership.is_test_user,
        number=entering.next_number(session, membership.context_id),
        sections=[],
        first_launch_at=began,
        last_launch_at=began,
        erased_at=at,
    )
    session.add(made)
    session.flush()
    return made


def _erase(session: Session, subject: Subject, *, at: datetime) -> Counter[str]:
    counts = Counter[str]()
    memberships = memberships_of(session, subject)
    # Whoever is about to add something to a membership waits, and then finds it gone.
    mine = Membership.id.in_([membership.id for membership in memberships])
    session.execute(select(Membership.id).where(mine).with_for_update())
    for membership in memberships:
        traces.forget_wordings(session, membership)
        traces.leave_plans(session, membership)
        traces.leave_findings(session, membership)
        _keep_bare_scores(session, membership)
    for table, which in _going(session, subject):
        counts += delete_rows(session, table, which, spared=_SPARED)
    for membership in memberships:
        rows_changed(session, _empty_grades(membership))
        make_nameless(session, membership, at=at)
    traces.leave_sessions_of_others(session, subject)
    session.expire_all()
    counts += forget_user(session, subject.user)
    session.expire_all()
    return counts


def _keep_bare_scores(session: Session, membership: Membership) -> None:
    """Leave of the person's grades the scores alone."""
    rows_changed(
        session,
        update(Grade)
        .where(Grade.membership_id == membership.id)
        .values(attempt_id=None, started_at=None, submitted_at=None, comment=""),
    )


def _going(session: Session, subject: Subject) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield each table whose rows about the person go, with the rows."""
    mine = [membership.id for membership in memberships_of(session, subject)]
    for name in OF_MEMBER:
        table, key = column(name)
        yield table, key.in_(mine)
    for name in OF_USER_IN_COURSE:
        table, key = column(name)
        yield table, (key == subject.user.id) & in_course(table.name, subject.context)


def _empty_grades(membership: Membership) -> Delete:
    return delete(Grade).where(Grade.membership_id == membership.id, Grade.score.is_(None))


def _count(session: Session, *which: ColumnElement[bool], of: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(of).where(*which)) or 0


def _subjects(session: Session, user_id: UUID, stones: Iterable[Tombstone]) -> Iterator[Subject]:
    """Yield what is to be erased again of one person; all of it, if that was erased once."""
    user = session.get_one(User, user_id)
    registration = session.get_one(Registration, user.registration_id)
    scopes = {stone.context_id for stone in stones}
    if None in scopes:
        yield Subject(registration, user)
        return
    for context_id in sorted(filter(None, scopes)):
        yield Subject(registration, user, session.get_one(Context, context_id))
