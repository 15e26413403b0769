"""Keeping every content version that somebody has seen."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.content.parser import parse_source
from lti_alliance.domain.modules import Module
from lti_alliance.errors import NotFound
from lti_alliance.models import ModuleVersion
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
        stored = session.get(ModuleVersion, content_hash)
        if stored is None:
            raise
        return _parse(stored.source, stored.module_id)


@lru_cache(maxsize=64)
def _parse(source: str, name: str) -> Module:
    return parse_source(source, name=name)
