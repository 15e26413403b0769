"""A programme's own standards in a course: loaded, replaced and deleted, nothing of it silently."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from lti_alliance.domain.standards import ListChange, Standard, compare
from lti_alliance.errors import Conflict
from lti_alliance.models import Context, CourseStandard, Membership, StandardLink
from lti_alliance.services import audit

LIST_CHANGED = "work.changed_meanwhile"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What loading a list would do, and to which links."""

    change: ListChange
    lost: tuple[CourseStandard, ...]
    """Standards that would go although something is linked to them."""


def list_standards(session: Session, context: Context) -> Sequence[CourseStandard]:
    """List the standards of a course in their order, with what is linked to them."""
    return session.scalars(
        select(CourseStandard)
        .where(CourseStandard.context_id == context.id)
        .order_by(CourseStandard.position, CourseStandard.code)
        .options(selectinload(CourseStandard.links))
    ).all()


def version_of(rows: Sequence[CourseStandard]) -> str:
    """Sum a list and its links up, to know later whether it is still the same."""
    parts = [
        repr(
            (
                row.code,
                row.title,
                row.text,
                sorted((x.module_id, x.target, x.key) for x in row.links),
            )
        )
        for row in rows
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def check_version(rows: Sequence[CourseStandard], shown: str) -> None:
    """Raise ``Conflict`` where a page started from another list than the one that is there."""
    if version_of(rows) != shown:
        raise Conflict(LIST_CHANGED)


def foresee(session: Session, context: Context, after: Sequence[Standard]) -> Forecast:
    """Say what a list would change if it were loaded now; an empty one deletes everything."""
    rows = list_standards(session, context)
    change = compare([as_standard(row) for row in rows], after)
    removed = {standard.code for standard in change.removed}
    return Forecast(change, tuple(row for row in rows if row.code in removed and row.links))


def load(
    session: Session,
    context: Context,
    after: Sequence[Standard],
    *,
    shown: str,
    actor: Membership,
    at: datetime,
) -> ListChange:
    """Make a list the course's own; a standard whose code stays keeps what is linked to it.

    ``shown`` is the version that the consequences were worked out for.
    """
    rows = list_standards(session, context)
    check_version(rows, shown)
    change = compare([as_standard(row) for row in rows], after)
    removed = {standard.code for standard in change.removed}
    lost = sum(len(row.links) for row in rows if row.code in removed)
    by_key = {row.code.casefold(): row for row in rows}
    for row in rows:
        if row.code in removed:
            session.delete(row)
    session.flush()
    for position, standard in enumerate(after):
        kept = by_key.get(standard.code.casefold())
        if kept is None:
            kept = CourseStandard(context_id=context.id, links=[])
            session.add(kept)
        kept.code, kept.title, kept.text = standard.code, standard.title, standard.text
        kept.position, kept.loaded_at = position, at
    session.flush()
    audit.record(
        session,
        "standards.loaded" if after else "standards.deleted",
        at=at,
        actor=actor,
        object_kind="context",
        object_id=context.id,
        details={
            "added": len(change.added),
            "changed": len(change.changed),
            "removed": len(change.removed),
            "links_lost": lost,
        },
    )
    return change


def as_standard(row: CourseStandard) -> Standard:
    """Return a stored standard as the value that a file holds."""
    return Standard(row.code, row.title, row.text)


def links_of(
    rows: Sequence[CourseStandard],
) -> dict[tuple[str, str, str], list[tuple[CourseStandard, StandardLink]]]:
    """Sort links by what is linked: module, kind and key."""
    found: dict[tuple[str, str, str], list[tuple[CourseStandard, StandardLink]]] = {}
    for row in rows:
        for link in row.links:
            found.setdefault((link.module_id, link.target, link.key), []).append((row, link))
    return found
