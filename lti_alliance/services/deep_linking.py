"""Placing activities: what a picker chose is kept, and its answer is made once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import ActivitySettings, settings_from_json, settings_to_json
from lti_alliance.errors import Conflict, InvalidInput
from lti_alliance.models import ContentItem, DeepLinking, LaunchSession, Membership
from lti_alliance.models.statements import rows_changed
from lti_alliance.services import audit, modules

MAX_TITLE = 255
TITLE_MISSING = "Write a title; it is what students see in the course."
TITLE_TOO_LONG = "At most 255 characters are possible."
MAX_ITEMS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One activity as it is to be placed."""

    module_id: str
    title: str
    settings: ActivitySettings


def find_request(session: Session, launch: LaunchSession) -> DeepLinking | None:
    """Return the deep linking request that a launch was, if it was one."""
    return session.get(DeepLinking, launch.id)


def settings_of(item: ContentItem) -> ActivitySettings:
    """Return the settings with which an activity was placed."""
    return settings_from_json(item.settings)


def check_title(text: str) -> str:
    """Return a title on one line; raise ``InvalidInput`` for one that cannot be used."""
    title = " ".join(text[: MAX_TITLE * 4].split())
    fault = TITLE_MISSING if not title else TITLE_TOO_LONG if len(title) > MAX_TITLE else ""
    if fault or not title.isprintable():
        raise InvalidInput({"title": fault or TITLE_MISSING}, code="deeplink.item_invalid")
    return title


def place(
    session: Session,
    catalogue: Catalogue,
    request: DeepLinking,
    choices: Sequence[Choice],
    *,
    actor: Membership,
    at: datetime,
) -> list[ContentItem]:
    """Keep what was chosen and mark the request as answered; nothing chosen cancels it.

    Raises ``Conflict`` when it has been answered before, and when more was chosen than the
    platform takes.
    """
    if len(choices) > (MAX_ITEMS if request.accepts_multiple else 1):
        raise Conflict("deeplink.too_many")
    # One statement decides between two answers that come at once.
    answered = (
        update(DeepLinking)
        .where(
            DeepLinking.launch_session_id == request.launch_session_id,
            DeepLinking.returned_at.is_(None),
        )
        .values(returned_at=at)
    )
    if rows_changed(session, answered) == 0:
        raise Conflict("deeplink.already_returned")
    items = []
    for choice in choices:
        module = modules.get_offered(session, catalogue, actor.context_id, choice.module_id)
        modules.keep_version(session, module, at=at)
        items.append(
            ContentItem(
                context_id=actor.context_id,
                module_id=module.id,
                content_hash=module.content_hash,
                settings=settings_to_json(choice.settings),
                title=choice.title,
                placed_by_id=actor.id,
                created_at=at,
            )
        )
    session.add_all(items)
    session.flush()
    for item in items:
        audit.record(
            session,
            "activity.placed",
            at=at,
            actor=actor,
            object_kind="content_item",
            object_id=item.id,
            details={"module": item.module_id},
        )
    return items
