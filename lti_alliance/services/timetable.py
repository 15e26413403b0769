"""The timetable: recurring jobs, each run by one worker at a time however many there are."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.models import TimetableEntry
from lti_alliance.models.statements import insert_for, rows_changed


def ensure_jobs(session: Session, jobs: Iterable[str], *, at: datetime) -> None:
    """Enter the jobs that the timetable does not know yet; they are due at once."""
    for job in jobs:
        session.execute(
            insert_for(session, TimetableEntry)
            .values(job=job, next_at=at, lease_token="")
            .on_conflict_do_nothing()
        )


def list_due(session: Session, jobs: Iterable[str], *, at: datetime) -> list[str]:
    """List those of ``jobs`` whose time has come and that nobody holds."""
    due = select(TimetableEntry.job).where(
        TimetableEntry.job.in_(jobs),
        TimetableEntry.next_at <= at,
        or_(TimetableEntry.lease_until.is_(None), TimetableEntry.lease_until <= at),
    )
    return list(session.scalars(due.order_by(TimetableEntry.next_at)))


def claim_job(session: Session, job: str, *, at: datetime, lease: timedelta, token: str) -> bool:
    """Take a due job for a while; whoever is told no leaves it."""
    statement = (
        update(TimetableEntry)
        .where(
            TimetableEntry.job == job,
            TimetableEntry.next_at <= at,
            or_(TimetableEntry.lease_until.is_(None), TimetableEntry.lease_until <= at),
        )
        .values(lease_token=token, lease_until=at + lease)
    )
    return rows_changed(session, statement) == 1


def finish_job(session: Session, job: str, *, at: datetime, next_at: datetime, token: str) -> bool:
    """Give a job back until ``next_at``; nothing happens when the lease ran out meanwhile."""
    statement = (
        update(TimetableEntry)
        .where(TimetableEntry.job == job, TimetableEntry.lease_token == token)
        .values(next_at=next_at, finished_at=at, lease_token="", lease_until=None)
    )
    return rows_changed(session, statement) == 1
