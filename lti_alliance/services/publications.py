"""Publishing a course's own module: a version that the course is offered from then on."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.content.header_edits import read_names, set_values
from lti_alliance.domain.modules import Module
from lti_alliance.domain.versions import Bump, is_higher, is_version, next_versions, version_key
from lti_alliance.errors import InvalidInput, NotFound, Stale
from lti_alliance.models import (
    Activity,
    AuthoredModule,
    AuthoredVersion,
    Membership,
    ModuleVersion,
    ResourceLink,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, modules
from lti_alliance.services.authored_modules import MAX_TITLE, check_draft

# Messages for the author, without values, so that the edge can translate them.
HAS_FAULTS = "The module has faults. Nothing is published before they are repaired."
NOT_A_VERSION = "Write three numbers like 1.2.0."
NOT_HIGHER = "Give it a higher version than the one published last."
NOTHING_NEW = "Nothing has changed since the version published last."
TITLE_TOO_LONG = "The title is longer than 255 characters."


def list_versions(session: Session, authored: AuthoredModule) -> Sequence[AuthoredVersion]:
    """List what was published, the newest first."""
    return session.scalars(
        select(AuthoredVersion)
        .where(AuthoredVersion.authored_module_id == authored.id)
        .options(joinedload(AuthoredVersion.published_by))
        .order_by(AuthoredVersion.published_at.desc(), AuthoredVersion.id)
    ).all()


def last_version(session: Session, authored: AuthoredModule) -> str:
    """Return the highest version that was published; nothing where none was."""
    versions = [each.version for each in list_versions(session, authored)]
    return max(versions, key=version_key, default="")


def get_version_source(session: Session, authored: AuthoredModule, version: str) -> str:
    """Return the source of a version that was published."""
    found = session.scalar(
        select(ModuleVersion)
        .join(AuthoredVersion, AuthoredVersion.content_hash == ModuleVersion.content_hash)
        .where(
            AuthoredVersion.authored_module_id == authored.id, AuthoredVersion.version == version
        )
    )
    if found is None:
        raise NotFound
    return found.source


def propose_versions(session: Session, authored: AuthoredModule) -> Mapping[Bump, str]:
    """Propose what the next version may be called; the first keeps the number of the draft."""
    last = last_version(session, authored)
    if last:
        return next_versions(last)
    own = read_names(authored.draft).version
    return {Bump.PATCH: own if is_version(own) else "1.0.0"}


def publish(
    session: Session,
    catalogue: Catalogue,
    authored: AuthoredModule,
    *,
    version: str,
    base_version: int,
    actor: Membership,
    at: datetime,
) -> Module:
    """Publish the draft to the course as a version; activities stay on the one they have.

    ``base_version`` is the draft that the page showed; ``Stale`` says that it was changed since.
    """
    source = set_values(authored.draft, {"version": version})
    module = _publishable(session, catalogue, authored, source, version)
    # Before the row that refers to it.
    modules.keep_version(session, module, at=at)
    changed = rows_changed(
        session,
        update(AuthoredModule)
        .where(AuthoredModule.id == authored.id, AuthoredModule.draft_version == base_version)
        .values(
            draft=source,
            draft_version=AuthoredModule.draft_version + 1,
            published_hash=module.content_hash,
            title=module.title,
            updated_by_id=actor.id,
            updated_at=at,
        ),
    )
    session.refresh(authored)
    if changed == 0:
        raise Stale(authored.draft_version)
    session.add(
        AuthoredVersion(
            authored_module_id=authored.id,
            version=version,
            content_hash=module.content_hash,
            published_by_id=actor.id,
            published_at=at,
        )
    )
    audit.record(
        session,
        "module.published",
        at=at,
        actor=actor,
        object_kind="authored_module",
        object_id=authored.id,
        details={
            "module": module.id,
            "version": module.version,
            "content_hash": module.content_hash,
        },
    )
    return module


def list_behind(session: Session, authored: AuthoredModule) -> Sequence[Activity]:
    """List the activities of the course that use another version than the one offered."""
    return session.scalars(
        select(Activity)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .where(
            ResourceLink.context_id == authored.context_id,
            Activity.module_id == authored.module_id,
            Activity.content_hash != authored.published_hash,
        )
        .options(joinedload(Activity.resource_link))
        .order_by(ResourceLink.title, Activity.id)
    ).all()


def _publishable(
    session: Session, catalogue: Catalogue, authored: AuthoredModule, source: str, version: str
) -> Module:
    last = last_version(session, authored)
    checked = check_draft(session, catalogue, authored, source)
    fault = ""
    if not is_version(version):
        fault = NOT_A_VERSION
    elif checked.module is None or checked.errors:
        fault = HAS_FAULTS
    elif len(checked.module.title) > MAX_TITLE:
        fault = TITLE_TOO_LONG
    elif not is_higher(version, than=last):
        fault = NOT_HIGHER
    elif last and authored.draft == get_version_source(session, authored, last):
        fault = NOTHING_NEW
    if fault or checked.module is None:
        raise InvalidInput({"version": fault}, code="module.not_published")
    return checked.module
