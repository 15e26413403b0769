"""Settling: verdicts about score deliveries written down, each fenced by the token of its claim."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ClauseElement, case, update
from sqlalchemy.orm import Session

from lti_alliance.domain.delivery import DeliveryState, Verdict
from lti_alliance.models import ScoreDelivery
from lti_alliance.models.statements import Change, rows_changed, rows_matched, update_each
from lti_alliance.services.score_claims import is_wanted

WAITING = (DeliveryState.DUE, DeliveryState.SENDING, DeliveryState.UNCLEAR)
"""The states that end nothing: the delivery goes on by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What is to be written of one claimed delivery."""

    delivery_id: UUID
    token: str
    version: int
    """The version of the desired score that the verdict is about."""
    verdict: Verdict
    values: dict[str, Any] = field(default_factory=dict)
    """Other columns that change with it."""

    @property
    def held(self) -> dict[str, Any]:
        """Which row it is, while its claim holds."""
        return {"id": self.delivery_id, "lease_token": self.token}

    @property
    def current(self) -> dict[str, Any]:
        """Which row it is, while the grade has not moved on either."""
        return self.held | {"desired_version": self.version}

    @property
    def written(self) -> dict[str, Any]:
        """The columns that every verdict writes; the lease is given back."""
        verdict = self.verdict
        return {
            "state": verdict.state.value,
            "reason": verdict.reason.value if verdict.reason else "",
            "next_at": verdict.next_at,
            **self.values,
            "lease_token": "",
            "lease_until": None,
        }


def settle_all(session: Session, settlements: Sequence[Settlement], *, at: datetime) -> set[UUID]:
    """Write verdicts, give the leases back, and return the ids of those whose token still held.

    A verdict that ends the matter is about its version: where the grade has moved on meanwhile, the
    newer score is due.
    """
    ours = _settle_delivered(session, settlements)
    for each in settlements:
        if each.delivery_id not in ours and _settle(session, each, at=at):
            ours.add(each.delivery_id)
    return ours


def _settle_delivered(session: Session, settlements: Sequence[Settlement]) -> set[UUID]:
    """Write those together that were delivered: nearly all, and their columns are the same."""
    alike: dict[tuple[str, ...], list[Change]] = {}
    for each in settlements:
        if each.verdict.state is DeliveryState.DELIVERED:
            values = each.written | {"tries": 0}
            alike.setdefault(tuple(values), []).append((each.current, values))
    ours: set[UUID] = set()
    for changes in alike.values():
        ours |= update_each(session, ScoreDelivery, changes)
    return ours


def _settle(session: Session, settlement: Settlement, *, at: datetime) -> bool:
    verdict, held, written = settlement.verdict, settlement.held, settlement.written
    if verdict.state is DeliveryState.DELIVERED:
        written["tries"] = 0
    elif verdict.next_at > at:
        written["tries"] = ScoreDelivery.tries + 1
    if verdict.state in WAITING:
        return _write(session, held, written)
    return _write(session, settlement.current, written) or _write(
        session, held, written | _overtaken(at)
    )


def _overtaken(at: datetime) -> dict[str, Any]:
    state = case(
        (is_wanted(), DeliveryState.DUE.value),
        else_=DeliveryState.DELIVERED.value,
    )
    return {"state": state, "reason": "", "next_at": at, "tries": 0}


def _write(session: Session, where: dict[str, Any], values: dict[str, Any]) -> bool:
    if not any(isinstance(value, ClauseElement) for value in values.values()):
        return rows_matched(session, ScoreDelivery, where, values) == 1
    statement = update(ScoreDelivery).filter_by(**where).values(**values)
    return rows_changed(session, statement) == 1
