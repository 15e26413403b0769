"""Modules that a course writes for itself: begun, copied, uploaded, saved and deleted."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.content.checking import Checked, check_source, plain_source
from lti_alliance.content.front_matter import IDENTIFIER, MAX_IDENTIFIER_LENGTH
from lti_alliance.content.header_edits import line_of_key, read_names, set_values
from lti_alliance.content.parser import MAX_SOURCE_LENGTH
from lti_alliance.content.skeleton import SKELETON
from lti_alliance.domain.modules import Module
from lti_alliance.errors import Conflict, ContentError, Fault, InvalidInput, NotFound, Stale
from lti_alliance.models import (
    Activity,
    AuthoredModule,
    AuthoredVersion,
    ContentItem,
    Membership,
    PlannedActivity,
    ResourceLink,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit

MAX_MODULES = 50
MAX_TITLE = 255

# Messages for the author, without values, so that the edge can translate them.
TOO_MANY = "This course has 50 modules of its own, which is as many as are kept. Delete one first."
TOO_LONG = "This is longer than a module may be: 150,000 characters are the most."
EMPTY = "There is nothing in it."
UNREADABLE = "It holds characters that cannot be kept."
_UNTITLED = "untitled"


def list_authored(session: Session, context_id: UUID) -> Sequence[AuthoredModule]:
    """List a course's own modules by title, published or not."""
    return session.scalars(
        select(AuthoredModule)
        .where(AuthoredModule.context_id == context_id)
        .order_by(AuthoredModule.title, AuthoredModule.module_id)
    ).all()


def get_authored(session: Session, authored_id: UUID, context_id: UUID) -> AuthoredModule:
    """Return a module of this course; another course's is not found."""
    found = session.scalar(
        select(AuthoredModule).where(
            AuthoredModule.id == authored_id, AuthoredModule.context_id == context_id
        )
    )
    if found is None:
        raise NotFound
    return found


def check_draft(
    session: Session, catalogue: Catalogue, authored: AuthoredModule, source: str
) -> Checked:
    """Read a draft as it would be published here: what the parser says, and what the id may be."""
    checked = check_source(source, name=authored.module_id)
    fault = _id_fault(session, catalogue, authored, source)
    if fault is None:
        return checked
    errors = tuple(sorted((*checked.errors, fault), key=lambda each: each.line))
    return Checked(module=checked.module, errors=errors, warnings=checked.warnings)


def begin_module(
    session: Session, catalogue: Catalogue, *, actor: Membership, at: datetime
) -> AuthoredModule:
    """Begin a module from a short example."""
    return _keep(session, catalogue, SKELETON, "module.begun", actor=actor, at=at)


def copy_module(
    session: Session, catalogue: Catalogue, module: Module, *, actor: Membership, at: datetime
) -> AuthoredModule:
    """Copy a module that the course is offered, under an id of its own."""
    source = set_values(module.source, {"title": f"{module.title} (copy)", "version": "1.0.0"})
    return _keep(session, catalogue, source, "module.copied", origin=module, actor=actor, at=at)


def upload_module(
    session: Session, catalogue: Catalogue, content: bytes, *, actor: Membership, at: datetime
) -> AuthoredModule:
    """Keep a file as a draft, even one with faults; raise ``InvalidInput`` for what is no text."""
    try:
        source = check_text(content.decode("utf-8-sig"), field="file")
    except UnicodeDecodeError:
        raise InvalidInput({"file": UNREADABLE}, code="module.invalid") from None
    return _keep(session, catalogue, source, "module.uploaded", actor=actor, at=at)


def check_text(text: str, *, field: str = "source") -> str:
    """Return a source that can be kept, with plain line ends; raise ``InvalidInput``."""
    source = plain_source(text)
    fault = ""
    if not source.strip():
        fault = EMPTY
    elif len(source) > MAX_SOURCE_LENGTH:
        fault = TOO_LONG
    elif "\0" in source or any("\ud800" <= mark <= "\udfff" for mark in source):
        fault = UNREADABLE
    if fault:
        raise InvalidInput({field: fault}, code="module.invalid")
    return source


def save_draft(
    session: Session,
    catalogue: Catalogue,
    authored: AuthoredModule,
    source: str,
    *,
    base_version: int,
    actor: Membership,
    at: datetime,
) -> None:
    """Keep a draft, with or without faults; ``Stale`` says that it was changed since."""
    source = check_text(source)
    names = read_names(source)
    changed = rows_changed(
        session,
        update(AuthoredModule)
        .where(AuthoredModule.id == authored.id, AuthoredModule.draft_version == base_version)
        .values(
            draft=source,
            draft_version=AuthoredModule.draft_version + 1,
            title=names.title[:MAX_TITLE] or authored.title,
            module_id=_id_of(session, catalogue, authored, names.id),
            updated_by_id=actor.id,
            updated_at=at,
        ),
    )
    session.refresh(authored)
    if changed == 0:
        raise Stale(authored.draft_version)


def save_sound(
    session: Session,
    catalogue: Catalogue,
    authored: AuthoredModule,
    source: str,
    *,
    base_version: int,
    actor: Membership,
    at: datetime,
) -> None:
    """Keep a draft of which a part was changed by a form, which must not break the rest.

    Raises ``ContentError`` with the faults that the change would bring, and ``Stale``.
    """
    if base_version != authored.draft_version:
        raise Stale(authored.draft_version)
    checked = check_draft(session, catalogue, authored, check_text(source))
    if checked.errors:
        raise ContentError(authored.module_id, checked.errors)
    save_draft(session, catalogue, authored, source, base_version=base_version, actor=actor, at=at)


def is_used(session: Session, authored: AuthoredModule) -> bool:
    """Say whether something in the course was made, placed or planned with the module."""
    return bool(session.scalar(select(or_(*_uses(authored)))))


def delete_authored(
    session: Session, authored: AuthoredModule, *, actor: Membership, at: datetime
) -> None:
    """Delete a module that nothing in the course uses; what it published stays on record."""
    if is_used(session, authored):
        raise Conflict("module.in_use")
    session.execute(
        delete(AuthoredVersion).where(AuthoredVersion.authored_module_id == authored.id)
    )
    session.execute(delete(AuthoredModule).where(AuthoredModule.id == authored.id))
    _record(session, "module.deleted", authored, actor=actor, at=at)


def _keep(
    session: Session,
    catalogue: Catalogue,
    source: str,
    action: str,
    *,
    actor: Membership,
    at: datetime,
    origin: Module | None = None,
) -> AuthoredModule:
    count = select(func.count()).where(AuthoredModule.context_id == actor.context_id)
    if (session.scalar(count.select_from(AuthoredModule)) or 0) >= MAX_MODULES:
        raise InvalidInput({"file": TOO_MANY}, code="module.invalid")
    names = read_names(source)
    module_id = _free_id(session, catalogue, names.id, actor.context_id)
    source = set_values(source, {"id": module_id})
    authored = AuthoredModule(
        context_id=actor.context_id,
        module_id=module_id,
        title=names.title[:MAX_TITLE] or module_id,
        draft=source,
        origin_hash=origin.content_hash if origin else "",
        created_by_id=actor.id,
        created_at=at,
        updated_by_id=actor.id,
        updated_at=at,
    )
    session.add(authored)
    session.flush()
    _record(session, action, authored, actor=actor, at=at)
    return authored


def _free_id(session: Session, catalogue: Catalogue, wanted: str, context_id: UUID) -> str:
    """Return an id that nothing offered here has, as near as possible to the one wanted."""
    taken = {module.id for module in catalogue.list()} | set(
        session.scalars(
            select(AuthoredModule.module_id).where(AuthoredModule.context_id == context_id)
        )
    )
    wanted = wanted if _is_id(wanted) else _UNTITLED
    stem = wanted[: MAX_IDENTIFIER_LENGTH - 10].rstrip("-")
    # There are fewer than a hundred of them, so that one of these is free.
    further = ("copy", *(f"copy-{number}" for number in range(2, 100)))
    names = [wanted, *(f"{stem}-{end}" for end in further)]
    return next(name for name in names if name not in taken)


def _id_of(session: Session, catalogue: Catalogue, authored: AuthoredModule, wanted: str) -> str:
    """Return the id under which a draft is kept: what its header says, where that is possible."""
    if authored.published_hash is not None or wanted == authored.module_id or not _is_id(wanted):
        return authored.module_id
    is_free = wanted == _free_id(session, catalogue, wanted, authored.context_id)
    return wanted if is_free else authored.module_id


def _id_fault(
    session: Session, catalogue: Catalogue, authored: AuthoredModule, source: str
) -> Fault | None:
    wanted = read_names(source).id
    if not _is_id(wanted) or wanted == _id_of(session, catalogue, authored, wanted):
        return None
    line = line_of_key(source, "id")
    if authored.published_hash is not None:
        problem = "the id has changed since the module was published"
    else:
        problem = f"another module here has the id `{wanted}`"
    return Fault(line, problem, f"Write `id: {authored.module_id}`.")


def _is_id(text: str) -> bool:
    return bool(IDENTIFIER.fullmatch(text)) and len(text) <= MAX_IDENTIFIER_LENGTH


def _uses(authored: AuthoredModule) -> list[ColumnElement[bool]]:
    here, named = authored.context_id, authored.module_id
    return [
        exists().where(
            Activity.resource_link_id == ResourceLink.id,
            ResourceLink.context_id == here,
            Activity.module_id == named,
        ),
        exists().where(ContentItem.context_id == here, ContentItem.module_id == named),
        exists().where(PlannedActivity.context_id == here, PlannedActivity.module_id == named),
    ]


def _record(
    session: Session, action: str, authored: AuthoredModule, *, actor: Membership, at: datetime
) -> None:
    audit.record(
        session,
        action,
        at=at,
        actor=actor,
        object_kind="authored_module",
        object_id=authored.id,
        details={"module": authored.module_id},
    )
