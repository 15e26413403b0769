"""The closing times that a copied course had: shown, moved together, and set by an instructor."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, ContentItem, Context, Membership, ResourceLink
from lti_alliance.services import activities, audit
from lti_alliance.services.activities import activity_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedDate:
    """One activity that came from another course with a closing time."""

    activity: Activity
    title: str
    old: datetime
    """When the original closes, or closed."""
    now: datetime | None
    """When it closes here; nothing until somebody decides."""

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided anything about it here."""
        return self.now is None and self.activity.version == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDate:
    """What an instructor chose for one activity, from the version that the page showed."""

    closes_at: datetime | None
    base_version: int


def list_copied(session: Session, context: Context) -> tuple[CopiedDate, ...]:
    """List the activities that were copied into a course and had a closing time, by that time.

    A link that nobody has opened since the copy is not known here yet.
    """
    original, its_link = aliased(Activity), aliased(ResourceLink)
    rows = session.execute(
        select(Activity, original.settings, its_link.context_id, ContentItem.settings)
        .join(ResourceLink, ResourceLink.id == Activity.resource_link_id)
        .outerjoin(original, original.id == Activity.copied_from_id)
        .outerjoin(its_link, its_link.id == original.resource_link_id)
        .outerjoin(
            ContentItem,
            (ContentItem.id == Activity.content_item_id) & (ContentItem.context_id != context.id),
        )
        .where(ResourceLink.context_id == context.id)
        .options(joinedload(Activity.resource_link))
    )
    found = [
        CopiedDate(
            activity=activity,
            title=activity.resource_link.title,
            old=old,
            now=activity_settings(activity).closes_at,
        )
        for activity, copied, copied_in, placed in rows
        # A second link to the same thing in one course has its closing time from the beginning.
        if copied_in != context.id and (old := _closes_at(copied or placed)) is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.old, each.title)))


def count_open(session: Session, context: Context) -> int:
    """Count the copied activities whose closing time nobody has decided."""
    return sum(each.is_open for each in list_copied(session, context))


def apply(
    session: Session,
    catalogue: Catalogue,
    *,
    context: Context,
    dates: Mapping[UUID, NewDate],
    actor: Membership,
    at: datetime,
) -> int:
    """Set the closing times that an instructor chose, each as a change of settings; count them.

    One without a time stays without, and is not asked about again. Raises ``Stale`` where somebody
    has changed one of them since, and then changes none.
    """
    known = {each.activity.id: each.activity for each in list_copied(session, context)}
    if not dates.keys() <= known.keys():
        raise NotFound
    for key, chosen in dates.items():
        activity = known[key]
        activities.change_settings(
            session,
            catalogue,
            activity=activity,
            settings=replace(activity_settings(activity), closes_at=chosen.closes_at),
            module_id=activity.module_id,
            base_version=chosen.base_version,
            actor=actor,
            at=at,
        )
    audit.record(
        session,
        "course.dates_set",
        at=at,
        actor=actor,
        object_kind="context",
        object_id=context.id,
        details={"activities": len(dates)},
    )
    return len(dates)


def _closes_at(settings: Mapping[str, Any] | None) -> datetime | None:
    text = settings.get("closes_at") if settings else None
    return datetime.fromisoformat(text) if text else None
