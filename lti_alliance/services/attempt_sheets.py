"""The sheet of an attempt: its items as they were given, what is saved, and what is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import Form, form_from_json
from lti_alliance.domain.items import (
    Item,
    Response,
    confidence_field,
    field_names,
    parse_response,
    read_confidence,
    response_from_json,
)
from lti_alliance.domain.modules import Module
from lti_alliance.errors import InvalidInput
from lti_alliance.models import Attempt
from lti_alliance.models import Response as ResponseRow
from lti_alliance.services import modules

FIELD_UNKNOWN = "This field does not belong to the quiz."

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One attempt as its student sees it: the items in their order and the saved responses."""

    attempt: Attempt
    module: Module
    form: Form
    items: tuple[Item, ...]
    responses: Mapping[str, Response]
    confidences: Mapping[str, int] = field(default_factory=dict)
    """How sure the student is of an item, from 1 to 3."""
    checked: frozenset[str] = frozenset()
    """Ids of the items whose answer was checked: it stays, and so does how sure the student was."""

    @property
    def unanswered(self) -> tuple[int, ...]:
        """Numbers, from 1, of the items without a response."""
        return tuple(n for n, i in enumerate(self.items, 1) if i.id not in self.responses)

    @property
    def open_items(self) -> tuple[Item, ...]:
        """The items whose answers may still be changed."""
        return tuple(item for item in self.items if item.id not in self.checked)


def get_sheet(
    session: Session, catalogue: Catalogue, attempt: Attempt, *, with_adopted_keys: bool = True
) -> Sheet:
    """Return the attempt as it was given, in the content version it was started with.

    Without the adopted keys nothing may be judged by it.
    """
    version = attempt.content_hash
    if with_adopted_keys:
        module = modules.module_for(session, catalogue, attempt.activity, content_hash=version)
    else:
        module = modules.get_module(session, catalogue, content_hash=version)
    form = form_from_json(attempt.form)
    rows = session.execute(_saved(), {"attempt": attempt.id}).all()
    return Sheet(
        attempt=attempt,
        module=module,
        form=form,
        items=tuple(module.quiz.get_item(item.item_id) for item in form.items),
        responses={r.item_id: response_from_json(r.value) for r in rows if r.value is not None},
        confidences={r.item_id: r.confidence for r in rows if r.confidence is not None},
        checked=frozenset(r.item_id for r in rows if r.checked_at is not None),
    )


@cache
def _saved() -> Select[str, dict[str, Any] | None, int | None, datetime | None]:
    # Columns and not rows of the session: what an act writes goes by the session as well.
    return select(
        ResponseRow.item_id, ResponseRow.value, ResponseRow.confidence, ResponseRow.checked_at
    ).where(ResponseRow.attempt_id == bindparam("attempt"))


def read_fields(sheet: Sheet, fields: Fields) -> dict[str, Response | None]:
    """Read the submitted fields of an attempt; an item that was not sent is left as it was.

    So is one that was checked, whatever was sent for it; ``overruled`` tells.
    Raises ``InvalidInput`` for fields that belong to no item of the form (a score sent along is
    one of those) and for responses that cannot be read.
    """
    check_fields(sheet.items, fields)
    return read_responses(sheet.open_items, fields)


def read_confidences(sheet: Sheet, fields: Fields) -> dict[str, int | None]:
    """Read how sure the student is of each item that was sent with it and was not checked."""
    return read_sureness(sheet.open_items, fields)


def check_fields(items: Sequence[Item], fields: Fields) -> None:
    """Raise ``InvalidInput`` for fields that belong to none of the items."""
    known = {name for item in items for name in field_names(item)}
    if unknown := sorted(set(fields) - known - set(_confidence_fields(items))):
        raise InvalidInput(
            dict.fromkeys(unknown, FIELD_UNKNOWN),
            code="submit.field_not_allowed",
        )


def overruled(sheet: Sheet, fields: Fields) -> tuple[int, ...]:
    """Return the numbers of the checked items for which something else was sent than is kept."""
    found = set[str]()
    for item in sheet.items:
        if item.id not in sheet.checked:
            continue
        try:
            response = read_responses((item,), fields).get(item.id, sheet.responses[item.id])
            sure = read_sureness((item,), fields)
        except InvalidInput:
            found.add(item.id)
            continue
        kept = sheet.confidences.get(item.id)
        if response != sheet.responses[item.id] or sure.get(item.id, kept) != kept:
            found.add(item.id)
    return tuple(n for n, item in enumerate(sheet.items, 1) if item.id in found)


def read_responses(items: Sequence[Item], fields: Fields) -> dict[str, Response | None]:
    """Read the responses to items; one that was not sent is left out."""
    responses: dict[str, Response | None] = {}
    faults: dict[str, str] = {}
    for item in items:
        sent = [fields[name] for name in field_names(item) if name in fields]
        if not sent:
            continue
        try:
            responses[item.id] = parse_response(item, [value for part in sent for value in part])
        except InvalidInput as invalid:
            faults.update(invalid.fields)
    if faults:
        raise InvalidInput(faults, code="response.invalid")
    return responses


def read_sureness(items: Sequence[Item], fields: Fields) -> dict[str, int | None]:
    """Read how sure somebody is of those of the items that were sent with it."""
    return {
        item.id: read_confidence(item, fields[name])
        for name, item in _confidence_fields(items).items()
        if name in fields
    }


def _confidence_fields(items: Sequence[Item]) -> dict[str, Item]:
    return {confidence_field(item.id): item for item in items if item.confidence}
