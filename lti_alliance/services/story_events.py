"""What happened to a grade: the acts of people and what the gradebook was told, in one list."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState, Reason
from lti_alliance.domain.gradebook import GradingProgress
from lti_alliance.models import AuditEvent, DeliveryTry
from lti_alliance.services.score_steps import StepKind
from lti_alliance.services.story_values import Actor, ActorKind, StoryEvent, TryLine

_MOST_EVENTS = 200
_TOLD = frozenset(
    {
        "activity.closed",
        "activity.settings_changed",
        "attempt.reopened",
        "attempt.submitted",
        "attempt.time_up",
        "attempt.voided",
        "grade.adjusted",
        "grade.adjustment_removed",
        "grade.excused",
        "reflection.assessed",
        "reflection.flagged",
        "reflection.purged",
        "reflection.returned",
        "reflection.submitted",
        "score.all_sent_again",
        "score.sent_again",
        "wording.accepted",
    }
)
"""The acts that can have changed a grade or its way to the gradebook."""


def list_events(session: Session, about: Collection[UUID]) -> list[AuditEvent]:
    """List the acts upon these things that can have changed a grade, the latest of very many."""
    latest = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.object_id.in_(about), AuditEvent.action.in_(_TOLD))
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(_MOST_EVENTS)
    )
    return list(reversed(latest.all()))


def story_events(
    events: Iterable[AuditEvent],
    tries: Iterable[DeliveryTry],
    *,
    numbers: Mapping[UUID, int],
    items: Collection[str],
    actors: Mapping[UUID, Actor],
    student: UUID,
) -> tuple[StoryEvent, ...]:
    """Put acts and tellings into one list, in the order in which they happened.

    ``numbers`` counts attempts and reflections by id, ``items`` are those that the student was
    given, ``student`` is the user whose story it is.
    """
    told = [
        StoryEvent(
            at=event.at,
            kind=event.action,
            actor=_actor(event, actors, student),
            number=numbers.get(event.object_id, 0) if event.object_id else 0,
            is_again=int(event.details.get("version", 1)) > 1,
            changed=tuple(event.details.get("changed", ())),
        )
        for event in events
        if _concerns(event, items)
    ]
    told += [event for row in tries if (event := _told_event(row)) is not None]
    return tuple(sorted(told, key=lambda event: event.at))


def _concerns(event: AuditEvent, items: Collection[str]) -> bool:
    match event.action:
        case "wording.accepted":
            return event.details.get("item") in items
        case "activity.settings_changed":
            return bool(event.details.get("changed"))
        case _:
            return True


def _actor(event: AuditEvent, actors: Mapping[UUID, Actor], student: UUID) -> Actor:
    if event.actor_id is None:
        return Actor(ActorKind.TOOL)
    if event.actor_id == student:
        return Actor(ActorKind.STUDENT)
    return actors.get(event.actor_id, Actor(ActorKind.STAFF))


def _told_event(row: DeliveryTry) -> StoryEvent | None:
    is_post = row.kind == StepKind.POST
    is_taken = row.state == DeliveryState.DELIVERED or row.reason == Reason.CONFIRMING
    if is_post and is_taken:
        is_pending = row.progress == GradingProgress.PENDING_MANUAL
        kind = "gradebook.told_pending" if is_pending else "gradebook.told"
    elif row.state == DeliveryState.OVERRIDDEN:
        kind = "gradebook.differs"
    elif row.state == DeliveryState.DELIVERED:
        kind = "gradebook.agrees"
    elif row.reason == Reason.LOST_IN_LMS:
        kind = "gradebook.lost"
    else:
        return None
    return StoryEvent(at=row.at, kind=kind, score=row.score, maximum=row.maximum)


def try_line(row: DeliveryTry) -> TryLine:
    """Return one step on the way to the gradebook as a page may show it."""
    return TryLine(
        at=row.at,
        last_at=row.last_at,
        count=row.count,
        kind=row.kind,
        is_pending=row.progress == GradingProgress.PENDING_MANUAL,
        score=row.score,
        maximum=row.maximum,
        state=row.state,
        reason=row.reason,
        status=row.status,
    )
