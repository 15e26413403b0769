"""Whose data an act is about: one person, in one course or in all of a registration."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Table, select, true
from sqlalchemy.orm import Session

from lti_alliance.errors import NotFound
from lti_alliance.models import Base, Context, Deployment, Membership, Registration, User


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as one registration knows them; ``context`` is empty for all of their courses."""

    registration: Registration
    user: User
    context: Context | None = None

    @property
    def context_id(self) -> UUID | None:
        """The id of the course, if it is one."""
        return self.context.id if self.context else None


def subject_of(session: Session, membership: Membership) -> Subject:
    """Return a person of a course, as far as that course goes."""
    if membership.erased_at is not None:
        raise NotFound
    context = session.get_one(Context, membership.context_id)
    return Subject(context.deployment.registration, membership.user, context)


def everywhere(session: Session, membership: Membership) -> Subject:
    """Return a person of a course with all of their courses at the same registration."""
    found = subject_of(session, membership)
    return Subject(found.registration, found.user)


def find_subject(
    session: Session, registration: Registration, *, sub: str, context_id: UUID | None = None
) -> Subject:
    """Find a person by the LMS's id of them (`sub`), in one course where its id is given.

    Raises ``NotFound`` for a person or a course that this registration does not have.
    """
    user = session.scalar(
        select(User).where(User.registration_id == registration.id, User.sub == sub)
    )
    if user is None:
        raise NotFound("person.unknown")
    if context_id is None:
        return Subject(registration, user)
    context = session.scalar(
        select(Context)
        .join(Deployment)
        .where(Context.id == context_id, Deployment.registration_id == registration.id)
    )
    if context is None:
        raise NotFound("course.unknown")
    return Subject(registration, user, context)


def memberships_of(session: Session, subject: Subject) -> Sequence[Membership]:
    """List the person's memberships within the scope, the oldest first."""
    found = select(Membership).where(Membership.user_id == subject.user.id)
    if subject.context is not None:
        found = found.where(Membership.context_id == subject.context.id)
    return session.scalars(found.order_by(Membership.first_launch_at, Membership.id)).all()


def column(name: str) -> tuple[Table, ColumnElement[UUID]]:
    """Return a column by ``table.column``, with its table."""
    table_name, _, column_name = name.partition(".")
    table = Base.metadata.tables[table_name]
    return table, table.c[column_name]


def in_course(name: str, context: Context | None) -> ColumnElement[bool]:
    """Limit rows of a table that names a course to this one; without a course all are meant."""
    if context is None:
        return true()
    _table, key = column(f"{name}.context_id")
    return key == context.id
