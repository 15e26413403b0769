"""Judging answers as their activity decided: with wordings accepted there and keys corrected."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.domain import regrades as rules
from lti_alliance.domain.attempts import FormItem, form_from_json
from lti_alliance.domain.items import Item, ShortItem, response_from_json, with_accepted
from lti_alliance.domain.modules import Module
from lti_alliance.domain.regrades import Regrade, RegradeChoice
from lti_alliance.domain.response_processing import Outcome
from lti_alliance.models import AcceptedWording, Attempt, ItemRegrade, Response
from lti_alliance.models.statements import forget_loaded, update_each, write_now
from lti_alliance.services import modules

Wordings = Mapping[str, list[tuple[str, Decimal]]]
"""Further wordings that short items accept: by item, each with its share of the points."""


class Answered(Protocol):
    """A row that holds a response, whatever else it holds."""

    @property
    def value(self) -> dict[str, Any] | None:
        """The response as JSON; nothing where nothing was answered."""


@dataclass(frozen=True, slots=True)
class Judging:
    """What was decided in one activity about how answers are judged."""

    wordings: Wordings
    regrades: Mapping[tuple[str, str], Regrade]
    """By item and the hash of the version that was answered."""

    def outcome(self, item: Item, given_as: str, row: Answered | None) -> Outcome:
        """Judge a response; ``given_as`` is the hash of the item as its form has it."""
        response = response_from_json(row.value) if row and row.value is not None else None
        return rules.judge(self.accepting(item), response, self._regrade(item, given_as))

    def accepting(self, item: Item) -> Item:
        """Return the item with the wordings that were accepted for it."""
        if isinstance(item, ShortItem) and item.id in self.wordings:
            return with_accepted(item, self.wordings[item.id])
        return item

    def _regrade(self, item: Item, given_as: str) -> Regrade | None:
        found = self.regrades.get((item.id, given_as))
        return Regrade(found.choice, self.accepting(found.corrected)) if found else None


def judging_of(session: Session, activity_id: UUID) -> Judging:
    """Return what was decided in an activity, in as many queries for any number of attempts."""
    return Judging(accepted_wordings(session, activity_id), _regrades(session, activity_id))


def judge_attempt(
    session: Session, attempt: Attempt, module: Module, judging: Judging | None = None
) -> None:
    """Judge every item of the attempt's form, and keep what it came to."""
    rows = responses_of(session, attempt)
    outcomes = _outcomes(attempt, module, rows, judging or judging_of(session, attempt.activity_id))
    changes = [
        (
            {"id": rows[item_id].id},
            {
                "points": outcome.points,
                "is_correct": outcome.correct,
                "is_unmatched": outcome.unmatched,
            },
        )
        for item_id, outcome in outcomes.items()
        if item_id in rows
    ]
    forget_loaded(session, Response, update_each(session, Response, changes))
    write_now(
        session,
        attempt,
        score=sum((each.points for each in outcomes.values()), Decimal(0)),
        maximum=sum((each.maximum for each in outcomes.values()), Decimal(0)),
    )


def outcomes_of(
    session: Session,
    attempt: Attempt,
    module: Module,
    judging: Judging | None = None,
    *,
    only: Container[str] | None = None,
) -> dict[str, Outcome]:
    """Return the outcome of every item of the form, judged as the stored score was.

    ``only`` are the ids of the items that may be judged before the attempt is handed in.
    """
    judging = judging or judging_of(session, attempt.activity_id)
    outcomes = _outcomes(attempt, module, responses_of(session, attempt), judging)
    return {item_id: each for item_id, each in outcomes.items() if only is None or item_id in only}


def regrades_of(judging: Judging, attempt: Attempt) -> dict[str, Regrade]:
    """Return what was decided about the items of an attempt whose key was corrected, by item."""
    found = {
        item_id: judging.regrades.get((item_id, given.content_hash))
        for item_id, given in given_items(attempt).items()
    }
    return {
        item_id: each
        for item_id, each in found.items()
        if each is not None and each.choice is not RegradeChoice.LEAVE
    }


class Given(NamedTuple):
    """What was answered to one item, as far as judging goes."""

    id: UUID
    value: dict[str, Any] | None


def responses_of(session: Session, attempt: Attempt) -> dict[str, Given]:
    """Return the responses of an attempt by item."""
    rows = session.execute(
        select(Response.item_id, Response.id, Response.value).where(
            Response.attempt_id == attempt.id
        )
    )
    return {item_id: Given(row_id, value) for item_id, row_id, value in rows}


def given_items(attempt: Attempt) -> Mapping[str, FormItem]:
    """Return the items of an attempt's form, in their order, by id."""
    return {given.item_id: given for given in form_from_json(attempt.form).items}


def accepted_wordings(session: Session, activity_id: UUID) -> Wordings:
    """Return the wordings that were accepted in an activity, by item, each with its share."""
    accepted: dict[str, list[tuple[str, Decimal]]] = {}
    for wording in session.scalars(
        select(AcceptedWording).where(AcceptedWording.activity_id == activity_id)
    ):
        accepted.setdefault(wording.item_id, []).append((wording.wording, wording.share))
    return accepted


def _outcomes(
    attempt: Attempt, module: Module, rows: Mapping[str, Given], judging: Judging
) -> dict[str, Outcome]:
    return {
        item_id: judging.outcome(
            module.quiz.get_item(item_id), given.content_hash, rows.get(item_id)
        )
        for item_id, given in given_items(attempt).items()
    }


def _regrades(session: Session, activity_id: UUID) -> dict[tuple[str, str], Regrade]:
    rows = session.scalars(select(ItemRegrade).where(ItemRegrade.activity_id == activity_id))
    return {
        (row.item_id, row.item_hash): Regrade(
            RegradeChoice(row.choice),
            modules.get_stored(session, row.content_hash).quiz.get_item(row.item_id),
        )
        for row in rows
    }
