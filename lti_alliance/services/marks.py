"""The one row of marks that a reflection has of each kind: taken for change by one marker."""

from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_alliance.errors import Stale
from lti_alliance.models import DraftAssessment, Reflection, RubricAssessment
from lti_alliance.models.statements import rows_changed

_Marks = TypeVar("_Marks", DraftAssessment, RubricAssessment)


def hold_marks(
    session: Session,
    kind: type[_Marks],
    *,
    reflection: Reflection,
    base_version: int,
    **first: Any,
) -> _Marks:
    """Return the marks for the caller to change; of two markers who saw the same, one gets them.

    ``base_version`` is the version that the form showed, 0 for none: then the row is made, with
    what ``first`` holds. ``Stale`` says that somebody else was there before.
    """
    if base_version == 0:
        made = kind(reflection_id=reflection.id, selections={}, share=Decimal(0), **first)
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            raise Stale(1) from None
        return made
    moved = rows_changed(
        session,
        update(kind)
        .where(kind.reflection_id == reflection.id, kind.version == base_version)
        .values(version=kind.version + 1),
    )
    held = find_marks(session, kind, reflection)
    if moved == 0 or held is None:
        raise Stale(held.version if held else 0)
    return held


def find_marks(session: Session, kind: type[_Marks], reflection: Reflection) -> _Marks | None:
    """Return the marks as they are kept at this moment, if there are any."""
    return session.scalars(
        select(kind)
        .where(kind.reflection_id == reflection.id)
        .execution_options(populate_existing=True)
    ).one_or_none()
