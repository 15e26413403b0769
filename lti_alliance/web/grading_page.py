"""What an instructor sees of the reflections of an activity: those that wait, those done."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.modules import ReflectionPrompt, Share
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import Activity, Reflection
from lti_alliance.services import modules, reflections
from lti_alliance.web.wording import member_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The reflections that were handed in and may be read."""

    waiting: tuple[tuple[str, Reflection], ...]
    """Name and reflection, the longest waiting first."""
    done: tuple[tuple[str, Reflection], ...]
    private: int
    """How many were handed in that nobody but their writers may read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """What stands in the grading form."""

    chosen: Mapping[str, int | None] = field(default_factory=dict)
    comment: str = ""
    version: int = 0


def shelf(session: Session, catalogue: Catalogue, activity: Activity) -> Shelf:
    """List the reflections of an activity."""
    waiting = reflections.list_to_grade(session, activity)
    done = session.scalars(
        select(Reflection)
        .where(Reflection.activity_id == activity.id, Reflection.state == ReflectionState.GRADED)
        .order_by(Reflection.submitted_at)
    ).all()
    readable = [row for row in done if may_be_read(session, catalogue, row)]
    return Shelf(
        waiting=tuple((member_name(row.membership), row) for row in waiting),
        done=tuple((member_name(row.membership), row) for row in readable),
        private=len(done) - len(readable),
    )


def prompt_of(session: Session, catalogue: Catalogue, reflection: Reflection) -> ReflectionPrompt:
    """Return the prompt as its writer saw it."""
    module = modules.get_module(session, catalogue, content_hash=reflection.content_hash)
    return module.get_reflection(reflection.prompt_id)


def may_be_read(session: Session, catalogue: Catalogue, reflection: Reflection) -> bool:
    """Say whether instructors may read a reflection: a private one nobody does."""
    return prompt_of(session, catalogue, reflection).share is not Share.PRIVATE
