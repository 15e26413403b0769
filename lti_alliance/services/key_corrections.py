"""Correcting the key of an item in one activity: a new content version, for this activity alone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.content.parser import parse_source
from lti_alliance.content.writer import replace_item
from lti_alliance.domain.items import BranchItem, Item, Response, is_whole, response_field
from lti_alliance.domain.kinds.base import field_names
from lti_alliance.domain.modules import Module
from lti_alliance.domain.regrades import has_same_key
from lti_alliance.errors import ContentError, InvalidInput, NotFound
from lti_alliance.models import Activity, Membership
from lti_alliance.services import audit, content_versions, modules

KEY_NOT_WHOLE = "Give the whole answer that the corrected key should call right."
KEY_UNCHANGED = "This is what the key says already."
KEY_IMPOSSIBLE = "A key like this cannot be kept. Copy the module and edit the question there."


def correct_key(
    session: Session,
    catalogue: Catalogue,
    activity: Activity,
    *,
    item_id: str,
    values: Sequence[str],
    base_version: int,
    actor: Membership,
    at: datetime,
) -> Module:
    """Let an answer, given as a student gives it, be the key; return the new content version.

    A short answer is accepted in addition; a number takes the place of the right ones. Those who
    answered before keep what they have until somebody decides about them. Raises ``InvalidInput``
    with the field ``response.<item id>``, ``NotFound`` for an item whose key is no such answer,
    and ``Stale`` when the activity was changed meanwhile.
    """
    module = modules.get_module(session, catalogue, content_hash=activity.content_hash)
    item = module.quiz.get_item(item_id)
    if isinstance(item, BranchItem):
        raise NotFound("item.unknown")
    corrected = item.with_key(_whole_response(item, values))
    if has_same_key(item, corrected):
        raise InvalidInput({response_field(item_id): KEY_UNCHANGED}, code="response.invalid")
    new = _with_item(module, corrected)
    content_versions.move_to(session, activity, new, base_version=base_version, actor=actor, at=at)
    audit.record(
        session,
        "item.key_corrected",
        at=at,
        actor=actor,
        object_kind="activity",
        object_id=activity.id,
        details={"item": item_id, "to": new.content_hash},
    )
    return new


def correctable(item: Item) -> bool:
    """Say whether the key of an item is an answer that a form can take."""
    return bool(field_names(item)) and not isinstance(item, BranchItem)


def _whole_response(item: Item, values: Sequence[str]) -> Response:
    response = item.read(values)
    if response is None or not is_whole(item, response):
        raise InvalidInput({response_field(item.id): KEY_NOT_WHOLE}, code="response.invalid")
    return response


def _with_item(module: Module, corrected: Item) -> Module:
    try:
        return parse_source(replace_item(module.source, module, corrected), name=module.id)
    except ContentError as error:
        field = response_field(corrected.id)
        raise InvalidInput({field: KEY_IMPOSSIBLE}, code="response.invalid") from error
