"""The cells of the desk: how far each person is with each activity, and where the score is."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.attempts import AttemptState
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import (
    Attempt,
    Grade,
    Reflection,
    ScoreDelivery,
)
from lti_alliance.services import adjusting

Pair = tuple[UUID, UUID]
"""An activity and a membership."""


class CellState(StrEnum):
    """How far one person is with one activity."""

    NOTHING = "nothing"
    WORKING = "working"
    PARTLY = "partly"
    """Something is handed in, something else is not."""
    TO_GRADE = "to_grade"
    RETURNED = "returned"
    """A reflection is back with its writer, to be revised."""
    SCORED = "scored"
    EXCUSED = "excused"


class Sending(StrEnum):
    """Whether the gradebook has the score."""

    NONE = "none"
    ARRIVED = "arrived"
    ON_ITS_WAY = "on_its_way"
    DIFFERS = "differs"
    STUCK = "stuck"


class Cell(NamedTuple):
    """One person in one activity; a tuple, since a great course has thousands."""

    state: CellState = CellState.NOTHING
    score: Decimal | None = None
    maximum: Decimal = Decimal(0)
    submitted_at: datetime | None = None
    sending: Sending = Sending.NONE


NOTHING = Cell()
Cells = dict[UUID, dict[UUID, Cell]]
"""By activity and membership."""


def read_cells(
    session: Session,
    context_id: UUID,
    settings: Mapping[UUID, ActivitySettings],
    *,
    of: Collection[UUID] | None = None,
) -> Cells:
    """Read the cells of a course's activities that are not empty, in a fixed number of queries.

    Of everybody, or of the memberships named in ``of`` alone.
    """
    ids = list(settings)
    sendings = _sendings(session, ids, of)
    waiting, returned, writing = _reflections(session, settings, of)
    open_attempts = session.execute(
        select(Attempt.activity_id, Attempt.membership_id).where(
            *_among(Attempt, ids, of), Attempt.state == AttemptState.IN_PROGRESS
        )
    )
    working = writing | {(row.activity_id, row.membership_id) for row in open_attempts}
    excused = adjusting.list_excused(session, context_id)
    # Most scores are as they should be and have arrived: of those nothing more is asked.
    odd = excused | waiting | returned | sendings.keys()
    cells: Cells = {activity_id: {} for activity_id in ids}
    grades = session.execute(
        select(
            Grade.activity_id,
            Grade.membership_id,
            Grade.score,
            Grade.maximum,
            Grade.submitted_at,
        ).where(*_among(Grade, ids, of))
    )
    for activity_id, membership_id, score, maximum, submitted_at in grades:
        pair = (activity_id, membership_id)
        state, sending = CellState.SCORED, Sending.ARRIVED
        if score is None:
            state = CellState.PARTLY if submitted_at else CellState.NOTHING
            state, sending = CellState.WORKING if pair in working else state, Sending.NONE
        if pair in odd:
            sending = sendings.get(pair, sending)
            if pair in excused:
                state = CellState.EXCUSED
            elif pair in waiting:
                state = CellState.TO_GRADE
            elif pair in returned:
                state = CellState.RETURNED
        cells[activity_id][membership_id] = Cell(state, score, maximum, submitted_at, sending)
    for activity_id, membership_id in working:
        cells[activity_id].setdefault(membership_id, Cell(state=CellState.WORKING))
    return cells


def _among(
    table: type[Attempt] | type[Grade] | type[Reflection] | type[ScoreDelivery],
    activity_ids: Sequence[UUID],
    of: Collection[UUID] | None,
) -> list[ColumnElement[bool]]:
    """Say in SQL which rows are asked for: of these activities, and of these people."""
    here: list[ColumnElement[bool]] = [table.activity_id.in_(activity_ids)]
    return here if of is None else [*here, table.membership_id.in_(of)]


def _sendings(
    session: Session, ids: Sequence[UUID], of: Collection[UUID] | None
) -> dict[Pair, Sending]:
    """Return where the scores are that the gradebook does not have: of a great course, few."""
    found = session.execute(
        select(
            ScoreDelivery.activity_id,
            ScoreDelivery.membership_id,
            ScoreDelivery.state,
            ScoreDelivery.desired_score,
        ).where(*_among(ScoreDelivery, ids, of), ScoreDelivery.state != DeliveryState.DELIVERED)
    )
    return {
        (activity_id, membership_id): _sending(DeliveryState(state))
        for activity_id, membership_id, state, wanted in found
        if wanted is not None
    }


def _sending(state: DeliveryState) -> Sending:
    match state:
        case DeliveryState.OVERRIDDEN:
            return Sending.DIFFERS
        case DeliveryState.BLOCKED | DeliveryState.DEAD:
            return Sending.STUCK
        case _:
            return Sending.ON_ITS_WAY


def _reflections(
    session: Session,
    settings: Mapping[UUID, ActivitySettings],
    of: Collection[UUID] | None,
) -> tuple[set[Pair], set[Pair], set[Pair]]:
    """Return for whom a reflection waits to be graded, to whom it is returned, who writes one."""
    pairs: dict[ReflectionState, set[Pair]] = {state: set() for state in ReflectionState}
    found = session.execute(
        select(
            Reflection.activity_id,
            Reflection.membership_id,
            Reflection.prompt_id,
            Reflection.state,
        ).where(*_among(Reflection, list(settings), of), Reflection.state != ReflectionState.GRADED)
    )
    for activity_id, membership_id, prompt_id, state in found:
        if prompt_id not in settings[activity_id].prompt_ids:
            continue
        pairs[ReflectionState(state)].add((activity_id, membership_id))
    waiting = pairs[ReflectionState.SUBMITTED] | pairs[ReflectionState.FROZEN]
    return waiting, pairs[ReflectionState.RETURNED], pairs[ReflectionState.DRAFT]
