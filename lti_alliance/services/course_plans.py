"""The list of activities that a course is to get, kept while they are placed one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from lti_alliance.domain.activities import ActivitySettings, settings_from_json, settings_to_json
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Activity, PlannedActivity, ResourceLink
from lti_alliance.models.statements import rows_changed
from lti_alliance.services.deep_linking import Choice

MAX_PLANNED = 100
TOO_MANY = "The list holds 100 activities, which is as many as are kept. Take some off it first."


class Progress(StrEnum):
    """How far a planned activity is."""

    LEFT = "left"
    HANDED_OVER = "handed_over"
    """The LMS has got it; whether it kept it shows when somebody opens it."""
    IN_COURSE = "in_course"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One activity of the list and how far it is."""

    row: PlannedActivity
    progress: Progress

    @property
    def settings(self) -> ActivitySettings:
        """The settings with which it is to be placed."""
        return settings_from_json(self.row.settings)


def list_planned(session: Session, context_id: UUID) -> list[Planned]:
    """List what is planned for a course, in its order."""
    rows = session.scalars(
        select(PlannedActivity)
        .where(PlannedActivity.context_id == context_id)
        .options(joinedload(PlannedActivity.content_item))
        .order_by(PlannedActivity.position, PlannedActivity.planned_at, PlannedActivity.id)
    ).all()
    opened = set(
        session.scalars(
            select(Activity.content_item_id)
            .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
            .where(
                ResourceLink.context_id == context_id,
                Activity.content_item_id.in_([row.content_item_id for row in rows]),
            )
        )
    )
    return [Planned(row=row, progress=_progress(row, opened)) for row in rows]


def get_planned(session: Session, planned_id: UUID, context_id: UUID) -> PlannedActivity:
    """Return one activity of this course's list."""
    found = session.scalar(
        select(PlannedActivity).where(
            PlannedActivity.id == planned_id, PlannedActivity.context_id == context_id
        )
    )
    if found is None:
        raise NotFound
    return found


def add_to_plan(
    session: Session, choices: Sequence[Choice], *, context_id: UUID, at: datetime
) -> None:
    """Put activities at the end of a course's list."""
    count, last = session.execute(
        select(func.count(), func.max(PlannedActivity.position)).where(
            PlannedActivity.context_id == context_id
        )
    ).one()
    if count + len(choices) > MAX_PLANNED:
        raise InvalidInput({"module": TOO_MANY}, code="deeplink.item_invalid")
    session.add_all(
        PlannedActivity(
            context_id=context_id,
            position=position,
            module_id=choice.module_id,
            title=choice.title,
            settings=settings_to_json(choice.settings),
            planned_at=at,
        )
        for position, choice in enumerate(choices, start=(last or 0) + 1)
    )
    session.flush()


def mark_placed(
    session: Session, planned_id: UUID, *, context_id: UUID, content_item_id: UUID
) -> None:
    """Note what an activity of the list was handed to the platform as, the last time."""
    rows_changed(
        session,
        update(PlannedActivity)
        .where(PlannedActivity.id == planned_id, PlannedActivity.context_id == context_id)
        .values(content_item_id=content_item_id),
    )


def take_off_plan(session: Session, planned_id: UUID, *, context_id: UUID) -> None:
    """Take an activity off the list; what is in the course stays there."""
    rows_changed(
        session,
        delete(PlannedActivity).where(
            PlannedActivity.id == planned_id, PlannedActivity.context_id == context_id
        ),
    )


def _progress(row: PlannedActivity, opened: set[UUID | None]) -> Progress:
    if row.content_item_id is None:
        return Progress.LEFT
    return Progress.IN_COURSE if row.content_item_id in opened else Progress.HANDED_OVER
