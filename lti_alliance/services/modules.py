"""Modules: what a course is offered, and every content version that somebody has seen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.content.parser import parse_source
from lti_alliance.domain.items import KeyState
from lti_alliance.domain.kinds.base import DraftableItem
from lti_alliance.domain.modules import Module
from lti_alliance.domain.versions import is_higher
from lti_alliance.errors import ContentError, NotFound
from lti_alliance.models import Activity, AdoptedKey, AuthoredModule, ModuleVersion
from lti_alliance.models.statements import insert_for


def keep_version(session: Session, module: Module, *, at: datetime) -> None:
    """Store the source of this content version unless it is stored already."""
    session.execute(
        insert_for(session, ModuleVersion)
        .values(
            content_hash=module.content_hash,
            module_id=module.id,
            version=module.version,
            title=module.title,
            source=module.source,
            created_at=at,
        )
        .on_conflict_do_nothing()
    )


def get_module(session: Session, catalogue: Catalogue, *, content_hash: str) -> Module:
    """Return the module as it was in this content version, whatever the catalogue holds now."""
    try:
        return catalogue.get_version(content_hash)
    except NotFound:
        return get_stored(session, content_hash)


def get_stored(session: Session, content_hash: str) -> Module:
    """Return the module of a content version that was kept."""
    stored = session.get(ModuleVersion, content_hash)
    if stored is None:
        raise NotFound("module.unknown")
    return _parse(stored.source, stored.module_id)


def module_for(
    session: Session, catalogue: Catalogue, activity: Activity, *, content_hash: str
) -> Module:
    """Return a content version of the activity's module, with the keys that were adopted there.

    An adopted key holds for the version of the item for which it was adopted, and no other.
    """
    module = get_module(session, catalogue, content_hash=content_hash)
    if not any(_is_draft(item) for item in module.quiz.items):
        return module
    adopted = adopted_keys(session, activity)
    items = tuple(
        replace(item, key=KeyState.ADOPTED)
        if isinstance(item, DraftableItem) and adopted.get(item.id) == module.item_hash(item)
        else item
        for item in module.quiz.items
    )
    return replace(module, quiz=replace(module.quiz, items=items))


def adopted_keys(session: Session, activity: Activity) -> dict[str, str]:
    """Return the hash of the version for which a key was adopted, by item."""
    rows = session.execute(
        select(AdoptedKey.item_id, AdoptedKey.item_hash).where(
            AdoptedKey.activity_id == activity.id
        )
    )
    return {row.item_id: row.item_hash for row in rows}


def _is_draft(item: object) -> bool:
    return isinstance(item, DraftableItem) and item.key is KeyState.DRAFT


def list_offered(session: Session, catalogue: Catalogue, context_id: UUID) -> Sequence[Module]:
    """List what a course can place: the shipped modules, then its own published ones by title."""
    own = _own(session, catalogue, context_id).values()
    return [*catalogue.list(), *sorted(own, key=lambda module: (module.title, module.id))]


def get_offered(session: Session, catalogue: Catalogue, context_id: UUID, module_id: str) -> Module:
    """Return the newest version of a module that a course is offered; another's is not found."""
    try:
        return catalogue.get(module_id)
    except NotFound:
        own = _own(session, catalogue, context_id, module_id)
        if module_id not in own:
            raise
        return own[module_id]


def find_newest(session: Session, catalogue: Catalogue, activity: Activity) -> Module | None:
    """Return what its course is offered in place of the version an activity uses, if anything.

    Nothing where the version in use is as high as the one offered (it is the one, or the one with
    a key that was corrected in the activity), or where the module is not offered here.
    """
    try:
        module = get_offered(
            session, catalogue, activity.resource_link.context_id, activity.module_id
        )
    except NotFound:
        return None
    used = get_module(session, catalogue, content_hash=activity.content_hash)
    return module if is_higher(module.version, than=used.version) else None


def _own(
    session: Session, catalogue: Catalogue, context_id: UUID, module_id: str | None = None
) -> dict[str, Module]:
    """Read a course's own published modules; a shipped one of the same id goes first."""
    published = (
        select(ModuleVersion)
        .join(AuthoredModule, AuthoredModule.published_hash == ModuleVersion.content_hash)
        .where(AuthoredModule.context_id == context_id)
    )
    if module_id is not None:
        published = published.where(AuthoredModule.module_id == module_id)
    shipped = {module.id for module in catalogue.list()}
    found = {}
    for stored in session.scalars(published):
        if stored.module_id in shipped:
            continue
        try:
            found[stored.module_id] = _parse(stored.source, stored.module_id)
        except ContentError:
            # It was right when it was published; a stricter release must not close the picker.
            continue
    return found


@lru_cache(maxsize=64)
def _parse(source: str, name: str) -> Module:
    return parse_source(source, name=name)
