"""Circuits: what a platform's answers say about the platform, kept for every worker to see."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.circuits import (
    CALLS_AT_ONCE,
    Circuit,
    Endpoint,
    after_failure,
    after_success,
    is_failure,
)
from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.errors import PlatformError, PlatformRefused
from lti_alliance.models import PlatformCircuit, ScoreDelivery
from lti_alliance.models.statements import insert_for, rows_changed

_COLUMNS = tuple(Circuit.__dataclass_fields__)


def allowances(session: Session, *, at: datetime) -> dict[UUID, int]:
    """Return how many calls at once are let through, for registrations where that is not usual."""
    allowed: dict[UUID, int] = {}
    for row in session.connection().execute(_troubled()):
        calls = _circuit(row).allows(at)
        allowed[row.registration_id] = min(calls, allowed.get(row.registration_id, calls))
    return allowed


@cache
def _troubled() -> Select[*tuple[Any, ...]]:
    return select(*PlatformCircuit.__table__.c).where(
        or_(
            PlatformCircuit.open_until.is_not(None),
            PlatformCircuit.allowance < CALLS_AT_ONCE,
        )
    )


def open_ones(at: datetime | BindParameter[datetime]) -> Select[UUID]:
    """Select the registrations that are left alone at the moment."""
    return select(PlatformCircuit.registration_id).where(PlatformCircuit.open_until > at)


def list_open(session: Session, *, at: datetime) -> Mapping[UUID, Circuit]:
    """Return the open circuits by registration: of two, the one that stays open longer."""
    found: dict[UUID, Circuit] = {}
    rows = select(PlatformCircuit).where(PlatformCircuit.open_until > at)
    for row in session.scalars(rows.order_by(PlatformCircuit.open_until)):
        found[row.registration_id] = _circuit(row)
    return found


def note(
    session: Session,
    registration_id: UUID,
    error: PlatformError | None,
    *,
    at: datetime,
    jitter: float,
) -> None:
    """Note what a call to a platform came to; a platform that is well again gets its backlog."""
    if error is None:
        _note_success(session, registration_id, at=at)
    elif is_failure(error):
        _note_failure(session, registration_id, error, at=at, jitter=jitter)
    elif isinstance(error, PlatformRefused) and error.status is not None:
        # The platform answered and said no: as far as the circuit goes it is well.
        _note_success(session, registration_id, at=at)
        _make(session, registration_id, Endpoint.SERVICE)
        rows_changed(
            session,
            update(PlatformCircuit)
            .where(*_place(registration_id, Endpoint.SERVICE))
            .values(refusals_total=PlatformCircuit.refusals_total + 1),
        )


def _note_success(session: Session, registration_id: UUID, *, at: datetime) -> None:
    rows = session.scalars(_unwell(), {"registration": registration_id}).all()
    if not rows:
        return
    closes = False
    for row in rows:
        before = _circuit(row)
        after = after_success(before, at=at)
        closes = closes or (before.open_until is not None and after.open_until is None)
        _write(row, after)
    session.flush()
    if closes:
        _release_waiting(session, registration_id, at=at)


@cache
def _unwell() -> Select[PlatformCircuit]:
    """Select what a success changes; of a platform that is well it is nothing."""
    return (
        select(PlatformCircuit)
        .where(
            PlatformCircuit.registration_id == bindparam("registration"),
            or_(
                PlatformCircuit.failures > 0,
                PlatformCircuit.open_until.is_not(None),
                PlatformCircuit.allowance < CALLS_AT_ONCE,
            ),
        )
        .order_by(PlatformCircuit.endpoint)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _note_failure(
    session: Session, registration_id: UUID, error: PlatformError, *, at: datetime, jitter: float
) -> None:
    endpoint = Endpoint(error.endpoint)
    _make(session, registration_id, endpoint)
    row = session.scalars(
        select(PlatformCircuit)
        .where(*_place(registration_id, endpoint))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    _write(row, after_failure(_circuit(row), error, at=at, jitter=jitter))
    row.failures_total += 1
    session.flush()


def _release_waiting(session: Session, registration_id: UUID, *, at: datetime) -> None:
    # Waits that grew while the platform was away would hold scores back for hours more. How many go
    # at once is the allowance's to say.
    rows_changed(
        session,
        update(ScoreDelivery)
        .where(
            ScoreDelivery.registration_id == registration_id,
            ScoreDelivery.state.in_((DeliveryState.DUE, DeliveryState.UNCLEAR)),
            ScoreDelivery.next_at > at,
            ScoreDelivery.lease_until.is_(None),
        )
        .values(next_at=at, tries=0),
    )


def _make(session: Session, registration_id: UUID, endpoint: Endpoint) -> None:
    session.execute(
        insert_for(session, PlatformCircuit)
        .values(
            registration_id=registration_id,
            endpoint=endpoint.value,
            failures_total=0,
            refusals_total=0,
            **asdict(Circuit()),
        )
        .on_conflict_do_nothing()
    )


def _place(registration_id: UUID, endpoint: Endpoint) -> tuple[ColumnElement[bool], ...]:
    return (
        PlatformCircuit.registration_id == registration_id,
        PlatformCircuit.endpoint == endpoint.value,
    )


def _circuit(row: PlatformCircuit | Row[Any]) -> Circuit:
    return Circuit(**{name: getattr(row, name) for name in _COLUMNS})


def _write(row: PlatformCircuit, circuit: Circuit) -> None:
    for name in _COLUMNS:
        setattr(row, name, getattr(circuit, name))
