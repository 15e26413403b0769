"""Sections: whose work those who teach may see, where the platform tells who is in which.

A platform tells them at each person's own launch (Canvas: `com.instructure.User.sectionNames`).
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_alliance.errors import NotFound
from lti_alliance.models import Context, Membership
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit

_MAX_SECTIONS = 50
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom somebody may see: everybody, or those with whom they share a section."""

    is_limited: bool = False
    own: frozenset[str] = frozenset()

    def covers(self, sections: Collection[str]) -> bool:
        """Say whether a student in these sections may be seen."""
        return not self.is_limited or not self.own.isdisjoint(sections)


def parse_sections(told: str) -> list[str]:
    """Read the sections that a launch told: a JSON list of names; anything else tells none."""
    try:
        names = json.loads(told)
    except (ValueError, RecursionError):
        return []
    if not isinstance(names, list):
        return []
    whole = [name.strip()[:_MAX_NAME] for name in names if isinstance(name, str) and name.strip()]
    return list(dict.fromkeys(whole))[:_MAX_SECTIONS]


def scope_of(session: Session, viewer: Membership, *, context: Context | None = None) -> Scope:
    """Return whom somebody who teaches may see.

    Where the instructor limited the course to sections, or the platform limits this person to
    theirs, it is the students who share a section with them; without any section it is nobody.
    """
    context = context or session.get_one(Context, viewer.context_id)
    is_limited = context.is_limited_to_sections or viewer.is_section_restricted
    return Scope(is_limited, frozenset(viewer.sections))


def may_see(session: Session, viewer: Membership, membership: Membership) -> bool:
    """Say whether somebody may see the work of a person: their own, or within their scope."""
    if membership.id == viewer.id:
        return True
    return scope_of(session, viewer).covers(membership.sections)


def check_may_see(session: Session, viewer: Membership, membership: Membership) -> None:
    """Raise ``NotFound`` for a person outside the viewer's sections."""
    if not may_see(session, viewer, membership):
        raise NotFound


def are_known(session: Session, context: Context) -> bool:
    """Say whether the platform tells the sections of this course."""
    found = session.scalars(
        select(Membership.sections).where(Membership.context_id == context.id).limit(200)
    )
    return any(found)


def limit_to_sections(
    session: Session, context: Context, *, limited: bool, actor: Membership, at: datetime
) -> None:
    """Let everybody who teaches the course see only the students of their own sections, or not."""
    changed = rows_changed(
        session,
        update(Context)
        .where(Context.id == context.id, Context.is_limited_to_sections != limited)
        .values(is_limited_to_sections=limited),
    )
    session.refresh(context)
    if changed:
        audit.record(
            session,
            "course.limited_to_sections" if limited else "course.opened_to_sections",
            at=at,
            actor=actor,
            object_kind="context",
            object_id=context.id,
        )
