"""What the pages of a course's own modules share: whose they are, and who may read them."""

from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.errors import Conflict, NotFound
from lti_alliance.models import AuthoredModule, Context, db
from lti_alliance.parts import parts
from lti_alliance.services import authored_modules as authoring
from lti_alliance.web import access, opening, transaction

readers = access.role(Role.INSTRUCTOR, Role.TEACHING_ASSISTANT, Role.CONTENT_DEVELOPER)
"""Those who may see keys; only some of them may change anything."""


def context_of() -> Context:
    """Return the course of whoever is asking."""
    context = access.current().context
    if context is None:
        raise NotFound
    return context


def authored_of(authored_id: str) -> AuthoredModule:
    """Return a module of the asker's course."""
    return authoring.get_authored(db.session(), opening.key(authored_id), context_of().id)


def module_of(authored: AuthoredModule) -> Module:
    """Return the module that a draft is; a draft with faults has no forms for its parts."""
    checked = authoring.check_draft(db.session(), parts().catalogue, authored, authored.draft)
    if checked.module is None:
        raise Conflict("module.has_faults")
    return checked.module


def save_change(authored: AuthoredModule, source: str, *, base: int) -> None:
    """Keep a draft of which a form changed a part."""
    with transaction.act() as session:
        authoring.save_sound(
            session,
            parts().catalogue,
            authored,
            source,
            base_version=base,
            actor=opening.member_of(access.current()),
            at=parts().now(),
        )
